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

from unfreed import _live
from unfreed._answers import Answer

_NO_OBJECT = "no object: C code, or os.open"
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
    for: what each is, and the path that leads to it. Descriptors that no such object holds are listed by number.

    >>> import unfreed
    >>> opened = open("/dev/null")
    >>> [row["what"] for row in unfreed.resources() if row["kind"] == "file" and "null" in row["what"]]
    ['/dev/null']
    """
    most = _live.at_most(limit)
    found = [(kind, what, one) for one in _live.get_objects() for kind, what in _described(one)]
    places = _live.places([one for _, _, one in found])
    rows: list[dict[str, Any]] = [
        {"kind": kind, "what": what, "held by": places.get(id(one), "")} for kind, what, one in found
    ]
    known = {number for number in (_descriptor(one) for _, _, one in found) if number is not None}
    del found
    for number, target in _descriptors():
        if number not in known and number > 2:
            rows.append({"kind": "descriptor", "what": "%d → %s" % (number, target), "held by": _NO_OBJECT})
    rows.sort(key=lambda row: (row["kind"], row["what"]))
    return _table(rows[:most], len(rows[most:]))


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
    names = ["kind", "what", "held by"]
    document = {
        "question": "resources",
        "answer": heading + ".",
        "columns": [{"name": name} for name in names],
        "rows": rows,
        "left_out": {"rows": rest} if rest else None,
    }
    widths = [max([len(row[name]) for row in rows] + [len(name)]) for name in names]
    lines = [heading + "."]
    lines += ["  ".join(row[name].ljust(width) for name, width in zip(names, widths)).rstrip() for row in rows]
    if rest:
        lines.append("… and %d more; limit=N shows more" % rest)
    return Answer("\n".join(lines), document)
