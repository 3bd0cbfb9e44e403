# /// worker
# kept_in = {"parent": 1, "child": 1}
# processes = 2
# ///
"""A fork without exec: each of the two keeps what it allocates itself."""

import os
import sys
import time

KEPT = []


def in_child():
    KEPT.append([bytes(1000) for _ in range(2000)])  # KEPT child


def in_parent():
    KEPT.append([bytes(1000) for _ in range(2000)])  # KEPT parent


pid = os.fork()
if pid == 0:
    in_child()  # CALLS child
    time.sleep(1)
    sys.exit(0)
in_parent()  # CALLS parent
time.sleep(1)
os.waitpid(pid, 0)
