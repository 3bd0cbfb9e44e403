"""What a process keeps that is no object of a class of the person's: memory of malloc, entries of containers in modules,
handlers of loggers, temporary files. For `--unfreed=session`, which compares it from test to test.

Only sizes and counts are read; nothing is held, and no code of the program runs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, NamedTuple

from unfreed import _native
from unfreed._classes import is_a, namespace_of
from unfreed._left_files import Made

CONTAINERS: tuple[Any, ...] = (list, dict, set, deque, bytearray)
"""What is looked into when it is a global variable; what such a one holds in turn is not."""


class Kept(NamedTuple):
    """What there is at one moment, or more of it than before."""

    malloc: int
    """Bytes that malloc has handed out: large blocks of Python, and those of C code."""
    modules: int
    """Modules that are imported: what a test imports is no news."""
    entries: Counter[str]
    """Entries of containers, by `module.NAME`."""
    handlers: Counter[str]
    """Handlers of loggers, by the logger's name."""
    files: Counter[str]
    """Temporary files and folders that are still there, by path."""

    def since(self, before: Kept) -> Kept:
        """What has become more."""
        return Kept(
            self.malloc - before.malloc,
            self.modules - before.modules,
            self.entries - before.entries,
            self.handlers - before.handlers,
            self.files - before.files,
        )


class Keeping:
    """Looks at what the process keeps."""

    def __init__(self, is_own: Callable[[str], bool], folders: Callable[[], tuple[str, ...]]) -> None:
        self._is_own = is_own
        self._folders = folders
        self._made = Made()

    def begin(self) -> None:
        """From now on files that are made are noted."""
        self._made.begin()

    def end(self) -> None:
        """Files are noted no more."""
        self._made.end()

    def look(self) -> Kept:
        """What there is now."""
        entries, handlers, files = self._entries(), _handlers(), self._files()
        return Kept(_native._malloc_in_use() or 0, len(sys.modules), entries, handlers, files)

    def _entries(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for name, module in list(sys.modules.items()):
            if not self._is_own(name):
                continue
            for variable, value in list((namespace_of(module) or {}).items()):
                if is_a(variable, str) and not variable.startswith("__"):
                    length = _length(value)
                    if length:
                        counts["%s.%s" % (name, variable)] = length
        return counts

    def _files(self) -> Counter[str]:
        below = os.path.join(os.path.abspath(tempfile.gettempdir()), "")
        apart = self._folders()
        paths = self._made.paths()
        return Counter(path for path in paths if path.startswith(below) and not _is_of_pytest(path, apart))


def _is_of_pytest(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a path lies in one of the folders, leads to it, or stands beside it: links and locks."""
    for folder in folders:
        above = os.path.dirname(folder)
        if os.path.basename(above).startswith("pytest-of-"):
            folder = above
        if (path + os.sep).startswith(folder + os.sep) or folder.startswith(path + os.sep):
            return True
    return False


def _length(value: object) -> int:
    for kind in CONTAINERS:
        if is_a(value, kind):
            # Of the kind itself: a subclass may answer otherwise, or not at all.
            return int(kind.__len__(value))
    return 0


def _handlers() -> Counter[str]:
    logging: Any = sys.modules.get("logging")
    counts: Counter[str] = Counter()
    if logging is None:
        return counts
    known = {"root": logging.root, **logging.root.manager.loggerDict}
    for name, logger in known.items():
        handlers = (namespace_of(logger) or {}).get("handlers")
        if is_a(handlers, list) and handlers:
            counts[name] = len(handlers)
    return counts
