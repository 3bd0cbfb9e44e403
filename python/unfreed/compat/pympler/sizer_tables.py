"""The statistics that an `Asizer` prints: texts and numbers, made while the objects are at hand."""

from dataclasses import dataclass, field
from typing import Any

from unfreed.compat.pympler.kinds import basic_size, is_built_in, item_size, long_name
from unfreed.compat.pympler.measures import length
from unfreed.compat.pympler.naming import Attributes, text_of
from unfreed.compat.pympler.sizing import Sized

_UNITS = ("KiB", "MiB", "GiB", "TiB")
_STEP = 1024.0


def plural(number: int) -> str:
    """What a noun ends with."""
    return "" if number == 1 else "s"


def in_units(number: int) -> str:
    """` or 20.2 KiB`; nothing for less than one."""
    value, unit = float(number), ""
    for unit in _UNITS:
        value /= _STEP
        if value < _STEP:
            break
    return " or %.1f %s" % (value, unit) if number >= _STEP else ""


def in_bytes(number: int, width: int = 0) -> str:
    """`20680 bytes or 20.2 KiB`."""
    return "%*d byte%s%s" % (width, number, plural(number), in_units(number))


@dataclass
class _Rank:
    size: int
    text: str
    at: int
    depth: int
    parent: int


@dataclass
class _Profile:
    kind: str
    number: int = 0
    total: int = 0
    high: int = 0
    text: str = ""


@dataclass
class Tables:
    """What is printed, so far."""

    ranks: "list[_Rank]" = field(default_factory=list)
    by_type: "dict[str, _Profile]" = field(default_factory=dict)
    known: "dict[str, tuple[int, int, bool]]" = field(default_factory=dict)

    def add(self, sized: Sized, above: int, clip: int) -> None:
        """Takes over what was sized."""
        offset = len(self.ranks)
        place: dict[int, int] = {}
        largest: dict[str, int] = {}
        for at, obj in enumerate(sized.objects):
            if not sized.counted[at]:
                continue
            kind = dict if type(obj) is Attributes else type(obj)
            name = long_name(kind)
            self.known[name] = (basic_size(kind), item_size(kind), is_built_in(kind))
            profile = self.by_type.setdefault(name, _Profile(name))
            profile.number += 1
            profile.total += sized.flat[at]
            if sized.flat[at] > profile.high:
                profile.high = sized.flat[at]
                largest[name] = at
            if sized.total[at] > above:
                place[at] = offset + len(place)
                text = "class %s: %s" % (name, _described(obj, clip))
                parent = place.get(sized.parents[at], -1)
                self.ranks.append(_Rank(sized.total[at], text, place[at], sized.depths[at], parent))
        for name, at in largest.items():
            self.by_type[name].text = _described(sized.objects[at], clip)

    def largest(self, width: int, cutoff: int, above: int) -> "list[str]":
        """The largest objects, with what they lead to."""
        shown = sorted(self.ranks, key=lambda rank: -rank.size)[:cutoff]
        if not shown:
            return []
        number = len(shown)
        heading = "%*d largest object%s (of %d over %s)"
        lines = ["", heading % (width, number, plural(number), len(self.ranks), in_bytes(above))]
        for rank in shown:
            place = ", ix %d" % rank.at
            if rank.depth:
                place += " (at %d)" % rank.depth
            if rank.parent >= 0:
                place += ", pix %d" % rank.parent
            lines.append("%s: %s%s" % (in_bytes(rank.size, width), rank.text, place))
        return lines

    def profiles(self, width: int, cutoff: int, total: int) -> "list[str]":
        """Types by the bytes of their objects alone."""
        ordered = sorted(self.by_type.values(), key=lambda profile: -profile.total)
        shown = [profile for profile in ordered if profile.total * 100 >= cutoff * total]
        if not shown:
            return []
        heading = "%*d profile%s:  total (%% of grand total), average, and largest flat size:  largest object"
        lines = ["", heading % (width, len(shown), plural(len(shown)))]
        for one in shown:
            share = " (%d%%)" % round(one.total * 100 / total) if total else ""
            what = "%*d class %s object%s" % (width, one.number, one.kind, plural(one.number))
            high = "%d%s" % (one.high, in_units(one.high))
            bytes_ = "%d%s%s, %d, %s" % (one.total, in_units(one.total), share, one.total // one.number, high)
            lines.append("%s:  %s:  %s" % (what, bytes_, one.text))
        return lines

    def types(self, width: int) -> "list[str]":
        """What is known of the types: those that were made while the program ran, and those that were compiled."""
        lines = []
        for title, built_in in (("dynamic", False), ("static", True)):
            rows = [(name, facts) for name, facts in sorted(self.known.items()) if facts[2] is built_in]
            if rows:
                heading = "%*d %s type%s:  basicsize, itemsize"
                lines += ["", heading % (width, len(rows), title, plural(len(rows)))]
                lines += ["%*s class %s:  %d, %d" % (width, "", name, facts[0], facts[1]) for name, facts in rows]
        return lines


def _described(obj: Any, clip: int) -> str:
    if type(obj) is Attributes:
        return text_of(obj.values, clip)
    items = length(obj)
    return text_of(obj, clip) + ("" if items is None else " leng %d" % items)


def heading(
    objs: Any, opts: "dict[str, Any]", sized: Any, sizes: Any, clip: int, width: int
) -> "list[str]":
    """What was asked, and what was answered for each object."""
    options = "".join(", %s=%r" % pair for pair in sorted(opts.items()))
    if sized:
        lines = ["", "asized(...%s) ..." % options]
        return lines + ["%*d: %s" % (width - 1, at, one) for at, one in enumerate(sized)]
    if len(sizes) > 1:
        lines = ["", "asizesof(...%s) ..." % options]
        return lines + ["%s:  %s" % (in_bytes(one, width), text_of(obj, clip)) for one, obj in zip(sizes, objs)]
    return ["", "asizeof(%s%s) ..." % (text_of(objs, clip), options)]
