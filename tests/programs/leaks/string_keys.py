# /// leak
# severity = "leak"
# kind = "container"
# names = ["COUNTS", "str"]
# advice = ["bound|lru|remove|evict|expire|delete"]
# rate_printed = true
# ///
"""The only growth is in the keys of a dict, which tp_traverse of a dict does not visit: each value is True."""

import sys
import time

COUNTS = {}


def count(path):
    COUNTS[path] = True  # LEAK


def main():
    begin = time.monotonic()
    number = 0
    while time.monotonic() < begin + 9:
        for _ in range(5):
            count("/articles/%d?%s" % (number, "q" * 500))  # LEAK
            number += 1
        time.sleep(0.01)
    print("leaked=%d seconds=%.2f" % (sum(map(sys.getsizeof, COUNTS)) + sys.getsizeof(COUNTS), time.monotonic() - begin))


main()
