# /// not-leak
# ///
"""A large table whose rows are replaced all the time: much memory, many young objects, constant."""

import time


class Row:
    def __init__(self, number):
        self.number = number + 1000
        self.text = "text %06d" % number
        self.tags = [number + 1000, number + 1001]


TABLE = [Row(number) for number in range(60_000)]


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        for _ in range(100):
            TABLE[number * 7919 % len(TABLE)] = Row(number)
            number += 1
        time.sleep(0.01)


main()
