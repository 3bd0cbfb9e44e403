"""Which files and folders a function leaves on disk, and which line makes them.

Nobody lists those. So some calls after all others run with an audit hook, which sees what Python opens to create, and
after each of them is looked which of it is still there. What C code makes by itself, shared memory for one, is not
seen, nor what child processes make.
"""

import gc
import os
import sys
import time
from typing import Any, Callable, Optional

from unfreed import _native, _stack
from unfreed._stack import Line

CALLS = (10, 50)
"""Calls without anything left after which nothing is; and calls at most."""
SECONDS = (0.3, 3.0)
"""Seconds after which there are no more calls while nothing is left, and when something is."""
LEAST_CALLS = 5
"""Calls that are made, whatever they take: not each may leave something,"""
LONGEST = 4.0
"""unless one takes so many seconds."""
MOST_FILES = 20_000
FILE = "file"


def write(call: "Callable[[], Any]", settle: "Callable[[], None]", seen: "Optional[Made]" = None) -> None:
    """Calls some times, and has the recording say after each what is left."""
    seen = seen or Made()
    began = time.monotonic()
    calls, longest = 0, 0.0
    seen.begin()
    try:
        while True:
            before = time.monotonic()
            call()
            settle()
            gc.collect()
            calls += 1
            left = seen.left()
            longest = max(longest, time.monotonic() - before)
            if left or calls == 1:
                _native._write_started(FILE, calls, left)
            most, enough = (CALLS[1], SECONDS[1]) if left else (CALLS[0], SECONDS[0])
            is_late = calls >= most or time.monotonic() - began > enough
            if is_late and (calls >= LEAST_CALLS or longest > LONGEST):
                break
    except Exception:
        # It did not fail in all the calls before: what was seen until now is still true.
        pass
    finally:
        seen.end()


_listening: "list[Made]" = []
"""Whoever hears what is made, the last one alone; none most of the time."""
_hooked = False


def _hear(event: str, arguments: "tuple[Any, ...]") -> None:
    if _listening and event in EVENTS:
        _listening[-1].hear(event, arguments)


class Made:
    """What was made since the beginning, with the stacks that did; not what lies below one of the folders `apart`."""

    def __init__(self, apart: "tuple[str, ...]" = ()) -> None:
        self._made: "dict[str, list[Line]]" = {}
        self._apart = tuple(os.path.join(os.path.abspath(folder), "") for folder in apart)

    def begin(self) -> None:
        """Forgets what was made before, and listens."""
        global _hooked
        self._made.clear()
        _listening.append(self)
        if not _hooked:
            # It stays for as long as the process does, and does nothing after the end. One for all: each costs every event.
            _hooked = True
            sys.addaudithook(_hear)

    def end(self) -> None:
        if self in _listening:
            _listening.remove(self)

    def count(self) -> int:
        """How many are still there; what lies in a folder that was made as well counts with that."""
        return len(self.paths())

    def paths(self) -> "list[str]":
        """Those that count."""
        self._forget_what_is_gone()
        return [path for path in list(self._made) if os.path.dirname(path) not in self._made]

    def _forget_what_is_gone(self) -> None:
        # Other threads go on making files meanwhile.
        for path in [path for path in list(self._made) if not os.path.lexists(path)]:
            del self._made[path]

    def left(self) -> "list[tuple[str, int, list[tuple[str, str, int, str]]]]":
        """What is still there by the stack that made it, most first, as the recording takes it."""
        self._forget_what_is_gone()
        by_stack: "dict[tuple[Line, ...], list[str]]" = {}
        for path, stack in list(self._made.items()):
            if os.path.dirname(path) not in self._made:
                by_stack.setdefault(tuple(stack), []).append(path)
        most = sorted(by_stack.items(), key=lambda made: -len(made[1]))
        return [(_common_name(paths), len(paths), _stack.described(stack)) for stack, paths in most[: _stack.MOST_PLACES]]

    def hear(self, event: str, arguments: "tuple[Any, ...]") -> None:
        """Takes note of what the event makes. Called by the hook, whose caller is the line that does it."""
        if len(self._made) >= MOST_FILES:
            return
        try:
            made = _made_by(event, arguments)
            if made is None:
                return
            path = os.path.abspath(made)
            if path in self._made or path.startswith(self._apart):
                return
            if event in AFTERWARDS or not os.path.lexists(path):
                self._made[path] = _stack.of(sys._getframe(2), __file__)
        except Exception:
            # Whatever it is that the program opens, it does so without us.
            pass


EVENTS = ("open", "os.mkdir", "os.link", "os.rename", "os.symlink", "sqlite3.connect", "socket.bind")
"""Events that make something. All others pass by: `sys._getframe` is one of them, and would be heard for ever."""
AFTERWARDS = ("os.rename",)
"""Events that put something where something else may have been."""


def _made_by(event: str, arguments: "tuple[Any, ...]") -> Optional[str]:
    """The path that is about to be made, if the event is of that."""
    if event == "open":
        path, _, flags = arguments
        makes = isinstance(flags, int) and flags & os.O_CREAT and isinstance(path, (str, bytes))
        return os.fsdecode(path) if makes else None
    if event == "os.mkdir":
        return os.fsdecode(arguments[0]) if arguments[2] == -1 else None
    if event in ("os.link", "os.rename"):
        return os.fsdecode(arguments[1]) if arguments[3] == -1 else None
    if event == "os.symlink":
        return os.fsdecode(arguments[1]) if arguments[2] == -1 else None
    if event == "sqlite3.connect":
        path = os.fsdecode(arguments[0])
        return None if path in ("", ":memory:") else path
    if event == "socket.bind":
        # Of a socket of this machine: others have no path for an address.
        if not isinstance(arguments[1], (str, bytes)):
            return None
        address = os.fsdecode(arguments[1])
        return None if address[:1] in ("", "\0") else address
    return None


def _common_name(paths: "list[str]") -> str:
    """`/tmp/tmp*.db`: what the paths begin and end with."""
    start = os.path.commonprefix(paths)
    if len(paths) == 1:
        return start
    end = os.path.commonprefix([path[len(start) :][::-1] for path in paths])[::-1]
    return start + "*" + end
