# /// not-leak
# ///
"""Records of one line that live for a random while, some of them for seconds: survivors of many ages, no growth."""

import random
import time

SLOTS = [None] * 1500


class Record:
    __slots__ = ("number", "text")

    def __init__(self, number):
        self.number = number
        self.text = "text %06d " % number * 80


def main():
    random.seed(7)
    for number in range(len(SLOTS)):
        SLOTS[number] = Record(number)
    stop = time.monotonic() + 10
    while time.monotonic() < stop:
        for _ in range(20):
            SLOTS[int(len(SLOTS) * random.random() ** 3)] = Record(number)
            number += 1
        time.sleep(0.01)


main()
