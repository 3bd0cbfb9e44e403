# /// same
# ///
"""gc.DEBUG_SAVEALL: what the collector finds is kept and counted by the program."""

import gc
import time


class Node:
    def __init__(self, number):
        self.me = self
        self.number = number


gc.collect()
gc.disable()
gc.set_debug(gc.DEBUG_SAVEALL)
found = []
for batch in range(30):
    for number in range(20):
        Node(number)
    gc.collect()
    found.append(sum(isinstance(thing, Node) for thing in gc.garbage))
    gc.garbage.clear()
    time.sleep(0.1)
print(found)
