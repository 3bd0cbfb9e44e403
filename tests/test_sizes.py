"""Sizes of objects with all that they lead to, where others are wrong."""

from __future__ import annotations

import array
import asyncio
import collections
import ctypes
import mmap
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
