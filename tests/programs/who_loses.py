"""Prints, for each function of `check_losers` that is named, which places lose references: what `unfreed check` records
when references are lost, without its rounds."""

import json
import sys

import check_losers

from unfreed import _lost


def places(name):
    function = getattr(check_losers, name)
    for _ in range(50):
        function()
    return _lost.followed(function, lambda: None)[1]


print(json.dumps({name: places(name) for name in sys.argv[1:]}))
