"""What this package needs for itself is not traced."""

import functools
import os
from typing import Any, Callable, TypeVar, cast

from unfreed import _native

Function = TypeVar("Function", bound=Callable[..., Any])
OWN_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
"""Stacks that pass through it are this package's, and no trace of the program's."""


def untraced(function: Function) -> Function:
    """Decorates a function: what it allocates in its thread, also what it returns, counts nowhere."""

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        return _native._unobserved(functools.partial(function, *arguments, **named))

    return cast(Function, call)
