# /// not-leak
# ///
"""An OrderedDict of constant length whose keys change all the time."""

import time
from collections import OrderedDict

RECENT = OrderedDict()


def remember(number):
    RECENT["request-%d" % number] = {"number": number, "text": "t" * 1500, "parts": [str(n + number) for n in range(10)]}
    if len(RECENT) > 300:
        RECENT.popitem(last=False)


def main():
    for number in range(300):
        remember(number)
    stop = time.monotonic() + 9
    while time.monotonic() < stop:
        for _ in range(3):
            number += 1
            remember(number)
        time.sleep(0.01)


main()
