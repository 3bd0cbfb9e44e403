# /// not-leak
# ///
"""A model is loaded once, five seconds into the run: a step, not a slope."""

import time

MODEL = {}


def load():
    for number in range(30_000):
        MODEL["weight %d" % number] = [number * 0.5, number * 0.25, str(number)]


def main():
    begin = time.monotonic()
    number = 0
    while time.monotonic() < begin + 11:
        if not MODEL and time.monotonic() > begin + 5:
            load()
        [str(n + number) for n in range(100)]
        number += 1
        time.sleep(0.01)


main()
