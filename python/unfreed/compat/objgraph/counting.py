"""How many objects of which type there are, which are new, and where they are.

Only numbers and texts are kept between calls, outside of Python's heap as far as callers do not get them in hands, so
that no table shows what an earlier table left.
"""

import gc
import json
import sys
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import islice
from operator import itemgetter
from typing import Any, Callable, Optional, TextIO

from unfreed import _live, _native
from unfreed.compat.objgraph.labels import _long_typename, _short_typename

_Filter = Optional[Callable[[Any], object]]
_Growth = list[tuple[str, int, int]]
_PEAKS = "objgraph peaks"
_IDS = "objgraph ids"
_AT_ONCE = 1000
_IN_C = "C code ›"
"""How paths begin whose first holder is no object, frame or known place."""
_namespace = type.__dict__["__dict__"].__get__
_SMALL_INTEGERS = 256
"""Numbers up to this one exist once for all."""
_NAMES: "set[str]" = set()
"""Names of types that were told once."""


def count(typename: str, objects: "Iterable[Any] | None" = None) -> int:
    """How many objects there are whose class has this name, with its module or without.

    >>> count('dict') > 0
    True
    """
    return len(by_type(typename, objects))


def by_type(typename: str, objects: "Iterable[Any] | None" = None) -> "list[Any]":
    """The objects whose class has this name, with its module or without."""
    objects = _live.get_objects() if objects is None else list(objects)
    name = _long_typename if "." in typename else _short_typename
    wanted: dict[int, bool] = {}
    found = []
    for obj in objects:
        kind = id(type(obj))
        if kind not in wanted:
            wanted[kind] = name(obj) == typename
        if wanted[kind]:
            found.append(obj)
    return found


def typestats(
    objects: "Iterable[Any] | None" = None, shortnames: bool = True, filter: _Filter = None
) -> "dict[str, int]":
    """Number of objects by the name of their type; of those for which `filter(obj)` is true."""
    return _typestats(_live.get_objects() if objects is None else list(objects), shortnames, filter)


def _typestats(objects: "list[Any]", shortnames: bool, filter: _Filter) -> "dict[str, int]":
    if filter is not None:
        objects = [obj for obj in objects if filter(obj)]
    # By the type itself: a metaclass may have an `__eq__` that raises. Not by `Counter`: it asks abstract classes, and
    # they remember what they were asked.
    numbers: dict[int, int] = {}
    for kind in map(id, map(type, objects)):
        numbers[kind] = numbers.get(kind, 0) + 1
    examples = dict(zip(map(id, map(type, objects)), objects))
    stats: dict[str, int] = {}
    for kind, number in numbers.items():
        called = _called(examples[kind], shortnames)
        stats[called] = stats.get(called, 0) + number
    return stats


def _called(obj: object, shortnames: bool) -> str:
    return sys.intern(_short_typename(obj) if shortnames else _long_typename(obj))


def _look(shortnames: bool) -> "list[Any]":
    """All objects, garbage collected first; names of their types, which callers keep, were made before it."""
    gc.collect()
    objects = _live.get_objects()
    examples = dict(zip(map(id, map(type, objects)), objects))
    # No comprehension here, nor in callers: its variable would be an object of its own, there and gone with each look.
    known = len(_NAMES)
    for obj in examples.values():
        _NAMES.add(_called(obj, shortnames))
    if len(_NAMES) > known:
        del examples, objects, obj
        objects = _live.get_objects()
    return objects


def most_common_types(
    limit: "int | None" = 10,
    objects: "Iterable[Any] | None" = None,
    shortnames: bool = True,
    filter: _Filter = None,
) -> "list[tuple[str, int]]":
    """Names of types and numbers of their objects, the most first; all of them with `limit=None`."""
    stats = typestats(objects, shortnames, filter)
    ordered = sorted(stats.items(), key=lambda row: row[1], reverse=True)
    return ordered[:limit] if limit else ordered


def show_most_common_types(
    limit: "int | None" = 10,
    objects: "Iterable[Any] | None" = None,
    shortnames: bool = True,
    file: "TextIO | None" = None,
    filter: _Filter = None,
) -> None:
    """Prints `most_common_types`."""
    stats = most_common_types(limit, objects, shortnames, filter)
    file = sys.stdout if file is None else file
    width = max((len(name) for name, _ in stats), default=0)
    for name, number in stats:
        file.write("%-*s %i\n" % (width, name, number))


def growth(
    limit: "int | None" = 10,
    peak_stats: "dict[str, int] | None" = None,
    shortnames: bool = True,
    filter: _Filter = None,
) -> _Growth:
    """What there is more of than at any call before: (type, number, how many more), the largest increase first.

    `peak_stats` is the caller's own memory of peaks, which is read and written; without it there is one for all calls.
    Garbage is collected first, so that what is told is what stays.
    """
    objects = _look(shortnames)
    if peak_stats is None:
        peaks = _remembered()
    else:
        peaks = peak_stats
        objects = _without_numbers(objects, peaks)
    stats = _typestats(objects, shortnames, filter)
    del objects
    deltas = []
    for name, number in stats.items():
        more = number - peaks.get(name, 0)
        if more > 0:
            deltas.append((name, number, more))
            peaks[name] = number
    if peak_stats is None:
        _native._remember(_PEAKS, json.dumps(peaks).encode())
    deltas.sort(key=lambda row: row[2], reverse=True)
    return deltas[:limit] if limit else deltas


def _remembered() -> "dict[str, int]":
    """Peaks of earlier calls. Calls that overlap would tell each other's growth anyway."""
    peaks: dict[str, int] = json.loads(_native._remember(_PEAKS, b"{}") or b"{}")
    return peaks


def _without_numbers(objects: "list[Any]", peaks: "dict[str, int]") -> "list[Any]":
    """What a caller's memory of peaks adds to the heap is no growth."""
    own = {id(number) for number in peaks.values() if number > _SMALL_INTEGERS}
    return [obj for obj in objects if id(obj) not in own]


def show_growth(
    limit: "int | None" = 10,
    peak_stats: "dict[str, int] | None" = None,
    shortnames: bool = True,
    file: "TextIO | None" = None,
    filter: _Filter = None,
) -> None:
    """Prints `growth`, or nothing when there is none."""
    rows = growth(limit, peak_stats, shortnames, filter)
    file = sys.stdout if file is None else file
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, number, more in rows:
        file.write("%-*s%9d %+9d\n" % (width, name, number, more))


class _New:
    """What `get_new_ids` said last; the next call writes it over."""

    ids: "defaultdict[str, set[int]]" = defaultdict(set)
    shortnames = True


def get_new_ids(
    skip_update: bool = False,
    limit: "int | None" = 10,
    sortby: str = "deltas",
    shortnames: "bool | None" = None,
    file: "TextIO | None" = None,
) -> "dict[str, set[int]]":
    """The `id()`s, by type, of objects that were not there at the last call; and prints a table, `limit` rows of it.

    With `skip_update`, what the last call said. `sortby` is `old`, `current`, `new` or `deltas`. `shortnames` holds for
    later calls as well. An object that took the place of one that was freed has its `id()`, and is not new.
    """
    ids_by_type = _New.ids
    if skip_update:
        return ids_by_type
    if shortnames is not None:
        _New.shortnames = shortnames
    order = ("old", "current", "new", "deltas").index(sortby) + 1
    current = _ids(_New.shortnames)
    before = _ids_before()
    _native._remember(_IDS, _written(current))
    rows = _compare(before, current, ids_by_type)
    rows.sort(key=itemgetter(order, 2), reverse=True)
    if limit != 0:
        _print_ids(rows[:limit] if limit else rows, sys.stdout if file is None else file)
    return ids_by_type


def _compare(
    before: "dict[str, array[int]]", current: "dict[str, array[int]]", into: "dict[str, set[int]]"
) -> "list[tuple[str, int, int, int, int]]":
    into.clear()
    rows = []
    for name, ids in current.items():
        old = before.get(name) or array("Q")
        new = set(ids).difference(old)
        if new:
            into[name] = new
        rows.append((name, len(old), len(ids), len(new), len(ids) - len(old)))
    rows.extend((name, len(old), 0, 0, -len(old)) for name, old in before.items() if name not in current)
    return rows


def _print_ids(rows: "list[tuple[str, int, int, int, int]]", file: TextIO) -> None:
    width = max((len(row[0]) for row in rows), default=1)
    line = "=" * (width + 13 * 4)
    heads = (width, "Type", "Old_ids", "Current_ids", "New_ids", "Count_Deltas")
    lines = [line, "%-*s%13s%13s%13s%13s" % heads, line]
    lines.extend("%-*s%13d%13d%+13d%+13d" % (width, *row) for row in rows)
    file.write("\n".join([*lines, line, ""]))


def _ids(shortnames: bool) -> "dict[str, array[int]]":
    objects = _look(shortnames)
    own = set()
    for ids in _New.ids.values():
        own.add(id(ids))
        own.update(map(id, ids))
    names: dict[int, array[int]] = {}
    found: dict[str, array[int]] = {}
    for obj in objects:
        kind = id(type(obj))
        if kind not in names:
            names[kind] = found.setdefault(_called(obj, shortnames), array("Q"))
        if id(obj) not in own:
            names[kind].append(id(obj))
    return found


def _written(ids: "dict[str, array[int]]") -> bytes:
    head = json.dumps([(name, len(each)) for name, each in ids.items()]).encode()
    return b"".join([array("Q", [len(head)]).tobytes(), head, *(each.tobytes() for each in ids.values())])


def _ids_before() -> "dict[str, array[int]]":
    written = _native._remember(_IDS, b"")
    if not written:
        return {}
    length = array("Q", written[:8])[0]
    found, start = {}, 8 + length
    for name, number in json.loads(written[8:start]):
        found[name] = array("Q", written[start : start + 8 * number])
        start += 8 * number
    return found


def at(addr: int) -> Any:
    """The object with this `id()`; `None` if there is none."""
    return next(iter(at_addrs({addr})), None)


def at_addrs(address_set: "Collection[int]") -> "list[Any]":
    """The objects with these `id()`s, those that there are, in any order."""
    return [obj for obj in _live.get_objects() if id(obj) in address_set]


def get_leaking_objects(objects: "Iterable[Any] | None" = None) -> "list[Any]":
    """Objects that no other object refers to and that nothing known holds: no running function, no thread, no state of
    the interpreter. C code keeps such an object, or lost a reference to it.

    With `objects`, those of them.
    """
    gc.collect()
    everything = gc.get_objects()
    among = everything if objects is None else list(objects)
    passed_on = {id(among), id(objects)}
    held: set[int] = set()
    waiting = iter(everything)
    while some := [obj for obj in islice(waiting, _AT_ONCE) if id(obj) not in passed_on]:
        held.update(map(id, _live.collector_referents(*some)))
    # Classes of C code are not tracked, and do not tell of their namespaces.
    for kind in [obj for obj in _live.get_objects() if issubclass(type(obj), type)]:
        held.update(map(id, _live.collector_referents(_namespace(kind))))
    left = [obj for obj in among if id(obj) not in held]
    # Lists of ours would be holders.
    del everything, among, waiting, some
    places = _live.places(left)
    return [obj for obj in left if _is_lost(places[id(obj)], objects is not None)]


def _is_lost(place: str, is_given: bool) -> bool:
    # Who gives a list has one that refers to them; what held them otherwise by an element was looked at before.
    return not place or place.startswith(_IN_C) or (is_given and place.endswith("]"))
