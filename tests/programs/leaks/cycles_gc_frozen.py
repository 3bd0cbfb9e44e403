# /// leak
# severity = "leak"
# kind = "cycle"
# names = ["Request", "response|cycle"]
# advice = ["freeze"]
# ///
"""gc.freeze() after every batch: garbage in cycles is moved to where the collector never looks."""

import gc
import time


class Response:
    def __init__(self, request):
        self.request = request
        self.body = "b" * 800  # LEAK


class Request:
    def __init__(self, number):
        self.number = number
        self.response = Response(self)  # LEAK


def batch(number):
    for n in range(12):
        Request(number * 12 + n)  # LEAK
    gc.freeze()


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        batch(number)
        number += 1
        time.sleep(0.04)


main()
