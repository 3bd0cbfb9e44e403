# /// leak
# severity = "leak"
# kind = "container"
# names = ["finalize", "_registry", "Download"]
# advice = ["finalize"]
# ///
"""weakref.finalize with a bound method of the same object: the registration keeps the object alive."""

import time
import weakref


class Download:
    def __init__(self, number):
        self.number = number
        self.chunk = bytearray(1800)  # LEAK
        weakref.finalize(self, self.cleanup).atexit = False  # LEAK

    def cleanup(self):
        self.chunk = None


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        Download(number)  # LEAK
        number += 1
        time.sleep(0.01)


main()
