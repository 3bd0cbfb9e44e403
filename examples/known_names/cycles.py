"""gc and cycles: what waits for the collector, and what closes the cycle."""

import gc

import unfreed


class Node:
    def __init__(self, name: str) -> None:
        self.name = name
        self.other: "Node | None" = None


def pair() -> None:
    one, other = Node("one"), Node("other")
    one.other, other.other = other, one


gc.disable()
for _ in range(100):
    pair()
print(unfreed.garbage())
print(unfreed.cycles())
print("collected:", gc.collect())
