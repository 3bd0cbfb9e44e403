"""References by name: `__dict__`, `__class__`, slots, `[K] key` and `[V] key: value` of dicts, `f_code` of frames.

Attributes that an object has without a dict (CPython 3.11 and later) are named by the code of its class, or by a look
at the heap, one for many objects: to ask for `__dict__` would make one, and leave it behind.
"""

import functools
import os
import sys
import types
from collections.abc import Sequence
from typing import Any, Optional

from unfreed.compat.objgraph import surroundings
from unfreed.compat.pympler.attributes import Names, is_dict_of
from unfreed.compat.pympler.kinds import dict_offset, flags, is_a, known_as, mro, namespace, short_name
from unfreed.compat.pympler.referents import Rules, data_of, held

Reference = tuple[str, Any]
"""A name, or nothing, and what is referred to."""

_CLIP = 80
_DOTS = "...."
_FEW = 200
"""How many elements a list has whose `repr` is asked for; each of a longer one would be written, and cut away."""
_ALL = Rules(code=True)
_WITHOUT_DICT = sys.version_info >= (3, 11)
_MANAGED = 1 << 4

_ATTRIBUTES: "dict[type, tuple[str, ...]]" = {
    types.FunctionType: ("__doc__", "__name__", "__code__", "__closure__", "__defaults__", "__kwdefaults__"),
    types.MethodType: ("__func__", "__self__"),
    property: ("__doc__", "fdel", "fget", "fset"),
    types.TracebackType: ("tb_frame", "tb_next"),
    # Not f_locals: up to 3.12 it writes into the frame.
    types.FrameType: ("f_back", "f_builtins", "f_code", "f_globals", "f_trace"),
    types.GeneratorType: ("gi_code", "gi_yieldfrom"),
    types.CoroutineType: ("cr_code", "cr_await"),
    functools.partial: ("func", "args", "keywords"),
    enumerate: ("__doc__",),
    reversed: ("__doc__",),
    os.stat_result: tuple(sorted(name for name in dir(os.stat_result) if name.startswith("st_"))),
    os.statvfs_result: tuple(sorted(name for name in dir(os.statvfs_result) if name.startswith("f_"))),
    types.CodeType: ("co_code", "co_consts", "co_filename", "co_name", "co_names", "co_varnames"),
    type: ("__class__", "__doc__", "__mro__", "__name__", "__dict__"),
}
_OF_EXCEPTIONS = ("args", "__cause__", "__context__", "__traceback__")
_UNNAMED = (list, tuple, set, frozenset, str, bytes, int, float, complex, bool, type(None), range, slice)


class Attributes:
    """Attributes that an object has without a dict, in the place of the dict that it would have."""

    __slots__ = ("owner", "values")

    def __init__(self, owner: Any, values: "dict[str, Any]") -> None:
        self.owner = owner
        self.values = values


def name_of(obj: Any, clip: int = _CLIP) -> str:
    """`Foo` of a class, function or module; else its `repr`, of at most `clip` characters."""
    if is_a(obj, type):
        return short_name(obj)
    if is_a(obj, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        try:
            return str(object.__getattribute__(obj, "__name__"))
        except AttributeError:
            return text_of(obj, clip)
    return text_of(obj, clip)


def text_of(obj: Any, clip: int = _CLIP) -> str:
    """`repr` of an object, with the middle left out when it is longer; its type and address when that raises."""
    try:
        text = _shortened(obj, clip) if clip > 0 else repr(obj)
    except Exception:
        text = "<%s object at %#x>" % (short_name(type(obj)), id(obj))
    return clipped(text, clip)


def _shortened(obj: Any, clip: int) -> str:
    kind = known_as(type(obj))
    if kind in (str, bytes) and len(obj) > 2 * clip:
        return repr(obj[:clip] + obj[-clip:])
    if kind in (list, tuple) and len(obj) > _FEW:
        return repr(obj[: _FEW // 2] + obj[-_FEW // 2 :])
    return repr(obj)


def clipped(text: str, clip: int) -> str:
    """At most `clip` characters, if that is above zero: the beginning and the end."""
    if clip <= 0 or len(text) <= clip:
        return text
    half = max((clip - len(_DOTS)) // 2, 0)
    return text[:half] + _DOTS + (text[-half:] if half else "")


def named(objects: "Sequence[Any]", clip: int = _CLIP) -> "list[list[Reference]]":
    """The references of each object, in one look at the heap at most. What has no name has an empty one."""
    found: list[list[Reference]] = []
    asked = []
    names = Names()
    for obj in objects:
        references = _of_attributes(obj, names) if _may_need_look(obj) else _without_look(obj, clip)
        found.append(references or [])
        if references is None:
            asked.append((obj, found[-1]))
    for (obj, references), seen in zip(asked, surroundings.referents([obj for obj, _ in asked])):
        references += _of_instance(obj, seen)
    return found


def _may_need_look(obj: Any) -> bool:
    kind = type(obj)
    if not _WITHOUT_DICT or known_as(kind) in _ATTRIBUTES or not flags(kind) & _MANAGED:
        return False
    return not issubclass(kind, (dict, type)) and kind is not Attributes


def _of_attributes(obj: Any, names: Names) -> "Optional[list[Reference]]":
    """References of an object that may have attributes without a dict; `None` if only a look tells."""
    references: list[Reference] = []
    told = {id(type(obj))}
    for slot in slots(type(obj)):
        try:
            value = slot.__get__(obj, type(obj))
        except (AttributeError, TypeError):
            continue
        references.append((slot.__name__, value))
        told.add(id(value))
    known = held(obj)
    rest = [one for one in known if id(one) not in told]
    if len(known) - len(rest) != len(references) + 1:
        return None
    references.append(("__class__", type(obj)))
    if len(rest) == 1 and type(rest[0]) is dict and is_dict_of(obj, rest[0]):
        return [("__dict__", rest[0]), *references]
    values = names.attributes(obj, rest) if rest else {}
    if values:
        references.insert(0, ("__dict__", Attributes(obj, values)))
    return None if values is None else references


def _of_instance(obj: Any, seen: "list[tuple[Any, str]]") -> "list[Reference]":
    """From what a look says: `.name` of attributes and slots alike."""
    own = {slot.__name__ for slot in slots(type(obj))}
    references: list[Reference] = []
    values: dict[str, Any] = {}
    rest: list[Reference] = []
    for target, way in seen:
        name = way[1:]
        if way in (".__dict__", ".__class__") or (way[:1] == "." and name in own):
            references.append((name, target))
        elif way[:1] == "." and name.isidentifier():
            values[name] = target
        else:
            rest.append(("", target))
    if values:
        references.insert(0, ("__dict__", Attributes(obj, values)))
    return references + rest


def slots(kind: type) -> "list[Any]":
    """The slots of a class and those that it inherits, as what reads them."""
    return [
        value
        for each in mro(kind)
        if "__slots__" in namespace(each)
        for value in namespace(each).values()
        if type(value) is types.MemberDescriptorType
    ]


def _without_look(obj: Any, clip: int) -> "list[Reference]":
    kind = type(obj)
    if kind is Attributes:
        return of_mapping(obj.values, clip)
    if known_as(kind) in _UNNAMED:
        return [("", one) for one in held(obj)]
    if is_a(obj, types.ModuleType):
        return of_mapping(object.__getattribute__(obj, "__dict__"), clip)
    if kind is types.MappingProxyType:
        return of_mapping(dict(obj), clip) if _is_over_dict(obj) else [("", one) for one in held(obj)]
    references = of_mapping(obj, clip) if issubclass(kind, dict) else []
    return references + _others(obj, references)


def _is_over_dict(obj: "types.MappingProxyType[Any, Any]") -> bool:
    return all(type(one) is dict for one in held(obj))


def of_mapping(mapping: "dict[Any, Any]", clip: int = _CLIP) -> "list[Reference]":
    """`[K] key` and `[V] key: value` for each item."""
    references: list[Reference] = []
    for key, value in list(dict.items(mapping)):
        text = key if type(key) is str else text_of(key, clip)
        references.append(("[K] " + text, key))
        references.append(("[V] %s: %s" % (text, text_of(value, clip)), value))
    return references


def _others(obj: Any, known: "list[Reference]") -> "list[Reference]":
    """References by what their types call them, those of the object's dict, and the rest."""
    pairs = _attributes(obj)
    told = {id(target) for _, target in [*known, *pairs]}
    rest: list[Reference] = []
    for one in data_of(obj, _ALL):
        if id(one) in told:
            continue
        told.add(id(one))
        if one is type(obj):
            rest.append(("__class__", one))
        elif type(one) is dict and dict_offset(type(obj)) and known_as(type(obj)) not in _ATTRIBUTES:
            rest.insert(0, ("__dict__", one))
        elif type(obj) is types.CellType:
            rest.append(("cell_contents", one))
        else:
            rest.append(("", one))
    return pairs + rest


def _attributes(obj: Any) -> "list[Reference]":
    """What slots and well-known attributes have. Read by the types that define them."""
    kind = type(obj)
    names = _ATTRIBUTES.get(known_as(kind), ())
    if issubclass(kind, type):
        return [(name, _read(type, obj, name)) for name in _ATTRIBUTES[type]]
    if issubclass(kind, BaseException):
        return [pair for pair in ((name, _read(BaseException, obj, name)) for name in _OF_EXCEPTIONS) if pair[1]]
    pairs = [(name, getattr(obj, name, None)) for name in names]
    for slot in slots(kind):
        try:
            pairs.append((slot.__name__, slot.__get__(obj, kind)))
        except (AttributeError, TypeError):
            continue
    return pairs


def _read(kind: type, obj: Any, name: str) -> Any:
    return kind.__dict__[name].__get__(obj) if name in kind.__dict__ else type(obj)
