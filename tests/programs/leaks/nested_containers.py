# /// leak
# severity = "leak"
# kind = "container"
# names = ["READINGS", "dict"]
# advice = ["bound|remove|flush|evict|expire|list|dict"]
# ///
"""Readings of a few sensors in a dict of dicts of lists: the outer two stay small, the lists grow."""

import time
from collections import OrderedDict, defaultdict

READINGS = {region: OrderedDict((site, defaultdict(list)) for site in ("roof", "cellar")) for region in ("north", "south")}


def store(region, site, number):
    reading = {"number": number, "values": [number + 0.5 * n for n in range(60)]}  # LEAK
    READINGS[region][site]["temperature"].append(reading)  # LEAK


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        store(("north", "south")[number % 2], ("roof", "cellar")[number // 2 % 2], number)
        number += 1
        time.sleep(0.01)


main()
