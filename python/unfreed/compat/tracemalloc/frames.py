"""Where a block was allocated: `Frame` and `Traceback`."""

import linecache
import sys
from collections.abc import Iterable, Sequence
from functools import total_ordering
from typing import Any, Optional, Union, overload

RawFrame = tuple[str, int]
"""File and line."""
RawFrames = tuple[RawFrame, ...]
"""The innermost call first."""


@total_ordering
class Frame:
    """A line that was running."""

    __slots__ = ("_frame",)

    def __init__(self, frame: RawFrame) -> None:
        self._frame = frame

    @property
    def filename(self) -> str:
        """Path as Python has it; `<unknown>` where there was no Python code."""
        return self._frame[0]

    @property
    def lineno(self) -> int:
        """1-based; 0 when unknown, and in statistics by file."""
        return self._frame[1]

    def __eq__(self, other: object) -> bool:
        return self._frame == other._frame if isinstance(other, Frame) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._frame < other._frame if isinstance(other, Frame) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._frame)

    def __str__(self) -> str:
        return "%s:%s" % self._frame

    def __repr__(self) -> str:
        return "<Frame filename=%r lineno=%r>" % self._frame


@total_ordering
class Traceback(Sequence[Frame]):
    """Frames, the outermost first."""

    __slots__ = ("_frames", "_total_nframe")

    def __init__(self, frames: Iterable[RawFrame], total_nframe: Optional[int] = None) -> None:
        """Takes the innermost frame first."""
        self._frames: RawFrames = tuple(frames)[::-1]
        self._total_nframe = total_nframe

    @property
    def total_nframe(self) -> Optional[int]:
        """Frames of the stack before it was cut to the limit; `None` when that is not known."""
        return self._total_nframe

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, index: int) -> Frame: ...

    @overload
    def __getitem__(self, index: slice) -> "tuple[Frame, ...]": ...

    def __getitem__(self, index: Union[int, slice]) -> "Union[Frame, tuple[Frame, ...]]":
        if isinstance(index, slice):
            return tuple(map(Frame, self._frames[index]))
        return Frame(self._frames[index])

    def __contains__(self, frame: object) -> bool:
        return isinstance(frame, Frame) and frame._frame in self._frames

    def __eq__(self, other: object) -> bool:
        return self._frames == other._frames if isinstance(other, Traceback) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._frames < other._frames if isinstance(other, Traceback) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._frames)

    def __str__(self) -> str:
        return str(self[0])

    def __repr__(self) -> str:
        total = "" if self._total_nframe is None else " total_nframe=%s" % self._total_nframe
        return "<Traceback %r%s>" % (tuple(self), total)

    def format(self, limit: Optional[int] = None, most_recent_first: bool = False) -> "list[str]":
        """Lines of text with the source, as `traceback` prints them, without newlines.

        Of more than `limit` frames the innermost are shown; a negative limit leaves so many of the innermost out.
        """
        frames: Sequence[Frame] = self
        if limit is not None:
            frames = self[-limit:] if limit > 0 else self[:limit]
        lines = []
        for frame in reversed(frames) if most_recent_first else frames:
            lines.append('  File "%s", line %s' % (frame.filename, frame.lineno))
            source = linecache.getline(frame.filename, frame.lineno).strip()
            if source:
                lines.append("    %s" % source)
        return lines


def block_address(obj: object) -> int:
    """Where the memory block of an object starts: what the collector and the instance's dict need lies before it."""
    # Asked of `type` itself, since a metaclass may answer something else.
    flags: int = _FLAGS.__get__(type(obj))
    before = _COLLECTOR_BYTES if flags & _HAS_COLLECTOR else 0
    return id(obj) - before - (_POINTERS_BYTES if flags & _HAS_POINTERS else 0)


_FLAGS: Any = type.__dict__["__flags__"]
_HAS_COLLECTOR = 1 << 14
_COLLECTOR_BYTES = 16
_POINTERS_BYTES = 16
# Py_TPFLAGS_MANAGED_DICT since 3.11, Py_TPFLAGS_MANAGED_WEAKREF since 3.12: pointers before the object.
_HAS_POINTERS = 0 if sys.version_info < (3, 11) else 1 << 4 if sys.version_info < (3, 12) else 1 << 4 | 1 << 3
