"""Instances of a class over time, and who made them: `unfreed.watch(cls)`.

The class is not touched: where an instance began is known from its block, which the collector in the crates follows.
"""

import time
import weakref
from typing import Any, NamedTuple

from unfreed import _live, _native
from unfreed._answers import Answer
from unfreed._classes import full_name
from unfreed._track import Stacks, TrackedFrame, amount, note_levels, place

COLUMNS = {"made_at": "text", "alive": "count", "bytes": "bytes", "born": "count", "died": "count", "oldest_s": "number"}
BEFORE = "before the watch"


class Origin(NamedTuple):
    """Where instances began, and what became of them."""

    stack: "tuple[TrackedFrame, ...]"
    """Innermost first; empty for those that are older than the watch."""
    alive: int
    """Instances now."""
    bytes: int
    """Bytes of their own blocks, without what they refer to."""
    born: int
    """Of those: began since the look before."""
    died: int
    """Instances that the look before saw, and that are gone. Those that began and ended between two looks are in neither."""
    oldest_seconds: float
    """Age of the oldest that is alive, rounded down to a look."""


class Instances(Answer):
    """What a look at a watched class saw, by where instances were made. Rows: `made_at`, `alive`, `bytes`, `born`,
    `died` (since the look before), `oldest_s`."""

    def __init__(self, name: str, origins: "list[Origin]") -> None:
        self.origins = origins
        """Most instances first."""
        rows: "list[dict[str, Any]]" = [
            {
                "made_at": place(one.stack) if one.stack else BEFORE,
                "alive": one.alive,
                "bytes": one.bytes,
                "born": one.born,
                "died": one.died,
                "oldest_s": round(one.oldest_seconds, 1),
            }
            for one in origins
        ]
        heading = "%d instances of %s are alive: %d more than at the look before, %d of those then are gone" % (
            self.alive,
            name,
            sum(one.born - one.died for one in origins),
            sum(one.died for one in origins),
        )
        columns = [{"name": column, "unit": unit} for column, unit in COLUMNS.items()]
        document = {"answer": heading, "columns": columns, "rows": rows}
        super().__init__("\n".join([heading, *map(_line, rows)]), document)

    @property
    def alive(self) -> int:
        """Instances now."""
        return sum(one.alive for one in self.origins)


def _line(row: "dict[str, Any]") -> str:
    figures = (row["alive"], amount(row["bytes"]), row["born"], row["died"], row["oldest_s"], row["made_at"])
    return "%9d alive %10s  %7d born %7d died  oldest %8.1f s  %s" % figures


class _Seen(NamedTuple):
    """An instance at a look: what tells it from another at its address, and where it counts."""

    epoch: int
    stack: int


_OLDER = _Seen(-1, 0)
"""Older than the watch."""


class Watch:
    """A watched class: see `unfreed.watch`. As a context manager it stops at the end of the block."""

    _is_on = False

    def __init__(self, cls: type) -> None:
        if not issubclass(type(cls), type):
            raise TypeError("watch() is asked for a class, not for a %s" % full_name(type(cls)))
        self._cls = weakref.ref(cls)
        self._name = full_name(cls)
        self._seen: "dict[int, _Seen]" = {}
        self._frames: "dict[int, tuple[TrackedFrame, ...]]" = {0: ()}
        self._times: "dict[int, float]" = {}
        look = _native._begin_part()
        note_levels(look)
        self._begin_epoch(look[0])
        self._is_on = True
        self._seen.update((id(one), _OLDER) for one in _live.instances(cls))

    def look(self) -> Instances:
        """What there is now, and what changed since the look before (the first: since the beginning).

        Raises `RuntimeError` when the watch has stopped.
        """
        cls = self._cls()
        if not self._is_on:
            raise RuntimeError("the watch of %s has stopped" % self._name)
        found = _live.instances(cls) if cls is not None else []
        ids = [id(one) for one in found]
        births = _native._births(ids)
        older = [one for one, birth in zip(ids, births) if not birth]
        own = _native._sizes(older, False, [])[0]
        # Only now: an address may be another's as soon as its object is gone.
        del found, cls
        looked = _native._look_at_part()
        if looked is None:
            raise RuntimeError("the watch of %s has stopped" % self._name)
        note_levels(looked)
        now = {one: _Seen(*birth[1:]) if birth else _OLDER for one, birth in zip(ids, births)}
        sizes = {one: birth[0] for one, birth in zip(ids, births) if birth}
        sizes.update(zip(older, own))
        self._learn(Stacks(looked[2], looked[3]), now)
        answer = Instances(self._name, self._origins(self._seen, now, sizes))
        self._seen = now
        self._begin_epoch(looked[0])
        return answer

    def stop(self) -> None:
        """Ends the watch, and the following of blocks with it."""
        if self._is_on:
            self._is_on = False
            look = _native._end_part()
            if look is not None:
                note_levels(look)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def __del__(self) -> None:
        self.stop()

    def _begin_epoch(self, epoch: int) -> None:
        self._times[epoch] = time.monotonic()

    def _learn(self, stacks: Stacks, now: "dict[int, _Seen]") -> None:
        for seen in now.values():
            if seen.stack not in self._frames:
                self._frames[seen.stack] = stacks.frames(seen.stack)

    def _origins(self, before: "dict[int, _Seen]", now: "dict[int, _Seen]", sizes: "dict[int, int]") -> "list[Origin]":
        clock = time.monotonic()
        sums: "dict[int, list[Any]]" = {}
        for one, seen in now.items():
            figures = sums.setdefault(seen.stack, [0, 0, 0, 0, 0.0])
            figures[0] += 1
            figures[1] += sizes.get(one, 0)
            figures[2] += before.get(one) != seen
            figures[4] = max(figures[4], clock - self._born_before(seen.epoch))
        for one, seen in before.items():
            if now.get(one) != seen:
                sums.setdefault(seen.stack, [0, 0, 0, 0, 0.0])[3] += 1
        origins = [Origin(self._frames[stack], *figures) for stack, figures in sums.items()]
        return sorted(origins, key=lambda one: (-one.alive, -one.died, one.stack))

    def _born_before(self, epoch: int) -> float:
        """When the epoch had ended; for the running one, now; for what is older than the watch, its beginning."""
        later = [at for number, at in self._times.items() if number > epoch]
        return min(later) if later else time.monotonic()
