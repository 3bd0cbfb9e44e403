"""`pytest --unfreed`: what a test adds to the value of a fixture of a wider scope is its leak, not pytest's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from programs.runs import clean_environment

SUITE = """
import pytest

class Store:
    def __init__(self): self.rows = []

@pytest.fixture(scope="module")
def store(): return Store()

@pytest.fixture(scope="session")
def numbers(): return []

def test_of_a_class(store): store.rows.append(bytearray(1000))
def test_of_a_list(numbers): numbers.append(object())
def test_that_only_reads(store, numbers): assert store.rows is not numbers
"""


def test_values_of_fixtures_that_gather_are_leaks(tmp_path: Path) -> None:
    suite = tmp_path / "test_gathers.py"
    suite.write_text(SUITE)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "unfreed.pytest_plugin", "-p", "no:cacheprovider", "--unfreed", "-rA", suite],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        env={**clean_environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    shown = ended.stdout
    assert "FAILED test_gathers.py::test_of_a_class" in shown, shown
    assert "FAILED test_gathers.py::test_of_a_list" in shown, shown
    assert "PASSED test_gathers.py::test_that_only_reads" in shown, shown
    assert ".rows" in shown and "test_gathers.py:13 in test_of_a_class()" in shown, shown
