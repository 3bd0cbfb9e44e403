"""Looks at the heap by a copy of the process: the same is found as in place, and the program meets nothing of the copy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from programs.expectations import complaints_about_leak, show
from programs.headers import HERE, Program, programs_in
from programs.runs import Outcome, Pool, Run, call_unfreed, clean_environment
from test_storm import survived

FORKED = HERE / "forked"
LEAKS = [one for one in programs_in("leaks") if one.name in ("dict_sessions", "instance_attribute")]


def run(name: str, *arguments: object, options: tuple[str, ...] = ()) -> Run:
    """How one of the programs is recorded."""
    words = (str(FORKED / name), *map(str, arguments))
    return Run(words, FORKED, options=("--fork", "--quiet", *options))


def call(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs one of the programs that take snapshots of their own."""
    return subprocess.run(
        [sys.executable, str(FORKED / name), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        env=clean_environment(),
        check=False,
    )


def notes_of(outcome: Outcome) -> list[str]:
    """The notes of the collector."""
    notes: list[str] = outcome.report["evidence"]["notes"]
    return notes


def leaks_of(outcome: Outcome) -> set[tuple[str, str]]:
    """Kind and fingerprint, which is that of who holds it, of each leak."""
    findings = outcome.report["findings"]
    return {(one["kind"], one["id"]) for one in findings if one["severity"] == "leak"}


@pytest.mark.parametrize("program", LEAKS, ids=lambda program: program.name)
@pytest.mark.any_python
def test_the_same_is_found_as_in_place(program: Program, pool: Pool) -> None:
    in_place, forked = pool.start(program.run()), pool.start(program.run(options=("--fork",)))
    outcome = forked.result()
    assert outcome.returncode == 0, str(outcome)
    complaints = complaints_about_leak(program, outcome)
    assert not complaints, show(outcome, complaints)
    assert leaks_of(outcome) == leaks_of(in_place.result())
    assert not [note for note in notes_of(outcome) if "snapshot" in note]
    # Where the sampled blocks lie is the same in the copy.
    made_at = [site for one in outcome.report["findings"] for site in one["allocated_at"]]
    assert made_at


def test_a_snapshot_of_a_copy_has_what_one_in_place_has(tmp_path: Path) -> None:
    code = (
        "import atexit, gc, json, sys, unfreed\n"
        "gc.disable()\n"
        "class Node:\n"
        "    def __init__(self): self.me = self\n"
        "kept = [Node() for _ in range(1000)]\n"
        # Neither a buffer that is full nor what runs at the end is the copy's.
        "atexit.register(print, 'end')\n"
        "print('begin')\n"
        "unfreed.snapshot(sys.argv[1])\n"
        "taken = unfreed.snapshot(sys.argv[2], fork=True)\n"
        "print(json.dumps(taken))\n"
    )
    files = [tmp_path / "in-place.unfreed", tmp_path / "forked.unfreed"]
    command = [sys.executable, "-W", "error", "-c", code, *map(str, files)]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=clean_environment(), check=True)
    begin, taken, end = done.stdout.splitlines()
    assert (begin, end) == (b"begin", b"end")
    path, objects, references, total, pause = json.loads(taken)
    said = [
        json.loads(call_unfreed("heap", file, "census", "--json", "-").stdout) for file in files
    ]
    facts = said[1]["snapshot"]
    assert (path, objects, references) == (str(files[1]), facts["objects"], facts["references"])
    assert total > 50_000 and pause > 0
    nodes = [[row for row in one["rows"] if row["type"] == "__main__.Node"] for one in said]
    assert nodes[0] == nodes[1] and nodes[0][0]["objects"] == 1000


@pytest.mark.any_python
def test_the_program_meets_nothing_of_the_copy(pool: Pool) -> None:
    outcome = pool.outcome(run("quiet_parent.py", options=("--epoch", "100ms", "--snapshot-budget", "50")))
    assert outcome.returncode == 0, str(outcome)
    said = json.loads(outcome.stdout)
    wanted = {"no children", "fork", "subprocess", "multiprocessing", "asyncio"}
    assert {one for one in wanted if not said["seen"].get(one)} == set(), outcome.stdout
    assert 0 < said["signals"] <= said["started"], outcome.stdout
    assert said["threads"] == 1
    assert not [note for note in notes_of(outcome) if "snapshot" in note]
    assert outcome.report["evidence"]["snapshots"] >= 1


@pytest.mark.any_python
def test_what_the_program_closes_is_closed_for_its_peer(tmp_path: Path) -> None:
    done = call("closed_ends.py", tmp_path / "heap.unfreed")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "pipe": True,
        "socket": True,
        "listening": True,
        "copy was there": True,
    }
    assert call_unfreed("heap", tmp_path / "heap.unfreed", "census").returncode == 0


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="how many blocks there are is only reckoned: rooms are not apart")
@pytest.mark.any_python
def test_with_too_little_room_looks_are_taken_in_place_and_that_is_said_once(pool: Pool) -> None:
    outcome = pool.outcome(run("little_room.py", options=("--epoch", "400ms")))
    assert outcome.returncode == 0, str(outcome)
    said = [note for note in notes_of(outcome) if "in place" in note]
    assert len(said) == 1 and "a copy of the process needs up to" in said[0], notes_of(outcome)
    assert outcome.report["evidence"]["snapshots"] >= 2


@pytest.mark.any_python
def test_with_too_little_room_a_snapshot_is_taken_in_place(tmp_path: Path) -> None:
    done = call("little_room.py", tmp_path / "heap.unfreed")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert 1 <= len(lines) <= 2 and lines[0].startswith("RuntimeWarning: the snapshot was taken in place: a copy")


@pytest.mark.any_python
def test_a_copy_that_is_killed_costs_its_snapshot_only(pool: Pool) -> None:
    outcome = pool.outcome(run("kills_copies.py", 5, options=("--epoch", "400ms")))
    assert (outcome.returncode, outcome.stdout) == (0, "2\n"), str(outcome)
    lost = [note for note in notes_of(outcome) if note.startswith("no snapshot")]
    assert lost == ["no snapshot: the copy of the process that took it was killed by signal 9"] * 2
    assert outcome.report["evidence"]["snapshots"] >= 2
    assert call_unfreed("heap", outcome.recording, "census").returncode == 0


@pytest.mark.any_python
def test_a_copy_ends_with_its_program(tmp_path: Path) -> None:
    done = call("outlived.py", tmp_path / "heap.unfreed")
    assert done.returncode == -signal.SIGKILL, done.stderr
    copy, until = int(done.stdout), time.monotonic() + 60
    while os.path.exists("/proc/%d" % copy) and time.monotonic() < until:
        time.sleep(0.01)
    assert not os.path.exists("/proc/%d" % copy)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.any_python
def test_a_storm_is_survived_by_copies(tmp_path: Path) -> None:
    said = survived(tmp_path, "fork")
    assert sum(said["taken"].values()) > 10, said
    assert all("a collection is in progress" in why for why in said["refused"]), said
    for file in sorted(tmp_path.iterdir()):
        facts = json.loads(call_unfreed("heap", file, "census", "--json", "-").stdout)["snapshot"]
        assert facts["objects"] > 10_000
        assert facts["coverage"] > 0.9


@pytest.mark.any_python
def test_blocks_of_c_code_are_followed_in_place_only() -> None:
    refused = call_unfreed("run", "--fork", "--native", "-c", "pass")
    assert refused.returncode == 2
    assert "--fork" in refused.stderr and "--native" in refused.stderr
