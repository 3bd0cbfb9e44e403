"""Where a function starts threads and child processes that stay.

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
"""Calls at least, for of what another thread starts meanwhile one may blame the wrong line; and at most, until one does."""
SECONDS = 3.0
"""Seconds after which no call more is made."""
LONGEST = 20.0
"""Seconds after which lines are followed no more: the first call of a slow machine should come to its end."""
MOST_PLACES = 100
MOST_FRAMES = 64
MOST_PARENTS = 20
"""Threads whose children are read: it is done at every line."""
THREAD = "thread"
CHILD = "child"


def write(call: "Callable[[], Any]", threads_end: "Callable[[], None]") -> None:
    """Calls a few times, and has the recording say where what still runs was started."""
    follower = _Follower()
    until = time.monotonic() + SECONDS
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
    _native._write_started(follower.still_running())


class _Follower:
    def __init__(self) -> None:
        # One thread at a time: what it finds is of the last line of any.
        self._lock = threading.Lock()
        self._known = _running_now()
        self.found: "dict[Any, list[Any]]" = {}
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

    def still_running(self) -> "list[tuple[str, int, list[tuple[str, str, int, str]]]]":
        counts: "dict[tuple[str, tuple[Any, ...]], int]" = {}
        now = _running_now()
        for thing, stack in self.found.items():
            if thing in now:
                place = (thing[0], tuple(stack))
                counts[place] = counts.get(place, 0) + 1
        most = sorted(counts.items(), key=lambda counted: -counted[1])[:MOST_PLACES]
        return [(what, count, [_described(line) for line in stack]) for (what, stack), count in most]

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
        """What runs now and did not before the last line was started by that."""
        now = _running_now()
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


def _running_now() -> "set[tuple[str, int]]":
    """Threads and children of this process, with the kernel's numbers."""
    threads = os.listdir("/proc/self/task")
    now = {(THREAD, int(thread)) for thread in threads}
    for thread in threads[:MOST_PARENTS]:
        try:
            with open("/proc/self/task/%s/children" % thread, "rb") as children:
                now.update((CHILD, int(child)) for child in children.read().split())
        except OSError:
            pass
    return now


def _trace_of_threads() -> Any:
    return getattr(threading, "_trace_hook", None)


def _stack(frame: "Optional[FrameType]", line: int) -> "list[Any]":
    stack: "list[Any]" = []
    while frame is not None and frame.f_code.co_filename != __file__ and len(stack) < MOST_FRAMES:
        stack.append((frame.f_code, line))
        frame = frame.f_back
        line = (frame.f_lineno or 0) if frame is not None else 0
    return stack


def _described(line: "tuple[CodeType, int]") -> "tuple[str, str, int, str]":
    code, number = line
    name = getattr(code, "co_qualname", code.co_name)
    text = linecache.getline(code.co_filename, number).strip()
    return code.co_filename, name, number, text[:200]
