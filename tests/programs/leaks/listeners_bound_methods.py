# /// leak
# severity = "leak"
# kind = "container"
# names = ["on_tick", "Widget", "method"]
# advice = ["WeakMethod|weak|unsubscribe|remove|listener"]
# ///
"""Widgets register a bound method with the clock when they open and do not take it back when they close."""

import time


class Clock:
    def __init__(self):
        self.on_tick = []


class Widget:
    def __init__(self, clock, number):
        self.number = number
        self.pixels = bytearray(2200)  # LEAK
        clock.on_tick.append(self.refresh)  # LEAK

    def refresh(self):
        self.number += 1

    def close(self):
        self.number = None


CLOCK = Clock()


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        Widget(CLOCK, number).close()  # LEAK
        number += 1
        time.sleep(0.01)


main()
