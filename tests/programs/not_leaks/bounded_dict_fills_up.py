# /// not-leak
# ///
"""A cache of one's own: a dict that drops its oldest entry once it holds 400, which takes about 4 seconds."""

import time

CACHE = {}


def page(number):
    if number not in CACHE:
        while len(CACHE) >= 400:
            del CACHE[next(iter(CACHE))]
        CACHE[number] = {"number": number, "text": "text %06d " % number * 300}
    return CACHE[number]


def main():
    stop = time.monotonic() + 11
    number = 0
    while time.monotonic() < stop:
        page(number)
        number += 1
        time.sleep(0.009)


main()
