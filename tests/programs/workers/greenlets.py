# /// worker
# requires = ["greenlet"]
# kept_in = {"first": 1, "second": 1}
# ///
"""Two greenlets that take turns at different depths, each in the middle of its calls."""

import time

import greenlet

KEPT = []


def first(depth):
    if depth:
        return first(depth - 1)
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT first
        main.switch()


def second():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT second
        main.switch()


def start_second():
    second()  # CALLS second


main = greenlet.getcurrent()
turns = [greenlet.greenlet(lambda: first(9)), greenlet.greenlet(start_second)]  # CALLS first
while not all(one.dead for one in turns):
    for one in turns:
        if not one.dead:
            one.switch()
time.sleep(1)
