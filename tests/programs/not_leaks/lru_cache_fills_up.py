# /// not-leak
# notes = ["render"]
# note_kind = "cache"
# ///
"""A bounded functools.lru_cache that fills up during the run and then stays as it is."""

import functools
import time


@functools.lru_cache(maxsize=700)
def render(number):
    return "row %06d " % number * 350


def main():
    stop = time.monotonic() + 11
    number = 0
    while time.monotonic() < stop:
        for _ in range(2):
            render(number)
            number += 1
        time.sleep(0.01)


main()
