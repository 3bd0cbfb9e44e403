"""Backends by their names, and what each measures of a process."""

import os
import time
import warnings
from typing import Optional, Tuple, Union

from unfreed.compat.memory_profiler.process import MIB, measured, of_descendants

NAMES = ("psutil", "psutil_pss", "psutil_uss", "posix", "tracemalloc")
_METRICS = {"psutil": "rss", "posix": "rss", "psutil_pss": "pss", "psutil_uss": "uss"}
Measurement = Union[float, Tuple[float, float]]
"""MiB, or MiB and seconds since 1970."""


def choose_backend(new_backend: Optional[str] = None) -> str:
    """The backend of this name, or the default; names that stand for nothing here raise `KeyError`.

    All of them are there: figures come from /proc and from `tracemalloc`, psutil is not asked.
    """
    if new_backend is None:
        return "psutil"
    if new_backend not in NAMES:
        raise KeyError(new_backend)
    if new_backend == "tracemalloc" and not _has_tracemalloc():
        warnings.warn("tracemalloc can not be used, psutil used instead", stacklevel=2)
        return "psutil"
    return new_backend


def metric_of(backend: str) -> str:
    """Which figure of the system a backend reads. `RuntimeError` for `tracemalloc`, which reads none."""
    try:
        return _METRICS[backend]
    except KeyError:
        raise RuntimeError(
            "the backend tracemalloc measures nothing but the process that asks; choose one of %s"
            % ", ".join(sorted(_METRICS))
        ) from None


def bytes_of(pid: int, backend: str, include_children: bool = False) -> int:
    """What a process occupies by a backend; -1 is the one that asks."""
    own = pid in (-1, os.getpid())
    if backend == "tracemalloc" and own and not include_children:
        import tracemalloc

        return tracemalloc.get_traced_memory()[0]
    return measured(os.getpid() if own else pid, metric_of(backend), include_children)


def _get_memory(
    pid: int, backend: str, timestamps: bool = False, include_children: bool = False, filename: Optional[str] = None
) -> Measurement:
    """MiB of a process, with the time if asked for. `filename` is taken and not needed."""
    size = bytes_of(pid, backend, include_children) / MIB
    return (size, time.time()) if timestamps else size


def children_of(pid: int) -> "list[tuple[int, float]]":
    """Number and resident MiB of each process that one has started."""
    return [(child, size / MIB) for child, size in of_descendants(os.getpid() if pid == -1 else pid)]


def _has_tracemalloc() -> bool:
    try:
        import tracemalloc  # noqa: F401
    except ImportError:
        return False
    return True
