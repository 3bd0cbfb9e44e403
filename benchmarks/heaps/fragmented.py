"""About a million objects in random order, half of them freed and made anew, cross-linked; then 12 quiet seconds."""

import random
import time


class Node:
    def __init__(self, number):
        self.number = number + 1000
        self.name = "name %d" % number
        self.parts = [number + 0.5, (number, self)]


random.seed(3)
HEAP = [Node(number) for number in range(150_000)]
random.shuffle(HEAP)
for number in range(0, len(HEAP), 2):
    HEAP[number] = Node(number)
for node in HEAP:
    node.other = random.choice(HEAP)

stop = time.monotonic() + 12
while time.monotonic() < stop:
    [str(n) for n in range(100)]
    time.sleep(0.01)
