"""Finds what `unfreed check` is asked to call: in a file or a module, by its name.

Nothing is called here, save the module's own code. How it is called, `_check.py` decides: what stands there does not
show in stacks.
"""

import importlib
import importlib.util
import inspect
import os
import sys
from types import FunctionType, ModuleType
from typing import Any, Callable, NamedTuple, Optional


class Stopped(Exception):
    """The program cannot be checked; the message says why."""


class Found(NamedTuple):
    """What is called."""

    function: "Callable[..., Any]"
    """It takes no arguments; save `self`, if there is an owner."""
    owner: Optional[type]
    """The class that each call needs an instance of."""
    name: str
    """As it was asked for."""

    def returns(self, kind: "Callable[[object], bool]") -> bool:
        """Whether a call gives a coroutine, a generator … instead of doing what is asked: also that of a callable
        object."""
        return kind(self.function) or kind(getattr(type(self.function), "__call__", None))


def module(file: Optional[str], name: Optional[str]) -> ModuleType:
    """The module of a file, or of this name."""
    if not file:
        return importlib.import_module(name or "")
    if not os.path.isfile(file):
        raise Stopped("there is no file %s" % file)
    called = os.path.splitext(os.path.basename(file))[0]
    if called in sys.modules:
        called = "checked_" + called
    found = importlib.util.spec_from_file_location(called, file)
    if found is None or found.loader is None:
        raise Stopped("%s is no Python file" % file)
    made = importlib.util.module_from_spec(found)
    sys.modules[called] = made
    found.loader.exec_module(made)
    return made


def find(where: ModuleType, name: str) -> Found:
    """What has this name in the module; `Stopped` for what is not there or cannot be called without arguments."""
    found: Any = where
    above: Any = None
    part = ""
    for part in name.split("."):
        if not hasattr(found, part):
            known = [each for each in dir(where) if callable(getattr(where, each, None))]
            named = ", ".join(each for each in known if not each.startswith("_"))
            raise Stopped("%s has no %s; it has %s" % (where.__name__, name, named or "nothing to call"))
        above, found = found, getattr(found, part)
    if not callable(found):
        raise Stopped("%s of %s cannot be called" % (name, where.__name__))
    if not inspect.isclass(above) or not isinstance(inspect.getattr_static(above, part), FunctionType):
        return Found(found, None, name)
    if not is_case(above):
        _refuse_arguments(above, "%s is a method, and an instance of %s" % (name, above.__qualname__))
        _refuse_arguments(found, name, None)
    return Found(found, above, name)


def is_case(kind: type) -> bool:
    """Whether it is a test case of `unittest`; who has not imported that has none."""
    unittest = sys.modules.get("unittest")
    return unittest is not None and issubclass(kind, unittest.TestCase)


def _refuse_arguments(callable_: "Callable[..., Any]", what: str, *given: object) -> None:
    """`Stopped` when it cannot be called with what is given alone; what does not tell its arguments is let be."""
    try:
        signature = inspect.signature(callable_)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*given)
    except TypeError as why:
        hint = "name a function that takes none and calls it"
        raise Stopped("%s needs arguments (%s): %s" % (what, why, hint)) from None
