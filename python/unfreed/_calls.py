"""Wraps a function so that a block is open while each call of it runs: for functions, generator functions and coroutine
functions alike.

A wrapper is of the same kind as what it wraps, or programs that ask (`inspect.iscoroutinefunction`) would treat it
otherwise. What the block does is not known here.
"""

import functools
import inspect
from contextlib import AbstractContextManager
from typing import Any, Callable

Block = Callable[[], "AbstractContextManager[Any]"]


def within(block: Block, function: "Callable[..., Any]", who: str) -> Any:
    """The function with a block of its own around each call; around all of a generator's or a coroutine's life.

    Raises `TypeError`, in the name of `who`, for what cannot be wrapped.
    """
    refuse(function, who)
    return functools.wraps(function)(_wrapper(block, function))


def refuse(function: object, who: str) -> None:
    """Raises `TypeError` for what cannot be wrapped, with what to do instead."""
    if isinstance(function, (classmethod, staticmethod)):
        kind = type(function).__name__
        raise TypeError("%s cannot follow a %s: write @%s below @%s" % (who, kind, who, kind))
    if issubclass(type(function), type):
        raise TypeError("%s cannot follow a class: decorate those of its methods that matter" % who)
    if not callable(function):
        raise TypeError("%s is asked for a function, not for a %s" % (who, type(function).__qualname__))
    if inspect.isasyncgenfunction(function):
        raise TypeError("%s cannot follow %s: it is an async generator" % (who, getattr(function, "__qualname__", function)))


def _wrapper(block: Block, function: "Callable[..., Any]") -> Any:
    if inspect.iscoroutinefunction(function):

        async def coroutine(*arguments: Any, **named: Any) -> Any:
            with block():
                return await function(*arguments, **named)

        return coroutine
    if inspect.isgeneratorfunction(function):

        def generator(*arguments: Any, **named: Any) -> Any:
            with block():
                return (yield from function(*arguments, **named))

        return generator

    def call(*arguments: Any, **named: Any) -> Any:
        with block():
            return function(*arguments, **named)

    return call
