"""`TimeStamper`: when functions began and ended, and what the process occupied then."""

import os
import sys
import threading
from contextlib import contextmanager
from typing import Any, Callable, ContextManager, Dict, Iterator, List, Optional, Tuple

from unfreed.compat.memory_profiler.backends import _get_memory
from unfreed.compat.memory_profiler.wrapping import wrapped

Stamps = List[Tuple[float, float]]
"""MiB, and seconds since 1970: at the begin, and when it has come, at the end."""


class TimeStamper:
    """A decorator that records begin and end of each call; `show_results` writes them as `mprof` reads them."""

    def __init__(self, backend: str = "psutil", include_children: bool = False) -> None:
        self.functions: "Dict[Any, List[Stamps]]" = {}
        self.backend = backend
        self.include_children = include_children
        self.stack: "Dict[Any, List[int]]" = {}
        """How deep in recorded calls each call was."""
        self._levels = threading.local()

    def __call__(self, func: "Optional[Callable[..., Any]]" = None, precision: Optional[int] = None) -> Any:
        if func is None:
            return lambda one: self(one, precision)
        if not callable(func) and not isinstance(func, (classmethod, staticmethod)):
            raise ValueError("Value must be callable")
        self.add_function(func)
        return self.wrap_function(func)

    @property
    def current_stack_level(self) -> int:
        """Depth of the recorded call that runs in this thread; -1 outside of all."""
        level: int = getattr(self._levels, "level", -1)
        return level

    def timestamp(self, name: str = "<block>") -> "ContextManager[None]":
        """Records a block of code under a name."""

        def block() -> None:
            """Stands for the block."""

        block.__module__ = ""
        block.__name__ = name
        self.add_function(block)
        return self.call_on_stack(block)

    def add_function(self, func: Any) -> None:
        """Makes room for calls of a function."""
        self.functions.setdefault(func, [])
        self.stack.setdefault(func, [])

    def wrap_function(self, func: "Callable[..., Any]") -> "Callable[..., Any]":
        """A function of the same kind whose calls are recorded."""
        return wrapped(func, lambda: self.call_on_stack(func))

    @contextmanager
    def call_on_stack(self, func: Any) -> "Iterator[None]":
        """Records what is inside as a call of the function."""
        level = self._levels.level = self.current_stack_level + 1
        stamps = [self._now()]
        self.functions[func].append(stamps)
        self.stack[func].append(level)
        try:
            yield
        finally:
            self._levels.level = level - 1
            stamps.append(self._now())

    def _now(self) -> "Tuple[float, float]":
        found = _get_memory(os.getpid(), self.backend, timestamps=True, include_children=self.include_children)
        assert isinstance(found, tuple)
        return found

    def show_results(self, stream: Any = None) -> None:
        """Writes a line `FUNC name mib seconds mib seconds depth` for each call that has ended."""
        out = sys.stdout if stream is None else stream
        for func, calls in self.functions.items():
            name = "%s.%s" % (getattr(func, "__module__", ""), getattr(func, "__name__", "?"))
            for stamps, level in zip(calls, self.stack[func]):
                if len(stamps) == 2:
                    figures = (*stamps[0], *stamps[1], level)
                    out.write("FUNC %s %.4f %.4f %.4f %.4f %d\n" % (name, *figures))
