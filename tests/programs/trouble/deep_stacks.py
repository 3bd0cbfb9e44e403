# /// same
# ///
"""Allocations at the bottom of deep stacks, up to the recursion limit, in generators and in comprehensions."""

import sys
import time


def dive(depth):
    data = ["%d" % depth] * 5
    if depth == 0:
        return len(data)
    return dive(depth - 1)


def fall(depth):
    return fall(depth + 1) + [depth]


def climb(depth):
    if depth:
        yield from climb(depth - 1)
    yield from ("%d %d" % (depth, n) for n in range(3))


for number in range(60):
    assert dive(800) == 5
    assert len(list(climb(100))) == 303
    time.sleep(0.04)
try:
    fall(0)
except RecursionError as error:
    print(type(error).__name__, sys.getrecursionlimit())
