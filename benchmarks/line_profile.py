"""What profiling line by line costs: memory_profiler, unfreed's module of that name, and `@unfreed.profile`.

    python benchmarks/line_profile.py [--seconds 2]

The Python that runs this needs unfreed, memory_profiler and psutil. Each function runs without a profiler and with
each of the three, with as many loops as fit into the seconds; printed are microseconds of CPU for a loop, and how many
times less unfreed's two take than memory_profiler's. The goal is 50 for the same function.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import time
from typing import Any, Callable

Function = Callable[[int], Any]


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


def plain(function: Function) -> Function:
    """Without a profiler."""
    return function


def traced_by(module: str) -> Callable[[Function], Function]:
    """With the decorator of a module that has memory_profiler's names."""

    def decorate(function: Function) -> Function:
        decorated: Function = importlib.import_module(module).LineProfiler()(function)
        return decorated

    return decorate


def followed(function: Function) -> Function:
    """With `@unfreed.profile`."""
    import unfreed

    return unfreed.profile(function)


PROFILERS = {
    "without": plain,
    "memory_profiler": traced_by("memory_profiler"),
    "compat": traced_by("unfreed.compat.memory_profiler"),
    "unfreed.profile": followed,
}


def measured(function: Function, loops: int) -> float:
    """Microseconds of CPU for a loop."""
    began = time.process_time()
    function(loops)
    return (time.process_time() - began) / loops * 1e6


def costs(function: Function, decorate: Callable[[Function], Function], seconds: float) -> float:
    """Microseconds of CPU for a loop, with as many as fit."""
    called = decorate(function)
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
    print("%-10s" % "function", *("%16s" % name for name in PROFILERS), "%16s" % "times less")
    for function in (counts, keeps, calls):
        found = [costs(function, decorate, seconds) for decorate in PROFILERS.values()]
        less = ["%.0f" % (found[1] / ours) for ours in found[2:]]
        print("%-10s" % function.__name__, *("%16.3f" % cost for cost in found), "%16s" % " / ".join(less))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
