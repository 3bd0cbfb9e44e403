# /// leak
# severity = "leak"
# kind = "container|cache"
# names = ["lru_cache|cache", "style_guide_for", "Manager"]
# advice = ["lru_cache|cached_property|method"]
# ///
"""functools.lru_cache on a method: the cache of the class keeps every instance alive (flake8 before 5)."""

import functools
import time


class Manager:
    def __init__(self, options):
        self.options = options

    @functools.lru_cache(maxsize=None)
    def style_guide_for(self, filename):
        return (filename, len(self.options))  # LEAK


def check(number):
    manager = Manager({"select": ["E%d" % n for n in range(20)], "text": "t" * 1200})  # LEAK
    return manager.style_guide_for("file-%d.py" % number)  # LEAK


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        check(number)
        number += 1
        time.sleep(0.01)


main()
