"""`@profile`: each call of a function prints its table."""

import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional

from unfreed.compat.memory_profiler import following
from unfreed.compat.memory_profiler.backends import choose_backend
from unfreed.compat.memory_profiler.lines import LineProfiler
from unfreed.compat.memory_profiler.table import show_results
from unfreed.compat.memory_profiler.wrapping import wrapped


def profile(
    func: "Optional[Callable[..., Any]]" = None, stream: Any = None, precision: int = 1, backend: str = "psutil"
) -> Any:
    """Prints line by line what a call of a function did to memory, when it has ended, however it ended.

    A decorator, with or without arguments, for functions, methods, generator functions, coroutine functions and async
    generator functions. Calls that overlap, by recursion or in threads and tasks, have one table, when the last of
    them has ended. The table goes to `stream`, without one to standard output, in MiB with `precision` digits behind
    the point.

    Raises `KeyError` for a backend that does not exist.

    >>> @profile
    ... def load(path): ...
    """
    backend = choose_backend(backend)
    if func is None:
        return lambda one: profile(one, stream, precision, backend)
    # From here on, so that a line that frees what was made before the call has its figure.
    if following.counts(backend):
        following.follow()
    return wrapped(func, _Calls(func, stream, precision, backend).one)


class _Calls:
    """The calls of a function, and the table of those that run."""

    def __init__(self, func: object, stream: Any, precision: int, backend: str) -> None:
        self._func = func
        self._stream = stream
        self._precision = precision
        self._backend = backend
        # Again and again in one thread: a generator may be closed by the collector anywhere.
        self._lock = threading.RLock()
        self._running = 0
        self._profiler: Optional[LineProfiler] = None

    @contextmanager
    def one(self) -> "Iterator[None]":
        """Around a call."""
        with self._lock, following.not_counted():
            if self._profiler is None:
                self._profiler = LineProfiler(backend=self._backend)
                self._profiler.add_function(self._func)
            self._running += 1
            profiler = self._profiler
            profiler.enable_by_count()
        try:
            yield
        finally:
            with self._lock, following.not_counted():
                profiler.disable_by_count()
                self._running -= 1
                ended = not self._running
                if ended:
                    self._profiler = None
                    profiler.release()
            if ended:
                show_results(profiler, self._stream, self._precision)
