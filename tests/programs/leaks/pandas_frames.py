# /// leak
# severity = "leak"
# kind = "container"
# names = ["FRAMES", "DataFrame"]
# requires = ["pandas"]
# advice = ["bound|list|remove|flush|append|frame"]
# ///
"""Frames of a report appended to a list that was meant to be concatenated and cleared."""

import time

import numpy
import pandas

FRAMES = []


def load(day):
    return pandas.DataFrame({"price": numpy.full(800, day * 0.5), "amount": numpy.arange(800) + day})  # LEAK


def main():
    stop = time.monotonic() + 12
    day = 0
    while time.monotonic() < stop:
        FRAMES.append(load(day))  # LEAK
        day += 1
        time.sleep(0.04)


main()
