"""Sizes of objects with all that they lead to, where others are wrong."""

from __future__ import annotations

import array
import asyncio
import collections
import ctypes
import io
import mmap
import pickle
import sys
import types
import weakref
from collections.abc import Generator

import pytest

import unfreed
from test_api import MIB, Session, Slotted


def test_sizes_agree_with_the_interpreter() -> None:
    samples = [1, 2**200, "ä", b"x" * 77, (1, 2), [1, 2, 3], {"a": 1}, {1, 2}, 1.5, Slotted()]
    # From 3.15 on the buffer of a bytearray is an object of its own, to which it leads.
    for sample in samples + ([bytearray(99)] if sys.version_info < (3, 15) else []):
        assert unfreed.sizeof(sample, deep=False) == sys.getsizeof(sample), sample


def test_sizes_where_others_are_wrong() -> None:
    data = bytes(MIB)
    for sample in (
        array.array("q", bytes(MIB)),
        bytearray(MIB),
        (ctypes.c_char * MIB)(),
        collections.deque(bytes(10) for _ in range(MIB // 43)),
        {"one": data, "two": data},
        memoryview(data),
        types.SimpleNamespace(data=data),
        weakref.WeakValueDictionary(),
    )[:-1]:
        assert MIB <= unfreed.sizeof(sample) < 1.5 * MIB, type(sample)
    with mmap.mmap(-1, MIB) as mapped:
        mapped.write(data)
        assert unfreed.sizeof(mapped) < 1000  # Pages of a mapping are not data of the object.
    slotted = Slotted()
    slotted.left, slotted.right = data, data
    assert MIB < unfreed.sizeof(slotted) < 1.1 * MIB


def waiting() -> Generator[int, None, None]:
    data = bytes(MIB)
    yield 1
    yield len(data)


async def suspended() -> int:
    data = bytes(MIB)
    await asyncio.sleep(0)
    return len(data)


def returned() -> types.FrameType:
    data = bytes(MIB)  # noqa: F841 - the frame keeps it
    return sys._getframe()


def running() -> tuple[int, int]:
    data = bytes(MIB)  # noqa: F841 - the frame has it
    frame = sys._getframe()
    sizes = int(unfreed.sizeof(frame)), int(unfreed.sizeof(frame, code=True))
    del frame
    return sizes


def test_what_waits_or_runs_weighs_its_variables() -> None:
    generator, coroutine = waiting(), suspended()
    next(generator)
    coroutine.send(None)
    try:
        for sample in (generator, generator.gi_frame, coroutine, returned()):
            assert MIB < unfreed.sizeof(sample) < 1.1 * MIB, sample
    finally:
        coroutine.close()
    data_only, all_of_it = running()
    assert MIB < data_only < 1.1 * MIB < 1.2 * MIB < all_of_it


def test_a_view_weighs_its_base_and_a_weak_reference_nothing_of_its_target() -> None:
    target = Session("weakly held")
    target.payload = bytes(MIB)
    assert unfreed.sizeof(weakref.ref(target)) < 1000
    assert unfreed.sizeof(weakref.proxy(target)) < 1000
    gone = weakref.proxy(Session("gone"))
    assert 0 < unfreed.sizeof(gone) < 1000
    for base in (bytes(MIB), bytearray(MIB)):
        assert MIB < unfreed.sizeof(memoryview(base)[10:20]) < 1.1 * MIB
    buffer = (ctypes.c_char * MIB)()
    assert MIB < unfreed.sizeof(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char))) < 1.1 * MIB


def test_an_interned_text_counts_once() -> None:
    text = sys.intern("a text that many hold " * 50)
    assert sys.getsizeof(text) < unfreed.sizeof([text] * 10, {text: text}, (text, text)) < 2 * sys.getsizeof(text)


def test_instances_that_share_their_keys_count_them_once() -> None:
    few, many = [Session(str(n)) for n in range(10)], [Session(str(n)) for n in range(1010)]
    each = (unfreed.sizeof(many) - unfreed.sizeof(few)) / 1000
    assert 1000 + 33 < each < 1400


def test_numpy_and_pandas_count_their_data() -> None:
    numpy = pytest.importorskip("numpy")
    array_ = numpy.zeros(MIB, dtype="u1")
    assert MIB <= unfreed.sizeof(array_) < 1.1 * MIB
    assert MIB <= unfreed.sizeof(array_[10:20]) < 1.1 * MIB
    objects = numpy.array([bytes(1000) for _ in range(1000)], dtype=object)
    assert MIB * 0.9 < unfreed.sizeof(objects) < 1.2 * MIB
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": numpy.zeros(MIB // 8), "b": numpy.zeros(MIB // 8)})
    assert 2 * MIB <= unfreed.sizeof(frame) < 3 * MIB


def test_records_of_numpy_have_their_objects() -> None:
    numpy = pytest.importorskip("numpy")
    fields = [("number", "i4"), ("one", "O"), ("more", "O", (2,)), ("inner", [("x", "i2"), ("deep", "O")]), (("title", "t"), "O")]
    records = numpy.zeros(100, dtype=fields)
    for row in range(100):
        records[row] = (1, bytes(1000), [bytes(2000), None], (1, bytes(3000)), bytes(4000))
    data = 100 * 10_000
    for sample in (records, records["one"], records["inner"]["deep"], records.view(numpy.recarray), records[5:6]):
        assert data < unfreed.sizeof(sample) < 1.1 * data
    assert unfreed.sizeof(records, deep=False) == sys.getsizeof(records)
    rows = unfreed.referents(records, limit=None).rows
    assert [row["reference"] for row in rows if row["own"] > 4000] == ["[%d]" % row for row in range(100)]
    assert unfreed.sizeof(records["number"].copy()) < 10_000


def test_texts_of_numpy_count() -> None:
    numpy = pytest.importorskip("numpy")
    if not hasattr(numpy, "dtypes") or not hasattr(numpy.dtypes, "StringDType"):
        pytest.skip("numpy 2 has them")
    texts = numpy.array(["x" * 1000] * 1000, dtype=numpy.dtypes.StringDType())
    assert MIB * 0.95 < unfreed.sizeof(texts) < 1.3 * MIB
    texts[3] = "y" * MIB
    assert 2 * MIB * 0.95 < unfreed.sizeof(texts[:10]) < 2.3 * MIB
    session = Session("stands for what is missing")
    session.payload = bytes(MIB)
    assert MIB < unfreed.sizeof(numpy.array(["x"], dtype=numpy.dtypes.StringDType(na_object=session))) < 1.1 * MIB


def test_what_buffers_in_memory_and_picklers_keep_counts() -> None:
    grown, gathered, text = io.BytesIO(), io.StringIO(), io.StringIO()
    grown.write(bytes(MIB))
    gathered.write("x" * MIB)
    text.write("x" * (MIB // 4))
    text.seek(0)
    text.read(1)
    pickler = pickle.Pickler(io.BytesIO())
    pickler.dump(["x" * MIB])
    unpickler = pickle.Unpickler(io.BytesIO(pickle.dumps(["x" * MIB])))
    unpickler.load()
    for sample, size in ((grown, 1), (gathered, 1), (text, 1), (pickler, 2), (unpickler, 2)):
        assert size * MIB <= unfreed.sizeof(sample) < (size + 0.4) * MIB, sample
    assert ".memo" in [row["reference"] for row in unfreed.referents(unpickler, limit=None).rows]


def test_a_frozen_dict_has_entries() -> None:
    import builtins

    if not hasattr(builtins, "frozendict"):
        pytest.skip("from 3.15 on")
    frozen = builtins.frozendict(a=bytes(MIB), b=1)
    derived = type("Derived", (builtins.frozendict,), {})(a=bytes(MIB))
    for sample in (frozen, derived):
        assert MIB < unfreed.sizeof(sample) < 1.1 * MIB
        assert "['a']" in [row["reference"] for row in unfreed.referents(sample, limit=None).rows]
    assert unfreed.sizeof(frozen, deep=False) == sys.getsizeof(frozen)
