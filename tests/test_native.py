"""`unfreed run --native`: memory that C, C++ and Rust code loses is told by library, function and line of Python."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from programs.extension import folder_with, library
from programs.headers import HERE
from programs.runs import clean_environment, unfreed

PROGRAM = HERE / "native_culprits.py"
MODES = {"native": ("--native",), "exact": ("--exact", "--native")}


@dataclass(frozen=True)
class Case:
    """A function of the program, and what the first finding about it must be."""

    function: str
    words: tuple[str, ...]
    """What it has to name; nothing leaks without."""
    kind: str = "native"
    source: str = ""
    """The library that it calls."""
    mode: str = "native"


CASES = [
    Case("of_c", ("thumbnail_open", "blocks.", "of_c")),
    Case("of_c", ("thumbnail_open", "blocks.", "of_c"), mode="exact"),
    Case("of_c_without_gil", ("thumbnail_open", "blocks.", "of_c_without_gil")),
    Case("of_c_right", ()),
    Case("of_cpp", ("rows_parse", "librows.so", "in of_cpp(),"), source="rows.cpp"),
    Case("of_cpp_right", (), source="rows.cpp"),
    Case("of_rust", ("tiles_render", "libtiles.so", "in of_rust(),"), source="tiles.rs"),
    Case("of_rust_right", (), source="tiles.rs"),
    Case("of_ctypes", ("native memory from native_culprits.py:", "in of_ctypes() is lost")),
    Case("of_mapping", ("lose_mapping", "blocks.", "of_mapping")),
    Case("of_growing_mapping", ("native memory from native_culprits.py:", "in of_growing_mapping() is lost")),
    Case("of_owner", ("owners", "PyCapsule"), kind="container"),
]


def run(case: Case, folder: Path) -> dict[str, Any]:
    """The JSON report of a run."""
    report = folder / (case.function + case.mode + ".json")
    arguments = [str(library(case.source))] if case.source else []
    command = unfreed(
        "run", "--quiet", "--epoch", "0.5", "--snapshot-budget", "50", *MODES[case.mode],
        "-o", folder / (case.function + case.mode + ".unfreed"), "--json", report,
        PROGRAM, case.function, *arguments,
    )  # fmt: skip
    environment = clean_environment(PYTHONPATH=str(folder_with("blocks")))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(report.read_text())
    return told


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The reports of all cases, whose runs overlap: they mostly sleep."""
    folder = tmp_path_factory.mktemp("native")
    folder_with("blocks"), library("rows.cpp"), library("tiles.rs")
    with ThreadPoolExecutor(4) as executor:
        started = {case: executor.submit(run, case, folder) for case in CASES}
        yield lambda case: started[case].result()


@pytest.mark.parametrize("case", CASES, ids=lambda case: "%s-%s" % (case.function, case.mode))
def test_what_c_code_loses_is_named(case: Case, reports: Any) -> None:
    report = reports(case)
    # How sure the verdict is depends on how often a busy machine lets the program call; what is named does not.
    severities = ("leak", "warning") if case.words else ("leak",)
    findings = [one for one in report["findings"] if one["severity"] in severities]
    if not case.words:
        assert not findings, findings
        return
    told = [json.dumps(one) for one in findings if one["kind"] == case.kind]
    assert any(all(word in text for word in case.words) for text in told), report["findings"]


def test_bytes_lost_through_ctypes_are_about_what_was_taken(reports: Any) -> None:
    [finding] = [one for one in reports(CASES[8])["findings"] if one["kind"] == "native"]
    growth = finding["growth"]
    seconds = growth["series"][-1][0] - growth["series"][0][0]
    calls = 100 * seconds
    # A busy machine lets it call less often.
    assert 0.1 * calls * 20_000 < growth["bytes"] < 1.2 * calls * 20_000, growth


def test_an_allocator_that_maps_memory_under_its_lock_is_not_asked_from_a_hook(tmp_path: Path) -> None:
    """As jemalloc does: a hook's first call in a thread makes the loader allocate, which would wait for ever."""
    program = tmp_path / "program.py"
    program.write_text(
        "import threading, time\n"
        "def work():\n    kept = [bytearray(99_999) for _ in range(300)]\n    kept.clear()\n"
        "threads = [threading.Thread(target=work) for _ in range(4)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "time.sleep(1)\nprint('whole')\n"
    )
    environment = clean_environment(LD_PRELOAD=str(library("allocator.c")))
    for mode in MODES.values():
        ended = subprocess.run(
            unfreed("run", "--quiet", *mode, "-o", tmp_path / "o.unfreed", program),
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stdout) == (0, "whole\n"), ended.stderr
