"""Many objects of every kind that the standard library has, fresh, in use and finished; takes a snapshot."""

import array
import ast
import asyncio
import collections
import contextvars
import csv
import ctypes
import dataclasses
import datetime
import decimal
import enum
import functools
import gc
import hashlib
import io
import itertools
import json
import operator
import pickle
import queue
import random
import re
import socket
import sqlite3
import struct
import sys
import threading
import types
import typing
import weakref
import xml.etree.ElementTree as ET
import zlib

import unfreed

KEPT = []
EACH = 30


def keep(make):
    """Keeps many of what a function makes."""
    for _ in range(EACH):
        KEPT.append(make())
    return make


def gen(a=1):
    x = [a]
    yield x
    yield a


async def co():
    await asyncio.sleep(1)


async def agen():
    yield 1


@keep
def _():
    g = gen()
    next(g)
    return g


@keep
def _():
    g = gen()
    list(g)
    return g

keep(lambda: gen())


@keep
def _():
    c = co()
    try:
        c.send(None)
    except RuntimeError:
        pass
    return c


@keep
def _():
    c = co()
    c.close()
    return c


@keep
def _():
    a = agen()
    return a, a.asend(None), a.__anext__()


def boom(a, b=2, *c, d=3, **e):
    local = [a, b]
    f = lambda: (local, a)
    f()
    raise ValueError(local)


@keep
def _():
    try:
        boom(1)
    except ValueError as e:
        return e


@keep
def _():
    try:
        try:
            boom(1)
        except ValueError as e:
            raise KeyError("x") from e
    except KeyError as e2:
        return e2, sys.exc_info()

keep(lambda: sys._getframe())


class A:
    __slots__ = ("a", "b", "__weakref__")

    def __init__(self):
        self.a = object()
        self.b = self.a


class B:

    def __init__(self):
        self.x = [1]
        self.y = self.x
        self.z = "s" * 3

    def m(self):
        pass

    @property
    def p(self):
        return self.x

    @classmethod
    def c(cls):
        pass

    @staticmethod
    def s():
        pass

    @functools.cached_property
    def cp(self):
        return [self.x]


class C(B):
    __slots__ = ("q", )

    def __init__(self):
        super().__init__()
        self.q = self


@dataclasses.dataclass
class D:
    a: int = 1
    b: list = dataclasses.field(default_factory=list)


class E(enum.Enum):
    X = 1
    Y = [2]


class F(enum.Flag):
    P = 1
    Q = 2


N = collections.namedtuple("N", "a b")
T = typing.TypeVar("T")


class G(typing.Generic[T]):
    pass


class L(list):
    pass


class DD(dict):
    pass


class I(int):
    pass


class S(str):
    pass


class TU(tuple):
    pass


class EX(Exception):

    def __init__(self, *a):
        super().__init__(*a)
        self.extra = [a]


for cls in (A, B, C, D):
    keep(cls)


@keep
def _():
    b = B()
    b.__dict__
    b.w = 1
    del b.w
    b.cp
    return b, b.m, B.c, B.s, b.__init__, B.__dict__["p"]


@keep
def _():
    b = B()
    b.__dict__ = {"fresh": []}
    return b

keep(lambda: vars(B()))


def with_attribute(thing):
    thing.attr = [3]
    return thing

keep(lambda: with_attribute(L([1, [2]])))
keep(lambda: with_attribute(DD(a=[1])))
keep(lambda: with_attribute(I(10**20)))
keep(lambda: with_attribute(S("text")))
keep(lambda: with_attribute(TU([[1], 2])))
keep(lambda: EX("a", [1]))
keep(lambda: N([1], 2))

keep(lambda: (type("Made", (B, ), {"f": lambda self: self, "__slots__": ()}), type("M2", (), {})))
keep(lambda: (G[int], typing.List[int], typing.Optional[str], list[int] if sys.version_info >= (3, 9) else 0))


@keep
def _():
    o = collections.OrderedDict((str(i), [i]) for i in range(5))
    o.move_to_end("2")
    del o["3"]
    return o, iter(o), o.keys(), o.items()

keep(
    lambda: (
        (
            collections.defaultdict(list, a=[1]), collections.Counter("abc"), collections.ChainMap({}, {"a": []}),
            collections.deque([[1], 2], 5)
        )
    )
)


@keep
def _():
    d = collections.deque(range(1000))
    d.append([1])
    return d, iter(d)


@keep
def _():
    d = {i: [i] for i in range(10)}
    k = iter(d.items())
    next(k)
    return d, k, d.keys(), d.values(), d.items(), iter(d), reversed(d)


@keep
def _():
    s = {(1, 2), "a", frozenset([3])}
    return s, iter(s)


@keep
def _():
    l = [[1], [2]]
    i = iter(l)
    next(i)
    return (
        i, reversed(l), enumerate(l), zip(l, l), map(str, l), filter(None, l), slice(l, None), iter(int,
                                                                                                    1), range(10**9),
        iter(range(5)), iter("abc"), iter(b"abc"), iter((1, 2))
    )


@keep
def _():
    z = enumerate([[1]])
    next(z)
    y = zip([[1]], [[2]])
    next(y)
    return z, y


@keep
def _():
    l = [[1], [2]]
    c = itertools.cycle(l)
    next(c)
    next(c)
    next(c)
    t = itertools.tee(l, 3)
    next(t[0])
    g = itertools.groupby(l, key=len)
    k = next(g)
    return (
        c, t, g, k, itertools.chain(l, l), itertools.product(l, l), itertools.count([1] and 3), itertools.repeat(l),
        itertools.islice(l, 1), itertools.accumulate(l), itertools.combinations(l, 2), itertools.permutations(l),
        itertools.starmap(len, [l]), itertools.takewhile(len, l), itertools.compress(l, l), itertools.zip_longest(l, l)
    )


@keep
def _():
    p = itertools.product([[1]], [[2]])
    next(p)
    q = itertools.combinations([[1], [2]], 2)
    next(q)
    return p, q

keep(
    lambda: (
        (
            functools.partial(print, [1], end=[2]), operator.itemgetter(1, "a"), operator.attrgetter("a.b"),
            operator.methodcaller("f", [1], k=[2])
        )
    )
)


@keep
def _():

    @functools.lru_cache(maxsize=4)
    def f(x):
        return [x]

    [f(i) for i in range(10)]
    f("k")
    return f


@keep
def _():

    @functools.lru_cache(maxsize=None)
    def f(x, y=0):
        return [x]

    [f(i) for i in range(10)]
    f("k", y=[].__len__())
    return f

keep(lambda: (functools.cmp_to_key(len)([1]), functools.singledispatch(len)))


@keep
def _():
    a = A()
    r = weakref.ref(a, print)
    p = weakref.proxy(a)
    return (
        a, r, p, weakref.WeakSet([a]), weakref.WeakKeyDictionary({a: [1]}), weakref.WeakValueDictionary(k=a),
        weakref.finalize(a, len, [1]), weakref.WeakMethod(B().m)
    )

keep(
    lambda:
    ((array.array("d", [1.0] * 3), bytearray(b"x" * 10), memoryview(bytearray(5)), memoryview(b"abc")[1:], bytes(100)))
)

keep(
    lambda: (
        (
            datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(1), datetime.date.today(),
            datetime.time(1, tzinfo=datetime.timezone(datetime.timedelta(0), "n")), decimal.Decimal("1.5"),
            decimal.Context(), 1j, 1.5, 10**30
        )
    )
)


@keep
def _():
    m = re.compile("(a)(?P<n>b)" + "c" * (len(KEPT) % 3)).match("abccc")
    return m, re.finditer("a", "aaa"), re.compile("x").scanner("xx")


@keep
def _():
    c = contextvars.ContextVar("v", default=[1])
    t = c.set([2])
    x = contextvars.copy_context()
    return c, t, x


@keep
def _():
    e = ET.Element("a", {"k": "v"})
    s = ET.SubElement(e, "b")
    s.text = "t"
    s.tail = "u"
    return e, iter(e), ET.TreeBuilder(), ET.iterparse(io.StringIO("<a><b/></a>"))

keep(
    lambda: (
        (
            io.StringIO("abc"), io.BytesIO(b"abc"), io.BytesIO(b"abc").getbuffer(), io.TextIOWrapper(io.BytesIO(b"a")),
            io.BufferedReader(io.BytesIO(b"a")), io.BufferedRWPair(io.BytesIO(), io.BytesIO())
        )
    )
)

keep(
    lambda: (
        (
            pickle.Pickler(io.BytesIO()), pickle.Unpickler(io.BytesIO()), struct.Struct("ii"), zlib.compressobj(),
            zlib.decompressobj(), hashlib.sha256(b"a"), random.Random(1)
        )
    )
)


@keep
def _():
    c = sqlite3.connect(":memory:")
    c.row_factory = sqlite3.Row
    u = c.execute("select 1 as a, 'x' as b")
    return c, u, u.fetchone()

keep(
    lambda: (
        (
            csv.reader(["a,b"]), csv.writer(io.StringIO()), json.JSONEncoder(), json.JSONDecoder(), queue.Queue(),
            queue.SimpleQueue(), threading.Lock(), threading.RLock(), threading.local(), threading.Event()
        )
    )
)


def _local():
    l = threading.local()
    l.x = [1]
    return l


KEPT.append(_local())
q = queue.SimpleQueue()
q.put([1])
KEPT.append(q)


class ST(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("p", ctypes.py_object), ("s", ctypes.c_char_p)]


@keep
def _():
    s = ST(1, [2], b"abc")
    a = (ctypes.c_int * 5)()
    b = (ST * 2)()
    b[0] = s
    return (
        s, a, b, ctypes.pointer(s), ctypes.byref(s), ctypes.c_char_p(b"x"), ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1),
        ctypes.create_string_buffer(10), ctypes.py_object([1]), ctypes.cast(a, ctypes.c_void_p)
    )

keep(
    lambda: (
        (
            types.SimpleNamespace(a=[1]), types.MappingProxyType({"a": [1]}), types.MethodType(len, [1]),
            types.ModuleType("made"),
            (lambda: 0).__code__, [].append, [].__len__, list.append, list.__len__, dict.fromkeys, super(C, C())
        )
    )
)

keep(lambda: (compile("def f(a, *b, c=1, **d):\n  x = lambda: a\n  return x", "f", "exec"), ast.parse("a + b * [1]")))


@keep
def _():

    def outer():
        x = []

        def inner(a=[1], *, k=[2]) -> int:
            nonlocal x
            return x

        inner.attr = [1]
        return inner, inner.__closure__

    return outer()

keep(lambda: (property(len, len), classmethod(len), staticmethod(len), functools.partialmethod(len, [1])))


@keep
def _():
    f = lambda: 0
    f.__dict__["x"] = [1]
    b = B()
    m = b.m
    return f, m, m.__func__, functools.wraps(f)(lambda: 1)


KEPT.extend([*socket.socketpair(), open(__file__), open(__file__, "rb")])
loop = asyncio.new_event_loop()
KEPT.append(loop)


async def waits(f):
    try:
        await f
    except BaseException as e:
        KEPT.append(e)
        raise


async def nest(f):
    return await waits(f)


async def main():
    for i in range(30):
        f = loop.create_future()
        f.add_done_callback(KEPT.append)
        t = loop.create_task(nest(f))
        KEPT.append(
            (f, t, asyncio.gather(t, return_exceptions=True), asyncio.shield(f), asyncio.Queue(), asyncio.Lock())
        )
        h = loop.call_later(1000, print, [i])
        KEPT.append(h)
        d = loop.create_future()
        d.set_result([1])
        KEPT.append(d)
        x = loop.create_future()
        x.set_exception(ValueError([1]))
        KEPT.append(x)
        x.exception()
    await asyncio.sleep(0.01)


loop.run_until_complete(main())


def worker(ev):
    held = [1]
    for _ in gen(held):
        ev.wait()


stop = threading.Event()
for i in range(5):
    threading.Thread(target=worker, args=(stop, ), daemon=True).start()

if __name__ == "__main__":
    gc.collect()
    unfreed.snapshot(sys.argv[1])
    print(json.dumps(len(KEPT)))
