"""How many bytes Python's allocators have handed out, at any moment, for the price of a call: what a line adds or gives
back is the difference of two such numbers.

`unfreed.track` says where each block was allocated, but not which line freed it; `del` would have no figure. So the
counter is `tracemalloc`'s, which has numpy's arrays in it, too. It starts with the first profiler, and ends with the
last, unless the program started it itself.
"""

import os
import threading
import tracemalloc
from contextlib import contextmanager
from typing import Iterator

from unfreed.compat.memory_profiler.backends import bytes_of
from unfreed.compat.memory_profiler.ledger import Counter, skip
from unfreed.compat.memory_profiler.process import of_descendants

_lock = threading.RLock()
_followers = 0
_started = False
_resident = 0
"""Bytes of the process when the counter was at 0."""

def follow() -> None:
    """Counts from here on, until `leave` was called as often as this."""
    global _followers, _started, _resident
    with _lock:
        _followers += 1
        if not tracemalloc.is_tracing():
            tracemalloc.start()
            _started = True
        if _followers == 1:
            # Once: later on, what the counter itself took and gave back is among the pages of the process.
            counted = tracemalloc.get_traced_memory()[0]
            _resident = bytes_of(-1, "psutil") - tracemalloc.get_tracemalloc_memory() - counted


def leave() -> None:
    """See `follow`."""
    global _followers, _started
    with _lock:
        _followers -= 1
        if not _followers and _started:
            _started = False
            tracemalloc.stop()


def resident_at_start() -> int:
    """Bytes of the process without those that are counted."""
    return _resident


@contextmanager
def not_counted() -> Iterator[None]:
    """What is allocated and kept in this block is ours, not the program's."""
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield
    finally:
        skip(tracemalloc.get_traced_memory()[0] - before)


def counts(backend: str) -> bool:
    """Whether a backend has its figures from here, and not from the system."""
    return backend in ("psutil", "tracemalloc")


def counter(backend: str, include_children: bool) -> Counter:
    """What a line profile reads before and after each line."""
    if not counts(backend):
        return lambda: (bytes_of(-1, backend, include_children),)
    if not include_children:
        return tracemalloc.get_traced_memory
    own = os.getpid()
    return lambda: (tracemalloc.get_traced_memory()[0] + sum(size for _, size in of_descendants(own)),)
