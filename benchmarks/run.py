"""Measures what unfreed costs, beside the tools that people use today, and prints tables of ratios.

    python benchmarks/run.py                      everything, about ten minutes
    python benchmarks/run.py --rounds 9           more rounds, steadier medians
    python benchmarks/run.py --depth 90           below as many frames as a web application has
    python benchmarks/run.py --only workloads     only the seven workloads (or: heaps)
    python benchmarks/run.py --workload json_round_trip --mode "unfreed run" --json figures.json

The Python that runs this needs unfreed installed. The workload numpy_arrays needs numpy, the mode memray needs
memray; what is not there is left out and said. Nothing is asserted: read the tables.

Each round runs every workload in every mode, one after the other, so that a busy moment of the machine hits all
of them; the figures are medians over the rounds, of CPU time. `steady` is the CPU time of the workload's own
loop, which it measures after a first turn to warm up; `whole` is that of the whole process and of unfreed itself,
start and report included. The slow tools do fewer turns of the loop; their whole run is not compared.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WORKLOADS = [
    "dict_churn",
    "json_round_trip",
    "list_growth",
    "string_split",
    "tree_build",
    "regex_match",
    "numpy_arrays",
]
HEAPS = ["fresh", "fragmented", "libraries"]
FULL, FEW = 8, 1
UNTRACED = "untraced"


@dataclasses.dataclass(frozen=True)
class Mode:
    """A way to run a workload. `{out}` in `before` is a file that may be written."""

    name: str
    before: tuple[str, ...]
    repeats: int = FULL
    most_rounds: int = 99
    needs: str = ""

    def command(self, script: Path, out: Path, *arguments: object) -> list[str]:
        """The command line that runs `script`."""
        before = [word.format(out=out) for word in self.before]
        return [sys.executable, *before, str(script), *map(str, arguments)]


MODES = [
    Mode(UNTRACED, ()),
    Mode("unfreed run", ("-m", "unfreed", "run", "--quiet", "-o", "{out}"), needs="unfreed"),
    # Tracking by itself: a loop of a second or two has the looks at the heap of ten seconds in it, which
    # are granted in advance.
    Mode(
        "tracking only",
        ("-m", "unfreed", "run", "--quiet", "--snapshot-budget", "0.001", "-o", "{out}"),
        needs="unfreed",
    ),
    Mode(
        "unfreed --native",
        ("-m", "unfreed", "run", "--quiet", "--native", "-o", "{out}"),
        needs="unfreed",
    ),
    Mode(
        "unfreed --exact",
        ("-m", "unfreed", "run", "--quiet", "--exact", "-o", "{out}"),
        needs="unfreed",
    ),
    Mode(
        "unfreed --exact --native",
        ("-m", "unfreed", "run", "--quiet", "--exact", "--native", "-o", "{out}"),
        FEW,
        3,
        "unfreed",
    ),
    Mode("tracemalloc(1)", ("-X", "tracemalloc=1"), FEW, 3),
    Mode("tracemalloc(25)", ("-X", "tracemalloc=25"), FEW, 1),
    Mode("memray", ("-m", "memray", "run", "-q", "-f", "-o", "{out}"), FEW, 3, "memray"),
    Mode(
        "memray, Python allocators",
        ("-m", "memray", "run", "-q", "-f", "--trace-python-allocators", "-o", "{out}"),
        FEW,
        3,
        "memray",
    ),
    Mode(
        "memray native",
        ("-m", "memray", "run", "-q", "-f", "--native", "-o", "{out}"),
        FEW,
        3,
        "memray",
    ),
]


@dataclasses.dataclass
class Figures:
    """What one mode's runs of one workload came to, a figure for each round."""

    steady: list[float] = dataclasses.field(default_factory=list)
    whole: list[float] = dataclasses.field(default_factory=list)
    peak_kib: list[int] = dataclasses.field(default_factory=list)


Table = dict[str, dict[str, Figures]]


def is_there(name: str) -> bool:
    """Whether a module is installed."""
    return not name or importlib.util.find_spec(name) is not None


def run_and_count(command: list[str], depth: int = 16) -> tuple[str, float]:
    """Runs a command; returns its stdout and the CPU seconds of it and of the processes it waited for."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "STAGE_DEPTH": str(depth)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit("%s ended with exit code %d" % (" ".join(command), process.returncode))
    return output, usage.ru_utime + usage.ru_stime


def measure_workloads(names: list[str], modes: list[Mode], rounds: int, folder: Path, depth: int) -> Table:
    """Runs every workload in every mode, so many rounds, below so many frames."""
    table: Table = {name: {mode.name: Figures() for mode in modes} for name in names}
    for number in range(rounds):
        for name in names:
            for mode in (mode for mode in modes if number < mode.most_rounds):
                progress("round %d of %d: %s, %s" % (number + 1, rounds, name, mode.name))
                command = mode.command(HERE / "workloads" / (name + ".py"), folder / "out", mode.repeats)
                output, whole = run_and_count(command, depth)
                printed = json.loads(output.splitlines()[-1])
                figures = table[name][mode.name]
                figures.steady.append(printed["cpu_per_repeat"])
                figures.peak_kib.append(printed["peak_kib"])
                figures.whole.append(whole)
    return table


def measure_heaps(names: list[str], folder: Path) -> dict[str, dict[str, Any]]:
    """Runs every heap under unfreed and returns what its report says of the looks at it."""
    found = {}
    for name in names:
        progress("heap: " + name)
        recording, report = folder / "heap.unfreed", folder / "heap.json"
        mode = Mode("", ("-m", "unfreed", "run", "--quiet", "--json", str(report), "-o", "{out}"))
        run_and_count(mode.command(HERE / "heaps" / (name + ".py"), recording))
        found[name] = {**json.loads(report.read_text()), "file_bytes": recording.stat().st_size}
    return found


def ratio(table: Table, name: str, mode: Mode, figure: str) -> float:
    """How many times the untraced run's figure; NaN where there is nothing to compare."""
    values, base = getattr(table[name][mode.name], figure), getattr(table[name][UNTRACED], figure)
    return statistics.median(values) / statistics.median(base) if values and base else math.nan


def ratio_rows(table: Table, modes: list[Mode], figure: str) -> Iterator[list[str]]:
    """The rows of a table of ratios, with the geometric mean and the worst at its end."""
    traced = [mode for mode in modes if mode.name != UNTRACED]
    yield ["workload", "untraced s", *(mode.name for mode in traced)]
    for name in table:
        base = statistics.median(getattr(table[name][UNTRACED], figure))
        yield [name, "%.3f" % base, *("%.2f" % ratio(table, name, mode, figure) for mode in traced)]
    columns = [[ratio(table, name, mode, figure) for name in table] for mode in traced]
    yield [
        "geometric mean",
        "",
        *("%.2f" % statistics.geometric_mean(column) for column in columns),
    ]
    yield ["worst", "", *("%.2f" % max(column) for column in columns)]


def peak_rows(table: Table, modes: list[Mode]) -> Iterator[list[str]]:
    """The rows of the table of peak memory: MiB more than untraced."""
    traced = [mode for mode in modes if mode.name != UNTRACED]
    yield ["workload", "untraced MiB", *("+ " + mode.name for mode in traced)]
    for name, figures in table.items():
        base = statistics.median(figures[UNTRACED].peak_kib)
        more = [statistics.median(figures[mode.name].peak_kib) - base for mode in traced]
        yield [name, "%.1f" % (base / 1024), *("%.1f" % (one / 1024) for one in more)]


def heap_rows(heaps: dict[str, dict[str, Any]]) -> Iterator[list[str]]:
    """The rows of the table of looks at the heap."""
    yield [
        "heap",
        "objects",
        "looks",
        "longest pause ms",
        "ns an object",
        "pauses % of run",
        "coverage %",
        "file bytes an object and look",
        "file KiB a minute",
    ]
    for name, report in heaps.items():
        evidence, size, seconds = (
            report["evidence"],
            report["file_bytes"],
            report["program"]["seconds"],
        )
        objects, looks = max(1, evidence["objects"]), max(1, evidence["snapshots"])
        yield [
            name,
            "%d" % evidence["objects"],
            "%d" % evidence["snapshots"],
            "%.1f" % evidence["longest_pause_ms"],
            "%.0f" % (evidence["longest_pause_ms"] * 1e6 / objects),
            "%.2f" % evidence["pause_percent"],
            "%.1f" % (100 * evidence["coverage"]),
            "%.2f" % (size / objects / looks),
            "%.0f" % (size / 1024 / seconds * 60),
        ]


def print_table(title: str, rows: Iterator[list[str]]) -> None:
    """Prints rows in columns; the first is the heading."""
    cells = list(rows)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    print("\n%s\n" % title)
    for row in cells:
        print(
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths))
            )
        )


def progress(text: str) -> None:
    """Says on stderr what is being done."""
    print(
        "\r\033[K" + text if sys.stderr.isatty() else text,
        end="" if sys.stderr.isatty() else "\n",
        file=sys.stderr,
        flush=True,
    )


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--repeats", type=int, help="turns of the loop for all modes [default: %d, %d for slow tools]" % (FULL, FEW)
    )
    parser.add_argument("--depth", type=int, default=16, help="frames below which workloads run, such as 90")
    parser.add_argument("--only", choices=["workloads", "heaps"])
    parser.add_argument("--workload", action="append", choices=WORKLOADS, help="this one only; may be given again")
    parser.add_argument(
        "--mode",
        action="append",
        choices=[mode.name for mode in MODES],
        help="beside the untraced run, this one only; may be given again",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure there")
    return parser.parse_args()


def main() -> None:
    """Measures and prints."""
    typed = parse_arguments()
    workloads = [name for name in typed.workload or WORKLOADS if name != "numpy_arrays" or is_there("numpy")]
    wanted = [mode for mode in MODES if not typed.mode or mode.name in (UNTRACED, *typed.mode)]
    modes = [
        dataclasses.replace(mode, repeats=typed.repeats or mode.repeats) for mode in wanted if is_there(mode.needs)
    ]
    left_out = [mode.name for mode in wanted if not is_there(mode.needs)] + [
        name for name in typed.workload or WORKLOADS if name not in workloads
    ]
    table: Table = {}
    heaps: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        if typed.only != "heaps":
            table = measure_workloads(workloads, modes, typed.rounds, Path(folder), typed.depth)
        if typed.only != "workloads" and is_there("unfreed"):
            heaps = measure_heaps(HEAPS, Path(folder))
    progress("")
    print(
        "Python %s, load %.1f, depth %d, medians of %d rounds%s"
        % (
            sys.version.split()[0],
            os.getloadavg()[0],
            typed.depth,
            typed.rounds,
            "; left out, not installed: " + ", ".join(left_out) if left_out else "",
        )
    )
    if table:
        full = [mode for mode in modes if typed.repeats or mode.repeats == FULL]
        print_table(
            "CPU time of the loop, times the untraced one (steady)",
            ratio_rows(table, modes, "steady"),
        )
        print_table(
            "CPU time of everything, start and report included (whole)",
            ratio_rows(table, full, "whole"),
        )
        print_table("Peak resident memory of the process, MiB more than untraced", peak_rows(table, modes))
    if heaps:
        print_table("Looks at the heap", heap_rows(heaps))
    if typed.json:
        plain = {
            name: {mode: dataclasses.asdict(figures) for mode, figures in row.items()} for name, row in table.items()
        }
        typed.json.write_text(json.dumps({"python": sys.version, "workloads": plain, "heaps": heaps}, indent=1))


if __name__ == "__main__":
    main()
