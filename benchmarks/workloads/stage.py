"""Runs a workload's loop at the depth of stack of a real program, and prints what the loop alone cost."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

DEPTH = int(os.environ.get("STAGE_DEPTH", 16))


def perform(repeat: Callable[[int], object]) -> None:
    """Calls `repeat` as often as the command line says, after one call to warm up; prints one line of JSON."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    at_depth(DEPTH, repeat, 0)
    before = time.process_time()
    for number in range(repeats):
        at_depth(DEPTH, repeat, number + 1)
    cpu = time.process_time() - before
    print(json.dumps({"cpu_per_repeat": cpu / repeats, "peak_kib": peak_kib()}))


def peak_kib() -> int:
    """The most resident memory so far; getrusage would count that of the process before exec."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def at_depth(depth: int, repeat: Callable[[int], object], number: int) -> object:
    """Calls `repeat` below `depth` frames."""
    return at_depth(depth - 1, repeat, number) if depth else repeat(number)
