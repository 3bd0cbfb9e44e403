# /// leak
# severity = "leak"
# kind = "container"
# names = ["KEPT", "Record"]
# advice = ["bound|list|remove|flush|deque"]
# not_blamed = ["SCRATCH"]
# rate_printed = true
# ///
"""One line makes all the records; nineteen of twenty die young, at addresses that are used again at once."""

import sys
import time

KEPT = []
SCRATCH = [None] * 64


class Record:
    __slots__ = ("number", "text")

    def __init__(self, number):
        self.number = number
        self.text = "text %d " % number * 90  # LEAK


def make(number):
    return Record(number)  # LEAK


def main():
    begin = time.monotonic()
    number = 0
    while time.monotonic() < begin + 9:
        for _ in range(60):
            record = make(number)
            SCRATCH[number % 64] = record
            if number % 20 == 0:
                KEPT.append(record)  # LEAK
            number += 1
        time.sleep(0.01)
    leaked = sum(sys.getsizeof(record) + sys.getsizeof(record.text) for record in KEPT)
    print("leaked=%d seconds=%.2f" % (leaked, time.monotonic() - begin))


main()
