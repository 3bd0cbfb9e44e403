"""Measures looks at whole heaps, beside the tools that people use today, and what the analysis then costs.

    python benchmarks/heap.py                              1 million objects, about five minutes
    python benchmarks/heap.py --objects 10000000 --heap fresh
    python benchmarks/heap.py --tool unfreed --tool guppy3 --rounds 5 --json figures.json

The Python that runs this needs unfreed; guppy3, Pympler and objgraph are left out where they are missing, and what
the heap `real` imports (numpy, pandas, Django, SQLAlchemy, Flask) is imported where it is installed. Each look
happens in a process of its own. Figures are medians of CPU time over interleaved rounds; `times` is how much longer
than unfreed a tool takes for the same heap, whatever it finds out. Nothing is asserted: read the tables.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent / "heap_engine"
TOOLS = {"unfreed": "unfreed", "closure": "", "guppy3": "guppy", "pympler": "pympler", "objgraph": "objgraph"}
HEAPS = ["fresh", "fragmented", "real"]
#: What `unfreed heap` is asked, and what the answer needs of the engine.
QUESTIONS = ["census", "dominators", "suspects"]

Look = dict[str, Any]


def look(heap: str, objects: int, tool: str, file: Path) -> Look:
    """One tool, one heap, one process."""
    command = [sys.executable, str(HERE / "looked.py"), heap, str(objects), tool, str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit("%s on %s failed:\n%s" % (tool, heap, ended.stderr))
    found: Look = json.loads(ended.stdout)
    if tool == "unfreed":
        found["file_bytes"] = file.stat().st_size
    return found


def ask(file: Path, question: str) -> Look:
    """One question to a snapshot, whole command: reading, graph, answer, printing."""
    command = [sys.executable, "-m", "unfreed", "heap", str(file), question]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit("%s ended with exit code %d" % (" ".join(command), process.returncode))
    return {"cpu": usage.ru_utime + usage.ru_stime, "peak_kib": usage.ru_maxrss}


def median(looks: list[Look], key: str) -> float:
    """Over the rounds."""
    return statistics.median(look[key] for look in looks)


def print_heap(heap: str, found: dict[str, list[Look]], asked: dict[str, list[Look]]) -> None:
    """The two tables of one heap."""
    ours = found["unfreed"]
    objects, whole = median(ours, "objects"), median(ours, "cpu")
    print("\n%s: %d objects" % (heap, objects))
    print(
        "  unfreed  pause %.0f ns an object; with the file %.0f ns; file %.2f bytes an object; "
        "%.0f bytes an object of extra memory at the peak"
        % (
            median(ours, "pause") * 1e9 / objects,
            whole * 1e9 / objects,
            median(ours, "file_bytes") / objects,
            median(ours, "extra_kib") * 1024 / objects,
        )
    )
    print("  %-10s %10s %9s %14s %14s %11s" % ("tool", "objects", "seconds", "times pause", "times whole", "extra MiB"))
    for tool, looks in found.items():
        seconds = median(looks, "cpu")
        print(
            "  %-10s %10d %9.3f %14.1f %14.1f %11.1f"
            % (
                tool,
                median(looks, "objects"),
                seconds,
                seconds / median(ours, "pause"),
                seconds / whole,
                median(looks, "extra_kib") / 1024,
            )
        )
    for question, looks in asked.items():
        print(
            "  unfreed heap FILE %-11s %6.2f s of CPU, whole command; peak %4.0f bytes an object"
            % (question, median(looks, "cpu"), median(looks, "peak_kib") * 1024 / objects)
        )


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--heap", action="append", choices=HEAPS, help="this one only; may be given again")
    parser.add_argument(
        "--tool", action="append", choices=list(TOOLS), help="beside unfreed, this one only; may be given again"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure there")
    return parser.parse_args()


def main() -> None:
    """Measures and prints."""
    typed = parse_arguments()
    wanted = [tool for tool in TOOLS if not typed.tool or tool in ("unfreed", *typed.tool)]
    tools = [tool for tool in wanted if not TOOLS[tool] or importlib.util.find_spec(TOOLS[tool])]
    left_out = [tool for tool in wanted if tool not in tools]
    every: dict[str, Any] = {}
    print(
        "Python %s, load %.1f, medians of %d rounds%s"
        % (
            sys.version.split()[0],
            os.getloadavg()[0],
            typed.rounds,
            "; left out, not installed: " + ", ".join(left_out) if left_out else "",
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "heap.unfreed"
        for heap in typed.heap or HEAPS:
            found: dict[str, list[Look]] = {tool: [] for tool in tools}
            asked: dict[str, list[Look]] = {question: [] for question in QUESTIONS}
            for number in range(typed.rounds):
                for tool in tools:
                    print("%s, round %d: %s" % (heap, number + 1, tool), file=sys.stderr, flush=True)
                    found[tool].append(look(heap, typed.objects, tool, file))
                for question in QUESTIONS:
                    asked[question].append(ask(file, question))
            print_heap(heap, found, asked)
            every[heap] = {"looks": found, "questions": asked}
    if typed.json:
        typed.json.write_text(json.dumps({"python": sys.version, "heaps": every}, indent=1))


if __name__ == "__main__":
    main()
