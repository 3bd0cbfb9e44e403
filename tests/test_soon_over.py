"""Programs that end, or run out of memory, before there is evidence of growth: what filled them is told all the same."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from programs.runs import clean_environment, unfreed

LIMIT = 700 << 20


def reported(recording: Path) -> dict[str, Any]:
    """The JSON report of a recording."""
    command = unfreed("report", recording, "--json", "-")
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


@pytest.mark.parametrize("mode", [(), ("--exact",)], ids=["sampled", "exact"])
def test_a_program_of_a_moment_is_looked_at_when_it_ends(mode: tuple[str, ...], tmp_path: Path) -> None:
    program, recording = tmp_path / "loads.py", tmp_path / "o.unfreed"
    program.write_text("ROWS = [bytearray(1000) for _ in range(30_000)]\n")
    command = unfreed("run", "--quiet", *mode, "-o", recording, program)
    subprocess.run(command, env=clean_environment(), check=False)
    report = reported(recording)
    assert report["evidence"]["snapshots"] == 1
    assert "at the last look loads.ROWS kept 3" in report["verdict"]["sentence"], report["verdict"]
    table = subprocess.run(unfreed("export", recording, "--csv", "-"), capture_output=True, text=True, check=False)
    assert "loads.py" in table.stdout


def test_what_fills_the_memory_is_looked_at_before_it_runs_out(tmp_path: Path) -> None:
    """Nothing is written any more when the limit is reached, as when the kernel kills a process."""
    program, recording = tmp_path / "hog.py", tmp_path / "o.unfreed"
    program.write_text(
        "import os, signal, time\nROWS = []\n"
        "try:\n    while True:\n        ROWS.append(bytearray(200_000))\n        time.sleep(0.0005)\n"
        "except MemoryError:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run(
        # No look is due by itself.
        unfreed("run", "--quiet", "--epoch", "1000", "-o", recording, program),
        env=clean_environment(), check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
    )  # fmt: skip
    assert ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    report = reported(recording)
    said = report["verdict"]["sentence"] + "".join(finding["title"] for finding in report["findings"])
    assert "hog.ROWS" in said, report["verdict"]
    assert 1 <= report["evidence"]["snapshots"] <= 8
    looked_at = subprocess.run(
        unfreed("heap", recording, "retained", "hog.ROWS", "--json", "-"), capture_output=True, text=True, check=False
    )
    kept = max(cell for row in json.loads(looked_at.stdout)["rows"] for cell in row.values() if isinstance(cell, int))
    assert kept > LIMIT * 0.3


LIVES = {
    "waits": "time.sleep(1.5)\n",
    # What anyone gives up is taken at once.
    "tries on": (
        "until = time.monotonic() + 1.5\n"
        "while time.monotonic() < until:\n"
        "    try:\n        while True:\n            ROWS.append('row %d' % len(ROWS))\n"
        "    except MemoryError:\n        time.sleep(0)\n"
    ),
}


@pytest.mark.parametrize("life", LIVES)
def test_a_program_that_lives_at_its_limit_is_not_ended_by_a_look(life: str, tmp_path: Path) -> None:
    """Rust ends the process when it gets no memory. Strings in one list are no objects that the collector tracks."""
    program = tmp_path / "lives.py"
    program.write_text(
        "import time\nROWS = []\n"
        "try:\n    for number in range(10**8):\n        ROWS.append('row %d' % number)\n"
        "except MemoryError:\n    pass\n" + LIVES[life] + "print('lives')\n"
    )
    for mode in ((), ("--epoch", "0.2", "--snapshot-budget", "100")):
        ended = subprocess.run(
            unfreed("run", "--quiet", *mode, "-o", tmp_path / "o.unfreed", program),
            env=clean_environment(), capture_output=True, text=True, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
        )  # fmt: skip
        assert (ended.returncode, ended.stdout) == (0, "lives\n"), ended.stderr
