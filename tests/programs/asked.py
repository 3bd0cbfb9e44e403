"""Fills a store until its standard input ends, and tells its number and where an object lies; for `unfreed snapshot`."""

import os
import sys
import threading
import time


class Session:
    def __init__(self, number):
        self.number = number
        self.data = bytes(20_000)


STORE = {}
DONE = threading.Event()


def wait_for_the_end():
    sys.stdin.read()
    DONE.set()


if __name__ == "__main__":
    threading.Thread(target=wait_for_the_end).start()
    STORE["first"] = Session(0)
    STORE["others"] = [Session(number) for number in range(100)]
    print("%d %#x" % (os.getpid(), id(STORE["first"])), flush=True)
    while not DONE.is_set():
        STORE["session %d" % len(STORE)] = Session(len(STORE))
        time.sleep(0.01)
