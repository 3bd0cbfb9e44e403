"""Buffers of data frames that no look at memory can find: those of polars, whose structs only its compiler knows. It is
asked for them through the Arrow C stream interface before a walk, when its code may run; what it hands out is given back
at once. Buffers of pyarrow, and so those of pandas that are made of them, the walk reads by itself.

Nothing is asked, and nothing is imported, where polars is not. What fails is left out.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Optional

from unfreed import _native

if TYPE_CHECKING:
    from unfreed._arrow_stream import Range

_MODULES = ("polars._plr", "polars.polars")
_OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
Told = tuple[int, int, int]
"""An object by its `id()`, the address of a buffer of its, and the bytes of that."""


def buffers(ids: "Optional[list[int]]" = None, code: bool = False) -> "list[Told]":
    """Those of all objects, or of the objects with these ids and of what they lead to, as `unfreed.sizeof` follows it."""
    modules = [module for module in map(sys.modules.get, _MODULES) if module is not None]
    series = {id(kind) for kind in (getattr(module, "PySeries", None) for module in modules) if kind is not None}
    frames = {id(kind) for kind in (getattr(module, "PyDataFrame", None) for module in modules) if kind is not None}
    if not series and not frames:
        return []
    found: list[Any] = []
    _native._instances(found, [*series, *frames], ids, code, _OWN)
    ranges = []
    for one in found:
        parts = _columns(one) if id(type(one)) in frames else [one]
        ranges += [(*place, id(one)) for part in parts for place in _ranges(part)]
    return list(_joined(ranges))


def _columns(frame: Any) -> "list[Any]":
    try:
        columns: list[Any] = frame.get_columns()
    except Exception:
        return []
    return columns


def _ranges(series: Any) -> "list[Range]":
    """Start and length of each buffer; where they cannot be had, one of the size that polars estimates."""
    from unfreed._arrow_stream import Unreadable, ranges

    try:
        return ranges(series.__arrow_c_stream__(None))
    except (Unreadable, AttributeError):
        pass
    except Exception:
        return []
    try:
        # Nothing lies at the address of the object but the object.
        return [(id(series), int(series.estimated_size()))]
    except Exception:
        return []


def _joined(ranges: "Iterable[tuple[int, int, int]]") -> "Iterator[Told]":
    """Ranges that overlap are of one buffer: a slice lies in what it was cut from."""
    together: set[int] = set()
    start = end = 0
    for begin, length, owner in sorted(ranges):
        if begin >= end:
            yield from ((one, start, end - start) for one in sorted(together))
            together, start, end = set(), begin, begin
        together.add(owner)
        end = max(end, begin + length)
    yield from ((one, start, end - start) for one in sorted(together))
