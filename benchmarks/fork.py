"""Measures what looks at a heap cost the program that goes on: in place, and by a copy of the process.

    python benchmarks/fork.py                              1 million objects
    python benchmarks/fork.py --objects 10000000 --heap fragmented --rounds 3

The Python that runs this needs unfreed. Each look happens in a process of its own, in a thread beside the program's;
figures are medians over interleaved rounds, with the least in parentheses, nearer to a quiet machine. `pause` is what
unfreed says; `gap` the longest time that a loop of the program beside it was not running (the switch of the GIL, 5 ms,
is in it); `touch` what a loop over all objects of the heap takes then, which writes reference counts and so copies pages
while a copy is at work. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "heap_engine"))
import made

Figures = dict[str, float]
#: What is printed: name, unit, factor.
FIGURES = [
    ("pause", "ms", 1e3),
    ("gap", "ms", 1e3),
    ("touch before", "ms", 1e3),
    ("touch", "ms", 1e3),
    ("page faults of it", "", 1),
    ("CPU of the copy", "s", 1),
    ("most memory of the copy", "MiB", 1),
]


def touch() -> tuple[float, int]:
    """CPU seconds and page faults of a loop over all objects that the heap was made of."""
    faults = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    began = time.thread_time()
    nodes: Any = made.KEPT
    for node in nodes:
        node.parts[1][0]
    return time.thread_time() - began, resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - faults


def has_child(thread: threading.Thread) -> bool:
    """Whether a thread has started a process that is there."""
    try:
        return bool(Path("/proc/self/task/%d/children" % (thread.native_id or 0)).read_text())
    except OSError:
        return False


def look(heap: str, objects: int, fork: bool, file: str) -> Figures:
    """One look, in this process."""
    import gc

    from unfreed import _heap

    gc.disable()
    made.keep(heap, objects)
    before, _ = touch()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken: list[Any] = []
    thread = threading.Thread(target=lambda: taken.append(_heap.snapshot(file, fork)))
    gap, touched = 0.0, (0.0, 0)
    last = time.perf_counter()
    thread.start()
    while thread.is_alive():
        now = time.perf_counter()
        gap = max(gap, now - last)
        if fork and touched[1] == 0 and has_child(thread):
            touched = touch()
            now = time.perf_counter()
        last = now
    thread.join()
    if not fork:
        touched = touch()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "objects": taken[0].objects,
        "pause": taken[0].pause_seconds,
        "gap": gap,
        "touch before": before,
        "touch": touched[0],
        "page faults of it": touched[1],
        "CPU of the copy": after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime,
        "most memory of the copy": after.ru_maxrss / 1024,
        "rss mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--heap", choices=["fresh", "fragmented"], default="fresh")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--look", choices=["in place", "forked"], help=argparse.SUPPRESS)
    typed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if typed.look:
            figures = look(typed.heap, typed.objects, typed.look == "forked", folder + "/heap.unfreed")
            print(json.dumps(figures))
            return
        found: dict[str, list[Figures]] = {"in place": [], "forked": []}
        for _ in range(typed.rounds):
            for way, looks in found.items():
                command = [sys.executable, __file__, "--heap", typed.heap, "--objects", str(typed.objects)]
                done = subprocess.run([*command, "--look", way], stdout=subprocess.PIPE, check=True)
                looks.append(json.loads(done.stdout))
    print("Python %s, %s, load %.1f" % (sys.version.split()[0], typed.heap, os.getloadavg()[0]))
    for way, looks in found.items():
        print("%s: %d objects, %.0f MiB" % (way, looks[0]["objects"], statistics.median(one["rss mib"] for one in looks)))
        for name, unit, factor in FIGURES:
            each = [one[name] * factor for one in looks]
            print("  %-28s %9.1f (%.1f) %s" % (name, statistics.median(each), min(each), unit))


if __name__ == "__main__":
    main()
