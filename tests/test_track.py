"""`unfreed.track()`: every block with its size and line, as tracemalloc has it in the same process at the same time."""

from __future__ import annotations

import asyncio
import collections
import functools
import inspect
import json
import os
import re
import subprocess
import sys
import threading
import tracemalloc
import typing
from pathlib import Path
from typing import Any

import pytest

import unfreed
from unfreed import _native
from unfreed._track import Stacks

from programs.runs import call_unfreed, clean_environment

HERE = __file__
FRAMES = 40
Traces = typing.Counter[typing.Tuple[int, typing.Tuple[int, ...]]]
"""Blocks by size and lines of this file, innermost first."""


class Thing:
    """Has a dict, or inline values."""

    def __init__(self, number: int) -> None:
        self.name = "thing %d" % number
        self.parts = [number + 1000, str(number)]


def build(kept: list[Any]) -> None:
    for number in range(300):
        kept.append(Thing(number))
        kept.append({index * 1000: bytes(index) for index in range(number % 9)})
        kept.append(bytearray(600 + number))
        kept.append(recursive(number % 7))
    # Of a type without a free list: what a free list hands out again, tracemalloc takes for new.
    for index in range(len(kept) - 1, 0, -1):
        if index % 3 and isinstance(kept[index], bytearray):
            del kept[index]
    kept.extend(generated(40))


def recursive(depth: int) -> list[Any]:
    return [recursive(depth - 1), "at %d" % depth] if depth else ["leaf %d" % depth]


def generated(count: int) -> Any:
    for number in range(count):
        yield "generated %d" % number


def traces_of_tracemalloc() -> Traces:
    snapshot = tracemalloc.take_snapshot()
    found = []
    for trace in snapshot.traces:
        frames = list(trace.traceback)  # Outermost first.
        if frames[-1].filename == HERE and trace.domain == 0:
            found.append(
                (trace.size, tuple(one.lineno for one in reversed(frames) if one.filename == HERE))
            )
    return collections.Counter(found)


def traces_of_unfreed(blocks: list[tuple[int, int, int]], look: Any) -> Traces:
    stacks = Stacks(look[2], look[3])
    found = []
    for _, size, number in blocks:
        frames = stacks.frames(number)
        if frames and frames[0].file == HERE:
            found.append((size, tuple(one.line for one in frames if one.file == HERE)))
    return collections.Counter(found)


def compare() -> None:
    """Prints how many traces there are and those that differ. In a process of its own: tracemalloc has to start first,
    or its own tables would be blocks of the program for us.
    """
    kept: list[Any] = []
    # Free lists are filled: what they hand out then, neither of the two has seen.
    build([])
    tracemalloc.start(FRAMES)
    _native._begin_part()
    build(kept)
    theirs = traces_of_tracemalloc()
    blocks = _native._live_blocks()
    look = _native._end_part()
    ours = traces_of_unfreed(blocks, look)
    # What was allocated while one of them was asked is not compared.
    asking = range(
        min(traces_of_tracemalloc.__code__.co_firstlineno, compare.__code__.co_firstlineno), 10**6
    )

    def built(traces: Traces) -> Traces:
        kept = {trace: count for trace, count in traces.items() if trace[1][0] not in asking}
        if sys.version_info < (3, 11):
            # Frames are objects with a free list; nothing that is built has their size.
            kept = {trace: count for trace, count in kept.items() if not 400 < trace[0] < 600}
        if sys.version_info >= (3, 14):
            # So have small numbers; nothing else that is built has their size.
            kept = {trace: count for trace, count in kept.items() if trace[0] not in (28, 32)}
        return collections.Counter(kept)

    print(sum(built(theirs).values()))
    print(
        sorted((built(theirs) - built(ours)).items()), sorted((built(ours) - built(theirs)).items())
    )


def test_blocks_are_those_of_tracemalloc_with_the_same_sizes_and_lines() -> None:
    command = [sys.executable, "-c", "import test_track; test_track.compare()"]
    environment = clean_environment(PYTHONPATH=os.path.dirname(HERE))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    count, differences = done.stdout.splitlines() or ["0", done.stderr]
    assert int(count) > 2500 and differences == "[] []", (count, differences, done.stderr)


def test_what_a_block_allocates_keeps_and_frees() -> None:
    with unfreed.track() as tracked:
        kept = [bytearray(10_000) for _ in range(20)]
        for _ in range(30):
            bytes(5_000)
    assert len(kept) == 20
    text = repr(tracked)
    assert "kept" in text and "test_track.py" in text
    lines: dict[str, list[int]] = {"kept": [0, 0], "freed": [0, 0]}
    for site in tracked.sites:
        if site.stack and any(frame.file == HERE for frame in site.stack):
            lines["kept" if site.kept_bytes > 100_000 else "freed"][0] += site.allocated_bytes
            lines["kept" if site.kept_bytes > 100_000 else "freed"][1] += site.kept_bytes
    assert 200_000 <= lines["kept"][1] < 210_000
    assert 150_000 <= lines["freed"][0] - lines["freed"][1] < 160_000
    assert tracked.kept_bytes + tracked.freed_bytes == tracked.allocated_bytes
    told = tracked.to_dict()
    assert told["kept_bytes"] == tracked.kept_bytes and told["sites"][0]["stack"][0]["file"]
    assert tracked.lost_stacks == 0


def test_parts_may_be_nested_and_functions_decorated() -> None:
    @unfreed.track()
    def inner() -> bytearray:
        return bytearray(50_000)

    with unfreed.track() as outer:
        before = bytearray(70_000)
        made = inner()
    assert len(before) + len(made) == 120_000
    of_call = inner.tracked  # type: ignore[attr-defined]
    assert 50_000 <= of_call.kept_bytes < 60_000
    assert 120_000 <= outer.kept_bytes < 150_000


def test_all_threads_count_and_no_code_is_mistaken_for_a_dead_one() -> None:
    def work(number: int) -> None:
        space: dict[str, Any] = {}
        for line in range(200):
            # Code objects come and go at the same addresses.
            source = "\n" * (line % 50) + "made = bytearray(%d)" % (2000 + number)
            exec(compile(source, "<made %d>" % (line % 50), "exec"), space)
            kept.append((line % 50 + 1, space.pop("made")))

    kept: list[tuple[int, bytearray]] = []
    with unfreed.track() as tracked:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    of_line: collections.Counter[int] = collections.Counter()
    for site in tracked.sites:
        # Code is entered at line 0, where it has none yet.
        if site.stack and site.stack[0].file.startswith("<made") and site.stack[0].line:
            assert site.stack[0].file == "<made %d>" % (site.stack[0].line - 1), site.stack
            if site.kept_bytes > 2000:
                of_line[site.stack[0].line] += site.kept_bytes
    expected = collections.Counter(line for line, _ in kept)
    # By bytes: 3.15 keeps a block of 56 bytes for itself at the last line in one run of a thousand.
    assert {line: kept_bytes // 2000 for line, kept_bytes in of_line.items()} == dict(expected)


LEFT_IN = """
import unfreed

@unfreed.track()
def tracked():
    return bytearray(1000)

@unfreed.profile
def profiled():
    return bytearray(2000)

print(len(tracked()) + len(tracked()) + len(profiled()))
with unfreed.track() as part:
    print("inside")
print(part)
for ask in (lambda: part.sites, lambda: part.kept_bytes, lambda: tracked.tracked.to_dict(), lambda: profiled.profile.lines):
    try:
        ask()
    except RuntimeError as error:
        print("refused:", error)
print(repr(profiled.profile))
"""


def test_what_is_left_in_a_program_does_not_break_it_when_it_is_recorded() -> None:
    done = call_unfreed("run", "--quiet", "-o", "/dev/null", "-c", LEFT_IN)
    assert done.returncode == 0, done
    why = "nothing is followed here, since this process is recorded already"
    said = done.stdout.splitlines()
    assert said[:2] == ["4000", "inside"] and said[2].startswith("unfreed: " + why), said
    assert [line.startswith("refused: " + why) for line in said[3:7]] == [True] * 4, said
    assert said[7].startswith("unfreed: profiled in ") and why in said[7], said
    assert done.stderr.count(why) == 1, done.stderr


def test_what_is_left_in_a_function_does_not_break_its_check(tmp_path: Path) -> None:
    path = tmp_path / "left_in.py"
    path.write_text("import unfreed\n@unfreed.profile\n@unfreed.track()\ndef f():\n    return str(1)\n")
    done = call_unfreed("check", "%s::f" % path)
    assert done.returncode == 0 and done.stderr.count("recorded already") == 1, done


def test_coroutines_and_generators_are_tracked_while_they_run() -> None:
    @unfreed.track()
    async def fetch() -> bytearray:
        await asyncio.sleep(0)
        return bytearray(50_000)

    @unfreed.track()
    def pieces() -> typing.Iterator[bytearray]:
        for _ in range(3):
            yield bytearray(20_000)

    assert inspect.iscoroutinefunction(fetch) and inspect.isgeneratorfunction(pieces)
    made = [asyncio.run(fetch()), *pieces()]
    assert len(made) == 4
    assert 50_000 <= fetch.tracked.kept_bytes < 70_000  # type: ignore[attr-defined]
    assert 60_000 <= pieces.tracked.kept_bytes < 70_000  # type: ignore[attr-defined]


def test_a_call_that_raises_is_tracked_as_well() -> None:
    @unfreed.track()
    def fails() -> None:
        kept.append(bytearray(30_000))
        raise KeyError("as before")

    kept: list[bytearray] = []
    with pytest.raises(KeyError, match="as before"):
        fails()
    assert fails.tracked.kept_bytes >= 30_000  # type: ignore[attr-defined]


def refused(follow: Any) -> list[str]:
    """What is said of what cannot be followed."""

    async def numbers() -> Any:
        yield 1

    said = []
    for one in (numbers, classmethod(build), staticmethod(build), Thing, 3):
        with pytest.raises(TypeError) as why:
            follow(one)
        said.append(str(why.value))
    return said


@pytest.mark.parametrize("follow", [unfreed.track(), unfreed.profile], ids=["track", "profile"])
def test_what_cannot_be_followed_is_refused_with_what_to_do(follow: Any) -> None:
    asynchronous, of_class, static, cls, number = refused(follow)
    assert "async generator" in asynchronous
    assert "below @classmethod" in of_class and "below @staticmethod" in static
    assert "decorate those of its methods" in cls and "not for a int" in number


def test_what_has_no_lines_is_not_profiled() -> None:
    with pytest.raises(TypeError, match="below other decorators"):
        unfreed.profile(functools.lru_cache(build))
    with pytest.raises(TypeError, match="builtin_function_or_method"):
        unfreed.profile(len)


def test_the_heap_is_given_back() -> None:
    for _ in range(3):
        with unfreed.track() as tracked:
            kept = [str(number) for number in range(2000)]
        assert len(kept) == 2000
    assert tracked.kept_blocks >= 2000
    assert _native._look_at_part() is None


def test_a_mark_is_in_the_report_and_nothing_without_a_recording(tmp_path: Path) -> None:
    unfreed.mark("here")
    source = "import time, unfreed; time.sleep(1.2); unfreed.mark('warm'); unfreed.mark('x' * 1000)"
    report = tmp_path / "report.json"
    recording = tmp_path / "marks.unfreed"
    done = call_unfreed("run", "--quiet", "--json", report, "-o", recording, "-c", source)
    assert done.returncode == 0, done.stderr
    text = report.read_text()
    assert re.search(r"mark at 1\.\d s: warm", text), text
    assert "x" * 100 in text and "x" * 101 not in text
    warm, _ = json.loads(text)["memory"]["marks"]
    assert warm["name"] == "warm" and 1 < warm["seconds"]
    plot, page = tmp_path / "plot.svg", tmp_path / "page.html"
    done = call_unfreed("report", recording, "--plot", plot, "--html", page)
    assert ">warm</text>" in plot.read_text() and ">warm</text>" in page.read_text()
    assert re.search(r"\n *unfreed: +↑warm", "\n" + done.stderr), done.stderr


def test_stacks_of_frames_that_stay_count() -> None:
    greenlet = pytest.importorskip("greenlet")
    many = 20
    waiting = [greenlet.greenlet(lambda: greenlet.getcurrent().parent.switch()) for _ in range(many)]
    with unfreed.track() as tracked:
        for each in waiting:
            each.switch()
    # From 3.11 on Python maps 16 KiB at least for the frames of each.
    pieces = many * (16 << 10) if sys.version_info >= (3, 11) else 0
    assert pieces <= tracked.kept_bytes < pieces + many * 5000
    for each in waiting:
        each.switch()
