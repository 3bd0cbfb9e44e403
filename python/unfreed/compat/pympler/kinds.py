"""What types are called and how large objects are, whatever the objects say about themselves.

`__class__`, `__sizeof__` and what metaclasses define are not asked: they may raise, lie, or change something.
"""

from typing import Any

from unfreed import _native

_name = type.__dict__["__qualname__"].__get__
_module = type.__dict__["__module__"].__get__
_short = type.__dict__["__name__"].__get__
_HEAP_TYPE = 1 << 9
_HAS_COLLECTOR = 1 << 14
flags = type.__dict__["__flags__"].__get__
"""What CPython knows of a type, as bits."""
namespace = type.__dict__["__dict__"].__get__
"""What a class defines itself."""
mro = type.__dict__["__mro__"].__get__
"""A class and those that it inherits from."""
basic_size = type.__dict__["__basicsize__"].__get__
item_size = type.__dict__["__itemsize__"].__get__
dict_offset = type.__dict__["__dictoffset__"].__get__


def is_a(obj: object, classes: "type | tuple[type, ...]") -> bool:
    """By the real type: `isinstance` believes the `__class__` of mocks and proxies."""
    return issubclass(type(obj), classes)


def known_as(kind: type) -> type:
    """The type, to be looked up in tables; `object` for one whose metaclass may have an `__eq__` or `__hash__` that
    raises."""
    return kind if type(kind) is type else object


def short_name(kind: type) -> str:
    """`Session`."""
    name: str = _short(kind)
    return name


def module_of(kind: type) -> str:
    """The module that a class says it is from, or nothing."""
    try:
        module: object = _module(kind)
    except AttributeError:
        return ""
    return str(module) if type(module) is str else ""


def long_name(kind: type) -> str:
    """`app.Session`; of built-in types the name only."""
    module = module_of(kind)
    name: str = _name(kind)
    return name if module in ("", "builtins") else "%s.%s" % (module, name)


def is_built_in(kind: type) -> bool:
    """Whether a type was compiled into the interpreter or a library, and is there once for all."""
    return not flags(kind) & _HEAP_TYPE


def is_tracked(kind: type) -> bool:
    """Whether the collector looks after its objects, and they have a header for it."""
    return bool(flags(kind) & _HAS_COLLECTOR)


def sizes(objects: "list[Any]") -> "list[int]":
    """Bytes of each object alone: with the collector's header, and with attributes that have no dict of their own."""
    own: list[int] = _native._sizes([id(obj) for obj in objects], False, [])[0]
    return own
