"""The programs of `docs/compat.md`: each runs as it is, and prints what the page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from programs.runs import clean_environment

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "known_names"
SAID = {
    "cycles": ("waits __main__.Node 100", "Node.other → Node.other → the first Node"),
    "compare_to": ("compare_to.py:7: size=", "compare_to.py:8: size=", "count=1000"),
    "line_profile": ("numbers = [number for number in range(1_000_000)]", "  1       del numbers", "MiB    -3"),
    "show_refs": ("Image generated as leak_graph.png", "3 nodes; True"),
    "summaries": ("   dict |        1000 |", "bytes"),
}


@pytest.mark.parametrize("program", SAID)
def test_a_program_of_the_page_says_what_the_page_says(program: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAMS / (program + ".py"))],
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    # Columns are as wide as their widest row, and on 3.9 classes that were imported and replaced wait as well.
    one_space = " ".join(done.stdout.split())
    for words in SAID[program]:
        assert " ".join(words.split()) in one_space, done.stdout
    if program == "show_refs":
        assert (tmp_path / "leak_graph.png").read_bytes().startswith(b"\x89PNG")
