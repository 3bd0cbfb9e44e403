# /// same
# ///
"""Finalisers, weakref callbacks and collector callbacks that allocate, free and start collections."""

import gc
import time
import weakref

COUNTS = {"del": 0, "weak": 0, "phase": 0}


class Cycle:
    def __init__(self, number):
        self.me = self
        self.number = number
        self.text = "text %d" % number * 20

    def __del__(self):
        COUNTS["del"] += 1
        [str(n) for n in range(30)]
        if self.number % 97 == 0:
            gc.collect(0)


def phase(which, info):
    COUNTS["phase"] += 1
    list(map(str, range(100)))


def main():
    gc.callbacks.append(phase)
    made = 0
    watched = []
    stop = time.monotonic() + 3
    while time.monotonic() < stop:
        for _ in range(40):
            thing = Cycle(made)
            watched.append(weakref.ref(thing, lambda reference: COUNTS.__setitem__("weak", COUNTS["weak"] + len("x" * 50) // 50)))
            made += 1
        time.sleep(0.01)
    del thing
    gc.callbacks.remove(phase)
    gc.collect()
    print(COUNTS["del"] == made, COUNTS["weak"] == made, COUNTS["phase"] > 2)


main()
