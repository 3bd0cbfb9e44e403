"""What each line of the watched functions added, from a counter that is read before and after it.

A line has what it and all it calls add and give back, each byte once, however deep the recursion. What a suspended
generator or coroutine's caller does meanwhile is not its own. Each thread has a clock of its own: what was added between
two events goes to the thread of the first.
"""

import os
import threading
from types import CodeType
from typing import Callable, Dict, FrozenSet, List, Optional

from unfreed.compat.memory_profiler.events import Watcher

Figures = List[int]
"""Bytes added, most bytes of the process after it, and how often a line began."""
LineFigures = Dict[int, Figures]


class _Frame:
    """A call that runs."""

    __slots__ = ("code", "lines", "current", "start", "outer")

    def __init__(
        self, code: CodeType, lines: LineFigures, current: Figures, start: int, outer: "FrozenSet[int]"
    ) -> None:
        self.code = code
        self.lines = lines
        self.current = current
        """Figures of the line that runs."""
        self.start = start
        """The thread's clock when it began."""
        self.outer = outer
        """Identities of the figures of the lines that called: they have what happens here already."""


class _Thread:
    """What a thread has added so far, and its watched calls, outermost first."""

    __slots__ = ("clock", "frames")

    def __init__(self) -> None:
        self.clock = 0
        self.frames: "List[_Frame]" = []


class Ledger(Watcher):
    """Adds up what happens in watched codes."""

    def __init__(self, read: "Callable[[], int]") -> None:
        self.lines: "Dict[int, LineFigures]" = {}
        """Figures of each code, by its identity; a function and what is nested in it share theirs."""
        self.top: "Dict[int, int]" = {}
        """First line of the outermost codes, whose calls are counted there."""
        self.shift = 0
        """See `start`."""
        self._read = read
        self._threads: "Dict[int, _Thread]" = {}
        self._lock = threading.Lock()
        self._last = 0
        self._owner = _Thread()

    def start(self, shift: int) -> None:
        """Counts from here; `shift` makes bytes of the process of the counter's bytes."""
        self.shift = shift
        self._last = self._read()
        _alive.append(self._after_fork)

    def forget(self) -> None:
        """Nothing is watched any more: calls that still run end unseen."""
        self._threads = {}
        if self._after_fork in _alive:
            _alive.remove(self._after_fork)

    def _after_fork(self) -> None:
        # Another thread may have held it.
        self._lock = threading.Lock()

    def _turn(self, now: int) -> _Thread:
        """Gives what was added since the last event to the thread of that event; the thread that runs comes next."""
        ident = threading.get_ident()
        thread = self._threads.get(ident)
        if thread is None:
            thread = self._threads[ident] = _Thread()
        self._owner.clock += now - self._last
        self._owner = thread
        return thread

    def line(self, code: CodeType, line: int) -> None:
        with self._lock:
            now = self._read()
            thread = self._turn(now)
            frames = thread.frames
            if frames and frames[-1].code is code:
                frame: Optional[_Frame] = frames[-1]
                self._charge(frame, thread, now)
            else:
                frame = self._push(thread, code, code.co_firstlineno)
            if frame is not None:
                figures = frame.lines.get(line)
                if figures is None:
                    figures = frame.lines[line] = [0, 0, 0]
                figures[2] += 1
                frame.current = figures
            self._last = self._read()

    def begun(self, code: CodeType, line: int, resumed: bool) -> None:
        with self._lock:
            now = self._read()
            thread = self._turn(now)
            frame = self._push(thread, code, line)
            if frame is not None and not resumed and self.top.get(id(code)) == line:
                figures = frame.current
                figures[2] += 1
                if figures[2] == 1:
                    # As people know the table: the first line has what was there before.
                    figures[0] += now + self.shift
                figures[1] = max(figures[1], now + self.shift)
            self._last = self._read()

    def left(self, code: CodeType) -> None:
        with self._lock:
            now = self._read()
            thread = self._turn(now)
            frames = thread.frames
            if frames and frames[-1].code is code:
                self._charge(frames.pop(), thread, now)
            self._last = self._read()

    def _push(self, thread: _Thread, code: CodeType, line: int) -> "Optional[_Frame]":
        lines = self.lines.get(id(code))
        if lines is None:
            return None
        current = lines.get(line)
        if current is None:
            current = lines[line] = [0, 0, 0]
        outer: "FrozenSet[int]" = frozenset()
        if thread.frames:
            caller = thread.frames[-1]
            outer = caller.outer
            if id(caller.current) not in outer:
                outer = outer | {id(caller.current)}
        frame = _Frame(code, lines, current, thread.clock, outer)
        thread.frames.append(frame)
        return frame

    def _charge(self, frame: _Frame, thread: _Thread, now: int) -> None:
        figures = frame.current
        if id(figures) not in frame.outer:
            figures[0] += thread.clock - frame.start
        frame.start = thread.clock
        if now + self.shift > figures[1]:
            figures[1] = now + self.shift


_alive: "List[Callable[[], None]]" = []


def _renew_locks() -> None:
    for renew in list(_alive):
        renew()


os.register_at_fork(after_in_child=_renew_locks)
