"""What the system says a process occupies, from /proc; run as a script, it measures another process until it is told to
stop.

As a script it has no imports but the standard library's: it starts in a few milliseconds, and a program that holds the
GIL does not keep it from measuring.
"""

import os
import select
import sys
import time

TYPE_CHECKING = False  # As `typing` has it, without importing it into the script.
if TYPE_CHECKING:
    from typing import Iterator

MIB = float(1 << 20)
"""Bytes in the unit of every figure that memory_profiler gives."""
PAGE = os.sysconf("SC_PAGESIZE")
QUICK = 0.001
"""Seconds between looks that cost next to nothing."""


def occupied(pid: int, metric: str = "rss") -> int:
    """Bytes of a process now: resident pages (`rss`), with shared ones divided among their users (`pss`), or only those
    that nobody shares (`uss`). 0 for one that has ended and not been waited for.

    Raises `ProcessLookupError` if there is none, `PermissionError` if it may not be looked at.
    """
    if metric == "rss":
        with _opened(pid, "statm") as file:
            return int(file.read().split()[1]) * PAGE
    names = (b"Pss:",) if metric == "pss" else (b"Private_Clean:", b"Private_Dirty:", b"Private_Hugetlb:")
    with _opened(pid, "smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(names))


def _opened(pid: int, name: str) -> "_File":
    return _File("/proc/%d/%s" % (pid, name), pid)


class _File:
    """A file of a process, whose errors name the process."""

    def __init__(self, path: str, pid: int) -> None:
        self.pid = pid
        try:
            self.file = open(path, "rb")
        except FileNotFoundError:
            raise ProcessLookupError("no process has the number %d" % pid) from None

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *raised: object) -> None:
        self.file.close()

    def read(self) -> bytes:
        return self.file.read()

    def __iter__(self) -> "Iterator[bytes]":
        try:
            yield from self.file
        except ProcessLookupError:
            return  # It has ended: its memory maps are gone.


def descendants(pid: int) -> "list[int]":
    """Processes that this one started, and those that they started, except the one that asks."""
    children: "dict[int, list[int]]" = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, "rb") as file:
                    # The name of the program stands in parentheses and may have any letters in it.
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            children.setdefault(parent, []).append(int(name))
    found: "list[int]" = []
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found and child != os.getpid():
                found.append(child)
                waiting.append(child)
    return found


def of_descendants(pid: int, metric: str = "rss") -> "list[tuple[int, int]]":
    """Number and bytes of each; those that end meanwhile are left out."""
    found = []
    for child in descendants(pid):
        try:
            found.append((child, occupied(child, metric)))
        except OSError:
            pass
    return found


def measured(pid: int, metric: str, children: bool) -> int:
    """Bytes of a process, with its descendants if asked for."""
    size = occupied(pid, metric)
    return size + sum(one for _, one in of_descendants(pid, metric)) if children else size


def peak(pid: int) -> int:
    """The most resident bytes that a process ever had; 0 where the system does not say."""
    try:
        with open("/proc/%d/status" % pid, "rb") as file:
            for line in file:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _main() -> None:
    """`PID INTERVAL METRIC CHILDREN`: a line `BYTES SECONDS` for the begin, for the most of each interval, and for
    the end, which comes when there is something to read."""
    pid, interval, metric, children = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4] == "1"
    # Resident pages cost microseconds, the rest may cost milliseconds in the process that is measured.
    pause = min(interval, QUICK) if metric == "rss" and not children else interval
    try:
        _say(measured(pid, metric, children), time.time())
        ended, most, due = False, (0, 0.0), time.time() + interval
        while not ended:
            ended = bool(select.select([0], [], [], pause)[0])
            now = time.time()
            most = max(most, (measured(pid, metric, children), now))
            if ended or now >= due:
                _say(*most)
                most, due = (0, 0.0), now + interval
        _say(measured(pid, metric, children), time.time())
    except (OSError, KeyboardInterrupt):
        return  # The process is gone, or does not listen any more.


def _say(size: int, seconds: float) -> None:
    sys.stdout.write("%d %.6f\n" % (size, seconds))
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
