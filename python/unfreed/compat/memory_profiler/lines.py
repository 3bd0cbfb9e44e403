"""`LineProfiler`: what each line of the functions it was given did."""

import inspect
import os
import threading
import warnings
import weakref
from contextlib import contextmanager
from types import CodeType, TracebackType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple, Type

from unfreed._profile import _span
from unfreed.compat.memory_profiler import following
from unfreed.compat.memory_profiler.backends import choose_backend
from unfreed.compat.memory_profiler.events import disable, enable, join, one_line_loops, unwatch, watch
from unfreed.compat.memory_profiler.ledger import Ledger, LineFigures
from unfreed.compat.memory_profiler.process import MIB
from unfreed.compat.memory_profiler.wrapping import wrapped

Measure = Tuple[float, float, int]
"""MiB that a line added, most MiB of the process after it, and how often it began."""


class Measures(Mapping[int, Measure]):
    """By line, in the order in which lines ran first."""

    def __init__(self, figures: LineFigures) -> None:
        self._figures = figures

    def __getitem__(self, line: int) -> Measure:
        self._figures.settle()
        figures = self._figures[line]
        if not figures.count:
            raise KeyError(line)
        return figures.added / MIB, figures.most / MIB, figures.count

    def __iter__(self) -> "Iterator[int]":
        return iter([line for line, figures in list(self._figures.items()) if figures.count])

    def __len__(self) -> int:
        return sum(1 for figures in list(self._figures.values()) if figures.count)

    def __repr__(self) -> str:
        return repr(dict(self))


class CodeMap(Dict[CodeType, Measures]):
    """Measures by code; functions share theirs with what is nested in them."""

    def __init__(self, include_children: bool, backend: str) -> None:
        super().__init__()
        self.include_children = include_children
        self.backend = backend
        self.ledger = Ledger(following.counter(backend, include_children))
        self._toplevel: "List[Tuple[str, CodeType, range]]" = []

    def add(self, code: CodeType, toplevel_code: Optional[CodeType] = None) -> None:
        """Adds a function's code and all that is nested in it. Code without a file is fine."""
        if id(code) in self.ledger.lines:
            return
        if toplevel_code is None:
            toplevel_code = code
            self.ledger.lines[id(code)] = LineFigures()
            self.ledger.top[id(code)] = code.co_firstlineno
            self._toplevel.append((_file_of(code), code, _lines_of(code)))
        figures = self.ledger.lines[id(code)] = self.ledger.lines[id(toplevel_code)]
        self.ledger.loops[id(code)] = one_line_loops(code)
        self[code] = Measures(figures)
        for nested in code.co_consts:
            if isinstance(nested, CodeType):
                self.add(nested, toplevel_code)

    def codes(self) -> "List[CodeType]":
        """All of them, also such that compare equal."""
        found: "List[CodeType]" = []
        waiting = [code for _, code, _ in self._toplevel]
        while waiting:
            code = waiting.pop()
            found.append(code)
            waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
        return found

    def items(self) -> "Iterator[Tuple[str, Iterator[Tuple[int, Optional[Measure]]]]]":  # type: ignore[override]
        """For each function that ran: its file, and each of its lines with its measure."""
        for file, code, lines in self._toplevel:
            measures = Measures(self.ledger.lines[id(code)])
            if measures:
                yield file, iter([(line, measures.get(line)) for line in lines])


class LineProfiler:
    """Records what each line of the functions that it was given does, while it is enabled.

    Keywords are `backend` (by default what Python's allocators hand out, see docs/compat.md), and `include_children`
    to add what child processes occupy. `max_mem`, a limit at which memory_profiler starts pdb, is refused with
    `NotImplementedError`.
    """

    def __init__(self, **kw: Any) -> None:
        if kw.get("max_mem") is not None:
            raise NotImplementedError(
                "max_mem (--pdb-mmem) is not supported: use a conditional breakpoint on unfreed.memory_usage()"
            )
        self.backend = choose_backend(kw.get("backend"))
        self.include_children = bool(kw.get("include_children", False))
        self.code_map = CodeMap(self.include_children, self.backend)
        self.enable_count = 0
        self.max_mem: Optional[float] = None
        self._hold = _Hold(self.code_map.ledger, following.counts(self.backend))
        weakref.finalize(self, self._hold.release).atexit = False
        self._lock = threading.RLock()

    def __call__(self, func: "Optional[Callable[..., Any]]" = None, precision: int = 1) -> Any:
        if func is None:
            return lambda one: self(one, precision)
        self.add_function(func)
        return self.wrap_function(func)

    def add_function(self, func: object) -> None:
        """Records this function, too. What has no code of Python's is warned about."""
        code = _code_of(func)
        if code is None:
            warnings.warn("Could not extract a code object for the object %s" % _text(func), stacklevel=2)
            return
        self.code_map.add(code)
        if self.code_map.ledger.enabled:
            self._hold.watch(self.code_map.codes())

    def wrap_function(self, func: "Callable[..., Any]") -> "Callable[..., Any]":
        """A function of the same kind that is recorded while it is called."""
        return wrapped(func, self._count_ctxmgr)

    @contextmanager
    def _count_ctxmgr(self) -> "Iterator[None]":
        self.enable_by_count()
        try:
            yield
        finally:
            self.disable_by_count()

    def runctx(self, cmd: str, globals: "Dict[str, Any]", locals: "Optional[Mapping[str, Any]]") -> "LineProfiler":
        """Executes code in these namespaces, enabled."""
        with self._count_ctxmgr():
            exec(cmd, globals, locals)
        return self

    def enable_by_count(self) -> None:
        """Enables it; it takes as many calls of `disable_by_count` to end that."""
        with self._lock:
            if self.enable_count == 0:
                self.enable()
            else:
                join()
            self.enable_count += 1

    def disable_by_count(self) -> None:
        """See `enable_by_count`."""
        with self._lock:
            if self.enable_count > 0:
                self.enable_count -= 1
                if self.enable_count == 0:
                    self.disable()

    def __enter__(self) -> None:
        self.enable_by_count()

    def __exit__(
        self,
        exc_type: "Optional[Type[BaseException]]",
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        self.disable_by_count()

    def enable(self) -> None:
        """Records from here on."""
        if self.code_map.ledger.enabled:
            return
        self._hold.watch(self.code_map.codes())
        # Other backends count bytes of the process themselves; tracemalloc's never were those.
        self.code_map.ledger.start(following.resident_at_start() if self.backend == "psutil" else 0)
        enable(self.code_map.ledger)

    def disable(self) -> None:
        """Records no more."""
        if self.code_map.ledger.enabled:
            disable(self.code_map.ledger)
            self.code_map.ledger.forget()

    def release(self) -> None:
        """Lets go of the functions at once; else that comes with the end of the profiler."""
        self._hold.release()


class _Hold:
    """What a profiler has of the interpreter, from when it is enabled first: to begin anew costs much more than to go
    on, and what was made between two calls would have no figure when it is freed."""

    def __init__(self, ledger: Ledger, counts: bool) -> None:
        self._ledger = ledger
        self._counts = counts
        self._follows = False
        self._codes: "List[CodeType]" = []

    def watch(self, codes: "List[CodeType]") -> None:
        """Watches these codes from here on, and counts."""
        if self._counts and not self._follows:
            following.follow()
            self._follows = True
        if len(codes) != len(self._codes):
            watch(codes, self._ledger)
            self._codes = codes

    def release(self) -> None:
        """Ends that."""
        if self._ledger.enabled:
            disable(self._ledger)
            self._ledger.forget()
        unwatch(self._codes, self._ledger)
        self._codes = []
        if self._follows:
            self._follows = False
            following.leave()


def _code_of(func: object) -> Optional[CodeType]:
    """The code of a function or method, also in a wrapper of ours or one that is no function of Python's."""
    try:
        function: Any = getattr(func, "__func__", func)
        while hasattr(function, "__wrapped__"):
            code = getattr(function, "__code__", None)
            if isinstance(code, CodeType) and code.co_filename != wrapped.__code__.co_filename:
                break
            function = function.__wrapped__
        code = getattr(function, "__code__", None)
    except Exception:
        return None
    return code if isinstance(code, CodeType) else None


def _file_of(code: CodeType) -> str:
    file = code.co_filename
    return file[:-1] if file.endswith((".pyc", ".pyo")) and not os.path.exists(file) else file


def _lines_of(code: CodeType) -> range:
    try:
        source, first = inspect.getsourcelines(code)
    except (OSError, TypeError, SyntaxError, IndexError):
        return _span(code)
    return range(first, first + len(source))


def _text(obj: object) -> str:
    try:
        return repr(obj)
    except Exception:
        return object.__repr__(obj)
