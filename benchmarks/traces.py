"""Times the questions to a snapshot of a million traces, of the standard library's tracemalloc and of unfreed's.

    python benchmarks/traces.py [--traces N] [--frames N] [--rounds N]

The Python that runs this needs unfreed. Each round runs a program with either module, in a process of its own and one
after the other; printed are medians, and how often unfreed's is faster or smaller. The program keeps blocks of 20
sizes that 500 lines of 50 functions allocate, reached by 5 ways. Each question begins right after a collection. Memory
is what the process needs at most beyond what it had before the question.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

LINES = 500
SIZES = 20

#: Writes seconds and bytes of each question. A part has ten lines that allocate.
PROGRAM = """
import gc, importlib, json, sys, time
name, traces, frames, lines, sizes = sys.argv[1], *map(int, sys.argv[2:])
tracemalloc = importlib.import_module(name)
source = []
for number in range(lines // 10):
    source += ["def part%d(kept, size):" % number]
    source += ["    kept.append(bytearray(size))", "    kept.append(bytes(size))"] * 5
exec(compile("\\n".join(source), "/made/parts.py", "exec"))
parts = [globals()["part%d" % number] for number in range(lines // 10)]
told = {}

def memory(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

def ask(question, call):
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    gc.collect()
    before = memory("VmRSS")
    started = time.perf_counter()
    answer = call()
    told[question] = [time.perf_counter() - started, memory("VmHWM") - before]
    return answer

def call_build(depth, kept, size):
    if depth:
        call_build(depth - 1, kept, size)
    else:
        for part in parts:
            part(kept, size)

def grow(kept, blocks):
    # A bytearray is two blocks.
    for turn in range(blocks * 2 // (lines * 3)):
        call_build(turn % 5, kept, 100 + turn % sizes)

kept, more = [None] * traces, []
kept.clear()
ask("allocate, untraced", lambda: grow(kept, traces))
kept.clear()
tracemalloc.start(frames)
ask("allocate, traced", lambda: grow(kept, traces))
first = ask("take_snapshot", tracemalloc.take_snapshot)
told["traces"] = len(first.traces)
grow(more, traces // 100)
second = tracemalloc.take_snapshot()
tracemalloc.stop()
for key in ("filename", "lineno", "traceback"):
    ask("statistics(%r)" % key, lambda: first.statistics(key))
ask("statistics('lineno', cumulative=True)", lambda: first.statistics("lineno", True))
ask("compare_to('lineno')", lambda: second.compare_to(first, "lineno"))
ask("compare_to('traceback')", lambda: second.compare_to(first, "traceback"))
filters = [tracemalloc.Filter(False, "<frozen importlib._bootstrap>"), tracemalloc.Filter(False, "<unknown>")]
ask("filter_traces", lambda: first.filter_traces(filters))
print(json.dumps(told))
"""

MODULES = ("tracemalloc", "unfreed.compat.tracemalloc")


def run(module: str, traces: int, frames: int) -> dict[str, list[float]]:
    """Seconds and bytes of each question."""
    words = [sys.executable, "-c", PROGRAM, module, *map(str, (traces, frames, LINES, SIZES))]
    told = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    print("%s: %d traces" % (module, told.pop("traces")), file=sys.stderr)
    return dict(told)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=1_000_000, help="default: 1,000,000")
    parser.add_argument("--frames", type=int, default=1, help="the limit of frames; default: 1")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    words = parser.parse_args()
    rounds = [[run(module, words.traces, words.frames) for module in MODULES] for _ in range(words.rounds)]
    heads = ["tracemalloc", "unfreed's", "faster", "tracemalloc", "unfreed's", "smaller"]
    print("%-38s %12s %12s %8s %12s %12s %8s" % ("", *heads))
    for question in rounds[0][0]:
        seconds, memory = (
            [statistics.median(one[which][question][figure] for one in rounds) for which in (0, 1)] for figure in (0, 1)
        )
        times = "%9.1f ms %9.2f ms %7.0fx" % (seconds[0] * 1e3, seconds[1] * 1e3, seconds[0] / seconds[1])
        # Less than a MiB is noise of the process.
        sizes = "%8.1f MiB %8.1f MiB %7.0fx" % (memory[0] / 2**20, memory[1] / 2**20, memory[0] / max(memory[1], 1))
        print("%-38s %s %s" % (question, times, sizes if memory[0] > 2**20 else ""))


if __name__ == "__main__":
    main()
