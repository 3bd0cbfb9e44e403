"""Whatever runs the code (threads, greenlets, coroutines, forks, pools), each process has its recording, and what it keeps counts
at the line that made it, below the lines that called it and no others."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections import Counter
from pathlib import Path

import pytest

from programs.headers import Program, programs_in
from programs.runs import Pool, Run, call_unfreed

# A line that is marked KEPT makes 2,000 objects of 1,033 bytes, and lists for them.
BYTES = 2_000 * 1_033
MODES = {
    # Of 126 samples: within four standard deviations.
    "sampled": (("--sample", "16KiB"), 0.64, 1.40),
    "exact": (("--exact",), 0.99, 1.06),
}
MARK = re.compile(r"# (KEPT|CALLS) (\w+)$")
FRAME = re.compile(r"\(([^()]*:\d+)\)$")


@dataclasses.dataclass(frozen=True)
class Worker:
    """A program that runs its code in a certain way, and how its blocks are followed."""

    program: Program
    mode: str
    variant: str | None = None

    def run(self) -> Run:
        """How it is run."""
        run = self.program.run(options=("--quiet", "--epoch", "0.3", *MODES[self.mode][0]))
        return dataclasses.replace(run, command=(*run.command, *filter(None, [self.variant])))

    def runs(self) -> list[Run]:
        """What to start before the test asks for it."""
        return [self.run()] if self.program.runs() else []

    def __str__(self) -> str:
        return "-".join(filter(None, [self.program.name, self.variant, self.mode]))


WORKERS = [
    Worker(program, mode, variant)
    for program in programs_in("workers")
    for variant in program.header.get("variants", [None])
    for mode in MODES
]


@dataclasses.dataclass
class Stack:
    """What lives of one stack."""

    frames: list[str]
    """`file:line`, innermost first."""
    bytes: int


def stacks_of(recording: Path) -> list[Stack]:
    """What a recording says that lives."""
    table = recording.with_suffix(".csv")
    done = call_unfreed("export", recording, "--csv", table)
    assert done.returncode == 0, done
    with table.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [
        Stack(
            [match[1] for match in map(FRAME.search, row["stack"].split(" ← ")) if match],
            int(row["inuse_space"]),
        )
        for row in rows
    ]


def marks_of(program: Program) -> dict[str, tuple[str, set[str]]]:
    """For each label, the line that keeps, and all the marked lines that belong to it."""
    kept: dict[str, str] = {}
    marked: dict[str, set[str]] = {}
    for number, line in enumerate(program.path.read_text().splitlines(), 1):
        match = MARK.search(line)
        if match:
            place = "%s:%d" % (program.path, number)
            marked.setdefault(match[2], set()).add(place)
            if match[1] == "KEPT":
                kept[match[2]] = place
    return {label: (place, marked[label]) for label, place in kept.items()}


def kept_by_label(program: Program, stacks: list[Stack]) -> Counter[str]:
    """Bytes that live by label; complains about stacks that lead through the wrong lines."""
    marks = marks_of(program)
    every = set().union(*(lines for _, lines in marks.values()))
    sums: Counter[str] = Counter()
    for stack in stacks:
        for label, (place, lines) in marks.items():
            # Up to 3.11 a comprehension is a call of its own, on the same line.
            if stack.frames and stack.frames[0] == place:
                assert set(stack.frames) & every == lines, "%s: %s" % (label, stack)
                sums[label] += stack.bytes
    return sums


@pytest.mark.parametrize("worker", WORKERS, ids=str)
def test_what_is_kept_counts_where_it_was_made(worker: Worker, pool: Pool) -> None:
    outcome = pool.outcome(worker.run())
    assert outcome.returncode == 0, str(outcome)
    recordings = sorted(outcome.recording.parent.glob("*.unfreed"))
    header, (_, least, most) = worker.program.header, MODES[worker.mode]
    assert len(recordings) >= header.get("processes", 1), "%s\n%s" % (recordings, outcome)
    stacks = {recording: stacks_of(recording) for recording in recordings}
    sums = {recording: kept_by_label(worker.program, found) for recording, found in stacks.items()}
    for label, processes in header["kept_in"].items():
        found = [one[label] / BYTES for one in sums.values() if one[label]]
        assert len(found) == processes, "%s is in %s\n%s" % (label, sums, outcome)
        assert all(least < one < most for one in found), "%s: %s of what it keeps" % (label, found)
    if header.get("without_line"):
        [found_stacks] = stacks.values()
        assert without_line(found_stacks) > least * 2_000 * 1_000, outcome


def without_line(stacks: list[Stack]) -> int:
    """Bytes that live and that no line of Python made."""
    return sum(stack.bytes for stack in stacks if not stack.frames)
