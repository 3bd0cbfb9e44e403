# /// worker
# kept_in = {"before": 1, "after": 1}
# processes = 2
# ///
"""A program that starts itself anew in its own process (exec): the two lives are recorded one by one."""

import os
import sys
import time

KEPT = []


def before():
    KEPT.append([bytes(1000) for _ in range(2000)])  # KEPT before


def after():
    KEPT.append([bytes(1000) for _ in range(2000)])  # KEPT after


if len(sys.argv) == 1:
    before()  # CALLS before
    time.sleep(2)
    os.execv(sys.executable, [sys.executable, __file__, "again"])
after()  # CALLS after
time.sleep(1)
