"""Snapshots of a heap that other threads are changing: nothing crashes, nothing changes, and each file can be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from programs.runs import call_unfreed, clean_environment

STORM = Path(__file__).parent / "programs" / "heap_storm.py"
STORMS = "dicts instances classes generators coroutines containers modules threads garbage".split()
PLACES = ["main thread", "signal handler", "__del__", "sort", "hash", "task"]


def survived(folder: Path, *words: str) -> Any:
    """What a storm of six seconds says that was looked at from everywhere, into files of a folder."""
    done = subprocess.run(
        [sys.executable, str(STORM), str(folder / "storm"), "6", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=200,
        # Blocks that are freed twice or written past their end end the program.
        env=clean_environment(PYTHONMALLOC="debug"),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_a_storm_is_survived_and_seen(tmp_path: Path) -> None:
    said = survived(tmp_path)
    assert {place for place in PLACES if not said["taken"].get(place)} == set(), said
    assert {storm for storm in STORMS if not said["turns"].get(storm)} == set(), said
    # Only the collector's own callbacks are no place to look from, and that is said.
    assert all("a collection is in progress" in why for why in said["refused"]), said
    files = sorted(tmp_path.iterdir())
    assert files
    for file in files:
        facts = json.loads(call_unfreed("heap", file, "census", "--json", "-").stdout)["snapshot"]
        assert facts["objects"] > 10_000
        assert facts["coverage"] > 0.9
