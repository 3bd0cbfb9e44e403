"""The shortest chain of references from an object, or to it, whose other end the caller recognises."""

import gc
import sys
import types
from collections.abc import Iterable
from typing import Any, Callable

from unfreed.compat.objgraph.surroundings import Neighbours, referents, referrers

_Predicate = Callable[[Any], object]
_Around = Callable[[list[Any], set[int]], list[Neighbours]]


def is_proper_module(obj: object) -> bool:
    """Whether it is a module that is in `sys.modules`: something that is held for itself."""
    if not issubclass(type(obj), types.ModuleType):
        return False
    # Past `__getattribute__`: a lazy module would be loaded by the question.
    name = object.__getattribute__(obj, "__dict__").get("__name__")
    return type(name) is str and sys.modules.get(name) is obj


def find_ref_chain(
    obj: Any, predicate: _Predicate, max_depth: int = 20, extra_ignore: "Iterable[int]" = ()
) -> "list[Any]":
    """`[obj, …, one that the predicate is true of]`; `[obj]` when there is no such chain.

    `extra_ignore` are `id()`s of objects that chains do not go through.
    """

    def around(level: "list[Any]", ours: "set[int]") -> "list[Neighbours]":
        return referents(level)

    return _search(obj, predicate, max_depth, set(extra_ignore), around)


def find_backref_chain(
    obj: Any, predicate: _Predicate, max_depth: int = 20, extra_ignore: "Iterable[int]" = ()
) -> "list[Any]":
    """`[one that the predicate is true of, …, obj]`; `[obj]` when there is no such chain.

    >>> import sys
    >>> sys.kept = {"answer": [object()]}
    >>> chain = find_backref_chain(sys.kept["answer"][0], is_proper_module)
    >>> [type(each).__name__ for each in chain]
    ['module', 'dict', 'dict', 'list', 'object']
    """

    def around(level: "list[Any]", ours: "set[int]") -> "list[Neighbours]":
        return referrers(level, ours, named=False)

    # The caller's list of what to ignore is no holder either.
    return _search(obj, predicate, max_depth, {*extra_ignore, id(extra_ignore)}, around)[::-1]


def _search(
    obj: Any,
    predicate: _Predicate,
    max_depth: int,
    seen: "set[int]",
    around: _Around,
) -> "list[Any]":
    """From the object outwards, level by level, one look for each."""
    gc.collect()
    if predicate(obj):
        return [obj]
    # Two lists, not one of pairs: the pairs would be holders themselves.
    reached, before = [obj], [-1]
    seen.update((id(obj), id(reached)))
    begin = 0
    for _ in range(max_depth):
        end = len(reached)
        if _reach(reached, before, begin, seen, predicate, around):
            return _way(reached, before)
        if len(reached) == end:
            break
        begin = end
    return [obj]


def _reach(
    reached: "list[Any]",
    before: "list[int]",
    begin: int,
    seen: "set[int]",
    predicate: _Predicate,
    around: _Around,
) -> bool:
    """Goes one level further, until the predicate is true. What it holds meanwhile is gone before the next look."""
    for position, neighbours in enumerate(around(reached[begin:], {id(reached)}), begin):
        for neighbour, _name in neighbours:
            if id(neighbour) not in seen:
                seen.add(id(neighbour))
                reached.append(neighbour)
                before.append(position)
                if predicate(neighbour):
                    return True
    return False


def _way(reached: "list[Any]", before: "list[int]") -> "list[Any]":
    """From the first to the last that was reached."""
    way, position = [], len(reached) - 1
    while position >= 0:
        way.append(reached[position])
        position = before[position]
    return way[::-1]
