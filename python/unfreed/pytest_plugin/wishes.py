"""What the marks of a test ask for: rounds, known leaks, limits."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Union

import pytest

MARKS = (
    "unfreed(rounds=None, allow=(), limit=None, peak=None): repeat this test and judge what it leaves behind; "
    "`rounds` fixes their number, `allow` names known leaks by id or regular expression, `limit` is what a run "
    'may leave behind ("10 KiB"), `peak` what it may need at once ("50 MiB")',
    "no_unfreed: do not repeat this test",
)
"""Lines for `pytest --markers`."""

SIZE = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(i?)B?\s*$", re.IGNORECASE)


class Wishes(NamedTuple):
    """What is wished for one test."""

    marked: bool
    excluded: bool
    rounds: Optional[int]
    allow: tuple[str, ...]
    limit: Optional[float]
    peak: Optional[float]


def wishes_of(item: pytest.Item) -> Wishes:
    """What the marks of a test and of what contains it ask for; the nearest word counts."""
    rounds: Optional[int] = None
    allow: list[str] = list(item.config.getini("unfreed_allow"))
    limit: Optional[float] = None
    peak: Optional[float] = None
    marks = list(item.iter_markers("unfreed"))
    for mark in reversed(marks):
        unknown = set(mark.kwargs) - {"rounds", "allow", "limit", "peak"}
        if unknown or mark.args:
            raise pytest.UsageError(
                "%s: the mark unfreed takes rounds=, allow=, limit= and peak=, not %s"
                % (item.nodeid, ", ".join(sorted(unknown)) or repr(mark.args[0]))
            )
        rounds = mark.kwargs.get("rounds", rounds)
        allowed = mark.kwargs.get("allow", ())
        allow += [allowed] if isinstance(allowed, str) else list(allowed)
        limit = _bytes(mark.kwargs.get("limit", limit))
        peak = _bytes(mark.kwargs.get("peak", peak))
    excluded = next(item.iter_markers("no_unfreed"), None) is not None
    return Wishes(bool(marks), excluded, rounds, tuple(allow), limit, peak)


def _bytes(size: Union[str, float, None]) -> Optional[float]:
    """`"10 KiB"` as bytes. `KB` is 1000 bytes, `KiB` and `K` are 1024."""
    if size is None or isinstance(size, (int, float)):
        return size
    match = SIZE.match(size)
    if match is None:
        raise pytest.UsageError('unfreed: %r is no size; write one like "10 KiB"' % size)
    number, prefix, binary = match.groups()
    decimal = size.rstrip().upper().endswith("B") and not binary
    base = 1000 if decimal else 1024
    return float(number) * float(base ** " KMGT".index(prefix.upper() or " "))
