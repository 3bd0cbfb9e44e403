"""Measures `import unfreed` beside the tools whose questions it answers, and prints ratios.

    python benchmarks/api.py [--objects 1000000] [--rounds 3]

The Python that runs this needs unfreed; Pympler, objgraph and guppy3 are left out where they are missing. Each
question is asked in a process of its own, after the tool was imported; figures are medians of CPU seconds.
Nothing is asserted: read the table.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import subprocess
import sys

HEAP = """
import gc, time
gc.disable()
class Node:
    def __init__(self, number):
        self.number, self.name, self.parts = number + 1000, "name %%d" %% number, [number + 0.5, (number,)]
KEPT = [Node(number) for number in range(%d // 7)]
target = KEPT[len(KEPT) // 2].parts
"""
MEASURE = """
began = time.process_time()
{question}
print(time.process_time() - began)
"""
#: Question, then tool, what it is imported by, what is done before, what is measured.
QUESTIONS: list[tuple[str, list[tuple[str, str, str]]]] = [
    (
        "deep size",
        [
            ("unfreed", "import unfreed; unfreed.sizeof(1)", "unfreed.sizeof(KEPT)"),
            ("pympler", "from pympler import asizeof", "asizeof.asizeof(KEPT)"),
        ],
    ),
    (
        "census by type",
        [
            ("unfreed", "import unfreed; unfreed.sizeof(1)", "unfreed.census()"),
            ("pympler", "from pympler import muppy, summary", "summary.summarize(muppy.get_objects())"),
            ("guppy", "from guppy import hpy", "repr(hpy().heap())"),
        ],
    ),
    (
        "growth",
        [
            ("unfreed", "import unfreed; unfreed.growth()", "unfreed.growth()"),
            ("objgraph", "import objgraph; objgraph.growth()", "objgraph.growth()"),
            ("pympler", "from pympler import tracker; t = tracker.SummaryTracker()", "t.diff()"),
        ],
    ),
    (
        "why alive",
        [
            ("unfreed", "import unfreed; unfreed.sizeof(1)", "unfreed.why_alive(target)"),
            (
                "objgraph",
                "import objgraph",
                "objgraph.find_backref_chain(target, objgraph.is_proper_module)",
            ),
        ],
    ),
]


def seconds(objects: int, before: str, question: str, rounds: int) -> float:
    """CPU seconds of a question, the median."""
    code = HEAP % objects + before + MEASURE.format(question=question)
    found = []
    for _ in range(rounds):
        ended = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
        found.append(float(ended.stdout.splitlines()[-1]))
    return statistics.median(found)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    typed = parser.parse_args()
    print("%-16s %-10s %10s %22s" % ("question", "tool", "seconds", "times that of unfreed"))
    for name, tools in QUESTIONS:
        ours = 0.0
        for tool, before, question in tools:
            if importlib.util.find_spec(tool) is None:
                print("%-16s %-10s %10s" % (name, tool, "missing"))
                continue
            took = seconds(typed.objects, before, question, typed.rounds)
            ours = took if tool == "unfreed" else ours
            print("%-16s %-10s %10.3f %22.1f" % (name, tool, took, took / ours), flush=True)


if __name__ == "__main__":
    main()
