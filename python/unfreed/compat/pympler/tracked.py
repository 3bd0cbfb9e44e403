"""One object that a `ClassTracker` follows: its life and its sizes, without keeping it alive."""

import linecache
import os
import sys
import time
import weakref
from types import FrameType
from typing import Any, Callable, Optional

from unfreed import _live
from unfreed.compat.pympler.asized import Asized
from unfreed.compat.pympler.asizer import Asizer
from unfreed.compat.pympler.kinds import basic_size, is_built_in, is_tracked
from unfreed.compat.pympler.measures import GC_HEAD
from unfreed.compat.pympler.texts import safe_repr

Trace = list[tuple[Any, ...]]
"""`(file, line, function, lines of code, index)` of each frame, the outermost first."""
_CLIP = 128
_OWN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
_START = time.time()


def now() -> float:
    """Seconds since this module was imported."""
    return time.time() - _START


class Unreferenced:
    """What stands for a weak reference to an object that takes none, such as one with `__slots__`: its `id()`.

    Calling it looks through the heap. It cannot tell another object of the same class in the same place; a tracker
    notices that when the other one is made.
    """

    __slots__ = ("_id", "_kind", "is_gone")

    def __init__(self, instance: Any) -> None:
        self._id = id(instance)
        self._kind = weakref.ref(type(instance))
        self.is_gone = False

    def __call__(self) -> Any:
        """The object, or `None` when it is gone."""
        return found([self]).get(self._id)

    def is_of(self, obj: Any) -> bool:
        """Whether it stands for this object."""
        return not self.is_gone and id(obj) == self._id and type(obj) is self._kind()


def found(references: "list[Unreferenced]") -> "dict[int, Any]":
    """The objects that are still there, by `id()`, in one look at the heap. Those that are not are gone for ever."""
    asked = {reference._id: reference for reference in references if not reference.is_gone}
    there = {id(one): one for one in (_live.get_objects() if asked else ()) if id(one) in asked}
    alive = {}
    for at, reference in asked.items():
        if at in there and reference.is_of(there[at]):
            alive[at] = there[at]
        else:
            reference.is_gone = True
    return alive


class TrackedObject:
    """The life and the sizes of an object.

    `birth` and `death` are seconds since the module was imported, `snapshots` pairs of seconds and `Asized`, `trace`
    where it was made, if that was asked for. `ref()` is the object, or `None`.
    """

    __slots__ = (
        "_resolution_level",
        "birth",
        "classname",
        "death",
        "id",
        "name",
        "on_delete",
        "ref",
        "repr",
        "snapshots",
        "trace",
    )

    def __init__(
        self,
        instance: Any,
        name: str,
        resolution_level: int = 0,
        trace: bool = False,
        on_delete: "Optional[Callable[[], object]]" = None,
    ) -> None:
        self.ref: Any = self._reference(instance)
        self.id = id(instance)
        self.repr = ""
        self.name = self.classname = name
        self.birth = now()
        self.death: Optional[float] = None
        self.trace: Optional[Trace] = _callers() if trace else None
        self._resolution_level = resolution_level
        self.on_delete = on_delete
        size = _at_birth(instance)
        self.snapshots: list[tuple[float, Asized]] = [(self.birth, Asized(size, size))]

    def _reference(self, instance: Any) -> Any:
        try:
            return weakref.ref(instance, self.finalize)
        except TypeError:
            if is_built_in(type(instance)):
                raise
            return Unreferenced(instance)

    def __getstate__(self) -> "dict[str, Any]":
        left_out = ("ref", "on_delete")
        return {name: getattr(self, name) for name in self.__slots__ if name not in left_out}

    def __setstate__(self, state: "dict[str, Any]") -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.ref = self.on_delete = None

    def track_size(self, ts: float, sizer: Asizer) -> None:
        """Sizes the object now, if it is there. The sizer leaves out other objects that are tracked."""
        instance = self.ref()
        if instance is not None:
            self.add_size(ts, sizer.asized(instance, detail=self._resolution_level), instance)

    def add_size(self, ts: float, size: Asized, instance: Any) -> None:
        """Remembers a size."""
        self.snapshots.append((ts, size))
        self.repr = safe_repr(instance, clip=_CLIP)

    @property
    def resolution_level(self) -> int:
        """How many references far parts are sized one by one."""
        return self._resolution_level

    def set_resolution_level(self, resolution_level: int) -> None:
        """Changes it for sizes to come."""
        self._resolution_level = resolution_level

    def get_max_size(self) -> int:
        """The largest size so far, in bytes."""
        return max(size.size for _, size in self.snapshots)

    def get_size_at_time(self, timestamp: float) -> int:
        """Bytes at the time of a snapshot; zero if it was not there."""
        return next((size.size for ts, size in self.snapshots if ts == timestamp), 0)

    def finalize(self, ref: Any) -> None:
        """The object is gone: called by its weak reference, or by who noticed."""
        if self.death is not None:
            return
        self.death = now()
        if isinstance(self.ref, Unreferenced):
            self.ref.is_gone = True
        if self.on_delete is not None:
            self.on_delete()


def _at_birth(instance: Any) -> int:
    """Bytes of the object alone, before it has anything."""
    kind = type(instance)
    size: int = basic_size(kind)
    return size + (GC_HEAD if is_tracked(kind) else 0)


def _callers() -> Trace:
    """The stack outside of the tracker. Texts: frames would keep the variables of all callers alive."""
    trace: Trace = []
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None:
        code, line = frame.f_code, frame.f_lineno
        if not code.co_filename.startswith(_OWN):
            lines = linecache.getlines(code.co_filename, frame.f_globals)
            context = ([lines[line - 1]], 0) if 0 < line <= len(lines) else (None, None)
            trace.append((code.co_filename, line, code.co_name, *context))
        frame = frame.f_back
    return trace[::-1]
