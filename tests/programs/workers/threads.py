# /// worker
# kept_in = {"first": 1, "second": 1}
# ///
"""Two threads that allocate at the same time."""

import threading
import time

KEPT = []


def keep_first():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT first
        time.sleep(0.001)


def keep_second():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT second
        time.sleep(0.001)


def first():
    keep_first()  # CALLS first


def second():
    keep_second()  # CALLS second


threads = [threading.Thread(target=one) for one in (first, second)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
time.sleep(1)
