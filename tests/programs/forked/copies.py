"""Finds the copies of this process that look at its heap, which the program itself is not to meet."""

import os
import time


def children():
    """Process id and name of each child of this process."""
    found = {}
    for task in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/%s/children" % task) as listed:
                pids = listed.read().split()
        except OSError:
            continue
        for pid in pids:
            try:
                with open("/proc/%s/comm" % pid) as name:
                    found[int(pid)] = name.read().strip()
            except OSError:
                pass
    return found


def copies():
    """Process ids of the copies at work."""
    return [pid for pid, name in children().items() if name == "unfreed"]


def is_alive(pid):
    """Whether a process runs or is stopped."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for_copy(seconds=60):
    """Process id of the next copy."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for pid in copies():
            return pid
    raise SystemExit("there was no copy of the process")


class Node:
    """One of many objects, so that a copy is at work for a while."""

    def __init__(self, number):
        self.number = number + 1000
        self.parts = [number + 0.5, (number, self)]
