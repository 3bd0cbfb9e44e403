"""How many items an object has room for, and how large each is."""

import sys
import types
from array import array
from collections import deque
from typing import Any, Optional

from unfreed.compat.pympler.kinds import is_a, item_size, known_as
from unfreed.compat.pympler.referents import is_array

GC_HEAD = 16
"""Bytes of the collector's header before an object."""
ITEM_OF_DICT = 24
ITEM_OF_SET = 16
_POINTER = 8
_EMPTY_LIST = list.__sizeof__([])
_EMPTY_SET = set.__basicsize__
_BITS = sys.int_info.bits_per_digit
_FIRST_TABLE = 8
"""Entries that a set has in itself."""

_ITEM_SIZES: "tuple[tuple[type, int], ...]" = (
    (dict, ITEM_OF_DICT),
    (types.MappingProxyType, ITEM_OF_DICT),
    (set, ITEM_OF_SET),
    (frozenset, ITEM_OF_SET),
    (list, _POINTER),
    (deque, _POINTER),
    (str, 1),
    (bytearray, 1),
)
_ITERATORS: "tuple[type, ...]" = (
    type(iter([])),
    type(reversed([])),
    type(iter(())),
    type(iter({})),
    type(iter({}.values())),
    type(iter({}.items())),
    type(iter(set())),
    type(iter("")),
    type(iter(b"")),
    type(iter(bytearray())),
    type(iter(range(0))),
)


def item_size_of(obj: Any) -> int:
    """Bytes of an item: as an array says for its own, else as the type says, or the C type of its items."""
    if is_a(obj, array):
        return int(obj.itemsize)
    if is_a(obj, memoryview):
        return int(obj.itemsize)
    kind = type(obj)
    for known, size in _ITEM_SIZES:
        if issubclass(kind, known):
            return size
    if is_array(kind):
        return int(sys.modules["numpy"].ndarray.itemsize.__get__(obj))
    size_of_type: int = item_size(kind)
    return size_of_type


def length(obj: Any) -> "Optional[int]":
    """How many items an object has room for, by the methods of the built-in type that it is one of."""
    if is_a(obj, list):
        return (list.__sizeof__(obj) - _EMPTY_LIST) // _POINTER
    if is_a(obj, (set, frozenset)):
        return _length_of_set(obj)
    if is_a(obj, bool):
        return None
    if is_a(obj, int):
        return max(1, -(-int.bit_length(obj) // _BITS))
    for kind in (dict, tuple, str, bytes, bytearray, deque, array, memoryview):
        if is_a(obj, kind):
            return int(kind.__len__(obj))
    if is_array(type(obj)):
        return int(sys.modules["numpy"].ndarray.size.__get__(obj))
    if is_a(obj, types.ModuleType):
        return len(object.__getattribute__(obj, "__dict__"))
    if known_as(type(obj)) in _ITERATORS:
        return int(obj.__length_hint__())
    return None


def _length_of_set(obj: Any) -> int:
    kind = set if is_a(obj, set) else frozenset
    beyond: int = kind.__sizeof__(obj) - _EMPTY_SET
    return beyond // ITEM_OF_SET or _FIRST_TABLE
