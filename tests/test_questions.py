"""docs/questions.md: its sessions say what they say there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from programs.headers import HERE
from programs.runs import clean_environment

PAGE = Path(__file__).parent.parent / "docs" / "questions.md"


def test_ten_questions_are_answered_as_the_page_says(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    program = tmp_path / "app.py"
    program.write_text((HERE / "questions.py").read_text())
    done = subprocess.run(
        [sys.executable, program, PAGE, program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
        env=clean_environment(),
    )
    assert done.returncode == 0, done.stdout
    assert PAGE.read_text().count("\n## ") == 10
