# /// worker
# extension = "foreign"
# kept_in = {"called": 1, "meanwhile": 1}
# without_line = true
# ///
"""Threads of C code: one without a thread state allocates, one calls back into Python, while Python allocates too."""

import time

import foreign

KEPT = []


def called():
    KEPT.append([bytes(1000) for _ in range(2000)])  # KEPT called


def meanwhile():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT meanwhile
        time.sleep(0.001)


thread = foreign.start(2000, 1000)
meanwhile()  # CALLS meanwhile
foreign.join(thread)
foreign.call(called)
time.sleep(1)
