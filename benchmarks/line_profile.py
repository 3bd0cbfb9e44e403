"""What profiling line by line costs, with memory_profiler and with unfreed's module of that name.

    python benchmarks/line_profile.py [--seconds 2]

The Python that runs this needs unfreed, memory_profiler and psutil. Each function runs without a profiler and with
each of the two, with as many loops as fit into the seconds; printed are microseconds of CPU for a loop, and how many
times less unfreed's takes than memory_profiler's. The goal is 50 for the loop that only counts.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import time
from typing import Any, Callable

MODULES = {"without": "", "memory_profiler": "memory_profiler", "unfreed": "unfreed.compat.memory_profiler"}


def counts(loops: int) -> int:
    """Nothing is kept."""
    total = 0
    for number in range(loops):
        total += number * number
        if total % 7 == 3:
            total -= 1
    return total


def keeps(loops: int) -> list[str]:
    """Each loop keeps a string."""
    kept = []
    for number in range(loops):
        text = str(number)
        kept.append(text)
    return kept


def square(number: int) -> int:
    """Is called in a loop, and is not profiled."""
    result = number * number
    return result


def calls(loops: int) -> int:
    """Each loop calls a function."""
    total = 0
    for number in range(loops):
        total += square(number)
    return total


def measured(function: Callable[[int], Any], loops: int) -> float:
    """Microseconds of CPU for a loop."""
    began = time.process_time()
    function(loops)
    return (time.process_time() - began) / loops * 1e6


def costs(function: Callable[[int], Any], module: str, seconds: float) -> float:
    """Microseconds of CPU for a loop, with as many as fit."""
    called = importlib.import_module(module).LineProfiler()(function) if module else function
    loops = 500
    while True:
        cost = measured(called, loops)
        if cost * loops >= seconds * 1e6 / 2:
            return cost
        loops = int(min(loops * 10, max(loops * 2, seconds * 1e6 / max(cost, 1e-3))))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="of CPU for each measurement")
    seconds = parser.parse_args().seconds
    print("CPython %s, load %.1f; µs of CPU for a loop" % (sys.version.split()[0], os.getloadavg()[0]))
    print("%-10s %10s %16s %10s %10s" % ("function", *MODULES, "less"))
    for function in (counts, keeps, calls):
        found = [costs(function, module, seconds) for module in MODULES.values()]
        print("%-10s %10.3f %16.1f %10.2f %9.0fx" % (function.__name__, *found, found[1] / found[2]))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
