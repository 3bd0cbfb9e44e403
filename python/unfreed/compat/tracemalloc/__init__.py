"""The standard library's tracemalloc, over unfreed's exact tracking: `from unfreed.compat import tracemalloc`.

What differs on purpose, and why, stands in docs/compat.md.
"""

import _tracemalloc

# Part of the name space of tracemalloc, too: its tests replace what it reads sources with.
import linecache as linecache
import operator
import os
from array import array
from typing import Optional

from unfreed import _native
from unfreed.compat.tracemalloc.filters import BaseFilter, DomainFilter, Filter
from unfreed.compat.tracemalloc.frames import Frame, RawFrames, Traceback, block_address
from unfreed.compat.tracemalloc.snapshot import Snapshot
from unfreed.compat.tracemalloc.statistics import Statistic, StatisticDiff
from unfreed.compat.tracemalloc.traces import Runs, Stacks, Trace
from unfreed.compat.tracemalloc.untraced import OWN_FOLDER

__all__ = [
    "BaseFilter",
    "DomainFilter",
    "Filter",
    "Frame",
    "Snapshot",
    "Statistic",
    "StatisticDiff",
    "Trace",
    "Traceback",
    "clear_traces",
    "get_object_traceback",
    "get_traceback_limit",
    "get_traced_memory",
    "get_tracemalloc_memory",
    "is_tracing",
    "reset_peak",
    "start",
    "stop",
    "take_snapshot",
]

MOST_FRAMES = 65535
"""Largest limit of frames."""


class _Limit:
    """What `start` was told."""

    frames = 1
    follows_forks = False


def start(nframe: int = 1, /) -> None:
    """Traces every block from here on, showing at most `nframe` frames of its stack; does nothing when it traces.

    `ValueError` for a number of frames that is not from 1 to 65535. `RuntimeError` in a process that `unfreed run`
    records, in a part that `unfreed.track()` follows, and while the standard library's tracemalloc traces.
    """
    nframe = operator.index(nframe)
    if not 1 <= nframe <= MOST_FRAMES:
        raise ValueError("the number of frames must be in range [1; %d]" % MOST_FRAMES)
    if is_tracing():
        return
    if _tracemalloc.is_tracing():
        # It puts back the allocators that it found when it stops, and so would take ours out.
        raise RuntimeError("the standard library's tracemalloc is tracing: stop it first")
    _native._begin_traces()
    _Limit.frames = nframe
    if not _Limit.follows_forks:
        _Limit.follows_forks = True
        os.register_at_fork(
            before=_native._before_fork,
            after_in_parent=_native._after_fork_in_parent,
            after_in_child=_native._trace_child,
        )


def stop() -> None:
    """Ends tracing and forgets all traces."""
    _native._end_traces()


def is_tracing() -> bool:
    """Whether blocks are traced."""
    return _native._is_tracing()


def clear_traces() -> None:
    """Forgets all traces up to now. `RuntimeError` while `unfreed.track()` follows a part, which needs them."""
    _native._clear_traces()


def get_traceback_limit() -> int:
    """Most frames of a traceback: what `start` was told last, or 1."""
    return _Limit.frames


def get_traced_memory() -> "tuple[int, int]":
    """Bytes of the blocks that live, and the most that lived since the start or `reset_peak`."""
    return _native._traced_bytes()


def reset_peak() -> None:
    """Counts the most bytes anew."""
    _native._reset_peak()


def get_tracemalloc_memory() -> int:
    """Bytes of memory that the traces take."""
    return _native._trace_tables()


def get_object_traceback(obj: object) -> Optional[Traceback]:
    """Where the block of an object was allocated; `None` when that was not traced.

    An object in a block from one of Python's free lists has the traceback of the first object there.
    """
    frames = _get_object_traceback(obj)
    return None if frames is None else Traceback(frames)


def take_snapshot() -> Snapshot:
    """All blocks that live. `RuntimeError` when blocks are not traced."""
    if not is_tracing():
        raise RuntimeError("the tracemalloc module must be tracing memory allocations to take a snapshot")
    snapshot: Snapshot = _native._unobserved(_taken)
    return snapshot


def _taken() -> Snapshot:
    return Snapshot(_get_traces(), get_traceback_limit())


def _get_object_traceback(obj: object) -> Optional[RawFrames]:
    found = _native._trace_at(block_address(obj), _Limit.frames)
    return None if found is None else tuple(found[1])


def _get_traces() -> Runs:
    files, in_bytes = _native._traces(_Limit.frames, OWN_FOLDER)
    columns = [array(code, column) for code, column in zip(_COLUMNS, in_bytes)]
    stack_of, sizes, counts = columns[7:]
    return Runs(Stacks(files, columns[:3] + columns[5:7]), stack_of, sizes, counts, columns[3:5])


_COLUMNS = "IIIQQIIIQQ"
"""Their numbers, of 32 or 64 bits."""
