# /// not-leak
# ///
"""Cycles that the collector frees now and then, as it should."""

import time


class Node:
    def __init__(self, number):
        self.me = self
        self.data = ["value %d" % (number + n) for n in range(10)]


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        for _ in range(25):
            Node(number)
            number += 1
        time.sleep(0.01)


main()
