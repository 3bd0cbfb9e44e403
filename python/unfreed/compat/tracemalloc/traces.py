"""Blocks by their traces: `Trace`, and the sequences of millions that are kept as runs of equal ones."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, repeat
from typing import Optional, Union, overload

from unfreed.compat.tracemalloc.frames import RawFrames, Traceback
from unfreed.compat.tracemalloc.sizes import format_size

RawTrace = tuple[int, int, RawFrames, int]
"""Domain, bytes, frames, and how many frames there were before they were cut to the limit."""


class Trace:
    """A block that lives: its size and where it was allocated."""

    __slots__ = ("_trace",)

    def __init__(self, trace: RawTrace) -> None:
        self._trace = trace

    @property
    def domain(self) -> int:
        """Who allocated it: 0 for Python's allocators."""
        return self._trace[0]

    @property
    def size(self) -> int:
        """Bytes."""
        return self._trace[1]

    @property
    def traceback(self) -> Traceback:
        """Where."""
        return Traceback(self._trace[2], self._trace[3])

    def __eq__(self, other: object) -> bool:
        return self._trace == other._trace if isinstance(other, Trace) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._trace)

    def __str__(self) -> str:
        return "%s: %s" % (self.traceback, format_size(self.size))

    def __repr__(self) -> str:
        return "<Trace domain=%s size=%s, traceback=%r>" % (self.domain, format_size(self.size), self.traceback)


class Runs(Sequence[RawTrace]):
    """A sequence of raw traces that costs memory for each run of equal ones only. Equal to a list of the same."""

    __slots__ = ("_ends", "_sums", "counts", "distinct")

    def __init__(self, distinct: "list[RawTrace]", counts: "array[int]") -> None:
        self.distinct = distinct
        """One of each run."""
        self.counts = counts
        """How many there are in it."""
        self._ends = list(accumulate(counts))
        self._sums: Optional[list[tuple[RawFrames, int, int]]] = None

    @classmethod
    def of(cls, traces: "Iterable[RawTrace]") -> "Runs":
        """Runs of any traces."""
        return traces if isinstance(traces, Runs) else cls.joined((trace, 1) for trace in traces)

    @classmethod
    def joined(cls, counted: "Iterable[tuple[RawTrace, int]]") -> "Runs":
        """Runs of traces and how often each comes in a row; equal neighbours become one run."""
        distinct: list[RawTrace] = []
        counts = array("Q")
        for trace, count in counted:
            if distinct and distinct[-1] == trace:
                counts[-1] += count
            else:
                distinct.append(trace)
                counts.append(count)
        return cls(distinct, counts)

    def sums_by_stack(self) -> "list[tuple[RawFrames, int, int]]":
        """Frames with bytes and blocks of all sizes, added up once. Frames come more than once where they are not the
        same tuple: its identity tells a stack faster than the frames do.
        """
        if self._sums is None:
            sums: dict[int, list[int]] = {}
            stacks = {id(trace[2]): trace[2] for trace in self.distinct}
            for (_, size, frames, _), count in zip(self.distinct, self.counts):
                known = sums.setdefault(id(frames), [0, 0])
                known[0] += size * count
                known[1] += count
            self._sums = [(stacks[key], *known) for key, known in sums.items()]  # type: ignore[misc]
        return self._sums

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> RawTrace: ...

    @overload
    def __getitem__(self, index: slice) -> "list[RawTrace]": ...

    def __getitem__(self, index: Union[int, slice]) -> "Union[RawTrace, list[RawTrace]]":
        positions = range(len(self))[index]
        if isinstance(positions, range):
            return [self.distinct[bisect_right(self._ends, position)] for position in positions]
        return self.distinct[bisect_right(self._ends, positions)]

    def __iter__(self) -> Iterator[RawTrace]:
        return chain.from_iterable(map(repeat, self.distinct, self.counts))

    def __contains__(self, trace: object) -> bool:
        return trace in self.distinct

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Runs):
            return self.counts == other.counts and self.distinct == other.distinct
        if isinstance(other, (list, tuple)):
            return len(self) == len(other) and all(ours == theirs for ours, theirs in zip(self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> "tuple[type[Runs], tuple[list[RawTrace], array[int]]]":
        return Runs, (self.distinct, self.counts)

    def __repr__(self) -> str:
        return "<%d traces in %d runs>" % (len(self), len(self.distinct))


class Traces(Sequence[Trace]):
    """The traces of a snapshot, made when they are asked for."""

    def __init__(self, traces: "Iterable[RawTrace]") -> None:
        self._traces = Runs.of(traces)

    def __len__(self) -> int:
        return len(self._traces)

    @overload
    def __getitem__(self, index: int) -> Trace: ...

    @overload
    def __getitem__(self, index: slice) -> "tuple[Trace, ...]": ...

    def __getitem__(self, index: Union[int, slice]) -> "Union[Trace, tuple[Trace, ...]]":
        if isinstance(index, slice):
            return tuple(map(Trace, self._traces[index]))
        return Trace(self._traces[index])

    def __iter__(self) -> Iterator[Trace]:
        # Of equal blocks the same object: nothing tells them apart.
        return chain.from_iterable(map(repeat, map(Trace, self._traces.distinct), self._traces.counts))

    def __contains__(self, trace: object) -> bool:
        return isinstance(trace, Trace) and trace._trace in self._traces

    def __eq__(self, other: object) -> bool:
        return self._traces == other._traces if isinstance(other, Traces) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<Traces len=%d>" % len(self)
