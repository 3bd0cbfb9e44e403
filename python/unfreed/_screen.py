"""Cheap counters of this process, read between runs of a piece of code: does anything grow with every run?

What does not grow is no leak, and most code is found innocent here. What grows is not judged here: a cache that
fills grows too. `_recorded.py` follows every block and judges.
"""

import array
import gc
import os
import sys
import threading
import time
from typing import Callable, Optional

from unfreed import _clock, _names, _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from unfreed._left_files import Made

WARM_RUNS = 2
"""Runs before the first reading, beside the one that the caller has done: what is built once is built by then."""
CALM_ROUNDS = 3
"""Rounds without growth, one after the other, that acquit a counter: what every third run loses cannot hide in them."""
ROUND_SECONDS = 0.02
"""A round has as many runs as fit into this, one at least, so that"""
MOST_RUNS = 4
"""fast code runs a dozen times: also what every tenth run loses is seen then. The price is a few milliseconds."""
MOST_ROUNDS = 8
"""Rounds after which a counter that gained the same in each is suspected, and one that did not is watched for"""
LONGER_ROUNDS = 40
"""rounds in all, as long as they fit into"""
LONGER_SECONDS = 0.5
"""these: to judge takes some seconds. Memory of malloc goes up and down over many rounds where objects come and go."""
SWING_ROUNDS = 10
"""A counter that goes up and down is acquitted when neither the most nor the least of so many rounds is above that of
as many before. What every tenth run loses cannot hide in swings that are no longer."""
SETTLE_SECONDS = 0.3
"""How long threads that a run started may take to end."""

MOST_GAIN = 1 << 62
"""More than a counter can gain."""
FEW_FROZEN = 2000
"""Frozen objects of Python itself, some hundreds in 3.12; where there are more, the program has frozen them."""

COUNTERS = ("blocks", "objects", "malloc", "descriptors", "threads", "children", "files")


class Settling:
    """Gives threads that runs started, and that are about to end, the time to; less and less if they do not."""

    def __init__(self) -> None:
        self._threads = threading.active_count()
        self._patience = SETTLE_SECONDS

    def wait(self) -> None:
        """Waits until there are no more threads than before the run."""
        if threading.active_count() <= self._threads:
            return
        until = time.monotonic() + self._patience
        while threading.active_count() > self._threads and time.monotonic() < until:
            time.sleep(0.002)
        if threading.active_count() > self._threads:
            self._threads = threading.active_count()
            self._patience /= 2


class Screen:
    """Readings between runs. Everything that is there at the start is kept from the collector, which makes its
    passes cheap, unless the program does so itself."""

    def __init__(self, files: "Optional[Made]" = None) -> None:
        self._files = files
        # Numbers in arrays are no objects: what is read must not grow what is counted.
        self._last = array.array("q", [0] * len(COUNTERS))
        self._now = array.array("q", [0] * len(COUNTERS))
        self._calm = array.array("q", [0] * len(COUNTERS))
        self._least = array.array("q", [MOST_GAIN] * len(COUNTERS))
        self._most = array.array("q", [0] * len(COUNTERS))
        self._levels = [array.array("q", [0] * (2 * SWING_ROUNDS)) for _ in COUNTERS]
        self._settling = Settling()
        self._rounds = 0
        self._froze = False

    def __enter__(self) -> "Screen":
        # Garbage of before is frozen as well: it stays, and so does not count.
        if gc.get_freeze_count() < FEW_FROZEN:
            gc.freeze()
            self._froze = True
        if self._files is not None:
            self._files.begin()
        return self

    def __exit__(self, *_: object) -> None:
        if self._files is not None:
            self._files.end()
        if self._froze:
            gc.unfreeze()

    def begin(self) -> None:
        """Reads the counters that the first round starts from."""
        self._read(self._last)

    def suspects_after_round(self) -> bool:
        """Reads the counters after a round; whether one of them may still be growing without end."""
        self._read(self._now)
        suspected = False
        self._rounds += 1
        for index in range(len(COUNTERS)):
            gain = self._now[index] - self._last[index]
            self._calm[index] = 0 if gain > 0 else self._calm[index] + 1
            if self._rounds >= 2:
                self._least[index] = min(self._least[index], gain)
                self._most[index] = max(self._most[index], gain)
            self._last[index] = self._now[index]
            self._levels[index][self._rounds % (2 * SWING_ROUNDS)] = self._now[index]
            suspected = suspected or (self._calm[index] < CALM_ROUNDS and not self._swings(index))
        return suspected

    def _swings(self, index: int) -> bool:
        """Whether a counter goes up and down without getting anywhere. By the least as well: the most may be of a time
        when something was still being built up."""
        if self._rounds < 2 * SWING_ROUNDS:
            return False
        levels = self._levels[index]
        begin = self._rounds + 1
        before = [levels[(begin + one) % len(levels)] for one in range(SWING_ROUNDS)]
        lately = [levels[(begin + one) % len(levels)] for one in range(SWING_ROUNDS, 2 * SWING_ROUNDS)]
        return max(lately) <= max(before) and min(lately) <= min(before)

    def is_even(self) -> bool:
        """Whether a counter gained the same in each round but for the first two: then it is hardly by chance."""
        return any(0 < least == most for least, most in zip(self._least, self._most))

    def _read(self, into: "array.array[int]") -> None:
        self._settling.wait()
        while gc.collect() > 0 and self._froze:
            # Finalizers leave garbage of their own. Without a frozen heap one pass has to do.
            pass
        _names.let_go()
        into[6] = self._files.count() if self._files is not None else 0
        into[0] = sys.getallocatedblocks() - _names.interned_for_ever()
        # Blocks say it all, but where Python was told to use another allocator.
        into[1] = len(gc.get_objects()) if into[0] <= 0 and self._froze else 0
        into[2] = _native._malloc_in_use() or 0
        into[3] = _count_entries("/proc/self/fd")
        into[4] = _count_entries("/proc/self/task")
        into[5] = _children()


def _count_entries(folder: str) -> int:
    try:
        return len(os.listdir(folder))
    except OSError:
        return 0


def _children() -> int:
    """Child processes that the main thread started, zombies included."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid(), "rb") as file:
            return file.read().count(b" ")
    except OSError:
        return 0


def grows(run: "Callable[[], None]", rounds: Optional[int], files: "Optional[Made]" = None) -> Optional[str]:
    """Runs it until nothing can be growing with every run, which is `None`, or a counter never came to rest:
    `"evenly"` when it gained the same each time, else `"unevenly"`.

    With `rounds`, so many are run in any case. With `files`, those that are left on disk are counted as well.
    """
    with Screen(files) as screen:
        for _ in range(WARM_RUNS):
            began = _clock.seconds()
            run()
            seconds = _clock.seconds() - began
        runs = max(1, min(MOST_RUNS, int(ROUND_SECONDS / max(seconds, 1e-6))))
        began = _clock.seconds()
        screen.begin()
        suspected = True
        for done in range(1, (rounds or LONGER_ROUNDS) + 1):
            for _ in range(runs):
                run()
            suspected = screen.suspects_after_round()
            if rounds is not None:
                continue
            if not suspected:
                return None
            if done >= MOST_ROUNDS and (screen.is_even() or _clock.seconds() - began > LONGER_SECONDS):
                break
        if not suspected:
            return None
        return "evenly" if screen.is_even() else "unevenly"
