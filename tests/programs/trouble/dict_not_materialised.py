# /// same
# ///
"""Looking at an object does not make its __dict__: what the collector sees of it is the same afterwards."""

import gc
import time


class Point:
    def __init__(self, x):
        self.x = x
        self.y = [x]


class Bare:
    pass


def dicts(things):
    return sum(any(type(part) is dict for part in gc.get_referents(thing)) for thing in things)


points = [Point(n) for n in range(1000)]
bare = [Bare() for _ in range(1000)]
before = dicts(points), dicts(bare)
for _ in range(40):
    time.sleep(0.1)
print(before, dicts(points), dicts(bare))
