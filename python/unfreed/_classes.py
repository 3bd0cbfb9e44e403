"""What classes are called and what is of them, whatever their metaclasses and their instances do.

A program may have an object that raises when it is hashed or asked for its `__class__`, and a question about another one
must not end at it. So nothing here runs code of a class: types are read as the interpreter reads them.
"""

from typing import Any

_MODULE: Any = type.__dict__["__module__"]
_QUALNAME: Any = type.__dict__["__qualname__"]


def module_of(kind: type) -> str:
    """The name of the module that a class says it is of; empty where it says none."""
    try:
        module = _MODULE.__get__(kind)
    except AttributeError:
        return ""
    return module if issubclass(type(module), str) else ""


def full_name(kind: type) -> str:
    """`shop.orders.Basket`."""
    module, name = module_of(kind), str(_QUALNAME.__get__(kind))
    return "%s.%s" % (module, name) if module else name


def is_a(value: object, *kinds: type) -> bool:
    """Whether it is an instance of one of them: `isinstance` asks the value for its `__class__`, which may raise."""
    return issubclass(type(value), kinds)


def namespace_of(value: object) -> Any:
    """Its `__dict__`; `None` without one."""
    try:
        return object.__getattribute__(value, "__dict__")
    except Exception:
        # A property of this name, for one.
        return None


def with_subclasses(kind: type) -> "dict[int, type]":
    """The class and all below it, by identity: the hash of a class is its metaclass's."""
    found, waiting = {id(kind): kind}, [kind]
    while waiting:
        subclasses: "list[type]" = type.__subclasses__(waiting.pop())
        for below in subclasses:
            if id(below) not in found:
                found[id(below)] = below
                waiting.append(below)
    return found
