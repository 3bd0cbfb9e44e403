"""`memory_usage`: what a process occupies while time passes or a function runs."""

import os
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from unfreed.compat.memory_profiler import process
from unfreed.compat.memory_profiler.backends import _get_memory, children_of, choose_backend, metric_of
from unfreed.compat.memory_profiler.process import MIB

FLUSHED_EACH = 50
"""Measurements after which a stream is flushed, so that it may be read meanwhile."""
ENDS_WITHIN = 10.0
"""Seconds that the measuring process has for its end."""
Looks = List[Tuple[float, float]]
"""MiB, and seconds since 1970."""


def memory_usage(
    proc: Any = -1,
    interval: float = 0.1,
    timeout: Optional[float] = None,
    timestamps: bool = False,
    include_children: bool = False,
    multiprocess: bool = False,
    max_usage: bool = False,
    retval: bool = False,
    stream: Any = None,
    backend: Optional[str] = None,
    max_iterations: Optional[int] = None,
) -> Any:
    """MiB that a process occupies, measured each `interval` seconds.

    `proc` is a process's number (-1 is the one that asks), a `Popen`, a function, or a tuple of a function, its
    arguments and its named ones. A function is called once, and measured from before to after it, however fast it is;
    `max_iterations` is taken for compatibility. A process that was started is measured until it ends or `timeout`
    seconds are over; any other once, or for `timeout` seconds.

    Returns a list, of pairs with the seconds since 1970 with `timestamps`; with `max_usage` the largest only, for a
    function of this process including peaks that the system saw between two measurements; with `retval` a pair of that
    and what the function returned; nothing with a `stream`, which has lines `MEM mib seconds` (and with `multiprocess`
    `CHLD number mib seconds`) instead. With `include_children` the memory of child processes is added.

    Raises `ProcessLookupError` when there is no such process, and what the function raises.
    """
    backend = choose_backend(backend)
    if callable(proc):
        proc = (proc,)
    if isinstance(proc, (tuple, list)):
        looks, returned = _around(_call_of(proc), interval, include_children, backend)
        if stream is not None:
            for look in looks:
                stream.write("MEM %.6f %.4f\n" % look)
            return None
        result = _shaped(looks, timestamps, max_usage)
        return (result, returned) if retval else result
    started = proc if hasattr(proc, "poll") and hasattr(proc, "pid") else None
    watch = _Watch(started.pid if started is not None else int(proc), backend, include_children, multiprocess, stream)
    watch.timestamps = timestamps or stream is not None
    most = None if timeout is None and started is not None else max(1, round((timeout or 0) / interval))
    watch.run(interval, most, (lambda: started.poll() is None) if started is not None else None)
    if stream is not None:
        return None
    return max(watch.plain, default=-1) if max_usage else watch.found


def _call_of(proc: "Sequence[Any]") -> "Callable[[], Any]":
    if not 1 <= len(proc) <= 3:
        raise ValueError("a function is given as (f,), (f, args) or (f, args, kw)")
    function: "Callable[..., Any]" = proc[0]
    args: "Sequence[Any]" = proc[1] if len(proc) > 1 else ()
    named: "Dict[str, Any]" = proc[2] if len(proc) > 2 else {}
    return lambda: function(*args, **named)


def _shaped(looks: Looks, timestamps: bool, max_usage: bool) -> Any:
    shaped: "List[Any]" = list(looks) if timestamps else [mib for mib, _ in looks]
    return max(shaped) if max_usage else shaped


class _Watch:
    """Measures a process that has a number, again and again."""

    def __init__(self, pid: int, backend: str, include_children: bool, multiprocess: bool, stream: Any) -> None:
        self.pid = pid
        self.backend = backend
        self.include_children = include_children
        self.multiprocess = multiprocess
        self.stream = stream
        self.timestamps = False
        self.found: "List[Any]" = []
        self.plain: "List[float]" = []

    def run(self, interval: float, most: Optional[int], lives: "Optional[Callable[[], bool]]") -> None:
        """At most that often, as long as it lives."""
        done = 0
        while True:
            self._look()
            done += 1
            if self.stream is not None and done % FLUSHED_EACH == 0:
                self.stream.flush()
            if done == most:
                return
            time.sleep(interval)
            if lives is not None and not lives():
                return

    def _look(self) -> None:
        mib = _get_memory(self.pid, self.backend, include_children=self.include_children)
        assert isinstance(mib, float)
        now = time.time()
        children = children_of(self.pid) if self.multiprocess else []
        if self.stream is not None:
            self.stream.write("MEM %.6f %.4f\n" % (mib, now))
            for number, size in children:
                self.stream.write("CHLD %d %.6f %.4f\n" % (number, size, now))
            return
        look = (mib, now) if self.timestamps else mib
        self.plain.append(mib)
        self.found.append([look, *(size for _, size in children)] if self.multiprocess else look)


def _around(call: "Callable[[], Any]", interval: float, include_children: bool, backend: str) -> "Tuple[Looks, Any]":
    """What this process occupied while a function ran, and what that returned."""
    looks: Looks = []
    if backend == "tracemalloc":
        return _traced(call)
    plain = not include_children and metric_of(backend) == "rss"
    before = process.peak(os.getpid()) if plain else 0
    with _Sampler(interval, metric_of(backend), include_children, looks):
        returned = call()
    peak = process.peak(os.getpid()) if plain else 0
    if peak > before and peak / MIB > max(mib for mib, _ in looks):
        # It fell between two measurements; when, nobody knows.
        looks.insert(-1, (peak / MIB, looks[-1][1]))
    return looks, returned


def _traced(call: "Callable[[], Any]") -> "Tuple[Looks, Any]":
    """By Python's allocators: before, at the peak, and after."""
    import tracemalloc

    from unfreed.compat.memory_profiler import following

    following.follow()
    try:
        if hasattr(tracemalloc, "reset_peak"):
            tracemalloc.reset_peak()
        looks = [(tracemalloc.get_traced_memory()[0] / MIB, time.time())]
        returned = call()
        now, peak = tracemalloc.get_traced_memory()
        looks += [(peak / MIB, time.time()), (now / MIB, time.time())]
    finally:
        following.leave()
    return looks, returned


class _Sampler:
    """A process that measures this one, also while the GIL is held."""

    def __init__(self, interval: float, metric: str, include_children: bool, looks: Looks) -> None:
        if not sys.executable:
            raise RuntimeError("a function cannot be measured here: sys.executable does not name the interpreter")
        words = [str(os.getpid()), repr(interval), metric, "1" if include_children else "0"]
        self._command = [sys.executable, "-I", "-S", os.path.abspath(process.__file__), *words]
        self._looks = looks

    def __enter__(self) -> None:
        # What `unfreed run` tells its own processes is not for this one.
        environment = {name: value for name, value in os.environ.items() if name != "UNFREED_AGENT"}
        self._child = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        assert self._child.stdout is not None
        self._first = self._child.stdout.readline()
        if not self._first:
            self._child.communicate()
            raise RuntimeError("the process that measures did not start: %s" % self._command[0])

    def __exit__(self, *raised: object) -> None:
        try:
            # An end of its input alone would not do: forks of this process have it, too.
            rest, _ = self._child.communicate("\n", timeout=ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._child.kill()
            rest, _ = self._child.communicate()
        for line in [self._first, *rest.splitlines()]:
            size, _, seconds = line.partition(" ")
            if seconds:
                self._looks.append((int(size) / MIB, float(seconds)))
