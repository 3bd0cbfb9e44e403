"""An object of every type of the standard library that is written in C, a snapshot, and what sys.getsizeof says of each;
and the types of which there is none."""

import array
import ast
import asyncio
import bz2
import codecs
import collections
import contextlib
import contextvars
import csv
import ctypes
import datetime
import decimal
import functools
import gc
import hashlib
import hmac
import importlib
import inspect
import io
import itertools
import json
import lzma
import mmap
import multiprocessing
import operator
import os
import pickle
import queue
import random
import re
import resource
import select
import socket
import sqlite3
import ssl
import string
import struct
import sys
import tempfile
import threading
import time
import tokenize
import types
import typing
import unicodedata
import warnings
import weakref
import xml.etree.ElementTree
import xml.parsers.expat
import zlib
import zoneinfo

import unfreed

warnings.simplefilter("ignore")
# Modules that open windows, print, or are there to test the interpreter.
NOT_IMPORTED = {"antigravity", "this", "idlelib", "turtledemo", "turtle", "tkinter", "test", "lib2to3", "nis"}


def import_all():
    names = getattr(sys, "stdlib_module_names", None) or STDLIB_OF_39
    for name in sorted(names):
        if name not in NOT_IMPORTED and not name.startswith(("_test", "_xx", "xx", "_tkinter", "_interp")):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


# sys.stdlib_module_names came with 3.10; these are those with types in C that this program does not import by itself.
STDLIB_OF_39 = (
    "audioop binascii cProfile _curses _curses_panel grp parser pwd spwd symtable termios ossaudiodev zipimport".split()
)

SAMPLES = {}


def keep(name, sample):
    SAMPLES[name] = sample
    return sample


def iterators():
    text, data, numbers = "ab", b"ab", [1, 2, 3]
    for sample in (
        iter(bytearray(data)), iter(data), iter(int, 1), iter({1: 2}.items()), iter({}), iter({}.values()), {}.items(),
        {}.keys(), {}.values(), reversed({}), reversed({1: 2}.items()), reversed({1: 2}.values()), enumerate(numbers),
        filter(None, numbers), iter(numbers), reversed(numbers), iter(range(2**70)), map(str, numbers), iter({1}),
        iter("\u20ac"), iter(text), iter(()), iter(range(3)), zip(numbers), reversed(text), iter(memoryview(data)),
        iter(array.array("b", data)), iter(functools.partial(int), 1), list[int],
        collections.OrderedDict(a=1).items(), collections.OrderedDict(a=1).keys(), collections.OrderedDict(a=1).values(),
        iter(collections.OrderedDict(a=1)), iter(collections.deque(numbers)), reversed(collections.deque(numbers)),
        iter(xml.etree.ElementTree.fromstring("<a><b/></a>")), struct.iter_unpack("b", data), re.finditer("a", text),
        re.compile("a").scanner(text), os.scandir("/"), iter((lambda: 0).__code__.co_lines()) if PY310 else iter(()),
        iter((lambda: 0).__code__.co_positions()) if PY311 else iter(()), iter(list[int]) if PY311 else iter(()),
        iter(string.Formatter().parse("{a}")), iter(Indexable()), next(iter(os.scandir("/"))),
    ):  # fmt: skip
        keep(type(sample).__name__, sample)
    for name in ("formatter_parser", "formatter_field_name_split"):
        made = getattr(importlib.import_module("_string"), name)("{a.b}")
        keep(name, made[1] if isinstance(made, tuple) else made)
    pool = list(range(100))
    for make in (
        itertools.accumulate, itertools.chain, itertools.cycle, itertools.groupby, itertools.product,
        itertools.permutations, getattr(itertools, "pairwise", iter), itertools.repeat, itertools.zip_longest,
    ):  # fmt: skip
        keep(make.__name__, make(pool))
        keep(make.__name__ + " in use", make(pool)).__iter__().__next__()
    for make, second in (
        (itertools.combinations, 40), (itertools.combinations_with_replacement, 40), (itertools.islice, 7),
        (itertools.compress, pool), (itertools.permutations, 7), (itertools.product, range(5)),
        (getattr(itertools, "batched", itertools.islice), 3),
    ):  # fmt: skip
        keep(make.__name__ + " of two", make(pool, second))
        next(keep(make.__name__ + " of two in use", make(pool, second)))
    for make in (itertools.dropwhile, itertools.filterfalse, itertools.takewhile):
        keep(make.__name__, make(bool, pool))
    keep("starmap", itertools.starmap(max, [(1, 2)]))
    keep("count", itertools.count(5, 2))
    keep("tee", itertools.tee(pool)[0])
    keep("tee data", SAMPLES["tee"].__reduce__()[2][0] if not PY314 else None)
    keep("group", next(itertools.groupby(pool))[1])
    keep("product repeated", itertools.product(pool, repeat=9))


class Indexable:
    def __getitem__(self, index):
        raise IndexError


PY310, PY311 = sys.version_info >= (3, 10), sys.version_info >= (3, 11)
PY312, PY313 = sys.version_info >= (3, 12), sys.version_info >= (3, 13)
PY314 = sys.version_info >= (3, 14)


def files():
    place = os.path.join(tempfile.mkdtemp(), "a file")
    written = keep("BufferedWriter", open(place, "wb"))
    written.write(b"x" * 100)
    keep("BufferedWriter large", open(place, "wb", buffering=100_000))
    keep("BufferedReader", open(place, "rb"))
    keep("BufferedReader large", open(place, "rb", buffering=65_536)).read(1)
    keep("BufferedReader closed", open(place, "rb")).close()
    keep("BufferedRandom", open(place, "w+b"))
    keep("FileIO", open(place, "rb", buffering=0))
    keep("TextIOWrapper", open(place, "w")).write("text" * 50)
    keep("TextIOWrapper of bytes", io.TextIOWrapper(io.BytesIO(b"abc" * 1000))).readline()
    keep("BufferedRWPair", io.BufferedRWPair(io.BytesIO(), io.BytesIO()))
    keep("newlines", io.IncrementalNewlineDecoder(None, True))
    for name in ("IOBase", "RawIOBase", "BufferedIOBase", "TextIOBase"):
        keep(name, getattr(io, name)())
    keep("BytesIO shared", io.BytesIO(b"bytes" * 100))
    keep("BytesIO grown", io.BytesIO()).write(b"w" * 5000)
    keep("BytesIO buffer", io.BytesIO(b"abc").getbuffer().obj)
    keep("StringIO", io.StringIO("text" * 100)).read(1)
    keep("StringIO gathered", io.StringIO()).write("text" * 100)
    keep("mmap", mmap.mmap(-1, 4096))
    keep("stderr", type(sys.flags) and sys.stderr.buffer)


def numbers_and_texts():
    for digits in (1, 18, 19, 20, 100, 1000):
        keep("Decimal %d" % digits, decimal.Decimal("9" * digits))
    keep("decimal context", decimal.Context())
    keep("flags of decimals", decimal.Context().flags)
    keep("local context", decimal.localcontext())
    for number in (0, 1, 2**30, -(2**60), 10**100, True, 1.5, 2j):
        keep("number %s" % str(number)[:20], number)
    for kind in "a\xe9\u20ac\U0001f40d":
        for length in (1, 50, 3000):
            keep("text %#x %d" % (ord(kind), length), kind * length)
    keep("text cached", "\u20ac" * 20).encode()
    keep("not implemented", NotImplemented)
    keep("ellipsis", Ellipsis)
    keep("nothing", None)
    keep("translated", codecs.charmap_build("".join(map(chr, range(256)))))


def containers():
    for length in (0, 1, 3, 5, 100, 10_000):
        numbers = range(length)
        for kind in (list, tuple, set, frozenset, collections.deque, dict.fromkeys, bytearray, bytes):
            keep("%s of %d" % (kind.__name__, length), kind(numbers if kind is not bytes else b"x" * length) if kind is not
                 bytearray else bytearray(length))  # fmt: skip
        keep("array of %d" % length, array.array("i", numbers))
        keep("ordered of %d" % length, collections.OrderedDict.fromkeys(numbers))
        keep("defaultdict of %d" % length, collections.defaultdict(int, dict.fromkeys(numbers)))
        keep("texts of %d" % length, {"key %d" % number: None for number in numbers})
        for name in ("frozendict",):
            if hasattr(__builtins__, name):
                keep("frozendict of %d" % length, getattr(__builtins__, name)(dict.fromkeys(numbers)))
    popped = keep("dict popped", dict.fromkeys(range(1000)))
    while len(popped) > 3:
        popped.popitem()
    emptied = keep("set emptied", set(range(1000)))
    emptied.clear()
    cut = keep("bytearray cut", bytearray(b"x" * 1000))
    del cut[:900]
    cut.extend(b"y" * 10)
    keep("mapping", types.MappingProxyType({}))
    keep("namespace", types.SimpleNamespace(a=1, b=2))
    keep("slice", slice(1))
    keep("range", range(10))
    keep("memoryview", memoryview(bytearray(10)))
    keep("managed buffer", [one for one in gc.get_referents(memoryview(b"x")) if type(one) is not bytes][0])
    keep("memoryview of two", memoryview(bytes(12)).cast("B", (3, 4)))
    keep("memoryview of many", memoryview(bytes(2**6)).cast("B", (2,) * 6))
    keep("queue", queue.SimpleQueue()).put(1)
    for _ in range(100):
        SAMPLES["queue"].put(1)
    keep("queue empty", queue.SimpleQueue())
    keep("pickle buffer", pickle.PickleBuffer(b"abc"))


def function(argument=1, *rest, key=None):
    held = [argument]
    return lambda: held


def generator():
    held = [1]
    yield held


async def coroutine(argument):
    return argument


async def asynchronous():
    yield 1


class Slots:
    __slots__ = ("one", "two")


class Plain:
    pass


class Descending:
    def method(self):
        return super()


def code():
    keep("function", function)
    keep("closure", function())
    keep("cell", function().__closure__[0])
    keep("code", function.__code__)
    keep("code large", compile("\n".join("x%d = %d" % (n, n) for n in range(2000)), "made", "exec"))
    started = keep("generator", generator())
    next(started)
    keep("frame of a generator", started.gi_frame)
    keep("frame", sys._getframe())
    keep("variables of a frame", sys._getframe().f_locals if PY313 else None)
    keep("coroutine", coroutine(1))
    keep("awaiting", SAMPLES["coroutine"].__await__())
    agen = keep("async generator", asynchronous())
    keep("asend", agen.__aiter__().__anext__())
    keep("athrow", asynchronous().athrow(ValueError))
    if PY310:
        keep("anext", anext(asynchronous(), 1))  # noqa: F821 - from 3.10 on
    keep("method", Descending().method)
    keep("super", Descending().method())
    keep("builtin", [].append)
    keep("builtin method", ctypes.__dict__.get("_x", len))
    keep("slot", Plain().__init__)
    keep("wrapper", object.__init__)
    keep("method of C", list.append)
    keep("class method of C", dict.__dict__["fromkeys"])
    keep("getset", type.__dict__["__doc__"])
    keep("member", Slots.one)
    keep("property", property(function))
    keep("cached", functools.lru_cache(function))
    keep("cached without bound", functools.lru_cache(None)(function))
    keep("partial", functools.partial(function, 1, key=2))
    keep("key", functools.cmp_to_key(max)(1))
    keep("key of comparison", functools.cmp_to_key(max))
    keep("classmethod", classmethod(function))
    keep("staticmethod", staticmethod(function))
    keep("class", Plain)
    keep("class of slots", Slots)
    keep("static class", int)
    keep("module", types.ModuleType("made"))
    keep("module of C", math_module())
    keep("generic", typing.List[int])
    keep("alias", list[int])
    if PY310:
        keep("union", int | str)
    if PY312:
        exec("type Alias = int; SAMPLES['type alias'] = Alias\ndef generic[T, *U, **V](): pass", globals())
        for parameter in generic.__type_params__:  # noqa: F821 - made by exec
            keep(type(parameter).__name__, parameter)
        keep("args", SAMPLES["ParamSpec"].args)
        keep("kwargs", SAMPLES["ParamSpec"].kwargs)
        keep("Generic", typing.Generic)
    for error in (Exception("a", 1), StopIteration(2), SystemExit(1), OSError(2, "no", "file"), KeyError("k")):
        keep(type(error).__name__, error)
    for error in (UnicodeDecodeError("a", b"b", 0, 1, "c"), SyntaxError("s"), ImportError("i", name="n"), NameError("n")):
        keep(type(error).__name__, error)
    if PY311:
        keep("group of exceptions", ExceptionGroup("all", [ValueError()]))  # noqa: F821 - from 3.11 on
        keep("group of any", BaseExceptionGroup("all", [KeyboardInterrupt()]))  # noqa: F821
    try:
        raise AttributeError("gone")
    except AttributeError as error:
        keep("caught", error)
        keep("traceback", error.__traceback__)
    keep("itemgetter", operator.itemgetter(1, 2))
    keep("attrgetter", operator.attrgetter("a.b"))
    keep("methodcaller", operator.methodcaller("a", 1))
    keep("object", object())
    keep("instance", Plain())
    keep("slots", Slots())
    keep("syntax tree", ast.parse("a + b"))
    keep("weak reference", weakref.ref(Plain))
    keep("weak proxy", weakref.proxy(SAMPLES["instance"]))
    keep("weak proxy of a callable", weakref.proxy(function))
    keep("capsule", datetime.__dict__.get("datetime_CAPI") or importlib.import_module("_datetime").datetime_CAPI)


def math_module():
    return importlib.import_module("math")


def modules_of_c():
    keep("date", datetime.date(2026, 1, 1))
    keep("datetime", datetime.datetime.now())
    keep("datetime aware", datetime.datetime.now(datetime.timezone.utc))
    keep("time", datetime.time(1, 2))
    keep("delta", datetime.timedelta(1))
    keep("offset", datetime.timezone(datetime.timedelta(0, 60)))
    keep("tzinfo", datetime.tzinfo())
    keep("week", datetime.date(2026, 1, 1).isocalendar())
    keep("zone", zoneinfo.ZoneInfo.from_file(io.BytesIO(ZONE)))
    keep("pattern", re.compile("(a)|([b-z]+)" * 5))
    keep("match", re.match("(a)(b)", "ab"))
    keep("template", importlib.import_module("_sre").template("", [""]) if PY312 else None)
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "shake_128", "blake2b", "blake2s"):
        keep(name, hashlib.new(name) if not name.startswith("blake") else getattr(hashlib, name)())
    for module in ("_md5", "_sha1", "_sha2", "_sha256", "_sha512", "_sha3", "_blake2"):
        with contextlib.suppress(ImportError):
            made = importlib.import_module(module)
            for name in dir(made):
                if callable(getattr(made, name)) and not name.endswith(("Type", "_")):
                    keep("%s.%s" % (module, name), getattr(made, name)())
    keep("hmac", getattr(hmac.new(b"key", digestmod="sha256"), "_hmac", None))
    with contextlib.suppress(ImportError):
        keep("hmac of its own", importlib.import_module("_hmac").new(b"key", digestmod="sha256"))
    for module in (zlib, bz2, lzma):
        packed = module.compress(b"x" * 10_000)
        for name in ("compressobj", "BZ2Compressor", "LZMACompressor"):
            if hasattr(module, name):
                keep(name, getattr(module, name)()).compress(b"x" * 1000)
        for name in ("decompressobj", "BZ2Decompressor", "LZMADecompressor", "_ZlibDecompressor"):
            if hasattr(module, name):
                keep(name, getattr(module, name)()).decompress(packed, 10)
    with contextlib.suppress(ImportError):
        zstd = importlib.import_module("compression.zstd")
        keep("zstd compressor", zstd.ZstdCompressor())
        keep("zstd decompressor", zstd.ZstdDecompressor())
        keep("zstd dictionary", zstd.ZstdDict(b"x" * 1000, is_raw=True))
    keep("reader", csv.reader(["a,b", "c"])).__next__()
    keep("writer", csv.writer(io.StringIO())).writerow(["a" * 100])
    keep("dialect", SAMPLES["reader"].dialect)
    keep("json encoder", json.encoder.c_make_encoder(None, str, str, None, ":", ",", False, False, False))
    keep("json scanner", json.scanner.c_make_scanner(json.JSONDecoder()))
    keep("random", random.Random(1))
    keep("struct", struct.Struct("<IIQ10s"))
    keep("struct empty", struct.Struct(""))
    keep("struct long", struct.Struct("iq" * 200))
    pickler = keep("pickler", pickle.Pickler(io.BytesIO()))
    pickler.dump([str(number) for number in range(1000)])
    keep("pickler new", pickle.Pickler(io.BytesIO(), 2))
    keep("memo of a pickler", pickler.memo)
    unpickler = keep("unpickler", pickle.Unpickler(io.BytesIO(pickle.dumps([str(number) for number in range(1000)]))))
    unpickler.load()
    keep("unpickler new", pickle.Unpickler(io.BytesIO(b""), encoding="latin1", errors="replace"))
    keep("unpickler of lines", pickle.Unpickler(io.BytesIO(pickle.dumps([[1], 2, "text" * 30], 0)))).load()
    keep("memo of an unpickler", unpickler.memo)
    keep("stack of an unpickler", [one for one in gc.get_referents(unpickler) if type(one).__name__ == "Pdata"][0])
    tree = xml.etree.ElementTree
    keep("element", tree.Element("a"))
    keep("element of attributes", tree.Element("a", {"b": "c"}))
    keep("element of many", tree.fromstring("<a>" + "<b/>" * 100 + "</a>"))
    keep("element of few", tree.fromstring("<a>" + "<b/>" * 3 + "</a>"))
    keep("iterator of elements", tree.fromstring("<a><b/></a>").iter())
    keep("tree builder", tree.TreeBuilder())
    keep("tree parser", tree.XMLParser()).feed("<a>")
    keep("expat parser", xml.parsers.expat.ParserCreate()).Parse("<a>")
    keep("database of letters", unicodedata.ucd_3_2_0)
    keep("version", sys.version_info)
    for name in ("flags", "float_info", "hash_info", "int_info", "thread_info"):
        keep(name, getattr(sys, name))
    keep("struct_time", time.localtime())
    keep("rusage", resource.getrusage(resource.RUSAGE_SELF))
    keep("stat", os.stat("/"))
    keep("statvfs", os.statvfs("/"))
    keep("uname", os.uname())
    keep("times", os.times())
    keep("terminal", os.terminal_size((1, 2)))
    keep("sched_param", os.sched_param(1))
    keep("hooks", sys.get_asyncgen_hooks())
    for module, name in (("pwd", "getpwuid"), ("grp", "getgrgid")):
        keep(name, getattr(importlib.import_module(module), name)(0))
    keep("codec", codecs.lookup("shift_jis"))
    for name in ("getincrementaldecoder", "getincrementalencoder"):
        keep(name, getattr(codecs, name)("shift_jis")())
    for name in ("getreader", "getwriter"):
        keep(name, getattr(codecs, name)("shift_jis")(io.BytesIO()))
    keep("multibyte codec", importlib.import_module("_codecs_jp").getcodec("shift_jis"))
    keep("profiler", importlib.import_module("_lsprof").Profiler())
    keep("profiled", profiled(SAMPLES["profiler"]))
    keep("tokens", next(iter(tokenize.generate_tokens(io.StringIO("a").readline))))
    if PY312:
        keep("tokenizer", importlib.import_module("_tokenize").TokenizerIter(io.StringIO("a = 1").readline, extra_tokens=False)
             if PY313 or sys.version_info >= (3, 12, 0) and takes_readline() else None)  # fmt: skip
    keep("names", importlib.import_module("symtable").symtable("a = 1", "made", "exec")._table)


def takes_readline():
    with contextlib.suppress(TypeError):
        importlib.import_module("_tokenize").TokenizerIter(io.StringIO("a = 1").readline, extra_tokens=False)
        return True
    return False


def profiled(profiler):
    profiler.enable(True, True)
    len([])
    profiler.disable()
    stats = profiler.getstats()
    keep("profiled calls", next((entry.calls[0] for entry in stats if entry.calls), None))
    return stats[0]


ZONE = b"TZif" + b"\0" * 16 + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_char * 100)]


class Both(ctypes.Union):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double)]


def system():
    keep("lock", threading.Lock())
    keep("reentrant lock", threading.RLock())
    local = keep("local", threading.local())
    local.attribute = 1
    keep("semaphore", multiprocessing.get_context().Lock()._semlock)
    keep("socket", socket.socket())
    keep("raw socket", importlib.import_module("_socket").socket())
    context = keep("ssl context", ssl.create_default_context())
    keep("ssl memory", ssl.MemoryBIO()).write(b"x" * 1000)
    keep("ssl connection", context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="a")._sslobj)
    keep("epoll", select.epoll())
    keep("poll", select.poll())
    database = keep("database", sqlite3.connect(":memory:"))
    database.row_factory = sqlite3.Row
    keep("cursor", database.execute("select 1 as a"))
    keep("row", SAMPLES["cursor"].fetchone())
    if PY311:
        database.execute("create table t(b blob)")
        database.execute("insert into t values (zeroblob(10))")
        keep("blob", database.blobopen("t", "b", 1))
    variable = keep("variable", contextvars.ContextVar("name"))
    keep("token", variable.set(1))
    keep("context", contextvars.copy_context())
    keep("items of a context", iter(SAMPLES["context"].items()))
    keep("keys of a context", iter(SAMPLES["context"].keys()))
    keep("values of a context", iter(SAMPLES["context"].values()))
    loop = keep("loop", asyncio.new_event_loop())
    keep("future", loop.create_future())
    keep("iterator of a future", iter(SAMPLES["future"]))
    keep("task", loop.create_task(coroutine(1)))
    keep("foreign number", ctypes.c_int(1))
    keep("foreign structure", Point(1))
    keep("foreign structure of its class", Point)
    keep("foreign union", Both())
    keep("foreign array", (ctypes.c_int * 1000)())
    keep("foreign array of its class", ctypes.c_int * 1000)
    keep("foreign pointer", ctypes.pointer(SAMPLES["foreign number"]))
    keep("foreign function", ctypes.CFUNCTYPE(ctypes.c_int)(int))
    keep("foreign reference", ctypes.byref(SAMPLES["foreign number"]))
    keep("foreign field", Point.x)
    keep("foreign text", ctypes.create_string_buffer(500))
    keep("foreign object", ctypes.py_object([]))


def make_the_rest():
    """Exceptions, and what else can be made of nothing or of a word, where there is no object yet."""
    for kind in unmade():
        for arguments in ((), ("a", b"b", 0, 1, "c"), ("a", "b", 0, 1, "c"), ("b", 0, 1, "c"), (1,)):
            with contextlib.suppress(Exception):
                keep(full_name(kind), kind(*arguments))
                break


def unmade():
    """Types of C of which no object was met."""
    seen = {id(type(one)) for one in SAMPLES.values()} | {id(type(one)) for one in gc.get_objects()}
    found, todo = {}, [object]
    while todo:
        kind = todo.pop()
        for derived in type.__subclasses__(kind):
            if id(derived) not in found:
                found[id(derived)] = derived
                todo.append(derived)
    left = [kind for kind in found.values() if id(kind) not in seen and is_of_c(kind)]
    return sorted(left, key=full_name)


def full_name(kind):
    return "%s.%s" % (kind.__module__, kind.__qualname__)


def is_of_c(kind):
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None)
    is_ours = file is not None and ("site-packages" in file or "unfreed" in file)
    is_heap_type = kind.__flags__ & 1 << 9
    return not is_ours and (not is_heap_type or file is None or file.endswith(".so"))


if __name__ == "__main__":
    import_all()
    for part in (iterators, files, numbers_and_texts, containers, code, modules_of_c, system, make_the_rest):
        part()
    left = [full_name(kind) for kind in unmade()]
    # Names are longer than the texts of keys in a snapshot.
    NUMBERED = dict(enumerate(SAMPLES.values()))
    if len(sys.argv) > 1:
        unfreed.snapshot(sys.argv[1])
    sizes = {name: sys.getsizeof(sample) for name, sample in SAMPLES.items()}
    has_values = sys.version_info >= (3, 11)
    # Instances with a block of values: Py_TPFLAGS_MANAGED_DICT, Py_TPFLAGS_INLINE_VALUES.
    values = [name for name, sample in SAMPLES.items() if has_values and type(sample).__flags__ & (1 << 4 | 1 << 2)]
    kinds = {name: full_name(type(sample)) for name, sample in SAMPLES.items()}
    if len(sys.argv) > 1:
        print(json.dumps({"sizes": sizes, "types": kinds, "values": values, "unmade": left}))
    else:
        print("UNMADE", left)
        for name, sample in SAMPLES.items():
            mine = unfreed.sizeof(sample, deep=False)
            if mine != sizes[name] and name not in values:
                print(name, kinds[name], int(mine), sizes[name])
    sys.stdout.flush()
    os._exit(0)
