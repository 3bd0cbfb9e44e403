"""Tables of `unfreed.compat.memory_profiler`, read back."""

from __future__ import annotations

import gc
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from unfreed.compat.memory_profiler import LineProfiler, following, show_results

MIB = 1 << 20
HEADER = "Line #    Mem usage    Increment  Occurrences   Line Contents"
ROW = re.compile(r"^ *(\d+) +(-?[\d.]+) MiB +(-?[\d.]+) MiB +(\d+)   (.*)$")


class Row:
    """A line of a table."""

    def __init__(self, found: re.Match[str]) -> None:
        self.line = int(found.group(1))
        self.usage, self.increment = float(found.group(2)), float(found.group(3))
        self.count = int(found.group(4))
        self.text = found.group(5)


def rows(text: str) -> list[Row]:
    """Lines that have figures."""
    return [Row(found) for found in map(ROW.match, text.splitlines()) if found]


def row(text: str, mark: str) -> Row:
    """The line with the mark in a comment."""
    [found] = [one for one in rows(text) if one.text.endswith("# " + mark)]
    return found


def of(profiler: LineProfiler) -> str:
    out = io.StringIO()
    show_results(profiler, out, 3)
    return out.getvalue()


def profiled(function: Any) -> str:
    """The table of a call."""
    profiler = LineProfiler()
    profiler(function)()
    return of(profiler)


@pytest.fixture(autouse=True)
def nothing_is_followed_later() -> Iterator[None]:
    """Decorators follow until the program ends; the other tests are none of theirs."""
    before = following._followers
    yield
    gc.collect()  # Profilers in cycles hold on until they are found.
    while following._followers > before:
        following.leave()
