# /// leak
# severity = "leak"
# kind = "container"
# names = ["atexit", "Scratch"]
# advice = ["atexit|unregister"]
# ///
"""Each job registers its clean-up with atexit, so each job lives until the process ends."""

import atexit
import time


class Scratch:
    def __init__(self, number):
        self.number = number
        self.data = bytearray(2200)  # LEAK
        atexit.register(self.remove)  # LEAK

    def remove(self):
        self.data = None


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        Scratch(number)  # LEAK
        number += 1
        time.sleep(0.01)


main()
