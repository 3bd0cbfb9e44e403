"""Threads that change everything a heap is made of, while snapshots are taken from every place that Python code can be in.

    python heap_storm.py FILE SECONDS [fork]

With `fork`, copies of the process take the snapshots. Prints how many snapshots there were from each place. What it checks itself: a list of known objects keeps its
reference counts, every storm goes on, and a snapshot that is refused says why.

It goes on for longer, up to a minute, until there was a snapshot from every place and every storm came round: a
collection that another thread has begun is no time to look, and on a busy machine it can last.
"""

import asyncio
import collections
import contextvars
import functools
import gc
import importlib
import itertools
import json
import random
import signal
import sys
import threading
import time
import types
import weakref

import unfreed

FILE, SECONDS, FORK = sys.argv[1], float(sys.argv[2]), sys.argv[3:] == ["fork"]
STOP = threading.Event()
TURNS = collections.Counter()
TAKEN = collections.Counter()
REFUSED = set()
COMPARED, HASHED = itertools.count(1), itertools.count(1)
PLACES = {"main thread", "signal handler", "__del__", "sort", "hash", "task"}
MODULES = ["colorsys", "cmd", "sched", "netrc", "mailbox", "quopri", "stringprep", "zipapp", "wave", "plistlib"]


def look(place):
    """One snapshot, from wherever this is called."""
    try:
        unfreed.snapshot("%s-%d" % (FILE, threading.get_ident()), fork=FORK)
        TAKEN[place] += 1
    except RuntimeError as error:
        REFUSED.add(str(error))


class Node:
    def __init__(self, other=None):
        self.other = other
        self.me = self
        self.parts = {"a": [other], 1: (other, self)}


class Slotted:
    __slots__ = ("left", "right", "__weakref__")


class Dying:
    def __del__(self):
        look("__del__")


class Ordered:
    """Looks at the heap while a sort has emptied the list it works on."""

    def __init__(self, number):
        self.number = number

    def __lt__(self, other):
        if next(COMPARED) % 500 == 0:
            look("sort")
        return self.number < other.number


class Hashed:
    """Looks at the heap while a dict is being filled or searched."""

    def __hash__(self):
        if next(HASHED) % 500 == 0:
            look("hash")
        return 1

    def __eq__(self, other):
        return self is other


def dicts():
    table = {}
    for number in range(3000):
        table[number if number % 3 else "key %d" % number] = [number]
        if number % 5 == 0:
            table.pop(number // 2, None)
    table.update((Hashed(), None) for _ in range(30))
    return {**table}


def instances():
    nodes = [Node() for _ in range(300)]
    for node in nodes:
        node.other = random.choice(nodes)
        setattr(node, "extra%d" % random.randrange(40), node)
        if random.random() < 0.3:
            vars(node)["given"] = 1
        if random.random() < 0.2:
            node.__dict__ = {"fresh": node}
        if random.random() < 0.2:
            del node.__dict__
    slotted = Slotted()
    slotted.left = slotted
    return weakref.WeakSet([slotted])


def classes():
    made = type("Made", (Node,), {"__slots__": ("x",), "method": lambda self: self})
    one = made()
    one.__class__ = type("Other", (Node,), {"__slots__": ("x",)})
    made.late = functools.lru_cache(maxsize=3)(lambda n: n)
    made.late(1)
    return one


def generators():
    def numbers(depth):
        held = [depth]
        yield held
        if depth:
            yield from numbers(depth - 1)

    running = numbers(20)
    for _ in range(10):
        next(running)
    try:
        raise ValueError(running)
    except ValueError as error:
        return error.__traceback__


def coroutines():
    async def wait(number):
        await asyncio.sleep(0)
        return number

    async def main():
        tasks = [asyncio.ensure_future(wait(number)) for number in range(20)]
        look("task")
        await asyncio.gather(*tasks)

    asyncio.run(main())


def containers():
    queue = collections.deque(range(200), maxlen=100)
    queue.rotate(7)
    numbers = set(range(500))
    for number in range(0, 500, 3):
        numbers.discard(number)
    ordered = collections.OrderedDict.fromkeys(map(str, range(100)))
    ordered.move_to_end("50")
    things = [Ordered(random.random()) for _ in range(200)]
    things.sort()
    contextvars.copy_context().run(json.loads, '{"a": [1, 2, {"b": null}]}')
    return queue, numbers, ordered, bytearray(1000) * 3


def modules():
    name = random.choice(MODULES)
    sys.modules.pop(name, None)
    importlib.import_module(name)
    exec(compile("def f(a, b=[]):\n    c = lambda: (a, b, f)\n    return c\n", "made.py", "exec"), types.ModuleType("m").__dict__)


def threads():
    local = threading.local()

    def work():
        local.value = [threading.current_thread()]

    started = [threading.Thread(target=work) for _ in range(3)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def garbage():
    Dying()
    one, other = Node(), Node()
    one.other, other.other = other, one
    if random.random() < 0.1:
        gc.collect()


def repeat(storm):
    while not STOP.is_set():
        storm()
        TURNS[storm.__name__] += 1


def in_callback(phase, info):
    if random.random() < 0.05:
        look("collector, at its " + phase)


def on_signal(number, frame):
    look("signal handler")


STORMS = [dicts, instances, classes, generators, coroutines, containers, modules, threads, garbage]


def everything_seen():
    return all(TAKEN[place] for place in PLACES) and all(TURNS[storm.__name__] for storm in STORMS)


def main():
    # The first call imports, and Python's import locks cannot be taken anew by a signal handler or `__del__`.
    look("start")
    known = [Node() for _ in range(50)]
    before = [sys.getrefcount(node) for node in known]
    gc.callbacks.append(in_callback)
    signal.signal(signal.SIGALRM, on_signal)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    sys.setswitchinterval(0.0005)
    running = [threading.Thread(target=repeat, args=(storm,), name=storm.__name__) for storm in STORMS]
    for thread in running:
        thread.start()
    start = time.monotonic()
    while time.monotonic() < start + SECONDS or (not everything_seen() and time.monotonic() < start + 60):
        look("main thread")
        time.sleep(0.001)
    signal.setitimer(signal.ITIMER_REAL, 0)
    STOP.set()
    for thread in running:
        thread.join()
    gc.callbacks.remove(in_callback)
    assert [sys.getrefcount(node) for node in known] == before
    print(json.dumps({"taken": TAKEN, "turns": TURNS, "refused": sorted(REFUSED)}))


main()
