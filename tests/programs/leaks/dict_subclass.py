# /// leak
# severity = "leak"
# kind = "container"
# names = ["STORE", "Registry", "str|Node"]
# advice = ["bound|remove|evict|expire|lru|dict|weak"]
# ///
"""A subclass of dict with attributes of its own: keys, values and attributes all count."""

import time


class Registry(dict):
    def __init__(self):
        super().__init__()
        self.misses = 0

    def __missing__(self, key):
        self.misses += 1
        self[key] = node = Node(key)  # LEAK
        return node


class Node:
    __slots__ = ("key", "text")

    def __init__(self, key):
        self.key = key
        self.text = key[::-1] * 2  # LEAK


STORE = Registry()


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        STORE["key %d %s" % (number, "k" * 800)]  # LEAK
        number += 1
        time.sleep(0.01)


main()
