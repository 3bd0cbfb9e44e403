# /// same
# ///
"""Looks at the heap neither count as allocations of the program, nor leave objects, nor run a collection."""

import gc
import time


class Node:
    def __init__(self):
        self.me = self


def tracked():
    return len(gc.get_objects())


gc.collect()
gc.disable()
nodes = [Node() for _ in range(500)]
before, count, stats = tracked(), gc.get_count(), [generation["collections"] for generation in gc.get_stats()]
for _ in range(40):
    time.sleep(0.1)
print("objects gained", tracked() - before)
print("count gained", [now - then for now, then in zip(gc.get_count(), count)])
print("collections", [generation["collections"] for generation in gc.get_stats()] == stats)
del nodes
print("found", gc.collect() >= 500)
print("frozen", gc.get_freeze_count())
print("garbage", gc.garbage)
