"""Who holds one object: the shortest chain of references from a module, a class or a running function, in words.

For one object that should be gone, asked for in a test that fails anyway. What grows and why, recordings tell.
"""

import gc
import sys
import types
from collections.abc import Iterator
from typing import Any, Optional

from unfreed._classes import full_name, is_a, namespace_of

MOST_LOOKED_AT = 20_000
"""Objects after which the search gives up."""
_MRO: Any = type.__dict__["__mro__"]
RUNNERS = ("unfreed", "pluggy", "_pytest")
"""Packages whose running functions only pass the object on."""
LONGEST_KEY = 40
"""Characters of a key or index that are shown."""


def held_by(value: object) -> Optional[str]:
    """The chain as Python would write it: `app.STORE['x'].owner`. `None` when nothing known leads there."""
    search = _Search()
    return search.chain(value)


class _Search:
    """Breadth first, from the object to those that refer to it."""

    def __init__(self) -> None:
        # Two lists, not one of pairs: the pairs would be holders themselves.
        self._objects: "list[object]" = []
        self._next: "list[int]" = []
        self._seen: "set[int]" = set()
        self._locals = _local_variables()

    def chain(self, value: object) -> Optional[str]:
        self._objects.append(value)
        self._next.append(-1)
        ours = (value, self._objects, self._next, self._seen, self._locals, self, self.__dict__)
        self._seen.update(id(one) for one in ours)
        self._seen.add(id(ours))
        position = 0
        while position < len(self._objects) and position < MOST_LOOKED_AT:
            target = self._objects[position]
            if id(target) in self._locals:
                return self._in_words(self._locals[id(target)], position)
            root = _root(target) if position > 0 else None
            if root is not None:
                return self._in_words(root, position)
            holders = gc.get_referrers(target)
            self._seen.add(id(holders))
            for holder in holders:
                if id(holder) not in self._seen and not is_a(holder, types.FrameType):
                    self._seen.add(id(holder))
                    self._objects.append(holder)
                    self._next.append(position)
            position += 1
        return None

    def _in_words(self, root: str, position: int) -> str:
        words = root
        while self._next[position] >= 0:
            holder, position = self._objects[position], self._next[position]
            after = self._next[position]
            namespace: Any = self._objects[position]
            if after >= 0 and is_a(namespace, dict) and _has_namespace(holder, namespace):
                # An instance, its namespace and what is in that: one dot.
                position = after
                words += "." + _key(namespace, self._objects[position])
            else:
                words += _reference(holder, self._objects[position])
        return words


def _local_variables() -> "dict[int, str]":
    """What running functions hold, by identity: Python does not list their frames among the holders."""
    found: "dict[int, str]" = {}
    for top in sys._current_frames().values():
        frame: Optional[types.FrameType] = top
        while frame is not None:
            module = str(frame.f_globals.get("__name__", ""))
            code = frame.f_code
            if code.co_name != "<module>" and module.partition(".")[0] not in RUNNERS:
                for name, value in frame.f_locals.items():
                    text = "%s of %s() at %s:%d" % (name, code.co_name, code.co_filename, frame.f_lineno)
                    found.setdefault(id(value), "local variable " + text)
            frame = frame.f_back
    return found


def _root(holder: Any) -> Optional[str]:
    if is_a(holder, types.ModuleType):
        return str((namespace_of(holder) or {}).get("__name__", ""))
    if is_a(holder, dict):
        name: Any = dict.get(holder, "__name__")
        module = sys.modules.get(name) if is_a(name, str) else None
        return name if module is not None and namespace_of(module) is holder else None
    if is_a(holder, type):
        return full_name(holder)
    return None


def _has_namespace(holder: object, namespace: "dict[Any, Any]") -> bool:
    return not is_a(holder, dict) and namespace_of(holder) is namespace


def _key(namespace: "dict[Any, Any]", target: object) -> str:
    return next((str(key) for key, value in list(dict.items(namespace)) if value is target), "")


def _reference(holder: Any, target: object) -> str:
    """How the holder refers to it."""
    if is_a(holder, dict):
        for key, value in list(dict.items(holder)):
            if value is target:
                is_global = _root(holder) is not None and is_a(key, str)
                return "." + key if is_global else "[%s]" % _short(key)
        return " (a key)"
    if is_a(holder, list, tuple):
        for index, value in enumerate((list if is_a(holder, list) else tuple).__iter__(holder)):
            if value is target:
                return "[%d]" % index
    name = next((name for name, value in _attributes(holder) if value is target), None)
    return " → %s → " % full_name(type(holder)).rpartition(".")[2] if name is None else "." + str(name)


def _attributes(holder: object) -> "Iterator[tuple[object, object]]":
    """What stands in its namespace and its slots, without asking it."""
    yield from list((namespace_of(holder) or {}).items())
    for kind in _MRO.__get__(type(holder)):
        for name, member in list(namespace_of(kind).items()):
            if is_a(member, types.MemberDescriptorType):
                try:
                    yield name, member.__get__(holder)
                except AttributeError:
                    # Not set.
                    continue


def _short(key: object) -> str:
    plain = any(type(key) is one for one in (str, bytes, int, float, bool))
    text = repr(key) if plain else full_name(type(key)).rpartition(".")[2]
    return text if len(text) <= LONGEST_KEY else text[: LONGEST_KEY - 1] + "…"
