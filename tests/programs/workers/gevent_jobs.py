# /// worker
# requires = ["gevent"]
# kept_in = {"job": 1, "other": 1}
# ///
"""Jobs of gevent that wait in the middle of their calls, with the standard library patched."""

from gevent import monkey

monkey.patch_all()

import threading
import time

import gevent

KEPT = []


def keep():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT job
        gevent.sleep(0.001)


def job():
    keep()  # CALLS job


def keep_in_thread():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT other
        time.sleep(0.001)


def in_thread():
    keep_in_thread()  # CALLS other


thread = threading.Thread(target=in_thread)
thread.start()
gevent.joinall([gevent.spawn(job)])
thread.join()
time.sleep(1)
