"""A million objects made in order, then 12 seconds in which nothing grows."""

import time


class Node:
    def __init__(self, number):
        self.number = number + 1000
        self.name = "name %d" % number
        self.parts = [number + 0.5, (number, self)]


HEAP = [Node(number) for number in range(150_000)]

stop = time.monotonic() + 12
while time.monotonic() < stop:
    [str(n) for n in range(100)]
    time.sleep(0.01)
