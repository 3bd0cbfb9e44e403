"""Questions of a program to itself about cycles: what waits, why, and what hangs on it."""

from __future__ import annotations

import gc
import re
from typing import Any

import pytest

import unfreed
from test_api import MIB, Session


class Finalised(Session):
    def __del__(self) -> None:
        pass


def test_garbage_is_what_waits(tmp_path: Any) -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            one = Session("waits")
            one.me = one  # type: ignore[attr-defined]
        del one
        assert any("Session" in str(row["types"]) for row in unfreed.garbage())
    finally:
        gc.enable()
    gc.collect()
    assert not any("Session" in str(row["types"]) for row in unfreed.garbage())


def waiting_ring(length: int) -> None:
    """A ring out of use, with a short cut back by eight, and a megabyte on it."""
    nodes = [Session("ring") for _ in range(length)]
    for number, node in enumerate(nodes):
        node.next = nodes[(number + 1) % length]  # type: ignore[attr-defined]
    nodes[30].back = nodes[23]  # type: ignore[attr-defined]
    nodes[0].payload = bytes(MIB)


def told_of_sessions() -> "tuple[str, dict[str, Any]]":
    answer = unfreed.garbage()
    (row,) = [row for row in answer if "Session" in str(row["types"])]
    return answer.heading, row


def test_garbage_says_what_hangs_on_it_and_the_shortest_way_round() -> None:
    gc.collect()
    gc.disable()
    try:
        waiting_ring(50)
        heading, row = told_of_sessions()
        assert row["cycles"] == 1 and row["bytes"] > MIB
        assert row["shortest"].count("→") == 8 and "Session.back" in row["shortest"]
        assert row["why"] == "The collector is disabled." and "collector is disabled" in heading
    finally:
        gc.enable()
        gc.collect()


def test_garbage_says_why_it_is_not_freed() -> None:
    thresholds = gc.get_threshold()
    told_first = unfreed.garbage()  # What is imported for it makes objects.
    assert told_first is not None
    gc.collect()
    try:
        gc.set_threshold(10**6)
        waiting_ring(40)
        assert re.match(r"Not yet: \d+ of 1,000,000 new objects\.", told_of_sessions()[1]["why"])
        gc.set_threshold(0)
        assert "threshold is 0" in told_of_sessions()[1]["why"]
        assert "threshold is 0" in told_of_sessions()[0]
        gc.set_threshold(10**6)
        gc.freeze()
        assert "gc.freeze() hides them" in told_of_sessions()[1]["why"]
        gc.unfreeze()
        assert "generation 2" in told_of_sessions()[1]["why"]
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        gc.collect()


def test_what_gc_garbage_holds_is_said_to_be_there() -> None:
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        waiting_ring(40)
        gc.collect()
        gc.set_debug(0)
        heading, row = told_of_sessions()
        assert row["state"] == "in use" and row["why"].startswith("Only gc.garbage holds them.")
        assert row["bytes"] > MIB and "gc.garbage" in heading
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.collect()


def test_a_finaliser_and_what_the_collector_does_not_see_are_named() -> None:
    numpy = pytest.importorskip("numpy")
    gc.collect()
    gc.disable()
    try:
        one = Finalised("finaliser")
        one.me = one  # type: ignore[attr-defined]
        array_ = numpy.empty(1, dtype=object)
        # What the collector does not know is only met through something that it knows.
        array_[0] = Session("in an array")
        array_[0].array = array_
        del one, array_
        whys = [str(row["why"]) for row in unfreed.garbage()]
        assert any("Finalised.__del__ runs before they are freed" in why for why in whys)
        assert any("does not look into numpy.ndarray" in why for why in whys)
    finally:
        gc.enable()
        gc.collect()
