"""What the system says of this process: bytes of its memory, page faults; and its threads.

    >>> ProcessMemoryInfo().vsz > 0
    True
"""

import os
import subprocess
import threading
from collections.abc import Iterable
from resource import RUSAGE_SELF, getrusage

from unfreed.compat.pympler.texts import pp

_PAGE = os.sysconf("SC_PAGESIZE")
_KILO = 1024
_MAJOR_FAULTS, _VIRTUAL, _RESIDENT = 11, 22, 23
"""Where `/proc/self/stat` has them."""


class _ProcessMemoryInfo:
    """`vsz`, `rss`, `data_segment`, `code_segment`, `shared_segment` and `stack_segment` in bytes, the number of major
    `pagefaults`, and `os_specific` as texts. What the system does not say is zero; `available` is whether it says
    anything."""

    pagesize = _PAGE

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.rss = 0
        self.vsz = 0
        self.pagefaults = 0
        self.os_specific: list[tuple[str, str]] = []
        self.data_segment = 0
        self.code_segment = 0
        self.shared_segment = 0
        self.stack_segment = 0
        self.available = self.update()

    def __repr__(self) -> str:
        return "<%s vsz=%d rss=%d>" % (type(self).__name__, self.vsz, self.rss)

    def update(self) -> bool:
        """Asks again. Returns whether there was an answer."""
        return False

    def __sub__(self, other: "_ProcessMemoryInfo") -> "list[tuple[str, int]]":
        told = [
            ("Resident set size (delta)", self.rss - other.rss),
            ("Virtual size (delta)", self.vsz - other.vsz),
        ]
        faults = self.pagefaults - other.pagefaults
        return [*told, ("Page faults (delta)", faults)] if faults else told


class _ProcessMemoryInfoProc(_ProcessMemoryInfo):
    """By `/proc`."""

    key_map = {
        "VmPeak": "Peak virtual memory size",
        "VmSize": "Virtual memory size",
        "VmLck": "Locked memory size",
        "VmHWM": "Peak resident set size",
        "VmRSS": "Resident set size",
        "VmStk": "Size of stack segment",
        "VmData": "Size of data segment",
        "VmExe": "Size of code segment",
        "VmLib": "Shared library code size",
        "VmPTE": "Page table entries size",
    }
    _SEGMENTS = {
        "VmData": "data_segment",
        "VmExe": "code_segment",
        "VmLib": "shared_segment",
        "VmStk": "stack_segment",
    }

    def update(self) -> bool:
        """Reads `/proc/self/stat` and `/proc/self/status`."""
        try:
            with open("/proc/self/stat") as stat:
                # The name before it is in brackets, and may have blanks and brackets in it.
                fields = ["", "", *stat.read().rpartition(")")[2].split()]
            with open("/proc/self/status") as status:
                lines = status.read().splitlines()
        except OSError:
            return False
        self.vsz = int(fields[_VIRTUAL])
        self.rss = int(fields[_RESIDENT]) * self.pagesize
        self.pagefaults = int(fields[_MAJOR_FAULTS])
        self.os_specific = []
        for line in lines:
            name, _, value = line.partition(":")
            if name in self.key_map and value.strip().endswith("kB"):
                number = int(value.split()[0]) * _KILO
                self.os_specific.append((self.key_map[name], pp(number)))
                if name in self._SEGMENTS:
                    setattr(self, self._SEGMENTS[name], number)
        return True


class _ProcessMemoryInfoPS(_ProcessMemoryInfo):
    """By `ps`."""

    def update(self) -> bool:
        """Starts `ps`."""
        command = ["ps", "-o", "rss=,vsz=", "-p", str(self.pid)]
        try:
            told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
            resident, virtual = map(int, told.split())
        except (OSError, ValueError):
            return False
        self.rss, self.vsz = resident * _KILO, virtual * _KILO
        return True


class _ProcessMemoryInfoResource(_ProcessMemoryInfo):
    """By `getrusage`: the most that was resident, not what is now."""

    def update(self) -> bool:
        """Asks for the usage of this process."""
        usage = getrusage(RUSAGE_SELF)
        self.rss = usage.ru_maxrss * _KILO
        self.pagefaults = usage.ru_majflt
        return True


ProcessMemoryInfo = _ProcessMemoryInfoProc


class ThreadInfo:
    """A thread's `ident`, `name` and whether it is a `daemon`."""

    def __init__(self, thread: threading.Thread) -> None:
        self.ident = thread.ident
        self.name = thread.name
        self.daemon = thread.daemon


def is_available() -> bool:
    """Whether the system says anything."""
    return bool(ProcessMemoryInfo().available)


def get_current_threads() -> "Iterable[ThreadInfo]":
    """All threads that Python knows."""
    return [ThreadInfo(thread) for thread in threading.enumerate()]


def get_current_thread_id() -> int:
    """The calling thread's `ident`."""
    return threading.get_ident()
