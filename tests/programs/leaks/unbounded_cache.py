# /// leak
# severity = "leak"
# kind = "container|cache"
# names = ["lru_cache|cache", "render"]
# advice = ["maxsize|bound"]
# ///
"""functools.lru_cache(maxsize=None) on a function whose argument never repeats."""

import functools
import time


@functools.lru_cache(maxsize=None)
def render(number):
    rows = ["<td>%d</td>" % (number + n) for n in range(200)]
    return "".join(rows)  # LEAK


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        render(number)  # LEAK
        number += 1
        time.sleep(0.01)


main()
