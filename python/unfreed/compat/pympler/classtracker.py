"""Follows the objects of some classes: how many there are, when each came and went, and how large they are.

Nothing that is followed is kept alive, unless `keep` asks for it.
"""

import threading
import weakref
from collections import defaultdict
from functools import partial, wraps
from typing import IO, Any, Callable, Optional

from unfreed.compat.pympler import muppy
from unfreed.compat.pympler.asized import Asized
from unfreed.compat.pympler.asizer import Asizer
from unfreed.compat.pympler.classtracker_stats import ConsoleStats
from unfreed.compat.pympler.kinds import is_a, module_of, namespace, short_name
from unfreed.compat.pympler.process import ProcessMemoryInfo
from unfreed.compat.pympler.tracked import TrackedObject, Unreferenced, found, now

__all__ = ["ClassTracker"]

History = list[tuple[float, int]]
"""Seconds, and how many objects there were from then on."""


def track_object_creation(time_series: History) -> None:
    """One more from now on."""
    time_series.append((now(), (time_series[-1][1] if time_series else 0) + 1))


def track_object_deletion(time_series: History) -> None:
    """One less from now on."""
    time_series.append((now(), (time_series[-1][1] if time_series else 0) - 1))


class _ClassObserver:
    """A class that is followed: how, and its constructor from before. It does not keep the class alive."""

    __slots__ = ("__weakref__", "cls", "detail", "init", "injected", "keep", "name", "trace")

    def __init__(self, cls: type, name: str, detail: int, keep: bool, trace: bool) -> None:
        self.cls = weakref.ref(cls)
        self.init: Any = namespace(cls).get("__init__")
        self.injected: Any = None
        self.modify(name, detail, keep, trace)

    def modify(self, name: str, detail: int, keep: bool, trace: bool) -> None:
        """Changes how objects to come are followed."""
        self.name, self.detail, self.keep, self.trace = name, detail, keep, trace

    def inject(self, tracker: "ClassTracker") -> None:
        """Puts a constructor in the class that tells the tracker of each object. `TypeError` if it takes none."""
        cls: Any = self.cls()
        before: Callable[..., None] = cls.__init__
        own, followed = weakref.ref(tracker), weakref.ref(self)

        @wraps(before)
        def __init__(instance: Any, *args: Any, **kwargs: Any) -> None:
            there, observer = own(), followed()
            if there is None or observer is None or id(instance) in there._made:
                return _construct(before, instance, args, kwargs)
            there._made.add(id(instance))
            try:
                there._follow(instance, observer)
                return _construct(before, instance, args, kwargs)
            finally:
                there._made.discard(id(instance))

        try:
            cls.__init__ = __init__
        except TypeError:
            raise TypeError("%s cannot be tracked: its constructor cannot be replaced" % short_name(cls)) from None
        self.injected = __init__

    def restore(self) -> None:
        """Takes it out again, unless somebody replaced it since."""
        cls: Any = self.cls()
        if cls is None or namespace(cls).get("__init__") is not self.injected:
            return
        if self.init is None:
            del cls.__init__
        else:
            cls.__init__ = self.init


def _construct(init: "Callable[..., None]", instance: Any, args: Any, kwargs: Any) -> None:
    if init is object.__init__:
        # It takes arguments only from classes that have a `__new__` and no `__init__`, and this one has one now.
        new: Any = type(instance).__new__
        if (args or kwargs) and new is object.__new__:
            raise TypeError("%s() takes no arguments" % short_name(type(instance)))
        return object.__init__(instance)
    return init(instance, *args, **kwargs)


class Snapshot:
    """Sizes at one time: `tracked_total`, `asizeof_total` (all objects, if that was asked for), `overhead` of the
    tracker, in bytes, and `system_total`, what the system says of the process."""

    def __init__(self, timestamp: float, description: str = "") -> None:
        self.tracked_total = 0
        self.asizeof_total = 0
        self.overhead = 0
        self.timestamp = timestamp
        self.system_total = ProcessMemoryInfo()
        self.desc = str(description)
        self.classes: Optional[dict[str, dict[str, Any]]] = None

    @property
    def total(self) -> int:
        """Bytes of the process; if the system does not say, of what was sized."""
        if self.system_total.available:
            return self.system_total.vsz
        return self.asizeof_total or self.tracked_total

    @property
    def label(self) -> str:
        """`warm (1.250s)`."""
        seconds = "%.3fs" % self.timestamp
        return "%s (%s)" % (self.desc, seconds) if self.desc else seconds


class PeriodicThread(threading.Thread):
    """Takes a snapshot every `interval` seconds."""

    def __init__(self, tracker: "ClassTracker", interval: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.interval = interval
        self.tracker = tracker
        self.stop = threading.Event()

    def run(self) -> None:
        """Until `stop` is set."""
        while not self.stop.is_set():
            self.tracker.create_snapshot()
            self.stop.wait(self.interval)


class ClassTracker:
    """Follows objects and classes. `objects` are those followed, by `id()`, `index` the same by name, with those that
    are gone; `history` how many there were, by name, and `snapshots` what `create_snapshot` took."""

    snapshot_lock = threading.Lock()

    def __init__(self, stream: "Optional[IO[str]]" = None) -> None:
        self.index: defaultdict[str, list[TrackedObject]] = defaultdict(list)
        self.objects: dict[int, TrackedObject] = {}
        self.snapshots: list[Snapshot] = []
        self.history: defaultdict[str, History] = defaultdict(list)
        self._keepalive: list[Any] = []
        self._observers: dict[int, _ClassObserver] = {}
        self._made: set[int] = set()
        self._periodic_thread: Optional[PeriodicThread] = None
        self._stream = stream

    @property
    def stats(self) -> ConsoleStats:
        """What there is so far, to be printed."""
        return ConsoleStats(tracker=self, stream=self._stream)

    def track_object(
        self,
        instance: Any,
        name: "Optional[str]" = None,
        resolution_level: int = 0,
        keep: bool = False,
        trace: bool = False,
    ) -> None:
        """Follows one object, under a name: that of its class if none is given.

        Parts are sized one by one `resolution_level` references far; `keep` keeps it alive; `trace` remembers where
        it was made. Raises `TypeError` for objects of built-in types that take no weak reference.
        """
        known = self.objects.get(id(instance))
        if known is not None and self._is_same(known, instance):
            return
        name = short_name(type(instance)) if name is None else name
        series = self.history[name]
        on_delete = partial(track_object_deletion, series)
        followed = TrackedObject(instance, name, resolution_level, trace, on_delete)
        track_object_creation(series)
        self.objects[id(instance)] = followed
        self.index[name].append(followed)
        if keep:
            self._keepalive.append(instance)

    def _is_same(self, known: TrackedObject, instance: Any) -> bool:
        """Whether an object is followed already. Without weak references a new one in the same place looks the same:
        it is one, as it is being made."""
        if isinstance(known.ref, Unreferenced):
            if id(instance) not in self._made and known.ref.is_of(instance):
                return True
            known.finalize(None)
            return False
        return known.ref() is instance

    def _follow(self, instance: Any, observer: _ClassObserver) -> None:
        self.track_object(instance, observer.name, observer.detail, observer.keep, observer.trace)

    def track_change(self, instance: Any, resolution_level: int = 0) -> None:
        """Changes how far parts of an object are sized one by one. `KeyError` if it is not followed."""
        self.objects[id(instance)].set_resolution_level(resolution_level)

    def track_class(
        self,
        cls: type,
        name: "Optional[str]" = None,
        resolution_level: int = 0,
        keep: bool = False,
        trace: bool = False,
    ) -> None:
        """Follows all objects of a class and of its subclasses that are made from now on, under a name:
        `module.class` if none is given. Called again for the same class it changes how.

        Raises `TypeError` for what is no class, and for classes whose constructor cannot be replaced.
        """
        if not is_a(cls, type):
            raise TypeError("only class objects can be tracked")
        name = "%s.%s" % (module_of(cls), short_name(cls)) if name is None else name
        known = self._observer(cls)
        if known is not None:
            known.modify(name, resolution_level, keep, trace)
            return
        observer = _ClassObserver(cls, name, resolution_level, keep, trace)
        observer.inject(self)
        self._observers[id(cls)] = observer

    def _observer(self, cls: type) -> "Optional[_ClassObserver]":
        known = self._observers.get(id(cls))
        return known if known is not None and known.cls() is cls else None

    def detach_class(self, cls: type) -> None:
        """Follows no more objects of a class. Those that are followed still are. `KeyError` if it was not."""
        observer = self._observer(cls)
        if observer is None:
            raise KeyError(cls)
        observer.restore()
        del self._observers[id(cls)]

    def detach_all_classes(self) -> None:
        """Follows no more objects of any class."""
        for observer in list(self._observers.values()):
            observer.restore()
        self._observers.clear()

    def detach_all(self) -> None:
        """Follows nothing any more, and forgets what was followed."""
        self.detach_all_classes()
        self.objects.clear()
        self.index.clear()
        self._keepalive.clear()

    def clear(self) -> None:
        """Forgets snapshots and history as well."""
        self.detach_all()
        self.history.clear()
        self.snapshots.clear()

    def close(self) -> None:
        """Puts the constructors of all classes back: for `contextlib.closing`."""
        self.detach_all_classes()

    def start_periodic_snapshots(self, interval: float = 1.0) -> None:
        """Takes a snapshot every `interval` seconds from now on; if it does already, the interval changes."""
        if self._periodic_thread is None:
            self._periodic_thread = PeriodicThread(self, interval, name="BackgroundMonitor", daemon=True)
            self._periodic_thread.start()
        else:
            self._periodic_thread.interval = interval

    def stop_periodic_snapshots(self) -> None:
        """Takes no more, and waits for the one that is being taken."""
        thread, self._periodic_thread = self._periodic_thread, None
        if thread is not None:
            thread.stop.set()
            if thread is not threading.current_thread():
                thread.join()

    def create_snapshot(self, description: str = "", compute_total: bool = False) -> None:
        """Sizes every object that is followed, and asks the system for the size of the process.

        With `compute_total`, the bytes of all objects as well. Objects that are followed count for themselves, not for
        those that refer to them.
        """
        with self.snapshot_lock:
            timestamp = now()
            sizer = Asizer()
            alive = self._alive()
            objects = [instance for _, instance in alive]
            sizer.exclude_refs(*objects)
            for (followed, instance), size in zip(alive, self._sizes(sizer, alive)):
                followed.add_size(timestamp, size, instance)
            snapshot = Snapshot(timestamp, description)
            snapshot.tracked_total = sizer.total
            if compute_total:
                snapshot.asizeof_total = muppy.get_size(muppy.get_objects())
            overhead = Asizer()
            overhead.exclude_refs(*objects)
            snapshot.overhead = overhead.asizeof(self)
            self.snapshots.append(snapshot)

    def _alive(self) -> "list[tuple[TrackedObject, Any]]":
        """What is followed and still there. One look at the heap finds those that take no weak reference."""
        # Copied: other threads may make objects meanwhile.
        objects = list(self.objects.items())
        unreferenced = {at: one.ref for at, one in objects if isinstance(one.ref, Unreferenced)}
        there = found(list(unreferenced.values()))
        alive = []
        for at, followed in objects:
            instance = there.get(at) if at in unreferenced else followed.ref()
            if instance is not None:
                alive.append((followed, instance))
            elif at in unreferenced:
                followed.finalize(None)
        return alive

    def _sizes(self, sizer: Asizer, alive: "list[tuple[TrackedObject, Any]]") -> "list[Asized]":
        """All of one resolution level at once: to name their parts takes a look at the heap."""
        sizes: dict[int, Asized] = {}
        for level in sorted({followed.resolution_level for followed, _ in alive}):
            objects = [instance for followed, instance in alive if followed.resolution_level == level]
            told = sizer.asized(*objects, detail=level)
            sizes.update(zip(map(id, objects), [told] if len(objects) == 1 else told))
        return [sizes[id(instance)] for _, instance in alive]
