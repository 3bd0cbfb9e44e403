"""Where a function opens what it leaves open: descriptors, threads and child processes.

Of these nobody but the kernel has a list, which knows no Python. So calls run line by line, and what the kernel lists more
after a line than before is that line's. Slow, and for a few calls after all others only, when some of these were left.
"""

import gc
import linecache
import os
import sys
import threading
import time
from types import CodeType, FrameType
from typing import Any, Callable, Optional

from unfreed import _native

CALLS = (3, 50)
"""Calls at least, for of what another thread opens meanwhile one may blame the wrong line; and at most, until one opens."""
SECONDS = 3.0
"""Seconds after which lines are followed no more."""
MOST_PLACES = 100
MOST_FRAMES = 64
MOST_PARENTS = 20
"""Threads whose children are read: it is done at every line."""
THREAD = "(thread)"
CHILD = "(child)"


def write(call: "Callable[[], Any]", threads_end: "Callable[[], None]") -> None:
    """Calls a few times, and has the recording say where what stays open was opened."""
    follower = _Follower()
    follower.begin()
    try:
        for done in range(1, CALLS[1] + 1):
            call()
            if follower.is_late() or (done >= CALLS[0] and follower.found):
                break
    except Exception:
        # It did not fail in all the calls before: what was seen until now is still true.
        pass
    finally:
        follower.end()
    threads_end()
    gc.collect()
    _native._write_openings(follower.still_open())


class _Follower:
    def __init__(self) -> None:
        # Looking opens, too: one thread at a time.
        self._lock = threading.Lock()
        self._known = _open_now()
        self.found: "dict[Any, list[Any]]" = {}
        """The stacks that opened what is open, by that."""
        # The last line that ran, in whichever thread: one that opens lets others run meanwhile.
        self._at: "tuple[Optional[FrameType], int]" = (None, 0)
        self._until = time.monotonic() + SECONDS
        self._before: "tuple[Any, Any]" = (None, None)

    def begin(self) -> None:
        self._before = (sys.gettrace(), _trace_of_threads())
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def end(self) -> None:
        self._until = 0.0
        sys.settrace(self._before[0])
        threading.settrace(self._before[1])

    def is_late(self) -> bool:
        return time.monotonic() > self._until

    def still_open(self) -> "list[tuple[str, int, list[tuple[str, str, int, str]]]]":
        counts: "dict[tuple[str, tuple[Any, ...]], int]" = {}
        now = _open_now()
        for thing, stack in self.found.items():
            if thing in now:
                place = (_called(thing), tuple(stack))
                counts[place] = counts.get(place, 0) + 1
        most = sorted(counts.items(), key=lambda counted: -counted[1])[:MOST_PLACES]
        return [(what, count, [_described(line) for line in stack]) for (what, stack), count in most]

    def _trace(self, frame: FrameType, event: str, argument: Any) -> "Optional[Callable[..., Any]]":
        if self.is_late():
            return None
        at: "Optional[FrameType]" = frame.f_back if event == "return" else frame
        with self._lock:
            self._see()
            self._at = at, (at.f_lineno or 0) if at is not None else 0
        return self._trace

    def _see(self) -> None:
        """What is open now and was not before the last line was opened by that."""
        now = _open_now()
        if now == self._known:
            return
        for thing in self._known - now:
            self.found.pop(thing, None)
        new = now - self._known
        self._known = now
        frame, line = self._at
        stack = _stack(frame, line)
        for thing in new:
            self.found[thing] = stack


def _open_now() -> "set[Any]":
    """Descriptors, threads and children of this process, the kernel's numbers."""
    numbers = sorted(map(int, os.listdir("/proc/self/fd")))
    # One of them was the listing's own, mostly one of the last.
    for place in range(len(numbers) - 1, -1, -1):
        if not _is_open(numbers[place]):
            del numbers[place]
            break
    now: "set[Any]" = {("fd", number) for number in numbers}
    threads = os.listdir("/proc/self/task")
    now.update((THREAD, int(thread)) for thread in threads)
    for thread in threads[:MOST_PARENTS]:
        try:
            with open("/proc/self/task/%s/children" % thread, "rb") as children:
                now.update((CHILD, int(child)) for child in children.read().split())
        except OSError:
            pass
    return now


def _is_open(descriptor: int) -> bool:
    try:
        os.get_inheritable(descriptor)
    except OSError:
        return False
    return True


def _trace_of_threads() -> Any:
    return getattr(threading, "_trace_hook", None)


def _stack(frame: "Optional[FrameType]", line: int) -> "list[Any]":
    stack: "list[Any]" = []
    while frame is not None and frame.f_code.co_filename != __file__ and len(stack) < MOST_FRAMES:
        stack.append((frame.f_code, line))
        frame = frame.f_back
        line = (frame.f_lineno or 0) if frame is not None else 0
    return stack


def _called(thing: "tuple[str, int]") -> str:
    kind, number = thing
    if kind != "fd":
        return kind
    try:
        return os.readlink("/proc/self/fd/%d" % number)
    except OSError:
        return ""


def _described(line: "tuple[CodeType, int]") -> "tuple[str, str, int, str]":
    code, number = line
    name = getattr(code, "co_qualname", code.co_name)
    text = linecache.getline(code.co_filename, number).strip()
    return code.co_filename, name, number, text[:200]
