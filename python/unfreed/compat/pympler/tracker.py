"""What came and went between two looks at the heap: by type, or as the objects themselves."""

from collections.abc import Iterable, Iterator
from typing import Any, Optional

from unfreed.compat.pympler import muppy, summary
from unfreed.compat.pympler.kinds import is_a
from unfreed.compat.pympler.summary import Row

_SMALL_INTEGERS = 256
"""Numbers up to this one exist once for all."""


class _Summary(list[Row]):
    """A summary that a tracker made. Later summaries leave it out for as long as anybody keeps it."""

    __slots__ = ()


class SummaryTracker:
    """Tells what changed, by type, since it was made or last asked.

    With `ignore_self`, neither the tracker nor any summary of a tracker is part of what it tells. `s0` is the newest
    summary, `summaries` are those that `store_summary` keeps.
    """

    def __init__(self, ignore_self: bool = True) -> None:
        self.ignore_self = ignore_self
        self.summaries: dict[Any, list[Row]] = {}
        self.s0: list[Row] = self.create_summary()

    def create_summary(self) -> "list[Row]":
        """Rows `[type, number, bytes]` of all objects that there are now."""
        objects = muppy.get_objects()
        if self.ignore_self:
            own = self._own(objects)
            objects = [one for one in objects if id(one) not in own]
            del own
        return _Summary(summary.summarize(objects))

    def _own(self, objects: "list[Any]") -> "set[int]":
        """`id()`s of what trackers have."""
        own = {id(self), id(self.__dict__), id(self.summaries)}
        for made in [one for one in objects if type(one) is _Summary]:
            own.add(id(made))
            for row in made:
                own.add(id(row))
                own.update(id(cell) for cell in row if is_a(cell, str) or cell > _SMALL_INTEGERS or cell < 0)
        return own

    def diff(self, summary1: "Optional[list[Row]]" = None, summary2: "Optional[list[Row]]" = None) -> "list[Row]":
        """Rows of what changed: between two summaries, from one until now, or since the tracker was asked last."""
        if summary1 is None and summary2 is not None:
            raise ValueError("You cannot provide summary2 without summary1.")
        if summary2 is None:
            before = self.s0 if summary1 is None else summary1
            self.s0 = summary2 = self.create_summary()
        else:
            assert summary1 is not None
            before = summary1
        return summary._sweep(summary.get_diff(before, summary2))

    def print_diff(
        self, summary1: "Optional[list[Row]]" = None, summary2: "Optional[list[Row]]" = None
    ) -> None:
        """Prints `diff`."""
        for line in self.format_diff(summary1, summary2):
            print(line)

    def format_diff(
        self, summary1: "Optional[list[Row]]" = None, summary2: "Optional[list[Row]]" = None
    ) -> "Iterator[str]":
        """The lines that `print_diff` prints."""
        return summary.format_(self.diff(summary1, summary2))

    def store_summary(self, key: Any) -> None:
        """Keeps a summary of now in `summaries`."""
        self.summaries[key] = self.create_summary()


class ObjectTracker:
    """Tells which objects came and went since it was made or last asked.

    It has to keep every object that there is, so that it can hand out those that would be gone: nothing is freed while
    there is one. `SummaryTracker` keeps texts and numbers only.
    """

    def __init__(self) -> None:
        self.o0 = self._get_objects()

    def _get_objects(self, ignore: "Iterable[Any]" = ()) -> "list[Any]":
        """All objects but frames, this tracker and what it keeps, and those to ignore."""
        # Before there is anything to skip, which would be among them.
        objects = muppy.get_objects()
        skipped = {id(self), id(self.__dict__), id(getattr(self, "o0", objects)), id(ignore), *map(id, ignore)}
        return [one for one in objects if id(one) not in skipped]

    def get_diff(self, ignore: "Iterable[Any]" = ()) -> "dict[str, list[Any]]":
        """`{'+': new objects, '-': those that nobody but the tracker had}`."""
        now = self._get_objects(ignore)
        told = muppy.get_diff(self.o0, now)
        self.o0 = now
        return told

    def print_diff(self, ignore: "Iterable[Any]" = ()) -> None:
        """Prints what came and what went, by type."""
        for line in self.format_diff(ignore):
            print(line)

    def format_diff(self, ignore: "Iterable[Any]" = ()) -> "Iterator[str]":
        """The lines that `print_diff` prints."""
        told = self.get_diff(ignore)
        lines = ["Added objects:", *summary.format_(summary.summarize(told["+"]))]
        lines += ["Removed objects:", *summary.format_(summary.summarize(told["-"]))]
        return iter(lines)
