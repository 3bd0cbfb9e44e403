# /// not-leak
# requires = ["pandas"]
# ///
"""Frames that are made, grouped and dropped again."""

import time

import numpy
import pandas


def report(day):
    frame = pandas.DataFrame({"shop": numpy.arange(600) % 7, "price": numpy.arange(600) * 0.5 + day})
    return frame.groupby("shop")["price"].mean().round(2).to_dict()


def main():
    stop = time.monotonic() + 9
    day = 0
    while time.monotonic() < stop:
        assert len(report(day)) == 7
        day += 1
        time.sleep(0.04)


main()
