"""A function as another that does something around each call, also when the call is a generator's or a coroutine's and
lasts until that has ended.
"""

import functools
import inspect
from typing import Any, Callable, ContextManager

Around = Callable[[], ContextManager[Any]]


def wrapped(func: "Callable[..., Any]", around: Around) -> "Callable[..., Any]":
    """A function of the same kind, name and text. Class and static methods may be wrapped before or after they are
    made."""
    if isinstance(func, (classmethod, staticmethod)):
        method: "Callable[..., Any]" = type(func)(wrapped(func.__func__, around))
        return method
    for is_kind, make in (
        (inspect.isasyncgenfunction, _async_generator),
        (inspect.iscoroutinefunction, _coroutine),
        (inspect.isgeneratorfunction, _generator),
    ):
        if is_kind(func):
            return functools.wraps(func)(make(func, around))
    return functools.wraps(func)(_plain(func, around))


def _plain(func: "Callable[..., Any]", around: Around) -> "Callable[..., Any]":
    def call(*args: Any, **kwargs: Any) -> Any:
        with around():
            return func(*args, **kwargs)

    return call


def _generator(func: "Callable[..., Any]", around: Around) -> "Callable[..., Any]":
    def generator(*args: Any, **kwargs: Any) -> Any:
        with around():
            return (yield from func(*args, **kwargs))

    return generator


def _coroutine(func: "Callable[..., Any]", around: Around) -> "Callable[..., Any]":
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        with around():
            return await func(*args, **kwargs)

    return coroutine


def _async_generator(func: "Callable[..., Any]", around: Around) -> "Callable[..., Any]":
    async def generator(*args: Any, **kwargs: Any) -> Any:
        with around():
            inner = func(*args, **kwargs)
            try:
                value = await inner.__anext__()
                while True:
                    try:
                        sent = yield value
                    except GeneratorExit:
                        await inner.aclose()
                        raise
                    except BaseException as error:
                        value = await inner.athrow(error)
                    else:
                        value = await inner.asend(sent)
            except StopAsyncIteration:
                return

    return generator
