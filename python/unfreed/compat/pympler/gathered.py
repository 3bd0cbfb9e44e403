"""What a `ClassTracker` found: loaded, saved, sorted and added up."""

import pickle
import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Optional, TypeVar, Union

from unfreed.compat.pympler.asized import Asized

if TYPE_CHECKING:
    from unfreed.compat.pympler.classtracker import ClassTracker, Snapshot
    from unfreed.compat.pympler.tracked import TrackedObject, Trace

_FOREVER = float("inf")
_Self = TypeVar("_Self", bound="Stats")


def _ref2key(ref: Asized) -> str:
    """A part's name without what its value was."""
    return str(ref.name).split(":")[0]


def _merge_asized(base: Asized, other: Asized) -> None:
    """Adds sizes, and those of parts with the same names."""
    waiting = [(base, other)]
    while waiting:
        into, one = waiting.pop()
        into.size += one.size
        into.flat += one.flat
        parts = {_ref2key(part): part for part in into.refs}
        for part in one.refs:
            key = _ref2key(part)
            if key not in parts:
                parts[key] = Asized(0, 0, name=key)
            waiting.append((parts[key], part))
        into.refs = tuple(parts.values())


def format_trace(trace: "Trace") -> str:
    """The lines of a stack, the outermost first."""
    lines = []
    for file, line, function, code, _ in trace:
        if code:
            lines.append("    %s\n" % code[0].strip())
        lines.append("  %s: %3d in %s\n" % (file, line, function))
    return "".join(lines)


class Stats:
    """What a tracker found, or what was saved of it: `index` has the objects by name, `snapshots` the snapshots,
    `sorted` the objects in order."""

    def __init__(
        self,
        tracker: "Optional[ClassTracker]" = None,
        filename: "Optional[str]" = None,
        stream: "Optional[IO[str]]" = None,
    ) -> None:
        self.stream: IO[str] = stream or sys.stdout
        self.tracker = tracker
        self.index: dict[str, list[TrackedObject]] = {}
        self.snapshots: list[Snapshot] = []
        self.sorted: list[TrackedObject] = []
        if tracker is not None:
            self.index, self.snapshots = tracker.index, tracker.snapshots
        if filename is not None:
            self.load_stats(filename)

    def load_stats(self, fdump: "Union[str, IO[bytes]]") -> None:
        """Reads what `dump_stats` wrote, from a file or from one of this name. It is a pickle: read your own only."""
        if isinstance(fdump, str):
            with open(fdump, "rb") as file:
                self.index, self.snapshots = pickle.load(file)
        else:
            self.index, self.snapshots = pickle.load(fdump)
        self.sorted = []

    def dump_stats(self, fdump: "Union[str, IO[bytes]]", close: bool = True) -> None:
        """Writes it to a file, which is closed unless told otherwise, or to one of this name."""
        file = open(fdump, "wb") if isinstance(fdump, str) else fdump
        try:
            pickle.dump((dict(self.index), list(self.snapshots)), file, protocol=pickle.HIGHEST_PROTOCOL)
        finally:
            if close:
                file.close()

    def _init_sort(self) -> None:
        if not self.sorted:
            self.sort_stats("classname", "birth")

    def sort_stats(self: _Self, *args: str) -> _Self:
        """Sorts by one or several of `classname`, `name`, `birth`, `death`, `repr`, and, the largest first, `size` and
        `tsize`: the size when all were largest. Raises `ValueError` for others. Returns itself."""
        keys = self._keys()
        for name in args:
            if name not in keys:
                raise ValueError("Invalid sort criteria")
        objects = []
        for name, followed in list(self.index.items()):
            for one in list(followed):
                one.classname = name
                objects.append(one)
        self.sorted = sorted(objects, key=lambda one: tuple(keys[name](one) for name in args))
        return self

    def _keys(self) -> "dict[str, Callable[[TrackedObject], Any]]":
        largest = max(self.snapshots, key=lambda snapshot: snapshot.tracked_total, default=None)
        at = largest.timestamp if largest is not None else 0.0
        return {
            "classname": lambda one: one.classname,
            "name": lambda one: one.classname,
            "birth": lambda one: one.birth,
            "death": lambda one: _FOREVER if one.death is None else one.death,
            "repr": lambda one: one.repr,
            "size": lambda one: -one.get_max_size(),
            "tsize": lambda one: -one.get_size_at_time(at),
        }

    def reverse_order(self: _Self) -> _Self:
        """Turns `sorted` around. Returns itself."""
        self._init_sort()
        self.sorted.reverse()
        return self

    def annotate(self) -> None:
        """Adds to each snapshot what there was by class."""
        for snapshot in self.snapshots:
            self.annotate_snapshot(snapshot)

    def annotate_snapshot(self, snapshot: "Snapshot") -> "dict[str, dict[str, Any]]":
        """By class: bytes (`sum`, `avg`), percentage of the process (`pct`), objects (`active`), and their sizes with
        parts added up (`merged`). They are in `snapshot.classes` from then on."""
        if snapshot.classes is None:
            snapshot.classes = {name: self._of_class(name, snapshot) for name in list(self.index)}
        return snapshot.classes

    def _of_class(self, name: str, snapshot: "Snapshot") -> "dict[str, Any]":
        at = snapshot.timestamp
        merged = Asized(0, 0)
        active = 0
        for one in list(self.index[name]):
            if one.birth < at and (one.death is None or one.death > at):
                active += 1
            for timestamp, size in one.snapshots:
                if timestamp == at:
                    _merge_asized(merged, size)
        total = snapshot.total
        return {
            "sum": merged.size,
            "avg": merged.size / active if active else 0,
            "pct": merged.size * 100.0 / total if total else 0,
            "active": active,
            "merged": merged,
        }

    @property
    def tracked_classes(self) -> "list[str]":
        """Names of all classes in any snapshot."""
        self.annotate()
        return sorted({name for snapshot in self.snapshots for name in (snapshot.classes or ())})


def by_size(refs: "tuple[Asized, ...]") -> "list[Asized]":
    """The largest first."""
    return sorted(refs, key=lambda part: -part.size)
