"""Tests that leave something behind with every run, for `pytest --unfreed`: each docstring is what its report names."""

from __future__ import annotations

import asyncio
import os
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
    """at once"""
    assert bytearray(100_000)


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
