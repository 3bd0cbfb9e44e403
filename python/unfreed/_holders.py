"""Who holds one object: the shortest chain of references from a module, a class or a running function, in words.

For one object that should be gone, asked for in a test that fails anyway. What grows and why, recordings tell.
"""

import gc
import sys
import types
from typing import Any, Optional

MOST_LOOKED_AT = 20_000
"""Objects after which the search gives up."""
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
                if id(holder) not in self._seen and not isinstance(holder, types.FrameType):
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
            namespace = self._objects[position]
            if after >= 0 and isinstance(namespace, dict) and _has_namespace(holder, namespace):
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
    if isinstance(holder, types.ModuleType):
        return holder.__name__
    if isinstance(holder, dict):
        name = holder.get("__name__")
        module = sys.modules.get(name) if isinstance(name, str) else None
        return name if module is not None and vars(module) is holder else None
    if isinstance(holder, type):
        return "%s.%s" % (holder.__module__, holder.__qualname__)
    return None


def _has_namespace(holder: object, namespace: "dict[Any, Any]") -> bool:
    return not isinstance(holder, dict) and getattr(holder, "__dict__", None) is namespace


def _key(namespace: "dict[Any, Any]", target: object) -> str:
    return next((str(key) for key, value in list(namespace.items()) if value is target), "")


def _reference(holder: Any, target: object) -> str:
    """How the holder refers to it."""
    if isinstance(holder, dict):
        for key, value in list(holder.items()):
            if value is target:
                is_global = _root(holder) is not None and isinstance(key, str)
                return "." + key if is_global else "[%s]" % _short(key)
        return " (a key)"
    if isinstance(holder, (list, tuple)):
        for index, value in enumerate(holder):
            if value is target:
                return "[%d]" % index
    for name, value in list(getattr(holder, "__dict__", {}).items()):
        if value is target:
            return "." + str(name)
    kind = type(holder)
    for name in getattr(kind, "__slots__", ()):
        if getattr(holder, name, None) is target:
            return "." + str(name)
    return " → %s → " % kind.__name__


def _short(key: object) -> str:
    text = repr(key) if isinstance(key, (str, bytes, int, float, bool)) else type(key).__name__
    return text if len(text) <= LONGEST_KEY else text[: LONGEST_KEY - 1] + "…"
