"""Which line loses references to objects that stay or that nobody else has any more, and which function of C code on it.

No list says who took a reference. So some calls after all others run instruction by instruction, and what the counts of
the objects in question rise or fall by over one of them, less what its frame and other objects have of it by then, was
lost by that instruction. Slow, and only when the recording says that references are lost. Where the evidence is not
clear nothing is said: a wrong name costs more than none.
"""

import array
import collections
import gc
import sys
import time
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Callable, List, Optional, Sequence, Tuple

from unfreed import _classes, _instructions, _live, _native, _stack
from unfreed._stack import Line

REFERENCE = "reference"
CALLS = (1, 20)
"""Calls of each pass, at least and at most."""
PASS_SECONDS = 0.5
"""Seconds that the calls of a pass would take if nobody followed them."""
SLOWEST = 0.5
"""Seconds of a call from which none is followed."""
MOST_LOST = 20_000
"""Blocks that a call may lose: some dozen calls later there would be too many for looks at all of them."""
LONGEST = 24.0
"""Seconds of work after which nothing is followed any more."""
VERIFIED = 2
"""How often each place is asked who holds the objects by then: each answer is a look at the whole heap."""
MOST_VERIFIED = 12
"""Places that are asked; where there are more, the evidence is not clear."""
MOST_STEPS = 4000
"""Instructions of a call that are followed: of one that goes round and round, the rest is alike."""
TRACKED = 1 << 14
"""Py_TPFLAGS_HAVE_GC"""
SHARED = (int, bool, type(None), type(Ellipsis), type(NotImplemented))
"""Types whose objects Python shares between all who need them; of other numbers, new ones are followed."""
MOST_OBJECTS = 32
"""Objects of each type that are followed, and"""
MOST_TYPES = 6
"""types."""
SHARED_BY_MANY = 20_000
"""References to an object from which it is not followed where new ones are: each look would find all that have it."""
FUNCTIONS = [id(FunctionType), id(MethodType)]
"""Types of what a call runs of Python by itself."""
CALLED_BY_PYTHON = ("__init__", "__new__", "__call__")
"""Functions that the interpreter runs when something is called that is none."""
CLEAR = 0.8
"""The part of the lost references that one place has to explain."""
Place = Tuple[str, int, List[Tuple[str, str, int, str]]]
"""The type referred to, how many references, and the stack, as the recording takes them."""


def write(call: "Callable[[], Any]", settle: "Callable[[], None]", types: "list[str]") -> None:
    """Calls some times, and has the recording say which line and which function of C code lose references. `types` are the
    full names of the types of what is lost, as far as the recording tells."""
    calls, places = followed(call, settle, types)
    if places:
        _native._write_started(REFERENCE, calls, places)


def followed(
    call: "Callable[[], Any]", settle: "Callable[[], None]", types: "Sequence[str]" = ()
) -> "tuple[int, list[Place]]":
    """How many calls were followed, and the places that lost references in these for certain."""
    try:
        blocks, began = sys.getallocatedblocks(), time.perf_counter()
        call()
        took = time.perf_counter() - began
        if took > SLOWEST or sys.getallocatedblocks() - blocks > MOST_LOST:
            return 0, []
        calls = max(CALLS[0], min(CALLS[1], int(PASS_SECONDS / max(took, 1e-6))))
        wanted, new = _in_question(call, settle, calls, types)
        if not wanted:
            return calls, []
        follower = _Follower(wanted, new, call, settle, calls)
        places = follower.places()
        return follower.calls, places
    except Exception:
        # It did not fail in all the calls before; what was followed of these says nothing.
        return 0, []


def _in_question(
    call: "Callable[[], Any]", settle: "Callable[[], None]", calls: int, types: "Sequence[str]"
) -> "tuple[dict[type, list[Any]], list[type]]":
    """Objects whose counts rise or fall with every few calls, by type, and types of which calls leave new objects: those of
    `types` first."""
    gc.collect()
    objects = _live.get_objects()
    before = collections.Counter(map(type, objects))
    # Numbers in lists would be new objects themselves.
    levels = [array.array("q", map(sys.getrefcount, objects))]
    for _ in range(2):
        for _ in range(calls):
            call()
        settle()
        gc.collect()
        levels.append(array.array("q", map(sys.getrefcount, objects)))
    after = collections.Counter(map(type, _live.get_objects()))
    named = [one for one in objects if _classes.is_a(one, type) and _classes.full_name(one) in types]
    found: "dict[type, list[Any]]" = {kind: [] for kind in named[: MOST_TYPES // 2]}
    del named
    for kind, number in after.items():
        if number - before[kind] >= 2 * calls * CLEAR and len(found) < MOST_TYPES:
            found[kind] = []
    new_kinds = list(found)
    own = {id(found), id(before), id(after), id(levels), id(objects)}
    gains = [(last - middle, middle - first, one) for one, first, middle, last in zip(objects, *levels)]
    steady = [(min(abs(new), abs(old)), one) for new, old, one in gains if new * old > 0 and id(one) not in own]
    del gains, objects
    # A class that has instances more has been referred to by them.
    steady = [(gain, one) for gain, one in steady if not (_classes.is_a(one, type) and after[one] > before[one])]
    # Everybody has these, and they cost nobody anything.
    steady = [(gain, one) for gain, one in steady if type(one) not in SHARED]
    for _, one in sorted(steady, key=lambda each: -each[0]):
        if new_kinds and sys.getrefcount(one) > SHARED_BY_MANY:
            continue
        of_type = found.get(type(one))
        if of_type is None and len(found) >= MOST_TYPES:
            continue
        of_type = found.setdefault(type(one), [])
        if len(of_type) < MOST_OBJECTS:
            of_type.append(one)
    return found, new_kinds


class _Record:
    """A frame that runs: the instruction that it is about to run or is running, and the levels before that."""

    def __init__(self, frame: int, number: int) -> None:
        self.frame = frame
        self.offset = -1
        self.line = 0
        self.first: "Optional[list[int]]" = None
        self.before: "list[int]" = []
        self.nested = [0] * number
        """What frames within the instruction have gained."""
        self.called: "list[tuple[str, str]]" = []
        self.ran_python = False
        self.codes: "Optional[set[CodeType]]" = None
        """Of functions that it may call, if it is a call,"""
        self.through_c = False
        """and whether it ran another: then C code did that, of which not every kind tells the profiler."""
        self.holders: "Optional[list[int]]" = None

    def meets(self, code: CodeType) -> None:
        """Another frame has run within the instruction."""
        self.ran_python = True
        if self.codes is not None and code not in self.codes and code.co_name not in CALLED_BY_PYTHON:
            self.through_c = True


class _Seen:
    """What is known of an instruction."""

    def __init__(self, number: int, called: "list[tuple[str, str]]", stack: "list[Line]", is_move: bool) -> None:
        self.gained = [0] * number
        """References that its frame does not have, by type."""
        self.held = [0] * number
        """Of those, which other objects have, where that was asked."""
        self.times = [0] * number
        """How often it ran and gained something, by type,"""
        self.ran = 0
        """and how often it ran."""
        self.asked = 0
        self.called = set(called)
        self.is_move = is_move
        """Whether it is the interpreter alone that moves references: also from and to what it runs of Python."""
        self.stack = stack


class _Follower:
    """Runs the calls, and knows what each instruction does to the counts."""

    def __init__(
        self,
        wanted: "dict[type, list[Any]]",
        new: "list[type]",
        call: "Callable[[], Any]",
        settle: "Callable[[], None]",
        calls: int,
    ) -> None:
        self._kinds = list(wanted)
        self._wanted, self._new = list(wanted.values()), new
        self._wants_new: "set[int]" = set()
        """Types, by id, of which new objects are followed as well: until there are enough."""
        self._objects: "list[list[Any]]" = []
        self._ids: "dict[int, int]" = {}
        self._taken_off: "list[int]" = []
        self._call, self._settle, self.calls = call, settle, calls
        self._depths: "dict[CodeType, dict[int, int]]" = {}
        self._records: "list[_Record]" = []
        self._sites: "dict[tuple[CodeType, int], _Seen]" = {}
        self._asked: "set[tuple[CodeType, int]]" = set()
        self._steps = 0
        self._rested = False
        """Whether a call was not followed to its end."""
        self._untracked = [id(kind) for kind in new if not kind.__flags__ & TRACKED]
        self._until = time.thread_time() + LONGEST
        self._known = set(map(id, _live.get_objects()))
        """Objects of before: what comes is new unless it is where one of them was."""

    def places(self) -> "list[Place]":
        """The places that lose references for certain."""
        self._pass()
        sites = {site for site, seen in self._sites.items() if not seen.is_move}
        gaining = {site for site in sites if any(self._sites[site].gained)}
        # What takes a reference from an object and loses it gains nothing, and is asked when the others do not explain it.
        for asked in (gaining, sites):
            if not asked or len(asked) > MOST_VERIFIED:
                return []
            began = time.thread_time()
            self._holders()
            now = time.thread_time()
            # Not each place is come to again; what gets nowhere is to end before it has cost all of that.
            if now + (now - began) * len(asked) * VERIFIED > self._until:
                return []
            places = self._asking(asked)
            if places:
                return places
        return []

    def _asking(self, sites: "set[tuple[CodeType, int]]") -> "list[Place]":
        self._asked = sites
        self._sites.clear()
        lost = self._pass()
        if time.thread_time() > self._until:
            return []
        places = []
        for index, kind in enumerate(self._kinds):
            place = self._place(index, lost[index])
            if place is not None:
                places.append((_classes.full_name(kind), abs(lost[index]), place))
        return places

    def _place(self, index: int, lost: int) -> "Optional[list[tuple[str, str, int, str]]]":
        """The stack of the place that loses nearly all that is lost of a type; `None` when none is clear."""
        if abs(lost) < self.calls * 0.25:
            return None
        taken = []
        for site, seen in self._sites.items():
            if seen.is_move or (not seen.gained[index] and site not in self._asked):
                continue
            if not seen.asked:
                return None
            held = seen.held[index] * (seen.times[index] or seen.ran) / seen.asked
            taken.append((seen.gained[index] - held, seen))
        whole: float = lost
        if self._rested:
            # What was not followed loses as well: more, and the same way.
            whole = sum(number for number, _ in taken)
            if whole * lost <= 0 or abs(lost) < abs(whole) * CLEAR:
                return None
        shares = [(number / whole, seen) for number, seen in taken]
        if not shares:
            return None
        best, seen = max(shares, key=lambda share: share[0])
        others = sum(abs(share) for share, _ in shares) - abs(best)
        if not CLEAR <= best <= 2 - CLEAR or others > 1 - CLEAR:
            return None
        functions = [(library, name, 0, "") for library, name in seen.called] if len(seen.called) == 1 else []
        return functions + _stack.described(seen.stack)

    def _pass(self) -> "list[int]":
        """One pass; what it lost of each type."""
        self._wants_new = set(map(id, self._new))
        self._objects = list(map(list, self._wanted))
        self._ids = {id(one): index for index, objects in enumerate(self._objects) for one in objects}
        self._taken_off = [0] * len(self._kinds)
        gc.collect()
        enabled = gc.isenabled()
        # What is new is where the collector looks first, until it has.
        gc.disable()
        try:
            begin = self._levels(())
            self._run()
            self._settle()
            gc.collect()
            return [now - then for now, then in zip(self._levels(()), begin)]
        finally:
            if enabled:
                gc.enable()

    def _run(self) -> None:
        for done in range(1, self.calls + 1):
            self._records.clear()
            self._steps = 0
            before = sys.gettrace(), sys.getprofile()
            sys.setprofile(self._profile)
            sys.settrace(self._trace)
            try:
                self._call()
            finally:
                sys.settrace(before[0])
                sys.setprofile(before[1])
            self._records.clear()
            if self._rested and done >= CALLS[0]:
                # Calls that are long say enough in few.
                self.calls = done
            if done >= self.calls or time.thread_time() > self._until:
                break

    def _levels(self, slots: "Any") -> "list[int]":
        levels = [sum(map(sys.getrefcount, objects)) for objects in self._objects]
        for slot in slots:
            index = self._ids.get(slot)
            if index is not None:
                levels[index] -= 1
        return [level - off for level, off in zip(levels, self._taken_off)]

    def _trace(self, frame: FrameType, event: str, argument: Any) -> "Optional[Callable[..., Any]]":
        if time.thread_time() > self._until:
            return None
        if event == "call":
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
            self._records.append(_Record(id(frame), len(self._kinds)))
        elif self._records and self._records[-1].frame == id(frame):
            if event == "opcode":
                self._step(frame)
            elif event == "return":
                ended = self._records.pop()
                if self._records and ended.first is not None:
                    self._records[-1].meets(frame.f_code)
                    above = self._records[-1].nested
                    above[:] = [known + last - first for known, last, first in zip(above, ended.before, ended.first)]
        return self._trace

    def _profile(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and self._records and self._records[-1].frame == id(frame):
            self._records[-1].called.append(_described(argument))

    def _step(self, frame: FrameType) -> None:
        """The last instruction of the frame has ended, and another is about to run."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            self._rested = True
            sys.settrace(None)
            sys.setprofile(None)
            return
        record = self._records[-1]
        depth = self._depth(frame.f_code, frame.f_lasti)
        if depth is None:
            raise NotImplementedError("an instruction that the compiler's tables do not have")
        held: "list[Any]" = []
        is_call = _instructions.is_call(frame.f_code, frame.f_lasti)
        sought = (self._untracked if self._wants_new else []) + (FUNCTIONS if is_call else [])
        slots = _native._owned_slots(2, depth, sought, held)
        codes = _codes_of(held)
        self._take_new(slots, held)
        del held
        levels = self._levels(slots)
        if record.first is None:
            record.first = levels
        else:
            self._account(frame, record, levels)
        record.offset, record.line = frame.f_lasti, frame.f_lineno or 0
        record.before, record.nested = levels, [0] * len(levels)
        record.called, record.ran_python, record.holders = [], False, None
        record.codes, record.through_c = codes if is_call else None, False
        site = (frame.f_code, frame.f_lasti)
        if site in self._asked and (site not in self._sites or self._sites[site].asked < VERIFIED):
            record.holders = self._holders()

    def _account(self, frame: FrameType, record: _Record, levels: "list[int]") -> None:
        site = (frame.f_code, record.offset)
        gained = [now - then - nested for now, then, nested in zip(levels, record.before, record.nested)]
        seen = self._sites.get(site)
        if seen is None:
            if not any(gained) and not record.called and site not in self._asked:
                return
            stack = _stack.of(frame, __file__, record.line)
            seen = self._sites[site] = _Seen(len(levels), record.called, stack, _instructions.is_move(*site))
        seen.is_move = seen.is_move or (record.ran_python and not record.called and not record.through_c)
        seen.ran += 1
        seen.times = [known + (new != 0) for known, new in zip(seen.times, gained)]
        seen.called.update(record.called)
        seen.gained = [known + new for known, new in zip(seen.gained, gained)]
        if record.holders is not None:
            seen.asked += 1
            holders = zip(seen.held, self._holders(), record.holders)
            seen.held = [known + now - then for known, now, then in holders]

    def _take_new(self, slots: "list[int]", held: "list[Any]") -> None:
        """Follows also the new objects of the types in question: from here on, what they are referred to by now taken
        off. Those that the collector does not know, the frame has at hand: they are `held`, each once."""
        if not self._wants_new:
            return
        for source in (held, gc.get_objects(generation=0)):
            for one in source:
                if id(one) in self._ids or id(one) in self._known:
                    continue
                kind = type(one)
                if id(kind) not in self._wants_new:
                    continue
                index = self._kinds.index(kind)
                objects = self._objects[index]
                if one is objects:
                    continue
                if len(objects) >= MOST_OBJECTS:
                    self._wants_new.discard(id(kind))
                    continue
                before = sum(map(sys.getrefcount, objects))
                objects.append(one)
                self._ids[id(one)] = index
                # The loop has one reference and what it runs over another.
                self._taken_off[index] += sum(map(sys.getrefcount, objects)) - before - 2 - slots.count(id(one))

    def _holders(self) -> "list[int]":
        """References that objects have to those that are followed, by type."""
        found: "list[Any]" = []
        _native._references(list(self._ids), True, found, _live.folders())
        counts = [0] * len(self._kinds)
        own = set(map(id, self._objects))
        unclear = []
        for key, holder in {id(one): one for one in found if id(one) not in own}.items():
            followed = self._followed(gc.get_referents(holder)) if type(holder).__flags__ & TRACKED else []
            if not followed:
                # The collector does not know it, or it does not tell the collector of all that it has.
                unclear.append(key)
            for index in followed:
                counts[index] += 1
        if unclear:
            referents: "list[Any]" = []
            _native._references(unclear, False, referents, _live.folders())
            for index in self._followed(referents):
                counts[index] += 1
        return counts

    def _followed(self, referents: "list[Any]") -> "list[int]":
        """The types of those that are followed."""
        return [self._ids[id(one)] for one in referents if id(one) in self._ids]

    def _depth(self, code: CodeType, offset: int) -> Optional[int]:
        known = self._depths.get(code)
        if known is None:
            known = self._depths[code] = _instructions.depths(code)
        return known.get(offset)


def _codes_of(held: "list[Any]") -> "set[CodeType]":
    """Of functions and methods of Python among the objects; asks no object itself."""
    functions = [one.__func__ if type(one) is MethodType else one for one in held]
    return {one.__code__ for one in functions if type(one) is FunctionType}


def _described(function: Any) -> "tuple[str, str]":
    """The library and the name of a function of C code, as `(path, module.name)`; the module for a path that
    is not known."""
    owner = function.__self__
    if owner is None or isinstance(owner, ModuleType):
        module = function.__module__ or getattr(owner, "__name__", "")
        return _library(module, None) or module, "%s.%s" % (module, function.__qualname__)
    kind = owner if isinstance(owner, type) else type(owner)
    name = function.__qualname__
    for base in kind.__mro__:
        if function.__name__ in vars(base):
            kind = base
            break
    module = _classes.module_of(kind)
    return _library(module, kind) or module, "%s.%s" % (module, name)


def _library(module: str, kind: Optional[type]) -> str:
    """The file of an extension module, or of the one below it that has the type."""
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    if file.endswith(".so") or kind is None:
        return file if file.endswith(".so") else ""
    for name, one in list(sys.modules.items()):
        file = getattr(one, "__file__", None) or ""
        if file.endswith(".so") and name.startswith(module + ".") and vars(one).get(kind.__name__) is kind:
            return file
    return ""
