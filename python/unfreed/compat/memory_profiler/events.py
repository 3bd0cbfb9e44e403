"""Where the program is in the functions that are watched: `sys.monitoring` from Python 3.12 on, which costs nothing
elsewhere, and `sys.settrace` before, with whatever was set before still called.
"""

import dis
import inspect
import sys
import threading
from types import CodeType, FrameType
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence, Tuple, Union

from unfreed.compat.memory_profiler.ledger import Ledger, LineFigures

Trace = Callable[[FrameType, str, Any], Any]
_JUMP_BACKWARD = dis.opmap.get("JUMP_BACKWARD", -1)
_GENERATORS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


#: Ledgers by the identity of the code, with the code to keep that identity. Comparing codes would read them whole.
_watched: "Dict[int, Tuple[CodeType, Tuple[Ledger, ...]]]" = {}
_lock = threading.RLock()


class _Hot(NamedTuple):
    """The code of the newest line, if it has one ledger, and what a line costs least with."""

    code: Optional[CodeType]
    lines: LineFigures
    ledger: Ledger


_NOTHING = _Hot(None, LineFigures(), Ledger(tuple))
_hot = _NOTHING


def watch(codes: "Sequence[CodeType]", ledger: Ledger) -> None:
    """Tells the ledger what happens in these codes, while it is enabled."""
    global _hot
    with _lock:
        _hot = _NOTHING
        for code in codes:
            before = _watched.get(id(code), (code, ()))[1]
            if ledger not in before:
                _source.add(code, any(one.loops[id(code)] for one in (*before, ledger)))
                _watched[id(code)] = (code, (*before, ledger))


def unwatch(codes: "Sequence[CodeType]", ledger: Ledger) -> None:
    """Ends that."""
    global _hot
    with _lock:
        _hot = _NOTHING
        for code in codes:
            before = _watched.get(id(code), (code, ()))[1]
            left = tuple(one for one in before if one is not ledger)
            if left:
                _watched[id(code)] = (code, left)
            elif before:
                del _watched[id(code)]
                _source.remove(code)


def enable(ledger: Ledger) -> None:
    """Begins, in all threads (before Python 3.12: in this one, later ones, and those that join)."""
    global _hot
    with _lock:
        _hot = _NOTHING
        ledger.enabled = True
        _source.enter_thread()


def disable(ledger: Ledger) -> None:
    """Ends that. What is watched stays so: it costs much more to begin than to be asked in vain."""
    global _hot
    with _lock:
        _hot = _NOTHING
        ledger.enabled = False
        _source.leave_thread()


def join() -> None:
    """Lets this thread be seen, if it began before something was watched (before Python 3.12)."""
    with _lock:
        _source.join()


def _line(code: CodeType, line: int) -> None:
    hot = _hot
    if code is hot[0]:
        figures = hot[1].get(line)
        if figures is not None and figures.left and not hot[2].open:
            # Nothing in this way allocates: it is most of what a loop costs.
            figures.left -= 1
        else:
            hot[2].line(code, line, hot[1])
    else:
        _line_of_other(code, line)


def _line_of_other(code: CodeType, line: int) -> None:
    global _hot
    found = _watched.get(id(code))
    if found:
        ledgers = [ledger for ledger in found[1] if ledger.enabled]
        if len(ledgers) == 1:
            _hot = _Hot(code, ledgers[0].lines[id(code)], ledgers[0])
        for ledger in ledgers:
            ledger.line(code, line, ledger.lines[id(code)])


def _start(code: CodeType, offset: int) -> None:
    found = _watched.get(id(code))
    if found:
        for ledger in found[1]:
            if ledger.enabled:
                ledger.begun(code, code.co_firstlineno, False)


def _resume(code: CodeType, offset: int, *thrown: object) -> None:
    found = _watched.get(id(code))
    if found:
        for ledger in found[1]:
            if ledger.enabled:
                ledger.begun(code, sys._getframe(1).f_lineno or code.co_firstlineno, True)


def _left(code: CodeType, offset: int, value: object) -> None:
    found = _watched.get(id(code))
    if found:
        for ledger in found[1]:
            if ledger.enabled:
                ledger.left(code)


def _jump(code: CodeType, offset: int, target: int) -> None:
    found = _watched.get(id(code))
    if found:
        for ledger in found[1]:
            line = ledger.loops[id(code)].get(offset)
            if line is not None and ledger.enabled:
                ledger.again(code, line)


def one_line_loops(code: CodeType) -> "Dict[int, int]":
    """Lines of the jumps that go back in their own line, by offset: `sys.monitoring` has no line event for these."""
    if sys.version_info < (3, 12) or _JUMP_BACKWARD not in code.co_code[::2]:
        return {}
    lines: "Dict[int, Optional[int]]" = {}
    for start, end, number in code.co_lines():
        lines.update(dict.fromkeys(range(start, end, 2), number))
    found = {}
    for one in dis.get_instructions(code):
        line = lines.get(one.offset)
        if one.opcode == _JUMP_BACKWARD and line is not None and line == lines.get(one.argval):
            found[one.offset] = line
    return found


class _Monitoring:
    """Python 3.12 and later."""

    NAME = "unfreed.compat.memory_profiler"

    def __init__(self) -> None:
        self.tool: Optional[int] = None
        self.monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        events = self.monitoring.events
        self.local = events.LINE | events.PY_START | events.PY_RESUME | events.PY_RETURN | events.PY_YIELD
        self.callbacks: "Dict[int, Callable[..., None]]" = {
            events.LINE: _line,
            events.JUMP: _jump,
            events.PY_START: _start,
            events.PY_RESUME: _resume,
            events.PY_THROW: _resume,
            events.PY_RETURN: _left,
            events.PY_YIELD: _left,
            events.PY_UNWIND: _left,
        }

    def add(self, code: CodeType, has_loops: bool) -> None:
        if self.tool is None:
            self.tool = self._begin()
        jumps = self.monitoring.events.JUMP if has_loops else 0
        self.monitoring.set_local_events(self.tool, code, self.local | jumps)

    def remove(self, code: CodeType) -> None:
        self.monitoring.set_local_events(self.tool, code, 0)
        if not _watched:
            self.monitoring.set_events(self.tool, 0)
            for event in self.callbacks:
                self.monitoring.register_callback(self.tool, event, None)
            self.monitoring.free_tool_id(self.tool)
            self.tool = None

    def _begin(self) -> int:
        # Last come those that debuggers, coverage and cProfile ask for by their number.
        for tool in (3, 4, 2, 5, 1, 0):
            if self.monitoring.get_tool(tool) is None:
                self.monitoring.use_tool_id(tool, self.NAME)
                break
        else:
            raise RuntimeError("lines cannot be followed: other tools have all places of sys.monitoring")
        for event, callback in self.callbacks.items():
            self.monitoring.register_callback(tool, event, callback)
        # These two cannot be had for a single code; they come for exceptions only.
        self.monitoring.set_events(tool, self.monitoring.events.PY_UNWIND | self.monitoring.events.PY_THROW)
        return tool

    def enter_thread(self) -> None:
        """Every thread is seen."""

    def join(self) -> None:
        """Every thread is seen."""

    def leave_thread(self) -> None:
        """Every thread is seen."""


class _Tracing:
    """Before Python 3.12. Calls of other functions cost one call of ours, their lines nothing."""

    def __init__(self) -> None:
        self.count = 0
        self.before: "Dict[int, Optional[Trace]]" = {}
        """What each thread had before ours, by its number."""
        self.before_in_new: Optional[Trace] = None
        self.alone = True
        """Whether no thread had anything."""

    def add(self, code: CodeType, has_loops: bool) -> None:
        """Codes are looked up when they are called."""

    def remove(self, code: CodeType) -> None:
        """Codes are looked up when they are called."""

    def enter_thread(self) -> None:
        self.count += 1
        if self.count == 1:
            self.before_in_new = vars(threading)["_trace_hook"]
            threading.settrace(self.trace)
            self.alone = self.before_in_new is None
        self.join()

    def join(self) -> None:
        """Lets this thread be seen."""
        present: Any = sys.gettrace()
        if present != self.trace:
            self.before[threading.get_ident()] = present
            self.alone = self.alone and present is None
            sys.settrace(self.trace)

    def leave_thread(self) -> None:
        self.count -= 1
        if not self.count:
            threading.settrace(self.before_in_new)  # type: ignore[arg-type,unused-ignore]
            self._end()

    def _end(self) -> None:
        """Gives this thread back what it had. Other threads do so at their next call."""
        if sys.gettrace() == self.trace:
            sys.settrace(self.before.pop(threading.get_ident(), None))

    def trace(self, frame: FrameType, event: str, value: Any) -> "Optional[Trace]":
        """A call begins."""
        found = _watched.get(id(frame.f_code))
        if found is None and self.alone and self.count:
            return None
        earlier = self.before.get(threading.get_ident(), self.before_in_new)
        local = earlier(frame, event, value) if earlier else None
        if not self.count:
            self._end()
            return local
        if found is None:
            return local
        resumed = bool(frame.f_code.co_flags & _GENERATORS) and frame.f_lineno != frame.f_code.co_firstlineno
        for ledger in found[1]:
            if ledger.enabled:
                ledger.begun(frame.f_code, frame.f_lineno, resumed)
        return _both(local) if local else _trace_lines


def _trace_lines(frame: FrameType, event: str, value: Any) -> "Trace":
    """Follows the lines of one call."""
    if event == "line":
        hot = _hot
        if frame.f_code is hot[0]:
            # As in `_line`; a call of it costs as much as all of this.
            figures = hot[1].get(frame.f_lineno)
            if figures is not None and figures.left and not hot[2].open:
                figures.left -= 1
            else:
                hot[2].line(frame.f_code, frame.f_lineno, hot[1])
        else:
            _line_of_other(frame.f_code, frame.f_lineno)
    elif event == "return":
        _left(frame.f_code, 0, value)
    return _trace_lines


def _both(local: "Optional[Trace]") -> "Trace":
    """Follows the lines of one call, for the ledgers and for who was there before."""

    def trace(frame: FrameType, event: str, value: Any) -> "Trace":
        nonlocal local
        if local is not None:
            local = local(frame, event, value)
        _trace_lines(frame, event, value)
        return trace

    return trace


_source: "Union[_Monitoring, _Tracing]" = _Monitoring() if sys.version_info >= (3, 12) else _Tracing()
