"""Small arrays made, combined and dropped."""

import numpy
from stage import perform

BASE = numpy.arange(1000, dtype=float)


def repeat(number):
    total = 0.0
    for n in range(14_000):
        scaled = BASE * n + 1
        total += float(scaled[::7].sum()) + float(numpy.where(scaled > 500, scaled, 0).max())
    return total


perform(repeat)
