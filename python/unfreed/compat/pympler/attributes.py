"""Names of attributes that an object has without a dict, by the names that the code of its class uses.

A look at the heap tells all names, in a time that grows with the heap. Most classes need none: each name that their
methods use is read, and if what was read is what the collector knows that the object refers to, neither more nor less,
those are the names.
"""

import types
from collections import Counter
from typing import Any, Optional

from unfreed.compat.pympler.kinds import mro, namespace

_read = object.__getattribute__
_DECORATORS = 8


class Names:
    """The names that code of classes uses, remembered by class for as long as this lives."""

    def __init__(self) -> None:
        # With the class, so that no other one comes to be in its place.
        self._known: dict[int, tuple[type, list[str]]] = {}

    def attributes(self, obj: Any, referents: "list[Any]") -> "Optional[dict[str, Any]]":
        """The attributes, if they are all that an object refers to besides its slots and its class; else `None`."""
        wanted = Counter(map(id, referents))
        values: dict[str, Any] = {}
        for name in self._used(type(obj)):
            try:
                value = _read(obj, name)
            except AttributeError:
                continue
            if id(value) in wanted:
                values[name] = value
        if Counter(map(id, values.values())) == wanted:
            return values
        # A default that the class has may be what the object has as well.
        own = {name: value for name, value in values.items() if _of_class(type(obj), name) is not value}
        return own if Counter(map(id, own.values())) == wanted else None

    def _used(self, kind: type) -> "list[str]":
        if id(kind) not in self._known:
            used = {name: None for each in mro(kind) for name in _used_by(each)}
            self._known[id(kind)] = kind, [name for name in used if _can_be_read(kind, name)]
        return self._known[id(kind)][1]


def is_dict_of(obj: Any, candidate: "dict[Any, Any]") -> bool:
    """Whether a dict is the object's `__dict__`: each attribute is what it says. Not told of an empty one."""
    for name, value in list(candidate.items()):
        if type(name) is not str or not _can_be_read(type(obj), name):
            return False
        try:
            if _read(obj, name) is not value:
                return False
        except AttributeError:
            return False
    return bool(candidate)


def _used_by(cls: type) -> "list[str]":
    """Names of attributes, globals and methods in the functions of one class, and those that are declared."""
    used: list[str] = []
    for value in list(namespace(cls).values()):
        function = value.fget if type(value) is property else value
        # Decorators, and trackers of classes, put another function around the one that is meant.
        for _ in range(_DECORATORS):
            if type(function) is not types.FunctionType:
                break
            used += function.__code__.co_names
            function = getattr(function, "__wrapped__", None)
    declared = namespace(cls).get("__annotations__")
    return used + [name for name in declared if type(name) is str] if type(declared) is dict else used


def _of_class(kind: type, name: str) -> Any:
    """What a class and those that it inherits from have by a name, as it is."""
    return next((namespace(each)[name] for each in mro(kind) if name in namespace(each)), _NOTHING)


_NOTHING = object()


def _can_be_read(kind: type, name: str) -> bool:
    """Whether reading an attribute runs no code: the class has no method, property or other descriptor there."""
    value = _of_class(kind, name)
    return value is _NOTHING or not any("__get__" in namespace(each) for each in mro(type(value)))
