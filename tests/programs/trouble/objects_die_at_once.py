# /// same
# ///
"""Every object dies the moment its last reference goes, also while the heap is looked at."""

import time
import weakref


class Thing:
    def __init__(self, number):
        self.number = number
        self.parts = [str(number)] * 3


def main():
    late = 0
    deaths = []
    stop = time.monotonic() + 4
    number = 0
    while time.monotonic() < stop:
        for _ in range(50):
            thing = Thing(number)
            watched = weakref.ref(thing, lambda reference, number=number: deaths.append(number))
            finalised = weakref.finalize(thing, int)
            del thing
            late += watched() is not None or finalised.alive or deaths.pop() != number
            number += 1
        time.sleep(0.005)
    print("late:", late, "enough:", number > 1000)


main()
