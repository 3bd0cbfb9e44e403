"""Tables of what was allocated, by site, function and library, from a whole run: exact ones and estimates."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from programs.runs import call_unfreed

pytestmark = pytest.mark.any_python

MEGABYTE = 1_000_000
PROGRAM = """\
import json
import time

KEPT = []


def make(count):
    return [bytes(10_000) for _ in range(count)]


def spike():
    before = make(3_000)
    time.sleep(0.3)
    return len(before)


def keep():
    KEPT.append(make(500))


def parse():
    for _ in range(40):
        json.loads("[" + ",".join(["1.5"] * 20_000) + "]")


spike()
keep()
parse()
time.sleep(0.7)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of the same program: one of every block, one of samples."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "spike.py").write_text(PROGRAM)
    for name, option in (("exact", ["--exact"]), ("sampled", ["--sample", "64KiB"])):
        done = call_unfreed("run", "--quiet", "--epoch", "0.5", *option, "-o", name + ".unfreed", "spike.py", folder=folder)
        assert done.returncode == 0, done
    return folder


def tables(folder: Path, recording: str) -> "dict[str, dict[str, Any]]":
    words = [word for by in ("site", "function", "library") for word in ("--by", by)]
    done = call_unfreed("report", recording, *words, "--json", "-", folder=folder)
    assert done.returncode == 0, done
    return {table["by"]: table for table in json.loads(done.stdout)["allocations"]}


def row(table: "dict[str, Any]", **wanted: object) -> "dict[str, Any]":
    for one in table["rows"]:
        if all(value in (one.get(key), one["frame"].get(key)) for key, value in wanted.items()):
            found: "dict[str, Any]" = one
            return found
    raise AssertionError("no %s in %s" % (wanted, table["rows"]))


LINE = next(number for number, text in enumerate(PROGRAM.splitlines(), 1) if "bytes(10_000)" in text)


def test_every_block_is_told_at_the_end_at_the_peak_and_freed_again(folder: Path) -> None:
    exact = tables(folder, "exact.unfreed")
    site = exact["site"]
    assert site["exact"] and not site["has_margins"] and site["sample_bytes"] == 1
    made = row(site, line=LINE)["self"]
    # A block of bytes takes some more than its content; the peak is told to a sixteenth part.
    assert 5 * MEGABYTE < made["live"]["bytes"] < 5.3 * MEGABYTE and 500 <= made["live"]["blocks"] < 520
    assert 28 * MEGABYTE < made["peak"]["bytes"] < 30.3 * MEGABYTE, "what lived between two looks, too"
    assert 30 * MEGABYTE < made["temporary"]["bytes"] < 31 * MEGABYTE
    assert {figure["bytes_margin"] for figure in made.values()} == {0}
    spike = row(exact["function"], function="spike")
    assert spike["self"]["peak"]["bytes"] < MEGABYTE < 28 * MEGABYTE < spike["total"]["peak"]["bytes"]
    assert spike["frame"]["line"] == 0
    own, standard = row(exact["library"], library="your code"), row(exact["library"], library="json")
    assert (own["whose"], standard["whose"]) == ("own", "standard_library")
    assert own["total"]["temporary"]["bytes"] > standard["total"]["temporary"]["bytes"] > 10 * MEGABYTE
    assert standard["self"]["live"]["bytes"] < MEGABYTE


def test_estimates_have_margins_that_the_truth_is_in(folder: Path) -> None:
    site = tables(folder, "sampled.unfreed")["site"]
    assert not site["exact"] and site["has_margins"] and site["sample_bytes"] == 65536
    for name, truth in (("live", 5 * MEGABYTE), ("temporary", 30 * MEGABYTE)):
        estimate = row(site, line=LINE)["self"][name]
        assert 0 < estimate["bytes_margin"] < truth / 2, estimate
        # Twice the margin of 95 % is missed by one run in ten thousand.
        assert abs(estimate["bytes"] - truth * 1.004) < 2 * estimate["bytes_margin"], estimate
        assert estimate["blocks_margin"] > 0


def test_tables_are_printed_instead_of_the_report(folder: Path) -> None:
    done = call_unfreed("report", "exact.unfreed", "--by", "site", "--of", "peak", "--limit", "1", folder=folder)
    assert done.returncode == 0 and not done.stderr, done
    assert done.stdout.startswith("spike.py: allocations by site, most live at the peak first"), done.stdout
    # Before 3.12 a comprehension is a function of its own.
    assert "spike.py:%d in " % LINE in done.stdout
    assert "figures are exact" in done.stdout and "±" not in done.stdout and "more sites" in done.stdout
    done = call_unfreed("report", "sampled.unfreed", "--by", "library", "--by", "function", folder=folder)
    assert "allocations by library" in done.stdout and "allocations by function" in done.stdout
    assert " MiB ± " in done.stdout and "json (standard library)" in done.stdout, done.stdout


def test_the_page_has_the_tables(folder: Path) -> None:
    done = call_unfreed("report", "exact.unfreed", "--html", "page.html", folder=folder)
    assert done.returncode == 0, done
    page = (folder / "page.html").read_text()
    assert page.count("<table>") == 3 and "What was allocated" in page
    assert "json (standard library)" in page and "every block followed" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--by", "thread"], "flame graphs"),
        (["--by", "site", "--of", "leaked"], "not by what findings call leaks"),
        (["--of", "peak"], "--by site --of peak"),
        (["--flame", "x.svg", "--by", "birth", "--of", "peak"], "--by birth is of --of live"),
    ],
)
def test_options_that_contradict_are_refused_with_a_hint(folder: Path, typed: "list[str]", said: str) -> None:
    done = call_unfreed("report", "exact.unfreed", *typed, folder=folder)
    assert done.returncode == 2 and said in done.stderr and "hint:" in done.stderr, done
