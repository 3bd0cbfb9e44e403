"""How large objects are, with all that they lead to: each once, without recursion, and without a `__dict__` made for
any of them.

Sizes are read from CPython, not guessed from definitions of types: `derive`, `infer` and `adict` are accepted, and make
no difference.
"""

from collections.abc import Iterator
from inspect import isbuiltin as isbuiltin
from inspect import isclass as isclass
from inspect import iscode as iscode
from inspect import isframe as isframe
from inspect import isfunction as isfunction
from inspect import ismethod as ismethod
from inspect import ismodule as ismodule
from typing import Any, Optional

from unfreed import _live
from unfreed.compat.pympler.asized import Asized
from unfreed.compat.pympler.asizer import Asizer
from unfreed.compat.pympler.kinds import basic_size, is_tracked, sizes
from unfreed.compat.pympler.measures import (
    GC_HEAD,
    ITEM_OF_DICT,
    ITEM_OF_SET,
    item_size_of,
    length,
)
from unfreed.compat.pympler.naming import Attributes, Reference, named
from unfreed.compat.pympler.sizing import aligned

__all__ = [
    "Asized",
    "Asizer",
    "adict",
    "amapped",
    "asized",
    "asizeof",
    "asizesof",
    "basicsize",
    "flatsize",
    "itemsize",
    "leng",
    "named_refs",
    "refs",
]

# Private in Pympler as well, but they explain what `basicsize` and `itemsize` say.
_sizeof_CPyGC_Head = GC_HEAD
_sizeof_CPyDictEntry = ITEM_OF_DICT
_sizeof_Csetentry = ITEM_OF_SET

_MAPPED = [1.0]
_MEASURE_OPTIONS = ("derive", "infer", "save")


def _check(function: str, opts: "dict[str, Any]") -> None:
    """Raises `KeyError` for an option that the functions for single measures do not have."""
    for name, value in opts.items():
        if name not in _MEASURE_OPTIONS:
            raise KeyError("invalid option: %s(%s=%r)" % (function, name, value))


def asizeof(*objs: Any, **opts: Any) -> int:
    """Bytes of the objects and of all that they lead to, each once; with `all=True` and no object, of all there are.

    `limit` is how many references far, `code=True` counts classes and functions' code as well, `frames=True` frames,
    `ignored=False` built-in types and functions. `align` is the power of two that each size is rounded up to, below 2
    none. `stats` from 1 to 3 prints a summary with the largest objects `above` so many bytes, a profile by type, and
    the types, `cutoff` rows of each, texts of at most `clip` characters, to `stream`.

    >>> asizeof([1, 2]) > asizeof([1])
    True
    """
    options = dict(opts)
    everything = options.pop("all", None)
    if everything not in (None, True, False) or type(everything) is int:
        raise ValueError("invalid option: asizeof(all=%r)" % (everything,))
    sizer = Asizer(**options)
    given = objs
    if everything and not objs:
        given = tuple(_live.get_objects())
    total = sizer.asizeof(*given)
    if sizer.stats:
        sizer.print_stats(objs=objs, opts=opts, sizes=(total,), stats=sizer.stats)
    return total


def asizesof(*objs: Any, **opts: Any) -> "tuple[int, ...]":
    """Bytes of each object with what it leads to; what several lead to counts for one of them. Options of `asizeof`."""
    sizer = Asizer(**opts)
    told = sizer.asizesof(*objs)
    if sizer.stats:
        sizer.print_stats(objs=objs, opts=opts, sizes=told, stats=sizer.stats)
    return told


def asized(*objs: Any, **opts: Any) -> "Any":
    """An `Asized` for the object, or a tuple of them for several, with the parts `detail` references far.

    Options of `asizeof`.
    """
    sizer = Asizer(**opts)
    told = sizer.asized(*objs)
    if sizer.stats:
        parts = told if type(told) is tuple else (told,)
        sizer.print_stats(objs=objs, opts=opts, sized=parts, stats=sizer.stats)
    return told


def adict(*classes: type) -> bool:
    """Says that classes behave like `dict`. Instances are sized by what they hold, so that this changes nothing.

    Returns whether all of them were said before.
    """
    known = True
    for one in classes:
        if not isclass(one):
            raise TypeError("adict() takes classes, not a %s" % type(one).__name__)
        known = issubclass(one, dict) and known
    return known


def amapped(percentage: "Optional[float]" = None) -> float:
    """How much of a mapped file counts, as a percentage; returns what it was. Pages of mapped files are not in the
    size of any object here, so that this changes nothing."""
    before = _MAPPED[0]
    if percentage is not None:
        _MAPPED[0] = float(percentage)
    return before


def basicsize(obj: Any, **opts: Any) -> int:
    """Bytes that each object of its type has, with the collector's header."""
    _check("basicsize", opts)
    kind = type(obj)
    size: int = basic_size(kind)
    return size + (GC_HEAD if is_tracked(kind) else 0)


def itemsize(obj: Any, **opts: Any) -> int:
    """Bytes of one of its items."""
    _check("itemsize", opts)
    return item_size_of(obj)


def leng(obj: Any, **opts: Any) -> "Optional[int]":
    """How many items it has room for; `None` if it has no items."""
    _check("leng", opts)
    return length(obj)


def flatsize(obj: Any, align: int = 0, **opts: Any) -> int:
    """Bytes of the object alone, rounded up to a multiple of `align`, a power of two."""
    _check("flatsize", opts)
    if align > 1 and align & (align - 1):
        raise ValueError("invalid option: flatsize(align=%r)" % (align,))
    return aligned(sizes([obj])[0], align)


def _references(obj: Any) -> "list[Reference]":
    return [(name, dict(one.values) if type(one) is Attributes else one) for name, one in named([obj])[0]]


def refs(obj: Any, **opts: Any) -> "Iterator[Any]":
    """What it refers to. Attributes come as a dict, as a copy when the object has none."""
    _check("refs", opts)
    return iter([one for _, one in _references(obj)])


def named_refs(obj: Any, **opts: Any) -> "list[Reference]":
    """`(name, object)` for each reference that has a name: not for elements of lists and sets."""
    _check("named_refs", opts)
    return [(name, one) for name, one in _references(obj) if name]
