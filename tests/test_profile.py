"""`@unfreed.profile`: the bytes of each line, in loops, comprehensions, generators, coroutines and nested functions."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

import unfreed
from programs.runs import clean_environment

SIZE = 40_000


def line_of(function: Any, mark: str) -> Any:
    """The line whose text has the mark in a comment."""
    [line] = [line for line in function.profile.lines if line.text.endswith("# " + mark)]
    return line


@unfreed.profile
def loops() -> list[bytearray]:
    kept = []
    for _ in range(10):
        kept.append(bytearray(SIZE))  # kept
        bytearray(SIZE)  # freed
    return kept + [
        bytearray(SIZE)  # comprehension
        for _ in range(5)
    ]


def test_loops_and_comprehensions() -> None:
    made = loops()
    assert len(made) == 15
    kept, freed = line_of(loops, "kept"), line_of(loops, "freed")
    assert 10 * SIZE < kept.kept_bytes < 11 * SIZE
    assert freed.kept_bytes == 0 and 10 * SIZE < freed.freed_bytes < 11 * SIZE
    assert 5 * SIZE < line_of(loops, "comprehension").kept_bytes < 6 * SIZE
    assert "(bytearray(SIZE))  # kept" in repr(loops.profile)  # type: ignore[attr-defined]


@unfreed.profile
def pieces(count: int) -> Any:
    for _ in range(count):
        yield bytearray(SIZE)  # piece


def test_generators() -> None:
    made = list(pieces(4))
    assert len(made) == 4 and 4 * SIZE < line_of(pieces, "piece").kept_bytes < 5 * SIZE


@unfreed.profile
async def fetch() -> list[bytearray]:
    made = [bytearray(SIZE)]  # before
    await asyncio.sleep(0)
    made.append(bytearray(2 * SIZE))  # after
    return made


def test_coroutines() -> None:
    made = asyncio.run(fetch())
    assert len(made) == 2
    assert SIZE < line_of(fetch, "before").kept_bytes < 1.2 * SIZE
    assert 2 * SIZE < line_of(fetch, "after").kept_bytes < 2.2 * SIZE


@unfreed.profile
def outer(depth: int) -> list[bytearray]:
    def inner() -> bytearray:
        return bytearray(SIZE)  # inner

    return [inner() for _ in range(3)] + (outer.__wrapped__(depth - 1) if depth else [])  # type: ignore  # call


def test_nested_functions_and_recursion() -> None:
    made = outer(2)
    assert len(made) == 9
    assert 9 * SIZE < line_of(outer, "inner").kept_bytes < 10 * SIZE
    # The line that calls counts what it calls, and each block once.
    assert 9 * SIZE < line_of(outer, "call").kept_bytes < 10 * SIZE


def test_what_a_call_raises_is_passed_on_and_what_cannot_be_followed_is_said() -> None:
    @unfreed.profile
    def fails() -> None:
        raise KeyError("as before")

    with pytest.raises(KeyError, match="as before"):
        fails()
    with pytest.raises(TypeError, match="async generator"):

        @unfreed.profile
        async def numbers() -> Any:
            yield 1


def test_the_table_comes_when_the_program_ends() -> None:
    source = "import unfreed\n@unfreed.profile\ndef f(): return bytearray(50000)\nkept = f()\nprint('done')"
    command = [sys.executable, "-c", source]
    done = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "done\n" and "1 calls" in done.stderr and "KiB" in done.stderr, done


@unfreed.profile
def peaks() -> list[bytearray]:
    kept = []
    for _ in range(10):
        kept.append(bytearray(SIZE))  # climbs
    kept.clear()
    for _ in range(10):
        bytearray(SIZE)  # one at a time
    for count in (2, 6):
        helper(count)  # called
    return [bytearray(SIZE)]  # stays


def helper(count: int) -> int:
    return len([bytearray(SIZE) for _ in range(count)])


def test_the_most_that_a_line_had_at_once() -> None:
    before = peaks()
    peaks()
    assert len(before) == 1

    def peak(mark: str) -> float:
        return round(float(line_of(peaks, mark).peak_bytes) / SIZE)

    assert [peak("climbs"), peak("one at a time"), peak("called"), peak("stays")] == [10, 1, 6, 1]
    assert "peak" in repr(peaks.profile)  # type: ignore[attr-defined]
    assert all(line.peak_bytes <= line.allocated_bytes for line in peaks.profile.lines)  # type: ignore[attr-defined]


@unfreed.profile
def around(depth: int) -> int:
    kept = [bytearray(SIZE) for _ in range(4)]  # around keeps
    found = inner(depth)  # calls inner
    return len(kept) + found


@unfreed.profile
def inner(depth: int) -> int:
    more = [bytearray(SIZE) for _ in range(3)]  # inner keeps
    return len(more) + (inner(depth - 1) if depth else 0)  # recurses


def test_peaks_of_parts_in_parts_and_of_recursion() -> None:
    with unfreed.track() as tracked:
        kept = bytearray(SIZE)
        assert around(2) == 4 + 3 * 3
    assert tracked.allocated_bytes > len(kept)
    # Three calls hold three blocks each when the innermost is at its end; each call begins with those of its callers.
    assert round(line_of(around, "calls inner").peak_bytes / SIZE) == 9
    assert round(line_of(around, "around keeps").peak_bytes / SIZE) == 4
    assert round(line_of(inner, "inner keeps").peak_bytes / SIZE) == 9
    assert round(line_of(inner, "recurses").peak_bytes / SIZE) == 6
