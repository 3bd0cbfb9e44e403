"""What objects refer to. Nothing of an object is called, and no `__dict__` is made for it."""

import builtins
import sys
import types
from gc import get_referents
from typing import Any, NamedTuple, Optional

from unfreed._live import collector_referents
from unfreed.compat.pympler.kinds import is_a, is_built_in

_dict_keys = dict.keys
_dict_values = dict.values
GENERATORS = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)


class Rules(NamedTuple):
    """What is followed and weighed besides data: `code` (functions' code, classes), `frames`, and with `built_in` also
    what is there once for all."""

    code: bool = False
    frames: bool = False
    built_in: bool = False


def held(obj: Any) -> "list[Any]":
    """What an object refers to: what the collector knows, keys of dicts, and what arrays of numpy hold."""
    kind = type(obj)
    if kind is dict:
        return [*_dict_keys(obj), *_dict_values(obj)]
    if kind is list or kind is tuple:
        return [*obj]
    found = collector_referents(obj)
    if issubclass(kind, dict):
        known = set(map(id, found))
        # The collector leaves out keys of dicts that have texts for keys only.
        found += [key for key in _dict_keys(obj) if id(key) not in known]
    elif is_array(kind):
        found += _of_array(obj)
    return found


def is_array(kind: type) -> bool:
    """Whether a type is numpy's array, or inherits from it."""
    numpy = sys.modules.get("numpy")
    array = getattr(numpy, "ndarray", None)
    return isinstance(array, type) and issubclass(kind, array)


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


def data_of(obj: Any, rules: Rules) -> "list[Any]":
    """What counts as the object's own: of functions closures, defaults and attributes, of suspended generators and of
    frames variables. Globals never do."""
    if is_a(obj, types.FunctionType):
        return _of_function(obj, rules)
    if is_a(obj, types.FrameType):
        return _of_frame(obj)
    if is_a(obj, (type, types.CodeType)) and not rules.code:
        return []
    found = held(obj)
    if is_a(obj, GENERATORS):
        return _of_generator(found, rules)
    return found


def is_plain(kind: type) -> bool:
    """Whether `data_of` for objects of a type is what the collector knows: of modules it may be more than it should,
    see `collector_referents`."""
    code = (types.FunctionType, types.FrameType, types.CodeType, types.ModuleType, type)
    special = (dict, list, tuple, *code, *GENERATORS)
    return not issubclass(kind, special) and not is_array(kind)


def _of_function(obj: types.FunctionType, rules: Rules) -> "list[Any]":
    outside = (id(obj.__globals__), id(getattr(obj, "__builtins__", None)))
    found = [one for one in get_referents(obj) if id(one) not in outside]
    if rules.code:
        return found
    kept = (id(obj.__closure__), id(obj.__defaults__), id(obj.__kwdefaults__))
    # Dicts are attributes and annotations; asking for either by name would make one.
    return [one for one in found if one is not None and (id(one) in kept or type(one) is dict)]


def _of_frame(obj: types.FrameType) -> "list[Any]":
    outside = (id(obj.f_globals), id(obj.f_builtins), id(obj.f_back))
    return [one for one in get_referents(obj) if id(one) not in outside]


def _of_generator(found: "list[Any]", rules: Rules) -> "list[Any]":
    variables: list[Any] = []
    for one in found:
        if is_a(one, types.FrameType):
            # Up to 3.10 variables are in a frame, which the generator owns.
            variables += _of_frame(one)
        elif rules.code or not is_a(one, types.FunctionType):
            variables.append(one)
    return variables


_DEFINITIONS = (type, types.ModuleType, types.CodeType, types.BuiltinFunctionType, types.FrameType)
"""What is no data. Functions are: each has a closure and defaults of its own."""
_BUILT_IN_NAMES = builtins.__dict__


def all_weigh(kind: type, rules: Rules) -> "Optional[bool]":
    """Whether all objects of a type count that others lead to, or none; `None` where it depends."""
    if not issubclass(kind, _DEFINITIONS):
        return None if issubclass(kind, dict) else True
    nothing_asked = not (rules.code or rules.frames or rules.built_in)
    return False if nothing_asked else None


def weighs(obj: Any, rules: Rules) -> bool:
    """Whether an object counts that others lead to."""
    kind = type(obj)
    if not issubclass(kind, _DEFINITIONS):
        return obj is not _BUILT_IN_NAMES or rules.built_in
    if issubclass(kind, types.FrameType):
        return rules.frames
    if issubclass(kind, types.BuiltinFunctionType) or (issubclass(kind, type) and is_built_in(obj)):
        return rules.built_in
    return rules.code and not issubclass(kind, types.ModuleType)
