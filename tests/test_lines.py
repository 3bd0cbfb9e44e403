"""`unfreed lines`: a program runs as it would, and each of its lines is told what it allocated."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from programs.runs import clean_environment, unfreed

PROGRAM = """
import json
import sys

kept = []


def make(count):
    return [bytes(1000) for _ in range(count)]


def numbers():
    for n in range(3):
        yield bytearray(50_000)


for _ in range(4):
    make(500)
kept += make(300)
for one in numbers():
    pass
json.dumps(list(range(1000)))
print("args", sys.argv[1:], __name__)
sys.exit(7)
"""


def call(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    (folder / "work.py").write_text(PROGRAM)
    command = unfreed("lines", *words)
    return subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=120)


def by_text(folder: Path) -> "dict[str, dict[str, Any]]":
    return {line["text"]: line for line in json.loads((folder / "lines.json").read_text())["lines"]}


def test_lines_say_what_they_allocate_free_and_keep(tmp_path: Path) -> None:
    done = call(tmp_path, "--json", "lines.json", "work.py", "a", "--b")
    assert done.returncode == 7, done.stderr
    assert done.stdout == "args ['a', '--b'] __main__\n"
    lines = by_text(tmp_path)
    made = lines["return [bytes(1000) for _ in range(count)]"]
    assert 2300 * 1000 < made["allocated_bytes"] < 2300 * 1400
    assert 300 * 1000 < made["kept_bytes"] < 300 * 1400
    assert lines["make(500)"]["kept_bytes"] < 10_000 < 2_000_000 < lines["make(500)"]["allocated_bytes"]
    assert lines["kept += make(300)"]["kept_bytes"] > 300_000
    # 500 blocks at once at most, and the 300 that are kept beside none of them.
    assert 500 * 1000 < made["peak_bytes"] < 500 * 1500
    assert 50_000 < lines["yield bytearray(50_000)"]["peak_bytes"] < 110_000
    assert 150_000 < lines["yield bytearray(50_000)"]["allocated_bytes"] < 200_000
    # What a library allocates counts at the line that called it.
    assert lines["json.dumps(list(range(1000)))"]["allocated_bytes"] > 8000
    assert "kept += make(300)" in done.stderr and "lib/python" not in done.stderr


def test_modules_run_as_with_python(tmp_path: Path) -> None:
    done = call(tmp_path, "-m", "work", "x")
    assert (done.returncode, done.stdout) == (7, "args ['x'] __main__\n"), done.stderr


def test_a_program_that_raises_says_so_as_without(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def f():\n    raise KeyError('gone')\nx = [0] * 10_000\nf()\n")
    done = call(tmp_path, "bad.py")
    assert done.returncode == 1
    trace = done.stderr.splitlines()
    assert "KeyError: 'gone'" in trace and not any("unfreed/_lines" in line or "runpy" in line for line in trace)
    assert "x = [0] * 10_000" in done.stderr
