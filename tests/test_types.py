"""The package, and a program that uses all of it, satisfy a strict checker of types."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from programs.headers import HERE
from programs.runs import clean_environment

import unfreed

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is installed for one Python (requirements.txt)"
)
CONFIGURATION = HERE.parent.parent / "pyproject.toml"


def check(*arguments: object, folder: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--config-file", CONFIGURATION, "--cache-dir", folder / "cache", *arguments]
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, text=True, env=clean_environment(), cwd=folder
    )
    assert done.returncode == 0, done.stdout


def test_the_package_has_right_types(tmp_path: Path) -> None:
    # Away from the other installed packages, which are taken for a part of it otherwise.
    shutil.copytree(Path(unfreed.__file__).parent, tmp_path / "unfreed")
    check(tmp_path / "unfreed", folder=tmp_path)


def test_a_program_that_uses_all_of_it_has_right_types(tmp_path: Path) -> None:
    check(HERE / "typed.py", folder=tmp_path)


def test_every_name_has_a_type() -> None:
    text = (HERE / "typed.py").read_text(encoding="utf-8")
    assert [name for name in unfreed.__all__ if "unfreed.%s" % name not in text and not name.startswith("_")] == []
