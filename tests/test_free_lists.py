"""Free lists hand blocks on without an allocation: the line of an earlier object is never told as if it were sure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import unfreed

from programs.headers import HERE
from programs.runs import clean_environment, unfreed as command

PROGRAM = HERE / "free_lists.py"
MODES = {"sampled": ("--sample", "512"), "exact": ("--exact",)}
BIRTHS_ARE_TOLD = sys.version_info >= (3, 13)
ALWAYS = {"float", "tuple", "list", "dict"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("free_lists")
    started = {}
    for mode, options in MODES.items():
        line = command(
            "run", "--quiet", "--epoch", "0.5", "--snapshot-budget", "50", *options,
            "-o", folder / (mode + ".unfreed"), "--json", folder / (mode + ".json"), PROGRAM, "6",
        )  # fmt: skip
        started[mode] = subprocess.Popen(line, env=clean_environment(), stderr=subprocess.PIPE, text=True)
    for mode, running in started.items():
        assert running.wait(timeout=120) == 0, running.communicate()[1]
    return {mode: json.loads((folder / (mode + ".json")).read_text()) for mode in MODES}


def places(report: Any) -> dict[str, list[Any]]:
    """By kind of object: where those that are kept were made."""
    found: dict[str, list[Any]] = {}
    for finding in report["findings"]:
        held = finding["held_by"]
        if held and "KEPT['" in held["path"]:
            found[held["path"].split("KEPT['")[1].split("'")[0]] = finding["allocated_at"]
    return found


def functions(place: Any) -> set[str]:
    return {frame["function"].split(".")[0] for frame in place["stack"]}


@pytest.mark.parametrize("mode", MODES)
def test_the_line_of_an_earlier_object_is_never_told_as_sure(mode: str, reports: dict[str, Any]) -> None:
    found = places(reports[mode])
    assert set(found) >= ALWAYS, reports[mode]["findings"]
    wrong = {
        kind: place
        for kind, made in found.items()
        for place in made
        if "temporary" in functions(place) and not place["may_be_reused"]
    }
    assert not wrong
    # What is sure comes first: the list that keeps the objects grows where they are kept. A list that did not grow
    # between the last looks was not sampled there.
    first = {kind: found[kind][0] for kind in ALWAYS}
    sure = {kind for kind, place in first.items() if "keep" in functions(place)}
    assert sure == ALWAYS or (sure and mode == "sampled"), first
    assert all(first[kind]["may_be_reused"] for kind in ALWAYS - sure), first


@pytest.mark.skipif(not BIRTHS_ARE_TOLD, reason="the interpreter tells of births since 3.13")
def test_where_every_block_is_followed_births_are_too(reports: dict[str, Any]) -> None:
    for kind, made in places(reports["exact"]).items():
        # The table of a dict has a free list and is no object.
        if kind != "dict":
            assert not any("temporary" in functions(place) or place["may_be_reused"] for place in made), (kind, made)


@pytest.mark.skipif(not BIRTHS_ARE_TOLD, reason="the interpreter tells of births since 3.13")
def test_what_a_block_of_code_keeps_is_of_the_line_that_keeps_it() -> None:
    kept = []
    with unfreed.track() as tracked:
        for number in range(50):
            [number * 1.5, (number, 1.5 * number)]
            kept.append(number * 2.5)  # kept
    lines = Path(__file__).read_text().splitlines()
    told = {lines[site.stack[0].line - 1].strip(): site.kept_blocks for site in tracked.sites if site.kept_blocks > 10}
    assert list(told) == ["kept.append(number * 2.5)  # kept"], tracked
    # What lay in the free list when the part began is of nobody.
    assert 25 < told["kept.append(number * 2.5)  # kept"] <= 60
