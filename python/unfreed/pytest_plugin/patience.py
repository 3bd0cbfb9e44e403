"""Ends a repetition that waits for what comes only once: a file that changes, a server that restarts."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

LEAST = 5.0
"""Seconds that a repetition may take, however fast the first run was,"""
TIMES = 20.0
"""and times of the first run: blocks are followed while it is judged."""


class TooLong(BaseException):
    """A repetition takes too long. No `Exception`: tests that wait often catch those."""


@contextlib.contextmanager
def at_most(once: float) -> Iterator[None]:
    """Raises `TooLong` in a block that takes much longer than `once` seconds; lets it be where it is not in the main
    thread, or the program uses the alarm itself."""
    if not _is_free():
        yield
        return
    seconds = LEAST + TIMES * once
    signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except TooLong:
        raise TooLong("takes longer than %.0f s" % seconds) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _is_free() -> bool:
    return (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        and signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    )


def _end(number: int, frame: object) -> None:
    raise TooLong
