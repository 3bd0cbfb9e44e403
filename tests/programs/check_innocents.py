"""Functions that leak nothing, for `unfreed check`: what looks like a leak to a naive counter, and everyday work."""

import array
import asyncio
import base64
import collections
import concurrent.futures
import contextlib
import contextvars
import copy
import csv
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import gc
import glob
import hashlib
import heapq
import importlib
import io
import itertools
import json
import linecache
import locale
import logging
import operator
import os
import pathlib
import pickle
import queue
import random
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import string
import struct
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import types
import typing
import unicodedata
import urllib.parse
import uuid
import warnings
import weakref
import zlib
from xml.etree import ElementTree

number = 0


def _next():
    global number
    number += 1
    return number


seen = collections.Counter()


def _one_of(many, what):
    """Each of so many numbers in turn: a cache of what is made of them is full after as many calls."""
    seen[what] += 1
    return seen[what] % many


def arithmetic():
    return sum(i * i for i in range(1000)) + 2**500 // 3


def big_integers():
    return _next() ** 50 % 10**30


def floats():
    return [i * 0.1 for i in range(100)]


def strings():
    return ("x%d" % _next()).upper().replace("X", "yy").split("y")


def strptime():
    return datetime.datetime.strptime("2026-11-27 %02d" % _one_of(24, "hours"), "%Y-%m-%d %H")


def regex():
    return re.compile("(a|b)*c").match("ababc")


def regex_cache():
    # The cache of re has a bound, which this fills.
    return re.compile("^(a%d|b+)[0-9]+$" % _next())


def bounded_cache():
    for _ in range(20):
        _rendered(_next())


@functools.lru_cache(maxsize=300)
def _rendered(value):
    return "row %d " % value * 8


class Pages:
    """A cache with a bound of its own, which takes more calls to fill than are measured."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.pages = {}

    def add(self, name, page):
        self.pages[name] = page
        if len(self.pages) > self.capacity:
            del self.pages[next(iter(self.pages))]


pages = Pages(300)


def slow_pages_cached():
    time.sleep(0.02)
    for _ in range(5):
        # Small numbers are there once for all: entries that have them for keys cost less than those that follow.
        pages.add(_next() + 1000, [object() for _ in range(100)])


ordered = collections.OrderedDict()


def full_ordered_cache():
    # Its nodes are no objects. Those from before blocks were followed go unseen as new ones come.
    for _ in range(5):
        ordered[_next() + 1000] = [object() for _ in range(1200)]
        if len(ordered) > 220:
            ordered.popitem(last=False)


recent = collections.deque(maxlen=100)


def bounded_deque():
    recent.append({"request": _next()})


rotating = collections.OrderedDict()


def rotating_keys():
    rotating[_next()] = "x" * 50
    if len(rotating) > 50:
        rotating.popitem(last=False)


batch = []


def batches():
    batch.append("line %d" % _next())
    if len(batch) >= 64:
        batch.clear()


def json_round_trip():
    return json.loads(json.dumps({"a": [1, 2.5, None, "é" * 10], "n": _next()}))


def pickle_round_trip():
    return pickle.loads(pickle.dumps({"a": [1, 2.5], "n": (_next(),)}))


def deep_copy():
    return copy.deepcopy({"a": [{"b": [1, 2, 3]}]})


def collected_cycle():
    node = []
    node.append(node)
    gc.collect()


def logging_call():
    logging.getLogger("innocent").debug("nobody listens: %d", _next())


def log_handler():
    handler = logging.StreamHandler(io.StringIO())
    logger = logging.getLogger("innocent.handler")
    logger.addHandler(handler)
    logger.warning("kept nowhere")
    logger.removeHandler(handler)


def dataclass_made():
    made = dataclasses.make_dataclass("Point", [("x", int), ("y", int)])
    value = made(1, 2)
    del made
    gc.collect()
    return repr(value)


def named_tuple():
    return collections.Counter("abracadabra").most_common(2)


class Color(enum.Enum):
    RED = 1
    BLUE = 2


def enum_lookup():
    return Color(1), Color["BLUE"]


def asyncio_run():
    async def work():
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(5)))

    asyncio.run(work())


def asyncio_tasks():
    async def work():
        tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(5)]
        await asyncio.wait(tasks)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.sleep(10), 0.001)

    asyncio.run(work())


def thread_that_ends():
    thread = threading.Thread(target=_next)
    thread.start()
    thread.join()


def thread_pool():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        return list(pool.map(str, range(5)))


local = threading.local()


def thread_local():
    local.value = _next()


def queues():
    items = queue.Queue()
    for i in range(10):
        items.put(i)
    while not items.empty():
        items.get()


def context_variables():
    variable = contextvars.copy_context()
    return variable.run(_next)


def temporary_file():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")


def temporary_folder():
    with tempfile.TemporaryDirectory() as folder:
        # Not by pathlib: on 3.12 it interns the parts of paths, and there they live for ever.
        with open(os.path.join(folder, "a"), "w") as file:
            file.write("b")
        return glob.glob(folder + "/*")


def paths():
    return pathlib.PurePath("a", "b").with_suffix(".c").parts


def file_read():
    with open(__file__) as file:
        return len(file.read())


def sockets():
    left, right = socket.socketpair()
    with left, right:
        left.send(b"x")
        return right.recv(1)


def pipe():
    read, write = os.pipe()
    os.close(read)
    os.close(write)


def child_process():
    subprocess.run(["true"], check=True)


def sqlite():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a)")
    connection.execute("insert into t values (?)", (_next(),))
    connection.close()


def compression():
    return zlib.decompress(zlib.compress(b"abc" * 1000))


def hashing():
    return hashlib.sha256(b"%d" % _next()).hexdigest()


def exceptions():
    try:
        raise ValueError("x" * 100)
    except ValueError as error:
        return str(error)


def chained_exceptions():
    try:
        try:
            {}["missing"]
        except KeyError as error:
            raise RuntimeError("wrapped") from error
    except RuntimeError as error:
        return repr(error.__cause__)


def generators():
    pairs = ((a, b) for a in range(20) for b in range(3))
    return list(itertools.islice(pairs, 10))


def unfinished_generator():
    numbers = (i for i in range(100))
    return next(numbers)


def weak_references():
    class Thing:
        pass

    values = weakref.WeakValueDictionary()
    thing = Thing()
    values["a"] = thing
    del thing
    gc.collect()
    return len(values)


def finalizers():
    class Thing:
        pass

    thing = Thing()
    weakref.finalize(thing, _next)


def import_again():
    return importlib.import_module("json.decoder")


def lazy_import():
    import email.message

    return email.message.Message()


def warnings_shown():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("ignored %d" % _next(), stacklevel=1)


def source_lines():
    return linecache.getline(os.__file__, 1)


def decimals():
    return decimal.Decimal("1.1") ** 20, fractions.Fraction(1, 3) + 1


def csv_read():
    return list(csv.reader(io.StringIO("a,b\n1,2\n")))


def xml():
    return ElementTree.fromstring("<a><b c='d'/></a>").find("b").get("c")


def struct_pack():
    return struct.unpack("<if", struct.pack("<if", 1, 2.5))


def arrays():
    return array.array("d", range(100)).tobytes()


def byte_buffers():
    buffer = bytearray(1000)
    view = memoryview(buffer)[10:20]
    return bytes(view)


def growing_and_shrinking():
    items = list(range(5000))
    del items[10:]
    return items


def sorting():
    return sorted([random.random() for _ in range(100)]), heapq.nsmallest(3, [3, 1, 2])


def urls():
    return urllib.parse.urlsplit("http://host%d/path?a=b" % _one_of(30, "hosts")).query


def uuids():
    return str(uuid.uuid4())


def text_work():
    return textwrap.wrap(string.ascii_letters * 3, 20), unicodedata.normalize("NFC", "é")


def interned():
    # On 3.12 interned strings live for ever, so there are only so many.
    return sys.intern("innocent %d" % _one_of(8, "words"))


def templates():
    return string.Template("$a").substitute(a=1), "{:>10}".format(_next())


def class_made():
    made = type("Made", (), {"x": 1})
    value = made().x
    del made
    gc.collect()
    return value


def closures():
    def outer(x):
        return lambda y: x + y

    return outer(1)(2)


def partials():
    return functools.partial(operator.add, 1)(2), functools.reduce(operator.add, [1, 2])


def typing_generics():
    return typing.List[int], typing.Optional[typing.Dict[str, int]]


def module_made():
    module = types.ModuleType("made")
    module.x = 1
    return module.x


def compiled_code():
    return eval(compile("1 + %d" % _one_of(7, "sums"), "<made>", "eval"))


def signals():
    signal.signal(signal.SIGUSR1, signal.getsignal(signal.SIGUSR1) or signal.SIG_DFL)


def environment():
    os.environ["INNOCENT"] = str(_one_of(5, "values"))


def statistics_work():
    return statistics.mean([1, 2, 3]), time.strftime("%Y"), locale.localeconv()["decimal_point"]


def base64_work():
    return base64.b64decode(base64.b64encode(b"abc"))


def copied_tree():
    folder = tempfile.mkdtemp()
    shutil.copy(__file__, folder)
    shutil.rmtree(folder)


def large_and_gone():
    return len(b"x" * 5_000_000)


def trace_and_back():
    sys.settrace(None)
    return sys._getframe().f_code.co_name


PAGES = tempfile.TemporaryDirectory()


def files_that_go():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page")
        with open(path, "w") as page:
            page.write("of one")
        os.replace(path, os.path.join(folder, "renamed"))
    with tempfile.NamedTemporaryFile() as page:
        page.write(b"of one")
    with open(os.path.join(PAGES.name, "same"), "w") as page:
        page.write("always the same")


users = {}


def users_of_five_thousand():
    users[random.randrange(5000)] = [1]


def everyday():
    """All that takes less than a millisecond or so, one after the other."""
    for function in EVERYDAY:
        function()


APART = (
    "regex_cache bounded_cache slow_pages_cached full_ordered_cache bounded_deque rotating_keys batches collected_cycle "
    "dataclass_made asyncio_tasks thread_pool thread_that_ends child_process weak_references class_made copied_tree "
    "large_and_gone users_of_five_thousand everyday"
).split()
"""Those that are checked by themselves: what has a bound or comes in batches, and what is slow."""

EVERYDAY = [
    function
    for name, function in sorted(globals().items())
    if isinstance(function, types.FunctionType)
    and function.__module__ == __name__
    and not name.startswith("_")
    and name not in APART
]
