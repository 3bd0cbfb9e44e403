"""How large objects are with what they lead to: each object once, level by level, without recursion.

Level by level, an object counts for what leads to it by the fewest references; and a list of a million nodes that are
linked is an ordinary input.
"""

import sys
import types
from dataclasses import dataclass, field
from gc import get_referents
from typing import Any, Optional

from unfreed.compat.pympler.kinds import flags, is_a, is_tracked, sizes
from unfreed.compat.pympler.naming import Attributes, Reference, named, slots
from unfreed.compat.pympler.referents import Rules, all_weigh, data_of, is_plain, weighs

_HEADER = 16
_MANAGED = 1 << 4
_WITHOUT_DICT = sys.version_info >= (3, 11)
_base_size = object.__sizeof__


@dataclass
class Options:
    """How to size. `limit` is how many references far, `detail` how many of those are told one by one."""

    align: int = 8
    limit: int = sys.maxsize
    detail: int = 0
    clip: int = 80
    rules: Rules = Rules()


@dataclass
class Excluded:
    """What is left out, by `id()`: objects, references to them, and what is of some types."""

    objects: "set[int]" = field(default_factory=set)
    references: "set[int]" = field(default_factory=set)
    types: "set[int]" = field(default_factory=set)

    def has(self, obj: Any, given: bool) -> bool:
        """Whether an object is left out; with `given` one that was asked for by itself."""
        at = id(obj)
        if at in self.objects or (not given and at in self.references):
            return True
        return bool(self.types) and (at in self.types or id(type(obj)) in self.types)


@dataclass
class Sized:
    """What was found: for each object the flat size, the size with what it leads to, the place of what led to it (-1
    for those given), how deep it was found, and its name if it was told."""

    objects: "list[Any]" = field(default_factory=list)
    parents: "list[int]" = field(default_factory=list)
    depths: "list[int]" = field(default_factory=list)
    names: "list[str]" = field(default_factory=list)
    counted: "list[bool]" = field(default_factory=list)
    flat: "list[int]" = field(default_factory=list)
    total: "list[int]" = field(default_factory=list)
    deepest: int = 0

    def add(self, obj: Any, parent: int, depth: int, name: str, counted: bool) -> int:
        """One more; returns its place."""
        self.objects.append(obj)
        self.parents.append(parent)
        self.depths.append(depth)
        self.names.append(name)
        self.counted.append(counted)
        return len(self.objects) - 1


def size(given: "list[Any]", options: Options, excluded: Excluded, seen: "dict[int, int]") -> Sized:
    """Sizes objects. `seen` is how often each `id()` was come across; those in it already are not counted again."""
    search = _Search(options, excluded, seen)
    search.begin(given)
    search.run()
    search.weigh()
    return search.sized


class _Search:
    """One search through what objects lead to."""

    def __init__(self, options: Options, excluded: Excluded, seen: "dict[int, int]") -> None:
        self.sized = Sized()
        self._options = options
        self._excluded = excluded
        self._seen = seen
        # The level that is looked at, and the two after it. They are used again, as a long chain has many.
        self._levels: tuple[list[int], list[int], list[int]] = ([], [], [])
        # By the `id()` of types, which their objects keep meanwhile.
        self._slots: dict[int, list[Any]] = {}
        self._plain: dict[int, bool] = {}
        self._light: dict[int, Optional[bool]] = {}
        self._any_excluded = bool(excluded.objects or excluded.references or excluded.types)

    def begin(self, given: "list[Any]") -> None:
        """Those that are asked for come first, so that each counts for itself."""
        for obj in given:
            counted = not self._excluded.has(obj, True) and self._is_new(obj)
            at = self.sized.add(obj, -1, 0, "", counted)
            if counted:
                self._levels[0].append(at)

    def run(self) -> None:
        """Goes outwards."""
        depth = 0
        while self._levels[0] or self._levels[1] or self._levels[2]:
            level = self._levels[0]
            if level:
                self.sized.deepest = depth
            if depth < self._options.limit:
                if depth < self._options.detail:
                    self._name(level, depth)
                else:
                    self._expand(level, depth)
            level.clear()
            self._levels = (self._levels[1], self._levels[2], level)
            depth += 1

    def _is_new(self, obj: Any) -> bool:
        times = self._seen.get(id(obj), 0)
        self._seen[id(obj)] = times + 1
        return not times

    def _expand(self, level: "list[int]", depth: int) -> None:
        """Finds what the objects of a level lead to."""
        objects, plain = self.sized.objects, self._plain
        for at in level:
            obj = objects[at]
            kind = type(obj)
            known = plain.get(id(kind))
            if known is None:
                known = plain[id(kind)] = kind is not Attributes and is_plain(kind) and not _has_attributes(kind)
            if known:
                self._reach(get_referents(obj), at, depth, 1)
                continue
            near, far = self._referents(obj)
            self._reach(near, at, depth, 1)
            self._reach(far, at, depth, 2)

    def _reach(self, found: "list[Any]", parent: int, depth: int, further: int) -> None:
        """Adds what is new among what an object refers to."""
        depth += further
        if depth > self._options.limit:
            return
        seen, light, level, add = self._seen, self._light, self._levels[further], self.sized.add
        for one in found:
            kind = id(type(one))
            if kind not in light:
                light[kind] = all_weigh(type(one), self._options.rules)
            counts = light[kind]
            if not counts and (counts is False or not weighs(one, self._options.rules)):
                continue
            if self._any_excluded and self._excluded.has(one, False):
                continue
            times = seen.get(id(one), 0)
            seen[id(one)] = times + 1
            if not times:
                level.append(add(one, parent, depth, "", True))

    def _referents(self, obj: Any) -> "tuple[list[Any], list[Any]]":
        """What an object refers to itself, and what it would by its `__dict__`, which is one reference more."""
        if type(obj) is Attributes:
            return list(obj.values.values()), []
        found = data_of(obj, self._options.rules)
        kind = type(obj)
        if not _has_attributes(kind):
            return found, []
        own = self._slot_values(obj, kind)
        far = [one for one in found if id(one) not in own]
        if len(far) == 1 and type(far[0]) is dict:
            return found, []
        return [one for one in found if id(one) in own], far

    def _slot_values(self, obj: Any, kind: type) -> "set[int]":
        if id(kind) not in self._slots:
            self._slots[id(kind)] = slots(kind)
        values = {id(kind)}
        for slot in self._slots[id(kind)]:
            try:
                values.add(id(slot.__get__(obj, kind)))
            except (AttributeError, TypeError):
                continue
        return values

    def _name(self, level: "list[int]", depth: int) -> None:
        """As `_expand`, with the name of each reference, and with those that count elsewhere."""
        sized, rules = self.sized, self._options.rules
        objects = [sized.objects[at] for at in level]
        for at, references in zip(level, named(objects, self._options.clip)):
            owner = sized.objects[at]
            if type(owner) is Attributes:
                self._add_attributes(at, depth, references)
                continue
            data = data_of(owner, rules)
            told = {id(one) for _, one in references}
            for _, one in references:
                if type(one) is Attributes:
                    told.update(map(id, one.values.values()))
            # A module's dict is no reference that has a name, but its items are.
            items = is_a(owner, (types.ModuleType, types.MappingProxyType))
            own = told if items else set(map(id, data))
            self._add_named(at, depth, references, own)
            self._add_named(at, depth, [("", one) for one in data if id(one) not in told], own | set(map(id, data)))

    def _add_attributes(self, at: int, depth: int, references: "list[Reference]") -> None:
        """Names of attributes belong to the class, which keeps them once for all instances."""
        values = {id(one) for name, one in references if name[:3] != "[K]"}
        for name, one in references:
            self._add_named(at, depth, [(name, one)], values if name[:3] != "[K]" else set())

    def _add_named(self, at: int, depth: int, references: "list[Reference]", own: "set[int]") -> None:
        for name, one in references:
            if self._excluded.has(one, False):
                continue
            if type(one) is Attributes:
                counted = True
            else:
                counted = id(one) in own and weighs(one, self._options.rules) and self._is_new(one)
            reached = self.sized.add(one, at, depth + 1, name, counted)
            if counted:
                self._levels[1].append(reached)

    def weigh(self) -> None:
        """All flat sizes at once, then the sums, from the outermost inwards."""
        sized, align = self.sized, self._options.align
        own = sizes([obj for obj in sized.objects if type(obj) is not Attributes])
        flat = iter(own)
        whole = [0 if type(obj) is Attributes else next(flat) for obj in sized.objects]
        for at, obj in enumerate(sized.objects):
            if type(obj) is Attributes and sized.counted[at]:
                parent = sized.parents[at]
                whole[at] = max(whole[parent] - _without_attributes(obj.owner), 0)
                whole[parent] -= whole[at]
        sized.flat = [aligned(one, align) if counted else 0 for one, counted in zip(whole, sized.counted)]
        sized.total = list(sized.flat)
        for at in range(len(sized.objects) - 1, -1, -1):
            if sized.parents[at] >= 0:
                sized.total[sized.parents[at]] += sized.total[at]


def _has_attributes(kind: type) -> bool:
    """Whether objects of a type may have attributes without a dict."""
    return _WITHOUT_DICT and bool(flags(kind) & _MANAGED) and not issubclass(kind, (dict, type))


def aligned(number: int, align: int) -> int:
    """The next multiple of `align`, which is a power of two; below 2 the number itself."""
    return (number + align - 1) & -align if align > 1 else number


def _without_attributes(obj: Any) -> int:
    """Bytes of an object but for its attributes: what its type says, with the headers before it."""
    header = _HEADER if is_tracked(type(obj)) else 0
    return _base_size(obj) + header + _HEADER
