"""What an object and its parts weigh, as a tree."""

from typing import Any

from unfreed.compat.pympler.naming import name_of
from unfreed.compat.pympler.sizing import Sized

_FIELDS = ("name", "size", "flat")


class Asized:
    """An object's `size` with what it leads to, its `flat` size alone, its `name`, and its parts in `refs`."""

    __slots__ = ("flat", "name", "refs", "size")

    def __init__(self, size: int, flat: int, refs: "tuple[Asized, ...]" = (), name: Any = None) -> None:
        self.size = size
        self.flat = flat
        self.name = name
        self.refs = tuple(refs)

    def __str__(self) -> str:
        return "size %r, flat %r, refs[%d], name %r" % (self.size, self.flat, len(self.refs), self.name)

    def format(
        self,
        format: str = "%(name)s size=%(size)d flat=%(flat)d",
        depth: int = -1,
        order_by: str = "size",
        indent: str = "",
    ) -> str:
        """A line for it, and below it those of its parts, `depth` levels of them, -1 for all.

        `format` has the fields `name`, `size` and `flat`; `order_by` is one of these, sizes with the largest first.
        """
        if order_by not in _FIELDS:
            raise AttributeError("'Asized' object has no attribute %r" % order_by)
        lines = []
        # A stack, not a call for each level: parts go as deep as the objects do.
        waiting = [(self, depth, indent)]
        while waiting:
            one, levels, before = waiting.pop()
            lines.append(before + format % {"name": one.name, "size": one.size, "flat": one.flat})
            if levels:
                below = sorted(one.refs, key=lambda part: part._key(order_by))
                waiting.extend((part, levels - 1, before + "    ") for part in reversed(below))
        return "\n".join(lines)

    def _key(self, order_by: str) -> Any:
        value = getattr(self, order_by)
        return str(value) if order_by == "name" else -value

    def get(self, name: str, dflt: Any = None) -> Any:
        """The part with this name, or with this name before its value; else `dflt`."""
        for part in self.refs:
            if part.name == name:
                return part
        return dflt


def tree(sized: Sized, detail: int, clip: int) -> "list[Asized]":
    """An `Asized` for each object that was given, with its parts `detail` references far."""
    parts: dict[int, list[Asized]] = {}
    made: list[Asized] = []
    for at in range(len(sized.objects) - 1, -1, -1):
        depth, parent = sized.depths[at], sized.parents[at]
        if depth > detail or (parent >= 0 and sized.depths[parent] >= detail):
            continue
        name = sized.names[at] or name_of(sized.objects[at], clip)
        one = Asized(sized.total[at], sized.flat[at], tuple(reversed(parts.pop(at, []))), name)
        if parent < 0:
            made.append(one)
        else:
            parts.setdefault(parent, []).append(one)
    return made[::-1]
