"""One object of each builtin and standard type in SAMPLES, a snapshot, and what sys.getsizeof says of each."""

import array
import asyncio
import collections
import contextvars
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import itertools
import json
import operator
import pathlib
import queue
import random
import re
import struct
import sys
import threading
import types
import uuid
import weakref

import unfreed


class Plain:
    def __init__(self, more=0):
        self.one, self.two = 1, "two"


class Dicted(Plain):
    """Its __dict__ has been looked at."""


class Wide:
    def __init__(self):
        for number in range(60):
            setattr(self, "attribute_%d" % number, number)


class Slotted:
    __slots__ = ("left", "right", "__weakref__")

    def __init__(self):
        self.left, self.right = [], ()


class MyList(list):
    pass


class MyDict(dict):
    pass


class MyTuple(tuple):
    pass


class MyInt(int):
    pass


class MyStr(str):
    pass


class MyError(Exception):
    pass


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Colour(enum.Enum):
    RED = 1


Named = collections.namedtuple("Named", "a b c")


def function(argument=1, *rest, key=None):
    return argument


def generator():
    local = [1]
    yield local


async def coroutine(argument):
    return argument


def closure():
    inner = [0]
    return lambda: inner


def failed():
    try:
        raise MyError("no")
    except MyError as error:
        return error


grown = []
for number in range(1000):
    grown.append(number)
shrunk = dict.fromkeys(range(500))
for number in range(480):
    del shrunk[number]
big_set = set(range(2000))
dicted = Dicted()
dicted.__dict__["three"] = 3
started = generator()
next(started)
bytes_array = bytearray(b"x" * 700)
bytes_array.extend(b"y" * 300)

SAMPLES = {
    "object": object(),
    "int": 10**40,
    "negative int": -(10**9),
    "float": 1.5e300,
    "complex": 1 + 2j,
    "str ascii": "a" * 77 + str(sys.maxsize),
    "str latin": "\xe9" * 30,
    "str wide": "\u20ac" * 30,
    "str astral": "\U0001f40d" * 30,
    "bytes": b"z" * 123,
    "bytearray": bytes_array,
    "tuple": tuple(range(10)),
    "list": [1, 2, 3],
    "list grown": grown,
    "list empty": [],
    "dict": {"a": 1, "b": 2},
    "dict int": {number: None for number in range(40)},
    "dict shrunk": shrunk,
    "dict empty": {},
    "dict wide": {"key %d" % number: number for number in range(3000)},
    "set": {1, 2, 3},
    "set big": big_set,
    "frozenset": frozenset(range(100)),
    "range": range(10**6, 10**7),
    "slice": slice(1, 2, 3),
    "memoryview": memoryview(bytes(1000)),
    "function": function,
    "closure": closure(),
    "method": Plain.__init__.__get__(dicted),
    "builtin": [].append,
    "generator": generator(),
    "generator started": started,
    "exception": failed(),
    "traceback": failed().__traceback__,
    "instance": Plain(),
    "instance with dict": dicted,
    "instance wide": Wide(),
    "instance slots": Slotted(),
    "list subclass": MyList([1, 2]),
    "dict subclass": MyDict(a=1),
    "tuple subclass": MyTuple((1, 2)),
    "int subclass": MyInt(7),
    "str subclass": MyStr("seven"),
    "dataclass": Point(1, 2),
    "enum": Colour.RED,
    "namedtuple": Named(1, 2, 3),
    "module": types.ModuleType("nothing"),
    "namespace": types.SimpleNamespace(a=1),
    "mappingproxy": types.MappingProxyType({}),
    "property": property(function),
    "staticmethod": staticmethod(function),
    "classmethod": classmethod(function),
    "partial": functools.partial(function, 1),
    "lru_cache": functools.lru_cache(function),
    "cell": (lambda inner: lambda: inner)(1).__closure__[0],
    "array": array.array("d", range(300)),
    "deque": collections.deque(range(500)),
    "deque empty": collections.deque(),
    "defaultdict": collections.defaultdict(list, a=[1]),
    "OrderedDict": collections.OrderedDict(a=1, b=2),
    "Counter": collections.Counter("abracadabra"),
    "ChainMap": collections.ChainMap({}),
    "datetime": datetime.datetime(2026, 1, 1),
    "date": datetime.date(2026, 1, 1),
    "timedelta": datetime.timedelta(1),
    "Decimal": decimal.Decimal("1.1"),
    "Fraction": fractions.Fraction(1, 3),
    "pattern": re.compile("a+(b|c)"),
    "match": re.match("a(b)", "ab"),
    "StringIO": io.StringIO("text"),
    "BytesIO": io.BytesIO(b"bytes" * 100),
    "count": itertools.count(),
    "chain": itertools.chain([1], [2]),
    "cycle": itertools.cycle([1]),
    "islice": itertools.islice([1], 1),
    "zip": zip([1], [2]),
    "map": map(function, [1]),
    "enumerate": enumerate([1]),
    "list_iterator": iter([1]),
    "dict_keyiterator": iter({}),
    "dict_items": {}.items(),
    "itemgetter": operator.itemgetter(1, 2),
    "attrgetter": operator.attrgetter("a.b"),
    "Path": pathlib.Path("/tmp/x"),
    "Queue": queue.Queue(),
    "SimpleQueue": queue.SimpleQueue(),
    "Random": random.Random(1),
    "Struct": struct.Struct("<IIQ"),
    "Lock": threading.Lock(),
    "RLock": threading.RLock(),
    "local": threading.local(),
    "Event": threading.Event(),
    "UUID": uuid.UUID(int=5),
    "weakref": weakref.ref(dicted),
    "WeakValueDictionary": weakref.WeakValueDictionary(),
    "ContextVar": contextvars.ContextVar("name"),
    "Context": contextvars.copy_context(),
    "JSONDecoder": json.JSONDecoder(),
    "Future loop": asyncio.new_event_loop(),
    "code": function.__code__,
    "class": Plain,
    "static class": int,
    "coroutine": coroutine(1),
}

if __name__ == "__main__":
    unfreed.snapshot(sys.argv[1])
    sizes = {name: sys.getsizeof(sample) for name, sample in SAMPLES.items()}
    print(json.dumps(sizes))
    SAMPLES["coroutine"].close()
    SAMPLES["Future loop"].close()
