"""Whether a snapshot tells which objects' lives are over: each kind that an inspector knows, in each state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from programs.runs import call_unfreed
from test_heap import ask, snapshot_of


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The snapshot of the program, and what ought to be said of each object."""
    return snapshot_of("heap_lives", tmp_path_factory.mktemp("lives"))


def one_of(expected: Any) -> list[str]:
    return [expected] if isinstance(expected, str) else list(expected)


def test_each_life_is_told(lives: tuple[Path, dict[str, Any]]) -> None:
    recording, expected = lives
    assert len(expected) > 45
    wrong = {}
    rows = ask(recording, "path", *("heap_lives.LIVES['%s'][0]" % name for name in expected))["rows"]
    assert len(rows) == len(expected)
    for (name, (over, reason)), row in zip(expected.items(), rows):
        said = row["why"].split(". ")[0]
        if row["over"] not in one_of(over) or not any(part in said for part in one_of(reason)):
            wrong[name] = (row["over"], said, over, reason)
    assert not wrong


def test_the_reference_to_what_is_over_is_the_suspect(lives: tuple[Path, dict[str, Any]]) -> None:
    (row,) = ask(lives[0], "path", "heap_lives.LIVES['closed socket'][0]")["rows"]
    assert "Suspect reference: tuple[0] to socket." in row["why"]
    (row,) = ask(lives[0], "path", "heap_lives.LIVES['bound method'][0].__self__")["rows"]
    assert "Suspect reference: method.__self__ to Listener." in row["why"]


def test_a_page_says_it_too(lives: tuple[Path, dict[str, Any]]) -> None:
    done = call_unfreed("heap", lives[0], "path", "heap_lives.LIVES['ended thread'][0]")
    assert done.returncode == 0, str(done)
    assert "Thread is a thread that has exited." in done.stdout


def test_a_picture_shows_what_is_over(lives: tuple[Path, dict[str, Any]]) -> None:
    done = call_unfreed("heap", lives[0], "picture", "heap_lives.LIVES['closed socket'][0]", "-o", "-")
    assert done.returncode == 0, str(done)
    for text in (">is a closed socket<", ">its life is over<", ">suspect reference<"):
        assert text in done.stdout
