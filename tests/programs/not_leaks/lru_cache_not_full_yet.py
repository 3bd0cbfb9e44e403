# /// not-leak
# ///
"""A bounded functools.lru_cache that is still far from its bound when the program ends."""

import functools
import time


@functools.lru_cache(maxsize=4000)
def render(number):
    return "row %06d " % number * 350


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        render(number)
        number += 1
        time.sleep(0.01)


main()
