"""Tests that leave something behind with every run, for `pytest --unfreed`: each docstring is what its report names."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
import unittest

import pytest

KEPT: list[object] = []
ERRORS: list[BaseException] = []
FROM_FIXTURE: list[object] = []
FROM_TASK: list[object] = []
OF_A_PARAMETER: list[object] = []


def test_list():
    """leaky.KEPT"""
    KEPT.append({"a": 1})


@pytest.fixture
def leaking():
    """Keeps what it makes."""
    FROM_FIXTURE.append(bytearray(1000))
    yield


def test_fixture(leaking):
    """leaky.FROM_FIXTURE"""


def test_descriptor():
    """/dev/null"""
    os.open(os.devnull, os.O_RDONLY)


RUNS_WITH_DESCRIPTORS: list[int] = [0]
RUNS_WITH_ARRAYS: list[int] = [0]
ARRAYS: list[bytearray] = []


def test_descriptor_in_ten_runs():
    """/dev/null"""
    RUNS_WITH_DESCRIPTORS[0] += 1
    if RUNS_WITH_DESCRIPTORS[0] % 10 == 0:
        os.open(os.devnull, os.O_RDONLY)


def test_array_in_three_runs():
    """leaky.ARRAYS"""
    RUNS_WITH_ARRAYS[0] += 1
    if RUNS_WITH_ARRAYS[0] % 3 == 0:
        ARRAYS.append(bytearray(500))


@pytest.fixture
def folder_that_goes():
    """A folder that goes, for files that stay."""
    made = tempfile.mkdtemp(prefix="leaky-")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def folder_of_the_module():
    """The same for all tests."""
    made = tempfile.mkdtemp(prefix="leaky-")
    yield made
    shutil.rmtree(made)


def test_temporary_file(folder_of_the_module):
    """tempfile.mkstemp(suffix=".page", dir=folder_of_the_module)"""
    descriptor, _ = tempfile.mkstemp(suffix=".page", dir=folder_of_the_module)
    os.close(descriptor)


def test_temporary_file_that_goes(folder_that_goes, tmp_path):
    """passes"""
    descriptor, _ = tempfile.mkstemp(suffix=".page", dir=folder_that_goes)
    os.close(descriptor)
    (tmp_path / "left to pytest").write_text("x")


def test_thread():
    """threads"""
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def test_exception():
    """leaky.ERRORS"""
    try:
        {}["missing"]
    except KeyError as error:
        ERRORS.append(error)


class Case(unittest.TestCase):
    """As the standard library has them."""

    seen: list[object] = []

    def test_case(self):
        """leaky.Case.seen"""
        self.seen.append([1])


async def work():
    """Keeps what it makes."""
    FROM_TASK.append({"b": 2})


def test_coroutine():
    """leaky.FROM_TASK"""
    asyncio.run(work())


@pytest.mark.parametrize("number", [1, 2])
def test_parametrised(number):
    """leaky.OF_A_PARAMETER"""
    if number == 2:
        OF_A_PARAMETER.append([number])


ONCE: list[int] = []


def test_that_runs_once():
    """not repeated"""
    assert not ONCE
    ONCE.append(1)


@pytest.mark.no_unfreed
def test_excluded():
    """passes"""
    KEPT.append([1])


@pytest.mark.unfreed(allow=r"leaky\.KEPT")
def test_allowed():
    """allowed"""
    KEPT.append([2])


@pytest.mark.unfreed(limit="1 MiB")
def test_within_its_limit():
    """passes"""
    KEPT.append(bytearray(100))


@pytest.mark.unfreed(peak="10 KiB")
def test_peak():
    """4.3 MiB at once"""
    assert bytearray(4_500_000)


class Node:
    """Something that should go."""


HOLDER: dict[str, Node] = {}


def test_gone(expect_dead):
    """passes"""
    expect_dead(Node())


@pytest.mark.no_unfreed
def test_not_gone(expect_dead):
    """leaky.HOLDER['node']"""
    HOLDER["node"] = node = Node()
    expect_dead(node)
