"""What blocks add up to by file, line or traceback: `Statistic` and `StatisticDiff`."""

from typing import Any, Callable

from unfreed.compat.tracemalloc.frames import RawFrames, Traceback
from unfreed.compat.tracemalloc.sizes import format_size
from unfreed.compat.tracemalloc.traces import Runs


class Statistic:
    """Blocks of one place."""

    __slots__ = ("count", "size", "traceback")

    def __init__(self, traceback: Traceback, size: int, count: int) -> None:
        self.traceback = traceback
        """The place."""
        self.size = size
        """Bytes."""
        self.count = count
        """Blocks."""

    def _values(self) -> "tuple[Any, ...]":
        return self.traceback, self.size, self.count

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Statistic) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __str__(self) -> str:
        text = "%s: size=%s, count=%i" % (self.traceback, format_size(self.size), self.count)
        return text + _average(self.size, self.count)

    def __repr__(self) -> str:
        return "<Statistic traceback=%r size=%i count=%i>" % self._values()


class StatisticDiff:
    """Blocks of one place in two snapshots."""

    __slots__ = ("count", "count_diff", "size", "size_diff", "traceback")

    def __init__(self, traceback: Traceback, size: int, size_diff: int, count: int, count_diff: int) -> None:
        self.traceback = traceback
        """The place."""
        self.size = size
        """Bytes in the newer one."""
        self.size_diff = size_diff
        """How many they are more than in the older."""
        self.count = count
        """Blocks in the newer one."""
        self.count_diff = count_diff
        """How many they are more than in the older."""

    def _values(self) -> "tuple[Any, ...]":
        return self.traceback, self.size, self.size_diff, self.count, self.count_diff

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, StatisticDiff) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __str__(self) -> str:
        sizes = "size=%s (%s)" % (format_size(self.size), format_size(self.size_diff, True))
        text = "%s: %s, count=%i (%+i)" % (self.traceback, sizes, self.count, self.count_diff)
        return text + _average(self.size, self.count)

    def __repr__(self) -> str:
        return "<StatisticDiff traceback=%r size=%i (%+i) count=%i (%+i)>" % self._values()


def _average(size: int, count: int) -> str:
    return ", average=%s" % format_size(size / count) if count else ""


def statistics(runs: Runs, key_type: str, cumulative: bool) -> "list[Statistic]":
    """The largest first."""
    sums = _sums(runs, key_type, cumulative)
    found = [Statistic(Traceback(frames), *figures) for frames, figures in sums.items()]
    found.sort(key=lambda one: (one.size, one.count, one.traceback._frames), reverse=True)
    return found


def differences(new: Runs, old: Runs, key_type: str, cumulative: bool) -> "list[StatisticDiff]":
    """What changed most first; what did not change comes last."""
    after = _sums(new, key_type, cumulative)
    before = _sums(old, key_type, cumulative)
    found = []
    for frames, (size, count) in after.items():
        old_size, old_count = before.pop(frames, _NOTHING)
        found.append(StatisticDiff(Traceback(frames), size, size - old_size, count, count - old_count))
    for frames, (old_size, old_count) in before.items():
        found.append(StatisticDiff(Traceback(frames), 0, -old_size, 0, -old_count))
    found.sort(key=_by_change, reverse=True)
    return found


_NOTHING = [0, 0]


def _by_change(one: StatisticDiff) -> "tuple[Any, ...]":
    return abs(one.size_diff), one.size, abs(one.count_diff), one.count, one.traceback._frames


def _sums(runs: Runs, key_type: str, cumulative: bool) -> "dict[RawFrames, list[int]]":
    """Bytes and blocks of each place."""
    if key_type not in _PLACES:
        raise ValueError("unknown key_type: %r" % (key_type,))
    if cumulative and key_type == "traceback":
        raise ValueError("cumulative mode cannot by used with key type %r" % key_type)
    place = _PLACES[key_type]
    sums: dict[RawFrames, list[int]] = {}
    for (_, frames, _), size, count in zip(runs.stacks, *runs.sums()):
        if not count:
            continue
        # A stack with a line twice counts twice there, as in tracemalloc.
        for part in [(frame,) for frame in frames] if cumulative else [frames]:
            known = sums.setdefault(place(part), [0, 0])
            known[0] += size
            known[1] += count
    return sums


_PLACES: "dict[str, Callable[[RawFrames], RawFrames]]" = {
    "traceback": lambda frames: frames,
    "filename": lambda frames: ((frames[0][0], 0),),
    "lineno": lambda frames: frames[:1],
}
