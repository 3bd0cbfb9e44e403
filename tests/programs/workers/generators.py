# /// worker
# kept_in = {"row": 1, "other": 1}
# ///
"""A generator that is delegated to and resumed by turns: the stack leads through those that resume it now."""

import time

KEPT = []


def rows():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT row
        yield


def others():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT other
        yield


def table():
    yield from rows()  # CALLS row


def advance(generator):
    return next(generator, "end")


def main():
    reading, other = table(), others()
    while advance(reading) is None:  # CALLS row
        advance(other)  # CALLS other


main()
time.sleep(1)
