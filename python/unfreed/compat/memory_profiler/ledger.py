"""What each line of the watched functions added, from a counter that is read before and after it.

A line has what it and all it calls add and give back, each byte once, however deep the recursion. What a suspended
generator's or coroutine's caller does meanwhile is not its own. Each thread has a clock of its own: what was added
between two events goes to the thread of the first.

Reading costs a microsecond. So a line of a loop that changed nothing for long is only counted, and looked at once in
`UNREAD` times. Should something have changed then, all lines of the loop are looked at again, each time for longer, and
what changed goes to the line that is caught at it.
"""

import os
import threading
from types import CodeType
from typing import Callable, Dict, FrozenSet, List, Sequence

Counter = Callable[[], Sequence[int]]
"""Its first number is the bytes that there are; the form is that of `tracemalloc`, for the sake of time."""
QUIET_AFTER = 32
"""Times in a row that a line has to change nothing."""
LONGER = 16
"""How much longer after each time that something changed nevertheless."""
UNREAD = 128
"""Times that it is only counted then. Not above 256: small numbers are no allocations."""


LENIENT = 64
"""Bytes in these times that are nobody's, and one more each time: numbers become longer, and shorter again."""


class Figures:
    """What one line did."""

    __slots__ = ("added", "most", "begun", "left", "quiet", "streak", "drift", "surprises", "known")

    def __init__(self) -> None:
        self.added = 0
        """Bytes."""
        self.most = 0
        """Most bytes of the process after it."""
        self.begun = 0
        """How often it began, with `left` times that are still to come."""
        self.left = 0
        """Times to be counted only."""
        self.quiet = False
        """Whether it is one that changes nothing."""
        self.streak = 0
        """Times in a row that it changed nothing."""
        self.drift = 0
        """Bytes that it added in these times."""
        self.surprises = 0
        """Times that something changed while it was quiet."""
        self.known = 0
        """`added` before the first of them."""

    @property
    def count(self) -> int:
        """How often it began so far."""
        return self.begun - self.left

    def changed(self, change: int) -> None:
        """It was looked at, and something had changed."""
        self.drift += change
        self.streak += 1
        if abs(self.drift) > LENIENT + self.streak:
            self.drift = self.streak = 0

    def count_only(self) -> None:
        """Looks away, if it has changed nothing for long enough."""
        if not self.quiet and self.streak < QUIET_AFTER * LONGER**self.surprises:
            return
        if not self.quiet and not self.surprises:
            self.known = self.added
        self.quiet = True
        self.begun += UNREAD
        self.left = UNREAD

    def wake(self) -> None:
        """It is looked at each time again."""
        self.surprises += 1
        self.begun -= self.left
        self.left = self.streak = self.drift = 0
        self.quiet = False


class LineFigures(Dict[int, Figures]):
    """Figures by line, of a function and of what is nested in it."""

    unclaimed = 0
    """Bytes that one of the quiet lines added."""

    def surprise(self, change: int, mine: int) -> None:
        """Quiet lines have changed something; `mine` of it is no caller's."""
        self.unclaimed += mine
        if abs(change) > LENIENT + UNREAD:
            for figures in list(self.values()):
                if figures.quiet:
                    figures.wake()

    def settle(self) -> None:
        """Gives what is unclaimed to the line that was caught at most since, or else ever."""
        suspects = [figures for figures in list(self.values()) if figures.surprises or figures.quiet]
        if self.unclaimed and suspects:
            found = max(suspects, key=lambda figures: (abs(figures.added - figures.known), abs(figures.added)))
            found.added += self.unclaimed
            self.unclaimed = 0


class _Frame:
    """A call that runs."""

    __slots__ = ("code", "lines", "current", "start", "outer")

    def __init__(
        self, code: CodeType, lines: LineFigures, current: Figures, start: int, outer: "FrozenSet[int]"
    ) -> None:
        self.code = code
        self.lines = lines
        self.current = current
        """The line that runs, or one of the quiet ones that do."""
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


class _Threads(threading.local):
    """The thread that asks."""

    def __init__(self) -> None:
        self.own = _Thread()


class Ledger:
    """Adds up what happens in watched codes."""

    def __init__(self, counter: Counter) -> None:
        self.lines: "Dict[int, LineFigures]" = {}
        """Figures of each code, by its identity; a function and what is nested in it share theirs."""
        self.top: "Dict[int, int]" = {}
        """First line of the outermost codes, whose calls are counted there."""
        self.loops: "Dict[int, Dict[int, int]]" = {}
        """Of each code, see `one_line_loops`."""
        self.enabled = False
        """Whether it is told what happens; whoever tells it looks."""
        self.open = False
        """Whether the line that runs is to be read when it has ended."""
        self._process = 0
        """Bytes of the process at the last event, without what this ledger itself keeps."""
        self._counter = counter
        self._last = 0
        self._threads = _Threads()
        self._owner = _Thread()
        self._lock = threading.Lock()

    def start(self, shift: int) -> None:
        """Counts from here; `shift` makes bytes of the process of the counter's bytes."""
        self._last = self._counter()[0]
        self._process = self._last + shift
        _alive.append(self)

    def forget(self) -> None:
        """Nothing is watched any more: calls that still run end unseen."""
        self._threads = _Threads()
        self._owner = _Thread()
        if self in _alive:
            _alive.remove(self)

    def renew_lock(self) -> None:
        """After a fork: another thread may have held it."""
        self._lock = threading.Lock()

    def line(self, code: CodeType, line: int, lines: LineFigures) -> None:
        """A line of a code is about to run. The short ways are most of what profiling costs."""
        figures = lines.get(line)
        if figures is not None and figures.left and not self.open:
            figures.left -= 1
            return
        # As `with` and numbers of threads cost more than all the rest.
        lock = self._lock
        lock.acquire()
        try:
            now = self._counter()[0]
            thread = self._threads.own
            if now != self._last or thread is not self._owner:
                self._turn(now)
            frames = thread.frames
            frame = frames[-1] if frames else None
            if frame is None or frame.code is not code:
                frame = self._push(thread, code, code.co_firstlineno)
            else:
                current = frame.current
                if thread.clock != frame.start:
                    self._charge(frame, thread)
                else:
                    current.streak += 1
                if self._process > current.most:
                    current.most = self._process
            if figures is None:
                # Another thread may come to the line meanwhile.
                figures = lines.setdefault(line, Figures())
            figures.begun += 1
            if not figures.left and (figures.quiet or figures.streak >= QUIET_AFTER):
                figures.count_only()
            frame.current = figures
            self.open = not figures.quiet
            # What is new in here is ours; when nothing is, numbers only take the place of others.
            if figures.begun > 2:
                self._last = now
            else:
                self._read_again()
        finally:
            lock.release()

    def again(self, code: CodeType, line: int) -> None:
        """A loop in one line goes round."""
        figures = self.lines[id(code)].get(line)
        if figures is not None:
            figures.begun += 1

    def begun(self, code: CodeType, line: int, resumed: bool) -> None:
        """A call begins, or a generator or coroutine goes on, at a line."""
        with self._lock:
            thread = self._turn(self._counter()[0])
            figures = self._push(thread, code, line).current
            if not resumed and self.top.get(id(code)) == line:
                if not figures.begun:
                    # As people know the table: the first line has what was there before.
                    figures.added += self._process
                figures.begun += 1
                figures.most = max(figures.most, self._process)
            self.open = True
            self._read_again()

    def left(self, code: CodeType) -> None:
        """A call ends, by `return`, `yield`, `await` or an exception."""
        with self._lock:
            thread = self._turn(self._counter()[0])
            frames = thread.frames
            if frames and frames[-1].code is code:
                frame = frames.pop()
                self._charge(frame, thread)
                frame.current.most = max(frame.current.most, self._process)
                del frame
            self.open = True
            self._read_again()

    def _read_again(self) -> None:
        """What was added since the last reading is ours."""
        # The number that was there goes before the reading, as the one that is new comes after it.
        self._last = 0
        self._last = self._counter()[0]

    def _turn(self, now: int) -> _Thread:
        """Gives what was added since the last event to the thread of that event; the thread that runs comes next."""
        thread = self._threads.own
        change = now - self._last
        if change:
            self._owner.clock += change
            self._process += change
            self._last = now
        self._owner = thread
        return thread

    def _push(self, thread: _Thread, code: CodeType, line: int) -> _Frame:
        lines = self.lines[id(code)]
        current = lines.get(line)
        if current is None:
            current = lines.setdefault(line, Figures())
        outer: "FrozenSet[int]" = frozenset()
        if thread.frames:
            caller = thread.frames[-1]
            outer = caller.outer
            if id(caller.current) not in outer:
                outer = outer | {id(caller.current)}
        frame = _Frame(code, lines, current, thread.clock, outer)
        thread.frames.append(frame)
        return frame

    def _charge(self, frame: _Frame, thread: _Thread) -> None:
        """Gives the line that ran what the thread added since it began."""
        figures = frame.current
        change = thread.clock - frame.start
        frame.start = thread.clock
        mine = 0 if frame.outer and id(figures) in frame.outer else change
        if figures.quiet:
            frame.lines.surprise(change, mine)
        else:
            figures.added += mine
            figures.changed(change)

    def skip(self, change: int) -> None:
        """So many bytes are this package's."""
        self._last += change


_alive: "List[Ledger]" = []
"""Those that watch something."""


def skip(change: int) -> None:
    """So many bytes, added since the last event, are this package's."""
    for ledger in list(_alive):
        ledger.skip(change)


def _renew_locks() -> None:
    for ledger in list(_alive):
        ledger.renew_lock()


os.register_at_fork(after_in_child=_renew_locks)
