"""Follows every block of this process while a piece of code runs again and again, and judges what each run leaves
behind: `unfreed check`, inside the process that asks.

The recording is a temporary file. What is judged, and how, stands in the crates; whether a run is worth this
price, `_screen.py` decides.
"""

import gc
import json
import os
import site
import tempfile
import time
from typing import Any, Callable, NamedTuple, Optional

from unfreed import _left_files, _lost, _names, _native
from unfreed._screen import Settling

FIRST_ROUNDS = 6
"""Rounds before a verdict that may acquit; a leak needs more."""
MOST_ROUNDS = 10
"""Rounds after which there are no more."""
ROUND_SECONDS = 0.05
"""A round has as many runs as fit into this, one at least."""
MOST_RUNS = 32
"""Most runs of a round: caches of up to some hundred entries have come to their bound by the end."""
ENOUGH_RUNS = 150
"""Runs without which something without an owner may still be a cache of C code that fills."""
REGULAR_ROUNDS = 6
"""Last rounds in which something without an owner has to grow evenly,"""
REGULAR_RANGE = 0.34
"""so that the most and the least that one of them gains differ by this part at most."""
WIDTH = 100
"""Columns of a finding."""


class NotRecorded(Exception):
    """This process cannot be recorded; the message says why."""


class Finding(NamedTuple):
    """One thing that runs leave behind."""

    id: str
    """Fingerprint: the same leak has the same id everywhere."""
    severity: str
    """`leak`, `warning` or `note`."""
    title: str
    """A few words."""
    text: str
    """As `unfreed check` shows it."""
    bytes_a_run: float
    """Bytes that a run leaves behind."""
    data: "dict[str, Any]"
    """As the JSON report has it."""


class Judged(NamedTuple):
    """What there is to say about the runs."""

    findings: "list[Finding]"
    """Most important first."""
    runs: int
    """Runs that were judged."""
    interned_a_run: float
    """Strings that a run interns for ever: Python 3.12 never frees one, whoever made it."""

    def certain_leaks(self) -> "list[Finding]":
        """Leaks beyond doubt: what has no owner to show counts only when every round loses as much as the last.

        The same runs lose the same each time. What is merely kept for later (free lists, tables of types, pools of
        the allocator) comes in fits and starts, and less and less of it.
        """
        leaks = [one for one in self.findings if one.severity == "leak"]
        return [one for one in leaks if not self._is_doubtful(one.data)]

    def is_worth_more(self) -> bool:
        """Whether there is anything that more rounds could make certain."""
        serious = [one for one in self.findings if one.severity != "note"]
        return not all(self._is_doubtful(one.data) for one in serious)

    def _is_doubtful(self, data: "dict[str, Any]") -> bool:
        if data["kind"] not in ("site", "native", "retention"):
            return False
        if self.runs < ENOUGH_RUNS:
            return True
        growth = data["growth"]
        interned = self.interned_a_run > 0.02
        if interned and growth["objects_per_second"] <= self.interned_a_run * 1.05 + 0.02:
            return True
        return not _is_regular(growth["series"])


def _is_regular(series: "list[tuple[float, int, int]]") -> bool:
    """Whether each of the last intervals gained about the same."""
    column = 1 if any(point[1] for point in series) else 2
    levels = [point[column] for point in series[-REGULAR_ROUNDS - 1 :]]
    gains = sorted(after - before for before, after in zip(levels, levels[1:]))
    if len(gains) < REGULAR_ROUNDS:
        return False
    median = gains[len(gains) // 2]
    return median > 0 and gains[-1] - gains[0] <= REGULAR_RANGE * median


def judge(
    run: "Callable[[], None]",
    called: str,
    seconds: float,
    growth: str,
    rounds: Optional[int],
    files: "Optional[_left_files.Made]" = None,
) -> Judged:
    """Runs it round by round, as often as the verdict needs or exactly `rounds` times.

    `called` is its name in the recording, `seconds` what a run takes, `growth` what the screen says. What `run`
    raises ends the recording and is passed on. `files` are those that runs have left on disk.
    """
    # Nobody is acquitted early who has grown evenly: one verdict is cheaper than two.
    first = rounds or (MOST_ROUNDS if growth == "evenly" else FIRST_ROUNDS)
    runs = _runs_of_a_round(run, seconds)
    handle, path = tempfile.mkstemp(prefix="unfreed-", suffix=".unfreed")
    os.close(handle)
    try:
        _start(path, called)
        try:
            return _measure(run, path, runs, first, rounds, files)
        finally:
            _native._stop_rounds()
    finally:
        os.unlink(path)


def _runs_of_a_round(run: "Callable[[], None]", seconds: float) -> int:
    """As many as fit by the fastest of a few runs: the first one imports, and a busy machine must not make fewer."""
    for _ in range(3):
        began = time.perf_counter()
        run()
        seconds = min(seconds, time.perf_counter() - began)
    return max(1, min(MOST_RUNS, int(ROUND_SECONDS / max(seconds, 1e-6))))


def _start(path: str, called: str) -> None:
    folders = list(site.getsitepackages())
    if site.ENABLE_USER_SITE and site.USER_SITE:
        folders.append(site.USER_SITE)
    try:
        _native._start_rounds(path, called, [os.path.dirname(os.__file__)], folders)
    except RuntimeError as error:
        raise NotRecorded(str(error)) from None


def _measure(
    run: "Callable[[], None]",
    path: str,
    runs: int,
    first: int,
    rounds: Optional[int],
    files: "Optional[_left_files.Made]",
) -> Judged:
    settling = Settling()
    _native._begin_rounds()
    # One round more: what the following of blocks itself needs is there before the first look.
    _round(run, runs, settling)
    _look(0)
    interned = _names.interned_for_ever()
    done = 0
    while True:
        for _ in range(first if done == 0 else MOST_ROUNDS - done):
            _round(run, runs, settling)
            done += 1
            _look(done * runs)
        gained = (_names.interned_for_ever() - interned) / (done * runs)
        judged, is_certain = _judged(path, done, runs, gained)
        if rounds or is_certain or done >= MOST_ROUNDS or not judged.is_worth_more():
            break
        # Not kept over the next rounds: they are followed block by block.
        del judged
    # Last, since these take calls of their own, which are no round.
    lost = [one.data for one in judged.findings if one.data["kind"] == "refcount"]
    if lost:
        _lost.write(run, settling.wait, [filling["type_name"] for one in lost for filling in one["filled_with"]])
    if files is not None:
        _left_files.write(run, settling.wait, files)
    if lost or files is not None:
        judged, _ = _judged(path, done, runs, gained)
    return judged


def _judged(path: str, done: int, runs: int, interned_a_run: float) -> "tuple[Judged, bool]":
    """What the recording says, and whether more rounds would say the same."""
    document, texts, is_certain = _native._judge_rounds(path, done, WIDTH)
    return Judged(_findings(document, texts), done * runs, interned_a_run), is_certain


def _round(run: "Callable[[], None]", runs: int, settling: Settling) -> None:
    for _ in range(runs):
        run()
    settling.wait()


def _look(runs: int) -> None:
    # Before the look, unlike in `unfreed check`: cycles that wait for the collector are no leak of a test.
    gc.collect()
    try:
        _native._look()
        _native._end_round(runs, gc.isenabled())
    except RuntimeError as error:
        raise NotRecorded(str(error)) from None


def _findings(document: str, texts: "list[str]") -> "list[Finding]":
    found = []
    for data, text in zip(json.loads(document)["findings"], texts):
        rate = data["growth"]["bytes_per_second"]
        found.append(Finding(data["id"], data["severity"], data["title"], text.rstrip(), rate, data))
    return found
