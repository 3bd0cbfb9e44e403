"""What this process has open, and who holds it: files, sockets, threads, tasks, child processes. Looks at the heap
once and closes nothing."""

import asyncio
import io
import os
import socket
import sqlite3
import subprocess
import threading
from typing import Any, Optional

from unfreed import _live, _native
from unfreed._answers import Answer, answer

_NO_OBJECT = "no object: C code, or os.open"
_UNKNOWN, _GIVEN = "not known", "the interpreter"
_FOLLOW = "call unfreed.follow() before, or run the program by `unfreed run --exact`"
#: What is shown of each kind, the first that fits. Streams above a raw file are one with it.
_KINDS: "list[tuple[type, str]]" = [
    (socket.socket, "socket"),
    (io.FileIO, "file"),
    (sqlite3.Connection, "connection"),
    (threading.Thread, "thread"),
    (subprocess.Popen, "process"),
    (asyncio.Task, "task"),
]


def resources(limit: Optional[int] = 50) -> Answer:
    """Open files, sockets and connections, running threads, tasks that are not done and child processes not waited
    for: what each is, the path that leads to it, and the line that made it. Descriptors that no such object holds are
    listed by number.

    Lines are known of what was opened since allocations are followed: after `unfreed.follow()`, or in a process that
    `unfreed run --exact` records. `opened at` is the innermost line that is not the standard library's; the row's `stack`
    has all calls as texts, innermost first, and is empty where it is not known. Of a thread and a task it is the line
    that made it. `unfreed run --native` knows which line opened a descriptor, too.

    >>> import unfreed
    >>> opened = open("/dev/null")
    >>> [row["what"] for row in unfreed.resources() if row["kind"] == "file" and "null" in row["what"]]
    ['/dev/null']
    """
    most = _live.at_most(limit)
    found = [(kind, what, one) for one in _live.get_objects() for kind, what in _described(one)]
    objects = [one for _, _, one in found]
    places = _live.places(objects)
    numbers = [_descriptor(one) for one in objects]
    opened = [-1 if number is None else number for number in numbers]
    by_object, by_number = _native._origins([id(one) for one in objects], opened, _live.folders())
    rows: list[dict[str, Any]] = [
        {"kind": kind, "what": what, "held by": places.get(id(one), ""), **_opened(stack, _is_given(one))}
        for (kind, what, one), stack in zip(found, (mine or its for mine, its in zip(by_object, by_number)))
    ]
    del found, objects
    known = {number for number in numbers if number is not None}
    others = [(number, target) for number, target in _descriptors() if number not in known and number > 2]
    _, by_number = _native._origins([], [number for number, _ in others], _live.folders())
    for (number, target), stack in zip(others, by_number):
        what = "%d → %s" % (number, target)
        rows.append({"kind": "descriptor", "what": what, "held by": _NO_OBJECT, **_opened(stack, False)})
    rows.sort(key=lambda row: (row["kind"], row["what"]))
    return _table(rows[:most], len(rows[most:]))


def _is_given(one: Any) -> bool:
    """Whether a program finds it there when it begins."""
    return one is threading.main_thread() or _descriptor(one) in (0, 1, 2)


def _opened(stack: "list[tuple[str, int, str]]", is_given: bool) -> "dict[str, Any]":
    # What a package opens is the package's doing; what the standard library opens, its caller's.
    telling = [frame for frame in stack if not _is_of_library(frame[0])] or stack
    at = "%s:%d in %s()" % telling[0] if telling else _GIVEN if is_given else _UNKNOWN
    return {"opened at": at, "stack": ["%s:%d in %s()" % frame for frame in stack]}


def _is_of_library(file: str) -> bool:
    folders = _live.folders()
    is_installed = file.startswith(tuple(folders["site"]))
    return file.startswith("<") or (file.startswith(tuple(folders["stdlib"])) and not is_installed)


def _described(one: object) -> "list[tuple[str, str]]":
    for kind, name in _KINDS:
        if issubclass(type(one), kind):
            try:
                text = _text(one)
            except Exception:
                return []
            return [(name, text)] if text else []
    return []


def _text(one: Any) -> str:
    """What an open resource is; empty for one that is over."""
    if isinstance(one, socket.socket):
        return "" if one.fileno() < 0 else "%s %s" % (one.family.name, _address(one))
    if isinstance(one, io.FileIO):
        return "" if one.closed else str(one.name)
    if isinstance(one, sqlite3.Connection):
        try:
            return "sqlite3 with %d changes" % one.total_changes
        except sqlite3.ProgrammingError as error:
            # Open all the same when it belongs to another thread.
            return "sqlite3 of another thread" if "thread" in str(error) else ""
    if isinstance(one, threading.Thread):
        return one.name if one.is_alive() else ""
    if isinstance(one, subprocess.Popen):
        return "" if one.returncode is not None else "pid %d: %r" % (one.pid, one.args)
    return "" if one.done() else one.get_name()


def _address(one: socket.socket) -> str:
    try:
        return "%s" % (one.getsockname(),)
    except OSError:
        return ""


def _descriptor(one: Any) -> "int | None":
    if not isinstance(one, (socket.socket, io.FileIO)):
        return None
    try:
        return one.fileno()
    except ValueError:
        # Closed since it was looked at, by its owner or another thread.
        return None


def _descriptors() -> "list[tuple[int, str]]":
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append((int(name), os.readlink("/proc/self/fd/" + name)))
        except OSError:
            # The listing's own descriptor is closed by now.
            continue
    return found


def _table(rows: "list[dict[str, Any]]", rest: int) -> Answer:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["kind"]] = counts.get(row["kind"], 0) + 1
    heading = (
        ", ".join("%d %s%s" % (n, kind, "" if n == 1 else "s") for kind, n in sorted(counts.items()))
        or "Nothing is open"
    )
    unknown = sum(row["opened at"] == _UNKNOWN for row in rows)
    heading += "."
    if unknown:
        heading += " Where %d of them %s opened is not known: %s." % (unknown, "was" if unknown == 1 else "were", _FOLLOW)
    names = ["kind", "what", "held by", "opened at"]
    widths = [max([len(row[name]) for row in rows] + [len(name)]) for name in names]
    lines = ["  ".join(row[name].ljust(width) for name, width in zip(names, widths)).rstrip() for row in rows]
    if rest:
        lines.append("… and %d more; limit=N shows more" % rest)
    return answer("resources", heading, dict.fromkeys(names, "text"), rows, lines, {"rows": rest} if rest else None)
