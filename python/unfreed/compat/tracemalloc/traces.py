"""Blocks by their traces: `Trace`, and the sequences of millions that are kept as runs of equal ones."""

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, compress, groupby, islice, repeat
from operator import eq, mul
from typing import Any, Callable, Optional, Union, overload

from unfreed.compat.tracemalloc.frames import RawFrame, RawFrames, Traceback
from unfreed.compat.tracemalloc.sizes import format_size
from unfreed.compat.tracemalloc.untraced import untraced

RawTrace = tuple[int, int, RawFrames, int]
"""Domain, bytes, frames, and how many frames there were before they were cut to the limit."""
Stack = tuple[int, RawFrames, int]
"""The same without the bytes."""


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


class Stacks:
    """Stacks in columns, before somebody asks for their frames.

    Tuples that are freed stay in a free list, and what the program makes of them is not traced: a snapshot that is only
    kept, or not yet asked, has none.
    """

    def __init__(self, files: "list[str]", columns: "Sequence[array[int]]") -> None:
        """Names of files; of each stack domain, depth and count of frames; of all frames file and line."""
        # Names that are the same object are compared at once, of two snapshots, too.
        self.files = list(map(sys.intern, files))
        self.domains, self.depths, self.lengths, self.frame_files, self.frame_lines = columns

    @untraced
    def made(self) -> "list[Stack]":
        """Each with its frames."""
        numbers = set(zip(self.frame_files, self.frame_lines))
        known: dict[tuple[int, int], RawFrame] = {number: (self.files[number[0]], number[1]) for number in numbers}
        frames = map(known.__getitem__, zip(self.frame_files, self.frame_lines))
        cut = [tuple(islice(frames, length)) for length in self.lengths]
        return list(zip(self.domains, cut, self.depths))


class Runs(Sequence[RawTrace]):
    """A sequence of raw traces, in columns: a number for each stack, size and count of equal ones in a row. Equal to
    any sequence of the same traces.
    """

    __slots__ = ("_ends", "_stacks", "_sums", "counts", "sizes", "stack_of")

    def __init__(
        self,
        stacks: "Union[Stacks, list[Stack]]",
        stack_of: "array[int]",
        sizes: "array[int]",
        counts: "array[int]",
        sums: "Optional[Sequence[array[int]]]" = None,
    ) -> None:
        self._stacks = stacks
        self.stack_of = stack_of
        """Index of its stack for each run."""
        self.sizes = sizes
        self.counts = counts
        self._ends: Optional[list[int]] = None
        self._sums = sums
        """Bytes and blocks of each stack."""

    @classmethod
    def of(cls, traces: "Iterable[RawTrace]") -> "Runs":
        """Runs of any traces."""
        if isinstance(traces, Runs):
            return traces
        numbers: dict[Stack, int] = {}
        stack_of, sizes, counts = array("I"), array("Q"), array("Q")
        for trace, equal in groupby(traces):
            domain, size, frames, depth = trace
            stack_of.append(numbers.setdefault((domain, frames, depth), len(numbers)))
            sizes.append(size)
            counts.append(sum(1 for _ in equal))
        return cls(list(numbers), stack_of, sizes, counts)

    @property
    def stacks(self) -> "list[Stack]":
        """Domain, frames and depth; some may have no traces."""
        if isinstance(self._stacks, Stacks):
            self._stacks = self._stacks.made()
        return self._stacks

    def distinct(self) -> Iterator[RawTrace]:
        """A trace of each run."""
        return map(self._made, self.stack_of, self.sizes)

    def _made(self, number: int, size: int) -> RawTrace:
        domain, frames, depth = self.stacks[number]
        return domain, size, frames, depth

    def sums(self) -> "Sequence[array[int]]":
        """Bytes and blocks of each stack, added up once."""
        if self._sums is None:
            sizes, counts = (array("Q", bytes(8 * len(self.stacks))) for _ in range(2))
            for number, size, count in zip(self.stack_of, self.sizes, self.counts):
                sizes[number] += size * count
                counts[number] += count
            self._sums = (sizes, counts)
        return self._sums

    def of_stacks(self, stays: "Callable[[Stack], bool]") -> "Runs":
        """The traces of chosen stacks."""
        chosen = list(map(stays, self.stacks))
        left = self.of_runs(map(chosen.__getitem__, self.stack_of))
        if self._sums is not None:
            left._sums = [array("Q", map(mul, column, chosen)) for column in self._sums]
        return left

    def of_runs(self, stay: "Iterable[bool]") -> "Runs":
        """Chosen runs."""
        chosen = bytes(stay)
        columns = (self.stack_of, self.sizes, self.counts)
        stack_of, sizes, counts = (array(column.typecode, compress(column, chosen)) for column in columns)
        return Runs(self.stacks, stack_of, sizes, counts)

    def __len__(self) -> int:
        return sum(self.counts)

    @overload
    def __getitem__(self, index: int) -> RawTrace: ...

    @overload
    def __getitem__(self, index: slice) -> "list[RawTrace]": ...

    def __getitem__(self, index: Union[int, slice]) -> "Union[RawTrace, list[RawTrace]]":
        if self._ends is None:
            self._ends = list(accumulate(self.counts))
        positions = range(self._ends[-1] if self._ends else 0)[index]
        if isinstance(positions, range):
            return [self._at(position, self._ends) for position in positions]
        return self._at(positions, self._ends)

    def _at(self, position: int, ends: "list[int]") -> RawTrace:
        run = bisect_right(ends, position)
        return self._made(self.stack_of[run], self.sizes[run])

    def __iter__(self) -> Iterator[RawTrace]:
        return chain.from_iterable(map(repeat, self.distinct(), self.counts))

    def __contains__(self, trace: object) -> bool:
        return any(trace == one for one in self.distinct())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Runs, list, tuple)):
            return NotImplemented
        if isinstance(other, Runs) and self.__reduce__() == other.__reduce__():
            return True
        return len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> "tuple[Any, ...]":
        return Runs, (self.stacks, self.stack_of, self.sizes, self.counts)

    def __repr__(self) -> str:
        return "<%d traces in %d runs>" % (len(self), len(self.counts))


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
        return chain.from_iterable(map(repeat, map(Trace, self._traces.distinct()), self._traces.counts))

    def __contains__(self, trace: object) -> bool:
        return isinstance(trace, Trace) and trace._trace in self._traces

    def __eq__(self, other: object) -> bool:
        return self._traces == other._traces if isinstance(other, Traces) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<Traces len=%d>" % len(self)
