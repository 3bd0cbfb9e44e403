"""Which function of C code loses references, and which line calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from programs.extension import folder_with
from programs.headers import HERE
from programs.runs import clean_environment, unfreed

LOSERS = HERE / "check_losers.py"
KEEP = "references.keep_argument"
NAMED = [
    ("argument", KEEP, "references.keep_argument(service)"),
    ("new_object", KEEP, "references.keep_argument(Service())"),
    ("within_functions", KEEP, 'references.keep_argument(copies["one"])'),
    ("on_error", "losses.lose_on_error", "losses.lose_on_error(service)"),
    ("returned", "losses.return_twice", "return losses.return_once(losses.return_twice(service))"),
    ("around_call", "losses.lose_around_call", "losses.lose_around_call(losses.return_once, service)"),
    ("through_no_function", None, "around(service)"),
    ("taken_out", "losses.Box.take", "box.take()"),
    ("borrowed", "references.borrowed_item", "return references.borrowed_item([many[0]])"),
    ("iterated", None, "for one in leaky:"),
    ("added", None, "return losses.return_once(service) + leaky"),
    ("magnitude", "builtins.abs", "return losses.return_once(abs(leaky))"),
    ("called", None, "losses.return_once(leaky())"),
    ("attribute", None, "return losses.return_once(leaky.item)"),
]
"""Functions of `check_losers`, the function of C code that loses, `None` for a slot, and the line."""


def line_of(text: str) -> int:
    """Where `check_losers` says it."""
    lines = LOSERS.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def environment() -> "dict[str, str]":
    folders = [HERE, folder_with("references"), folder_with("losses")]
    return dict(clean_environment(), PYTHONPATH=os.pathsep.join(map(str, folders)))


@pytest.fixture(scope="module")
def said() -> Any:
    """The places of each function."""
    names = [name for name, _, _ in NAMED] + ["nothing", "two_lose_the_same", "beside_a_buffer"]
    command = [sys.executable, str(HERE / "who_loses.py"), *names]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name, function, line", NAMED, ids=[name for name, _, _ in NAMED])
def test_who_loses_references_is_named(name: str, function: "str | None", line: str, said: Any) -> None:
    ((kind, count, stack),) = said[name]
    assert kind == "check_losers.Service" and count >= 4
    natives = [(Path(file).name.split(".")[0], called) for file, called, number, _ in stack if number == 0]
    assert natives == ([(function.split(".")[0], function)] if function else []), stack
    assert stack[len(natives)][3] == line, stack


def test_what_hides_what_it_has_from_the_collector_is_asked_as_well(said: Any) -> None:
    ((kind, count, stack),) = said["beside_a_buffer"]
    assert kind == "builtins.bytes" and count >= 4 and stack[0][1] == KEEP and stack[1][3] == "references.keep_argument(data)"


def test_nobody_is_named_where_two_lose_the_same_or_nothing_is_lost(said: Any) -> None:
    assert said["two_lose_the_same"] == [] and said["nothing"] == []


@pytest.mark.parametrize(
    "name, words",
    [
        ("taken_out", "losses.Box.take()"),
        ("iterated", "C code that runs at"),
        ("magnitude", "C code that runs at check_losers.py:%d" % line_of("abs(leaky)")),
    ],
)
def test_a_check_tells_who_loses_references(name: str, words: str) -> None:
    command = unfreed("check", "--json", "-", "%s::%s" % (LOSERS, name), "--rounds", "8")
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    (finding,) = [one for one in json.loads(done.stdout)["findings"] if one["severity"] == "leak"]
    assert finding["kind"] == "refcount" and words in finding["summary"], finding
    assert finding["allocated_at"][0]["frame"]["file"] == str(LOSERS), finding
    assert "lost at" in done.stderr, done.stderr
