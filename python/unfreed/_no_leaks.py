"""`unfreed.no_leaks`: a function that may leave nothing behind when it is called again and again, or a block that
may leave nothing of yours behind when it ends."""

import functools
import gc
import os
import site
import sys
from types import FrameType, TracebackType
from typing import Any, Callable, Optional, TypeVar

from unfreed import _clock
from unfreed._classes import full_name, module_of
from unfreed._holders import held_by
from unfreed._live import collector_referents
from unfreed._recorded import NotRecorded, judge
from unfreed._screen import FEW_FROZEN, grows

Function = TypeVar("Function", bound=Callable[..., Any])

SHOWN = 5
"""Types of objects that a message names."""


class LeakError(AssertionError):
    """Something was left behind; the message says what."""


class NoLeaks:
    """What `unfreed.no_leaks` returns."""

    def __init__(self, rounds: Optional[int] = None) -> None:
        self._rounds = rounds
        self._frame: Optional[FrameType] = None
        self._known: "Optional[set[int]]" = None
        self._descriptors: "set[str]" = set()
        self._threads: "set[str]" = set()

    def __call__(self, function: Function) -> Function:
        """Decorates a function: each call of it is followed by more, with the same arguments."""

        @functools.wraps(function)
        def checked(*arguments: Any, **named: Any) -> Any:
            began = _clock.seconds()
            result = function(*arguments, **named)
            seconds = _clock.seconds() - began
            called = function.__qualname__
            reason = check(lambda: function(*arguments, **named), called, seconds, self._rounds)
            if reason is not None and sys.stderr is not None:
                print("unfreed: %s: %s" % (called, reason), file=sys.stderr)
            return result

        return checked  # type: ignore[return-value]

    def __enter__(self) -> None:
        """Begins the block."""
        # Frozen objects are not listed: what is listed at the end is new.
        if gc.get_freeze_count() < FEW_FROZEN:
            gc.freeze()
        else:
            self._known = {id(one) for one in gc.get_objects()}
        self._frame = sys._getframe(1)
        self._descriptors = _entries("/proc/self/fd")
        self._threads = _entries("/proc/self/task")

    def __exit__(
        self,
        kind: Optional[type],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        frame, self._frame = self._frame, None
        known, self._known = self._known, None
        while gc.collect() > 0 and known is None:
            # Finalizers leave garbage of their own; a frozen heap makes another pass cheap.
            pass
        more = len(_entries("/proc/self/fd")) - len(self._descriptors)
        threads = len(_entries("/proc/self/task")) - len(self._threads)
        outliving: "list[list[object]]" = []
        if kind is None and frame is not None:
            outliving = _outliving(known or set(), frame)
        if known is None:
            # Before anybody asks who holds what: frozen objects are not found as holders.
            gc.unfreeze()
        problems = _counted(more, "descriptor") + _counted(threads, "thread")
        problems += _in_words(outliving)
        if problems and kind is None:
            raise LeakError("this block leaves behind\n  " + "\n  ".join(problems))


def check(run: "Callable[[], Any]", called: str, seconds: float, rounds: Optional[int] = None) -> Optional[str]:
    """Runs it again and again; raises `LeakError` when every run leaves something behind.

    Returns why that was not judged: something grows, but the process cannot be recorded.
    """
    growth = grows(run, rounds)
    if growth is None:
        return None
    try:
        judged = judge(run, called, seconds, growth, rounds)
    except NotRecorded as why:
        return "something grows with each run, which cannot be judged: %s" % why
    leaks = judged.certain_leaks()
    if leaks:
        texts = "\n\n".join(one.text for one in leaks)
        raise LeakError("leak: %s\n\n%s" % (leaks[0].title, texts))
    return None


def _entries(folder: str) -> "set[str]":
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


def _counted(count: int, what: str) -> "list[str]":
    if count <= 0:
        return []
    return ["%d %s%s still open" % (count, what, "s" if count > 1 else "")]


def _outliving(known: "set[int]", frame: FrameType) -> "list[list[object]]":
    """New objects of the person's own classes, by class, but for those that local variables lead to."""
    new = [one for one in gc.get_objects() if id(one) not in known and one is not known]
    mine = _reached({id(one): one for one in new}, list(frame.f_locals.values()))
    by_class: "dict[int, list[object]]" = {}
    for one in new:
        if id(one) not in mine and is_of_the_person(module_of(type(one))):
            by_class.setdefault(id(type(one)), []).append(one)
    return list(by_class.values())


def _in_words(by_class: "list[list[object]]") -> "list[str]":
    texts = []
    for members in sorted(by_class, key=lambda members: -len(members))[:SHOWN]:
        count, first = len(members), members[0]
        # Or the list would be a holder.
        members.clear()
        name = full_name(type(first))
        held = held_by(first) or "C code"
        texts.append("%d %s object%s, held by %s" % (count, name, "s" if count > 1 else "", held))
    return texts


def _reached(new: "dict[int, object]", starts: "list[object]") -> "set[int]":
    """New objects that local variables lead to over new objects."""
    reached: "set[int]" = set()
    waiting = [one for one in starts if id(one) in new]
    while waiting:
        one = waiting.pop()
        if id(one) in reached:
            continue
        reached.add(id(one))
        waiting += [each for each in collector_referents(one) if id(each) in new]
    return reached


def is_of_the_person(name: str) -> bool:
    """Whether the module stands in code that is neither Python's nor of an installed package."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if file is None:
        return False
    path = os.path.abspath(file)
    folders = [os.path.dirname(os.__file__), *site.getsitepackages()]
    return not any(path.startswith(folder + os.sep) for folder in folders)
