"""What objects refer to, and by which names. Nothing of an object is called, and no `__dict__` is made for it."""

import sys
import types
from collections.abc import Sequence
from gc import get_referents
from typing import Any

from unfreed.compat.pympler.kinds import is_a

_dict_keys = dict.keys
_dict_values = dict.values


def held(obj: Any) -> "list[Any]":
    """What an object refers to: what the collector knows, keys of dicts, and what arrays of numpy hold."""
    kind = type(obj)
    if kind is dict:
        return [*_dict_keys(obj), *_dict_values(obj)]
    found = get_referents(obj)
    if issubclass(kind, dict):
        known = set(map(id, found))
        # The collector leaves out keys of dicts that have texts for keys only.
        found += [key for key in _dict_keys(obj) if id(key) not in known]
    elif not found and _is_array(kind):
        return _of_array(obj)
    return found


def _is_array(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    array = getattr(numpy, "ndarray", None)
    return is_a(array, type) and issubclass(kind, array)


def _of_array(obj: Any) -> "list[Any]":
    """The array that a view is of, and the elements of an array of objects: numpy tells the collector of neither."""
    array = sys.modules["numpy"].ndarray
    found: list[Any] = []
    base = array.base.__get__(obj)
    if base is not None:
        found.append(base)
    elif array.dtype.__get__(obj).hasobject:
        found += array.ravel(obj).tolist()
    return found
