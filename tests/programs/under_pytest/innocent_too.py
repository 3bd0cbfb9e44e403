"""More tests that leave nothing behind: files, formats, system calls, and what pytest itself offers."""

from __future__ import annotations

import array
import base64
import bisect
import calendar
import codecs
import configparser
import contextlib
import copy
import csv
import ctypes
import difflib
import email
import gc
import gzip
import hashlib
import heapq
import html
import io
import ipaddress
import mmap
import multiprocessing
import operator
import os
import pickle
import pprint
import selectors
import shelve
import shlex
import shutil
import signal
import socket
import sqlite3
import string
import struct
import sys
import textwrap
import types
import unicodedata
import unittest
import unittest.mock
import urllib.parse
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib

import pytest

from innocent import COUNT, Node, Point, log, ticks


def test_pickle():
    assert pickle.loads(pickle.dumps(Point(1, 2))) == Point(1, 2)


def test_copy():
    assert copy.deepcopy({"a": [Point(1)]})


def test_sqlite():
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table t (a)")
        connection.executemany("insert into t values (?)", [(n,) for n in range(50)])
        assert connection.execute("select count(*) from t").fetchone() == (50,)


def test_sockets():
    one, two = socket.socketpair()
    with one, two:
        one.sendall(b"x")
        assert two.recv(1) == b"x"


def test_selectors():
    one, two = socket.socketpair()
    with one, two, selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ)
        selector.select(0)


def test_mmap():
    with mmap.mmap(-1, 4096) as mapped:
        mapped[:2] = b"ab"


def test_compression():
    data = b"abc" * 1000
    assert zlib.decompress(zlib.compress(data)) == gzip.decompress(gzip.compress(data))


def test_zip_file():
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("a", "x" * 100)


def test_hashes():
    assert hashlib.sha256(b"x").hexdigest()


def test_csv():
    rows = list(csv.reader(io.StringIO("a,b\n1,2\n")))
    assert rows[1] == ["1", "2"]


def test_config_parser():
    parser = configparser.ConfigParser()
    parser.read_string("[a]\nb = 1\n")
    assert parser.getint("a", "b") == 1


def test_xml():
    assert ElementTree.fromstring("<a><b>1</b></a>").find("b").text == "1"


def test_email():
    assert email.message_from_string("Subject: x\n\nbody")["Subject"] == "x"


def test_urls():
    assert urllib.parse.urlsplit("http://host%d/a?b=c" % next(COUNT)).path == "/a"


def test_ip_addresses():
    assert ipaddress.ip_network("10.0.0.0/30").num_addresses == 4


def test_html():
    assert html.unescape(html.escape("<a>")) == "<a>"


def test_text():
    assert textwrap.fill("word " * 50, 20) and shlex.split("a 'b c'")
    assert string.Template("$a").substitute(a=1) == "1"


def test_unicode():
    assert unicodedata.normalize("NFD", "ü") and codecs.encode("x", "rot13") == "k"


def test_difference():
    assert list(difflib.unified_diff(["a"], ["b"]))


def test_pretty_print():
    assert pprint.pformat({"a": list(range(50))})


def test_heap_and_bisect():
    items = [5, 1, 3]
    heapq.heapify(items)
    bisect.insort(items, 2)


def test_struct_and_array():
    assert struct.unpack("<HI", struct.pack("<HI", 1, 2)) == (1, 2)
    assert array.array("d", [1.0] * 100).tobytes()


def test_ctypes():
    buffer = ctypes.create_string_buffer(100)
    assert ctypes.sizeof(buffer) == 100


def test_ctypes_array_type():
    assert (ctypes.c_int * 10)()


def test_base64():
    assert base64.b64decode(base64.b64encode(b"x")) == b"x"


def test_calendar():
    assert calendar.monthrange(2024, 2)[1] == 29


def test_operators():
    assert operator.attrgetter("x")(Point(1)) == 1


def test_module_made_in_the_test():
    module = types.ModuleType("made")
    sys.modules["made"] = module
    del sys.modules["made"]


def test_shelf(tmp_path):
    with shelve.open(str(tmp_path / "shelf")) as shelf:
        shelf["a"] = [1]


def test_copied_tree(tmp_path):
    (tmp_path / "a").mkdir()
    shutil.copytree(tmp_path / "a", tmp_path / "b")


def test_signal_handler():
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.signal(signal.SIGUSR1, before)


def test_process_pool_context():
    assert multiprocessing.get_context("spawn").Queue is not None


def test_collector():
    gc.collect()
    assert gc.isenabled()


def test_tracked_objects():
    assert len(gc.get_objects()) > 0


def test_tracing():
    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    sys.settrace(before)


@pytest.mark.parametrize("value", [None, 1, "x", [1]])
def test_parametrised(value):
    assert [value]


@pytest.fixture
def resource():
    """Something that is given back."""
    file = open(os.devnull)
    yield file
    file.close()


def test_fixture(resource):
    assert not resource.closed


@pytest.fixture(scope="module")
def shared():
    """Made once for all tests here."""
    return {"nodes": [Node() for _ in range(100)]}


@pytest.fixture
def part(shared):
    """Depends on a fixture that outlives the test."""
    return shared["nodes"][0]


def test_shared_fixture(part, shared):
    assert part in shared["nodes"]


def test_fixture_on_request(request):
    assert request.getfixturevalue("part")


def test_recorded_property(record_property):
    record_property("a", [1])


def test_finalizer_of_the_test(request):
    request.addfinalizer(lambda: None)


class TestClass:
    """State of an instance is the test's."""

    def setup_method(self):
        self.items = []

    def test_method(self):
        self.items.append(Node())

    @pytest.fixture
    def own(self):
        return [1]

    def test_fixture_of_the_class(self, own):
        assert own


class Case(unittest.TestCase):
    """As the standard library has them."""

    def setUp(self):
        self.items = [Node()]
        self.addCleanup(self.items.clear)

    def test_case(self):
        self.assertEqual(len(self.items), 1)

    def test_raises(self):
        with self.assertRaises(ValueError):
            int("x")

    def test_sub_tests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertGreaterEqual(number, 0)

    def test_logs(self):
        with self.assertLogs("innocent", "ERROR"):
            log.error("x")


class AsyncCase(unittest.IsolatedAsyncioTestCase):
    """With a loop of its own."""

    async def test_case(self):
        self.assertEqual(await ticks(), 3)


SEEN = []


def test_skipped():
    pytest.skip("not today")


@pytest.mark.xfail
def test_expected_to_fail():
    raise AssertionError
