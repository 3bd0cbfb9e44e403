"""Where a function starts threads and child processes that stay.

Of these nobody but the kernel has a list, which knows no Python. So calls run line by line, and what the kernel lists more
after a line than before is that line's. Slow, and for a few calls after all others only, when some of these were left.
"""

import collections
import gc
import os
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable, Optional

from unfreed import _native, _stack
from unfreed._stack import Line

CALLS = (3, 50)
"""Calls at least, for of what another thread starts meanwhile one may blame the wrong line; and at most, until one does."""
SECONDS = 3.0
"""Seconds after which no call more is made."""
LONGEST = 20.0
"""Seconds after which lines are followed no more: the first call of a slow machine should come to its end."""
TASKS = "/proc/self/task"
THREAD = "thread"
CHILD = "child"


def write(call: "Callable[[], Any]", threads_end: "Callable[[], None]") -> None:
    """Calls a few times, and has the recording say where what still runs was started."""
    follower = _Follower()
    until = time.monotonic() + SECONDS
    done = 0
    follower.begin()
    try:
        for done in range(1, CALLS[1] + 1):
            call()
            if time.monotonic() > until or (done >= CALLS[0] and follower.found):
                break
    except Exception:
        # It did not fail in all the calls before: what was seen until now is still true.
        pass
    finally:
        follower.end()
    threads_end()
    gc.collect()
    for what, places in follower.still_running().items():
        _native._write_started(what, done, places)


class _Follower:
    def __init__(self) -> None:
        # One thread at a time: what it finds is of the last line of any.
        self._lock = threading.Lock()
        self._thread = threading.get_native_id()
        # What has ever run: the children of a thread that ends become another's.
        self._known = _running_now()
        self.found: "dict[tuple[str, int], list[Line]]" = {}
        """The stacks that started what runs, by that."""
        # The last line that ran, in whichever thread: one that starts something lets others run meanwhile.
        self._at: "tuple[Optional[FrameType], int]" = (None, 0)
        self._until = time.monotonic() + LONGEST
        self._before: "tuple[Any, Any]" = (None, None)

    def begin(self) -> None:
        self._before = (sys.gettrace(), _trace_of_threads())
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def end(self) -> None:
        self._until = 0.0
        sys.settrace(self._before[0])
        threading.settrace(self._before[1])

    def still_running(self) -> "dict[str, list[tuple[str, int, list[tuple[str, str, int, str]]]]]":
        """Places that started what still runs, most first, by what it is."""
        now = _running_now()
        places = {}
        for what in (THREAD, CHILD):
            counts = collections.Counter(
                tuple(stack) for thing, stack in self.found.items() if thing[0] == what and thing in now
            )
            most = counts.most_common(_stack.MOST_PLACES)
            places[what] = [("", count, _stack.described(stack)) for stack, count in most]
        return places

    def _trace(self, frame: FrameType, event: str, argument: Any) -> "Optional[Callable[..., Any]]":
        if time.monotonic() > self._until:
            return None
        at: "Optional[FrameType]" = frame.f_back if event == "return" else frame
        # A child that was forked while another thread had the lock must not wait for it for ever.
        if not self._lock.acquire(timeout=1):
            return None
        try:
            self._see()
            self._at = at, (at.f_lineno or 0) if at is not None else 0
        finally:
            self._lock.release()
        return self._trace

    def _see(self) -> None:
        """What runs now and did not before the last line was started by that. Children are those of the thread that ran it,
        or of this one, which runs next: to read those of all threads at every line takes too long."""
        now = {(THREAD, int(thread)) for thread in os.listdir(TASKS)}
        here = threading.get_native_id()
        for thread in {here, self._thread}:
            now.update((CHILD, child) for child in _children_of(thread))
        self._thread = here
        new = now - self._known
        if not new:
            return
        self._known |= new
        frame, line = self._at
        stack = _stack.of(frame, __file__, line)
        for thing in new:
            self.found[thing] = stack


def _running_now() -> "set[tuple[str, int]]":
    """Threads and children of this process, with the kernel's numbers."""
    threads = [int(thread) for thread in os.listdir(TASKS)]
    now = {(THREAD, thread) for thread in threads}
    for thread in threads:
        now.update((CHILD, child) for child in _children_of(thread))
    return now


def _children_of(thread: int) -> "list[int]":
    try:
        with open("%s/%d/children" % (TASKS, thread), "rb") as children:
            return [int(child) for child in children.read().split()]
    except OSError:
        return []


def _trace_of_threads() -> Any:
    return getattr(threading, "_trace_hook", None)
