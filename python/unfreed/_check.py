"""Runs in the program that `unfreed check` starts: calls a function round by round and lets the agent look.

Started as `python -m unfreed._check SPEC`, where SPEC is JSON of the launcher's. It decides how many calls make a
round and when the warm-up is over; whether there were rounds enough, the launcher decides from the recording.
"""

import contextlib
import gc
import inspect
import json
import os
import runpy
import sys
import time
import traceback
from typing import Any, Callable, NoReturn, Optional

from unfreed import _native, _target
from unfreed._event_loop import EventLoop

REFUSED = 219
"""The code to end with when the program cannot be checked, which `crates/unfreed-cli/src/commands/check.rs` knows."""
ROUND_SECONDS = 0.05
"""A round has as many calls as fit into this, one at least."""
MOST_CALLS = 500
"""Most calls of a round."""
LONGEST_ROUND = 3.0
"""Seconds that a round may take in the end."""
LONGEST_MEASURED = 1.5
"""Seconds that a measured round may take."""
MOST_GAINED = (20_000, 8 << 20, 20, 20, 10, 200)
"""Blocks, bytes of resident memory, threads, descriptors, child processes and mappings that a round may gain: a call that
loses more is plain enough by itself, and some of these run out."""
WARM_ROUNDS = (3, 10)
"""Rounds of warm-up: at least, at most."""
WARM_SECONDS = 10.0
"""Longest warm-up."""
ALIKE = (8, 0.02)
"""Two rounds that gain the same blocks but for so many, or this part of them, are alike."""
AHEAD_SECONDS, AHEAD_CALLS = 3.0, 100
"""How long, and how often at least, a function that gains is called on before the measurement: what fills up to a bound is
full by then."""
AHEAD_LONGEST = 10.0
"""Seconds after which it is left at fewer calls: a busy machine needs longer for the same calls, a slow function for ever."""
MOST_AHEAD = (300_000, 96 << 20)
"""Blocks and bytes of resident memory that it may gain meanwhile: what leaks has to be walked in each look."""
FALLEN = 4
"""Gains that fall to this part of what they were were those of a cache that is full."""
SLOWEST_FOLLOWED = 4.0
"""Seconds of a call from which none is made only to see what it leaves on disk."""
SETTLE_SECONDS = 0.3
"""How long threads that the function started may take to end."""
ENDLESS = 1 << 31
"""More rounds than the launcher would ask for."""
SLOW_SECONDS = 1.0
"""A function that takes longer keeps its automatic collector: it may need it."""
EVENTS = EventLoop()


def main() -> int:
    """Runs what the launcher asks for; 1 when the program fails, as Python itself would; `REFUSED`."""
    spec = json.loads(sys.argv[1])
    if spec.get("stdout_to_stderr"):
        _send_output_to_stderr()
    _see_as_the_program(spec)
    try:
        function, setup, teardown = _load(spec)
        setup()
        _measure(function, spec)
        teardown()
        EVENTS.close()
    except _target.Stopped as stopped:
        print("unfreed: %s" % stopped, file=sys.stderr)
        return REFUSED
    except SystemExit as ended:
        if ended.code == REFUSED:
            # Or the launcher would think that we have refused it, and said why.
            print("unfreed: the program ended itself with sys.exit(%d)" % REFUSED, file=sys.stderr)
            return 1
        raise
    except BaseException as error:
        _print_error(error)
        return 1
    return 0


def _see_as_the_program(spec: "dict[str, Any]") -> None:
    """The program sees its own name and folder, not those of this module."""
    target = spec["file"] or spec["module"]
    sys.argv[:] = [target, *spec["arguments"]]
    if spec["file"]:
        sys.path[0] = os.path.dirname(os.path.abspath(spec["file"]))
    elif "" not in sys.path:
        sys.path[0] = os.getcwd()


def _send_output_to_stderr() -> None:
    """Standard output is the launcher's, for the report: what the program prints, C code of it as well, goes where people
    read."""
    sys.stdout.flush()
    os.dup2(2, 1)


def _load(
    spec: "dict[str, Any]",
) -> "tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]":
    if spec["whole"]:
        return _script(spec), _nothing, _nothing
    module = _target.module(spec["file"], spec["module"])
    wanted = [spec["function"], spec["setup"], spec["teardown"]]
    function, setup, teardown = (_caller(_target.find(module, name)) if name else _nothing for name in wanted)
    return function, setup, teardown


def _nothing() -> None:
    """What is called where nothing was named."""


def _script(spec: "dict[str, Any]") -> "Callable[[], Any]":
    def run() -> None:
        try:
            if spec["file"]:
                runpy.run_path(spec["file"], run_name="__main__")
            else:
                runpy.run_module(spec["module"], run_name="__main__", alter_sys=True)
        except SystemExit as end:
            if end.code not in (None, 0):
                raise

    return run


def _caller(found: "_target.Found") -> "Callable[[], Any]":
    """One call of it, as whoever is meant to call it would: to its end, and each method on an object of its own."""
    call = found.function if found.owner is None else _on_an_instance(found.owner, found.function)
    if found.owner is not None and _target.is_case(found.owner):
        return _as_a_test(found.owner, found.function.__name__)
    if found.returns(inspect.iscoroutinefunction):
        return _in_the_loop(call)
    if found.returns(inspect.isasyncgenfunction):
        return _in_the_loop(lambda: _exhausted(call))
    return _iterated(call) if found.returns(inspect.isgeneratorfunction) else call


def _on_an_instance(owner: type, method: "Callable[..., Any]") -> "Callable[[], Any]":
    return lambda: method(owner())


def _iterated(function: "Callable[[], Any]") -> "Callable[[], Any]":
    def run() -> None:
        for _ in function():
            pass

    return run


async def _exhausted(function: "Callable[[], Any]") -> None:
    async for _ in function():
        pass


def _in_the_loop(function: "Callable[[], Any]") -> "Callable[[], Any]":
    def run() -> None:
        EVENTS.run(function())

    return run


def _as_a_test(owner: type, name: str) -> "Callable[[], Any]":
    """A test of `unittest`, with what its class and its module set up and tear down."""
    import unittest

    class First(unittest.TestResult):
        """Keeps the first error as it was raised."""

        error: Optional[BaseException] = None

        def addError(self, test: Any, err: Any) -> None:
            self.error = self.error or err[1]

        def addFailure(self, test: Any, err: Any) -> None:
            self.error = self.error or err[1]

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
            self.error = self.error or (err and err[1])

        def addSkip(self, test: Any, reason: str) -> None:
            self.error = _target.Stopped("%s.%s is skipped: %s" % (owner.__qualname__, name, reason))

    def run() -> None:
        test = owner(name)
        # The rounds are ours; those of `unfreed.unittest.NoLeaks` would be rounds in each call.
        test._unfreed_repeats = True
        result = First()
        unittest.TestSuite([test]).run(result)
        error, result.error = result.error, None
        if error is not None:
            raise error

    return run


def _measure(function: "Callable[[], Any]", spec: "dict[str, Any]") -> None:
    seconds = _time_of_a_call(function)
    calls = spec["calls"] or max(1, min(MOST_CALLS, int(ROUND_SECONDS / max(seconds, 1e-7))))
    measured = Rounds(function, calls, seconds < SLOW_SECONDS)
    measured.warm_up()
    if measured.fills_up():
        measured.warm_up()
    measured.begin()
    rounds: Optional[int] = spec["rounds"]
    done, until = 0, rounds or spec["rounds_until_asked"][measured.loses]
    while True:
        for _ in range(until - done):
            measured.measure()
            done += 1
        answer = _ask_launcher(spec["control"], ENDLESS if rounds else done)
        if rounds or answer != ["more"]:
            break
        until = done + spec["more_rounds"]
    if answer[0] == "references":
        measured.say_who_loses(answer[1:])
    measured.say_who_starts()
    measured.say_what_is_left()


def _time_of_a_call(function: "Callable[[], Any]") -> float:
    """Seconds of a call, after a first one that imports and builds what it needs."""
    function()
    times = []
    begin = time.perf_counter()
    for _ in range(3):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
        if time.perf_counter() - begin > 1.0:
            break
    return min(times)


class Rounds:
    """Rounds of calls, with the automatic collector off while they run: garbage is counted, not hidden."""

    def __init__(self, function: "Callable[[], Any]", calls: int, without_collector: bool) -> None:
        self.function = function
        self.calls = calls
        self.calls_of_nothing = calls
        self.gained: "list[int]" = []
        """What the last round of warm-up gained."""
        self.done = 0
        self.seconds = 0.0
        """What a call of the last round took."""
        self.collector_enabled = gc.isenabled()
        self.without_collector = without_collector
        self.threads = _threads()
        self.loses = "nothing"
        self.running = (0, 0)
        """Threads and children when the measured rounds begin."""

    def warm_up(self) -> None:
        """Rounds until each gains as many blocks as the one before: what is built once is built by then."""
        gains: "list[int]" = []
        begin = time.monotonic()
        gc.collect()
        before = _gained_so_far()
        while len(gains) < WARM_ROUNDS[1]:
            calls = self.calls
            self._call()
            gc.collect()
            now = _gained_so_far()
            gained = [after - known for after, known in zip(now, before)]
            before = now
            gains.append(gained[0] * self.calls // calls)
            self.gained = gained
            self._shrink(gained, self.seconds * calls)
            late = time.monotonic() - begin > WARM_SECONDS
            if len(gains) >= WARM_ROUNDS[0] and (late or _are_alike(gains[-2:])):
                return
            if late and len(gains) > 1:
                return

    def fills_up(self) -> bool:
        """Calls on while the function gains memory, and says whether that came to an end: then it was a cache that has a
        bound, which gains like a leak until it is full. Nothing is followed yet, so calls are fast. What runs out
        (descriptors, threads, children) is not spent on this."""
        threads, descriptors, children, mappings = self.gained[2:]
        if self.loses == "nothing" or max(threads, descriptors, children, mappings - self.calls // 2) > 0:
            return False
        calls, has_fallen = self.calls, False
        first = now = _gained_so_far()
        pace: "Optional[float]" = None
        begin, ahead = time.monotonic(), 0
        while time.monotonic() - begin < (AHEAD_SECONDS if ahead >= AHEAD_CALLS else AHEAD_LONGEST):
            before = now[0]
            self._call()
            ahead += self.calls
            gc.collect()
            now = _gained_so_far()
            gained = now[0] - before
            pace = gained / self.calls if pace is None else pace
            has_fallen = has_fallen or gained <= max(ALIKE[0], pace * self.calls / FALLEN)
            # What is not quite full goes on to gain, less and less, and would look like a slow leak.
            if gained <= 0 or any(more - less > most for more, less, most in zip(now, first, MOST_AHEAD)):
                break
            # Not further than that by the next round.
            has_room = now[0] - first[0] + 2 * max(gained, 0) <= MOST_AHEAD[0]
            if self.seconds * self.calls < ROUND_SECONDS and has_room:
                self.calls *= 2
        self.calls = self.calls_of_nothing if has_fallen else calls
        self._keep_short()
        return has_fallen

    def _shrink(self, gained: "list[int]", took: float) -> None:
        """Fewer calls a round for a function that loses much in each, or gets slower by what it has lost."""
        excess = max(took / LONGEST_ROUND, *(gain / most for gain, most in zip(gained, MOST_GAINED)))
        self.loses = "something" if gained[0] > ALIKE[0] else "nothing"
        if excess > self.calls:
            self.loses = "much"
        if excess > 1:
            self.calls = max(1, int(self.calls / excess))

    def _keep_short(self) -> None:
        """Fewer calls for a function that has to walk all that it has lost, and gets slower and slower."""
        self.calls = max(1, min(self.calls, int(LONGEST_MEASURED / max(self.seconds, 1e-6))))

    def begin(self) -> None:
        """The state that the measured rounds start from."""
        _native._begin_rounds()
        # One round more: what the following of blocks itself needs is there before the first look.
        self._call()
        gc.collect()
        self._look(0)
        self.running = _running()

    def measure(self) -> None:
        """One round, looked at."""
        self._call()
        self.done += self.calls
        self._look(self.done)
        self._keep_short()

    def say_who_starts(self) -> None:
        """If calls leave threads or children, some calls more, followed line by line."""
        if any(after > before for before, after in zip(self.running, _running())):
            from unfreed import _started

            _started.write(self.function, self._settle)

    def say_who_loses(self, types: "list[str]") -> None:
        """Some calls more, for references that C code loses, followed instruction by instruction."""
        from unfreed import _lost

        _lost.write(self.function, self._settle, types)

    def say_what_is_left(self) -> None:
        """Some calls more, for files that are left on disk."""
        if self.seconds <= SLOWEST_FOLLOWED:
            from unfreed import _left_files

            _left_files.write(self.function, self._settle)

    def _look(self, done: int) -> None:
        _native._look()
        gc.collect()
        _native._end_round(done, self.collector_enabled)

    def _call(self) -> None:
        if self.without_collector:
            gc.disable()
        function = self.function
        began = time.monotonic()
        for _ in range(self.calls):
            function()
        self.seconds = (time.monotonic() - began) / self.calls
        if self.without_collector:
            gc.disable()
        self._settle()

    def _settle(self) -> None:
        """Gives threads that the function started, and that are about to end, the time to."""
        until = time.monotonic() + SETTLE_SECONDS
        while _threads() > self.threads and time.monotonic() < until:
            time.sleep(0.005)


def _gained_so_far() -> "list[int]":
    """Blocks, bytes of resident memory, threads, descriptors, children and mappings that there are: as in MOST_GAINED."""
    with open("/proc/self/statm", "rb") as statm:
        resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    descriptors = len(os.listdir("/proc/self/fd"))
    with open("/proc/self/maps", "rb") as maps:
        mappings = maps.read().count(b"\n")
    threads, children = _running()
    return [sys.getallocatedblocks(), resident, threads, descriptors, children, mappings]


def _running() -> "tuple[int, int]":
    """How many threads and children there are."""
    threads = os.listdir("/proc/self/task")
    return len(threads), sum(map(_children_of, threads))


def _children_of(thread: str) -> int:
    try:
        with open("/proc/self/task/%s/children" % thread, "rb") as children:
            return len(children.read().split())
    except OSError:
        return 0


def _threads() -> int:
    threading = sys.modules.get("threading")
    return threading.active_count() if threading else 1


def _are_alike(gains: "list[int]") -> bool:
    difference = abs(gains[1] - gains[0])
    return difference <= max(ALIKE[0], ALIKE[1] * abs(gains[1]))


def _ask_launcher(control: int, done: int) -> "list[str]":
    """Asks the launcher, which reads the recording, whether the verdict needs `more` rounds, or has to know who loses
    `references`, to objects of the types that follow, or is `done`."""
    answer = b""
    try:
        os.write(control, b"%d\n" % done)
        while not answer.endswith(b"\n"):
            part = os.read(control, 4096)
            if not part:
                break
            answer += part
    except OSError:
        pass
    return answer.decode("utf-8", "replace").split() or ["done"]


def _print_error(error: BaseException) -> None:
    """As Python prints it, without the frames of this module and of what it finds the program with."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename in (__file__, _target.__file__):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)


def _end(code: int) -> NoReturn:
    """Ends the program; at once, where it would wait for threads and children that the calls have left."""
    if _is_kept_waiting():
        _native._stop_agent()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def _is_kept_waiting() -> bool:
    threading = sys.modules.get("threading")
    if threading is not None:
        main_thread = threading.main_thread()
        if any(one is not main_thread and not one.daemon for one in threading.enumerate()):
            return True
    processes = sys.modules.get("multiprocessing.process")
    return processes is not None and any(not child.daemon for child in processes.active_children())


if __name__ == "__main__":
    _end(main())
