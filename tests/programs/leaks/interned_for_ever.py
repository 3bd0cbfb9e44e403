# /// leak
# severity = "leak"
# kind = "container|site"
# names = ["interned_for_ever.py|intern"]
# pythons = ">=3.12,<3.13"
# advice = ["intern|receives|keep|kept"]
# ///
"""Interned strings that nobody keeps: in 3.12 an interned string is immortal, so the interpreter does."""

import sys
import time


def tag(number):
    return sys.intern("tag-%d-%s" % (number, "y" * 700))  # LEAK


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        for _ in range(4):
            tag(number)
            number += 1
        time.sleep(0.01)


main()
