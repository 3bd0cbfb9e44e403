# /// not-leak
# ///
"""A WeakValueDictionary whose entries go when their owner, a list of constant length, lets them go."""

import time
import weakref

IMAGES = weakref.WeakValueDictionary()
SHOWN = []


class Image:
    def __init__(self, number):
        self.number = number
        self.pixels = bytearray(2000)


def show(number):
    IMAGES[number] = image = Image(number)
    SHOWN.append(image)
    if len(SHOWN) > 50:
        SHOWN.pop(0)


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        show(number)
        number += 1
        time.sleep(0.01)


main()
