# /// not-leak
# ///
"""Tracebacks printed from ever the same few dozen places: re's and linecache's caches fill, then stay."""

import io
import json
import re
import time
import traceback


def fail(number):
    try:
        if number % 3 == 0:
            json.loads("{%d" % number)
        elif number % 3 == 1:
            re.sub("(%d" % (number % 40), "", "text")
        else:
            "text".encode("no-such-codec-%d" % (number % 20))
    except Exception:
        out = io.StringIO()
        traceback.print_exc(file=out)
        return out.getvalue()


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        fail(number)
        number += 1
        time.sleep(0.015)


main()
