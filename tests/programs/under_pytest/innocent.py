"""Tests that leave nothing behind, run by `pytest --unfreed`: none of them may fail.

Each does what made a leak test cry wolf somewhere: imports, caches that fill, cycles, pools, free lists, logs.
"""

from __future__ import annotations

import ast
import asyncio
import collections
import concurrent.futures
import contextlib
import contextvars
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import importlib
import inspect
import io
import itertools
import json
import linecache
import logging
import math
import os
import pathlib
import queue
import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import typing
import unittest
import unittest.mock
import uuid
import warnings
import weakref

import pytest

log = logging.getLogger("innocent")


def test_arithmetic():
    assert sum(i * i for i in range(1000)) == 332833500


def test_big_integers():
    assert len(str(3**5000)) == 2386


def test_floats():
    assert math.isclose(math.fsum([0.1] * 10), 1.0)


def test_import_of_a_new_module():
    import colorsys

    assert colorsys.rgb_to_hsv(1, 0, 0)[0] == 0


def test_reload_of_a_module():
    import this_is_small

    importlib.reload(this_is_small)


def test_strptime():
    assert datetime.datetime.strptime("2024-02-03", "%Y-%m-%d").month == 2


def test_strptime_of_many_formats():
    for separator in "-/. ":
        datetime.datetime.strptime("1" + separator + "2", "%m" + separator + "%d")


def test_regex():
    assert re.match(r"(\w+)-(\d+)", "abc-42").group(2) == "42"


def test_many_regexes():
    for number in range(40):
        re.compile("a{%d}b" % number)


def test_regexes_that_overflow_the_cache():
    for number in range(600):
        re.compile("x%d" % number)


class Node:
    """Of cycles."""

    def __init__(self):
        self.other = None


def test_cycles():
    for _ in range(50):
        one, two = Node(), Node()
        one.other, two.other = two, one


def test_a_cycle_with_a_finalizer():
    class WithEnd(Node):
        def __del__(self):
            self.other = None

    one, two = WithEnd(), WithEnd()
    one.other, two.other = two, one


def test_a_class_made_in_the_test():
    Made = type("Made", (), {"method": lambda self: 1})
    assert Made().method() == 1


def test_a_cycle_of_closures():
    def one():
        return two

    def two():
        return one

    assert one()() is one


def test_logging():
    log.warning("something %s", "happened")


def test_logging_with_new_texts():
    log.error("at %r", time.perf_counter())


def test_a_logger_with_a_handler():
    logger = logging.getLogger("innocent.handled")
    handler = logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    logger.error("x")
    logger.removeHandler(handler)


def test_caplog(caplog):
    with caplog.at_level(logging.DEBUG):
        log.debug("seen")
    assert "seen" in caplog.text


def test_capsys(capsys):
    print("out")
    assert capsys.readouterr().out == "out\n"


def test_output():
    print("x" * 1000)
    print("y", file=sys.stderr)


def test_json():
    assert json.loads(json.dumps({"a": [1, 2.5, None, "ü"]}))["a"][3] == "ü"


def test_json_with_new_keys():
    json.loads(json.dumps({uuid.uuid4().hex: 1}))


@dataclasses.dataclass
class Point:
    """A point."""

    x: int
    y: int = 0


def test_dataclass():
    assert dataclasses.replace(Point(1), y=2) == Point(1, 2)


def test_a_dataclass_made_in_the_test():
    Made = dataclasses.make_dataclass("Made", [("a", int), ("b", str, "x")])
    assert Made(1).b == "x"


def test_namedtuple_made_in_the_test():
    Pair = collections.namedtuple("Pair", "a b")
    assert Pair(1, 2).b == 2


def test_enum_made_in_the_test():
    Colour = enum.Enum("Colour", "RED GREEN")
    assert Colour.RED.value == 1


def test_flag_made_in_the_test():
    class Right(enum.Flag):
        READ = 1
        WRITE = 2

    assert Right.READ | Right.WRITE


async def ticks():
    """Gives way a few times."""
    for _ in range(3):
        await asyncio.sleep(0)
    return 3


def test_asyncio_run():
    assert asyncio.run(ticks()) == 3


def test_asyncio_tasks():
    async def main():
        return await asyncio.gather(*(ticks() for _ in range(5)))

    assert asyncio.run(main()) == [3] * 5


def test_asyncio_timeout():
    async def main():
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.sleep(10), 0.001)

    asyncio.run(main())


def test_asyncio_executor():
    async def main():
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, math.sqrt, 4)

    assert asyncio.run(main()) == 2


def test_asyncio_subprocess_pipe():
    async def main():
        reader, writer = os.pipe()
        os.write(writer, b"x")
        os.close(writer)
        assert os.read(reader, 1) == b"x"
        os.close(reader)

    asyncio.run(main())


def test_temporary_file():
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * 10000)


def test_temporary_folder():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "a").write_text("x")


def test_tmp_path(tmp_path):
    (tmp_path / "a").write_text("x")


def test_tmpdir_factory(tmp_path_factory):
    assert tmp_path_factory.mktemp("made").is_dir()


def test_monkeypatch(monkeypatch):
    monkeypatch.setenv("INNOCENT", "1")
    monkeypatch.setattr(math, "pi", 3)
    assert math.pi == 3


def test_mock():
    with unittest.mock.patch("os.getcwd", return_value="/x") as mocked:
        assert os.getcwd() == "/x"
    mocked.assert_called_once()


def test_magic_mock():
    mocked = unittest.mock.MagicMock()
    mocked.a.b(1)
    assert mocked.a.b.call_args


def test_subprocess():
    assert subprocess.run(["/bin/echo", "x"], stdout=subprocess.PIPE).stdout == b"x\n"


def test_a_thread_that_ends():
    thread = threading.Thread(target=sum, args=([1, 2],))
    thread.start()
    thread.join()


def test_a_thread_that_ends_soon():
    threading.Thread(target=time.sleep, args=(0.01,), daemon=True).start()


def test_thread_pool():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(abs, [-1, -2])) == [1, 2]


def test_timer():
    timer = threading.Timer(10, print)
    timer.start()
    timer.cancel()
    timer.join()


LOCAL = threading.local()


def test_thread_local():
    def work():
        LOCAL.value = [1] * 100

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_queue():
    items = queue.Queue()
    for number in range(100):
        items.put(number)
    while not items.empty():
        items.get()


@functools.lru_cache(maxsize=8)
def remembered(number):
    """Bounded."""
    return [number]


COUNT = itertools.count()


def test_bounded_cache():
    assert remembered(next(COUNT))


@functools.lru_cache(maxsize=None)
def remembered_for_ever(number):
    """Unbounded, but asked the same things."""
    return [number]


def test_unbounded_cache_of_the_same():
    assert [remembered_for_ever(number) for number in range(20)]


LAST = collections.deque(maxlen=5)


def test_bounded_deque():
    LAST.append([next(COUNT)])


LATEST = {}


def test_one_value_replaced():
    LATEST["value"] = [next(COUNT)] * 10


POOL = []


def test_a_pool():
    item = POOL.pop() if POOL else bytearray(1000)
    POOL.append(item)


LAZY = {}


def test_lazy_table():
    if not LAZY:
        LAZY.update((number, str(number)) for number in range(1000))


WEAK = weakref.WeakValueDictionary()


def test_weak_dictionary():
    node = Node()
    WEAK[next(COUNT)] = node


def test_weak_set():
    known = weakref.WeakSet()
    nodes = [Node() for _ in range(5)]
    known.update(nodes)


def test_finalizer():
    weakref.finalize(Node(), len, "x")


def test_decimal():
    with decimal.localcontext() as context:
        context.prec = 50
        assert decimal.Decimal(1) / 3


def test_fractions():
    assert fractions.Fraction(1, 3) + fractions.Fraction(1, 6) == fractions.Fraction(1, 2)


def test_statistics():
    assert statistics.median([1, 5, 3]) == 3


def test_random():
    random.seed(1)
    assert random.sample(range(1000), 5)


def test_secrets():
    assert len(secrets.token_hex(16)) == 32


def test_new_strings():
    assert len({uuid.uuid4().hex for _ in range(50)}) == 50


def test_interned_strings():
    sys.intern("innocent-%s" % time.perf_counter())


def test_attributes_with_new_names():
    node = Node()
    setattr(node, "name%d" % next(COUNT), 1)


def test_exception():
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0  # noqa: B018
    assert caught.value.args


def test_exception_with_context():
    try:
        try:
            {}["x"]
        except KeyError as error:
            raise ValueError("y") from error
    except ValueError:
        traceback.format_exc()


def test_exception_in_a_cycle():
    try:
        raise ValueError
    except ValueError as error:
        kept = error
        assert kept.__traceback__


def test_warnings():
    warnings.warn("something is old", DeprecationWarning, stacklevel=1)


def test_warnings_with_new_texts():
    warnings.warn("at %r" % time.perf_counter(), UserWarning, stacklevel=1)


def test_warnings_caught():
    with pytest.warns(UserWarning):
        warnings.warn("x", UserWarning, stacklevel=1)


def test_linecache():
    assert linecache.getline(__file__, 1)


def test_inspect():
    assert inspect.signature(test_inspect)
    assert inspect.getsource(Node)


def test_compile_and_exec():
    space = {}
    exec(compile("def f(x):\n    return x + 1\n", "<made>", "exec"), space)
    assert space["f"](1) == 2


def test_ast():
    assert ast.literal_eval("{'a': [1, 2]}")


def test_typing():
    assert typing.get_type_hints(Point)
    assert typing.Dict[str, typing.List[int]]


T = typing.TypeVar("T")


def test_generic_made_in_the_test():
    class Box(typing.Generic[T]):
        pass

    assert Box[int]


def test_generators():
    def numbers():
        yield from range(10)

    started = numbers()
    next(started)
    assert sum(numbers()) == 45


def test_context_variables():
    variable = contextvars.ContextVar("variable")
    contextvars.copy_context().run(variable.set, 1)


def test_exit_stack():
    with contextlib.ExitStack() as stack:
        stack.callback(len, "x")
