# /// not-leak
# ///
"""Blocks freed between blocks that stay: the process keeps the memory, but no object grows."""

import time

SURVIVORS = []


def load(number):
    rows = [("row %d %d " % (number, n)) * (10 + n % 40) for n in range(4000)]
    SURVIVORS.extend(rows[::50])
    return len(rows)


def main():
    stop = time.monotonic() + 10
    for number in range(8):
        load(number)
        time.sleep(0.1)
    while time.monotonic() < stop:
        [str(n) * 50 for n in range(500)]
        time.sleep(0.05)


main()
