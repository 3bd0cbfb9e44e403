"""What objects are called in tables and pictures: their type's name, and a short text about themselves.

The texts are objgraph's, so that a picture reads the same. The object's own `repr` is called as there, and nothing
else of it.
"""

import os
import types
from typing import Any

_LONGEST = 40
_type_name = type.__dict__["__name__"].__get__
_type_module = type.__dict__["__module__"].__get__
_COLLECTIONS = (tuple, list, dict, set)
_ATOMS = (str, bytes, int, float, complex, bool, type(None))


def _is_a(obj: object, classes: "type | tuple[type, ...]") -> bool:
    """By the real type: `isinstance` believes the `__class__` of mocks and proxies."""
    return issubclass(type(obj), classes)


def _short_typename(obj: object) -> str:
    """`Session`: a metaclass has no say, for one that raises would cost the whole table."""
    name: str = _type_name(type(obj))
    return name


def _long_typename(obj: object) -> str:
    """`app.Session`."""
    kind = type(obj)
    try:
        module: object = _type_module(kind)
    except AttributeError:
        module = None
    name: str = _type_name(kind)
    return "%s.%s" % (module, name) if module and _is_a(module, str) else name


def _safe_repr(obj: object) -> str:
    """As `_short_repr`, whatever the object does."""
    try:
        return _short_repr(obj)
    except Exception:
        return "(unrepresentable)"


def _short_repr(obj: Any) -> str:
    """At most 40 characters: a name, a number of items, or the beginning of `repr`."""
    if _is_a(obj, (type, types.ModuleType, types.BuiltinFunctionType)):
        return _name(obj)
    if _is_a(obj, types.MethodType):
        return _name(obj.__func__) + " (bound)"
    if _is_a(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        code = obj.__code__
        return "lambda: %s:%d" % (os.path.basename(code.co_filename), code.co_firstlineno)
    if _is_a(obj, types.FrameType):
        return "%s:%s" % (obj.f_code.co_filename, obj.f_lineno)
    if _is_a(obj, _COLLECTIONS):
        return "%d items" % len(obj)
    if type(obj) in (str, bytes):
        # Of a gigabyte of text no other gigabyte is made.
        return repr(obj[:_LONGEST])[:_LONGEST]
    return repr(obj)[:_LONGEST]


def _name(obj: Any) -> str:
    name: Any = getattr(obj, "__name__", None)
    return str(name) if _is_a(name, str) else repr(obj)[:_LONGEST]


def key_text(key: object) -> str:
    """A key of a dict; of tuples what is in them, which is what tells such keys apart."""
    if type(key) is tuple and all(type(part) in _ATOMS for part in key):
        return repr(key)[:_LONGEST]
    return _safe_repr(key)
