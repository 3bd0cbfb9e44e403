"""Test suites that unfreed's authors did not write: fetched from PyPI, and their outcomes test by test."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from programs.runs import Outcome, clean_environment

UNITTEST_LINE = re.compile(
    r"^(\w+ \([\w.]+\))(?:\n[^\n]*?)? \.\.\. (ok|FAIL|ERROR|skipped|expected failure|unexpected success)",
    re.MULTILINE,
)

# Releases before mid 2023 (3.11.2 of Debian 12) have no filters.
SAFELY: dict = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


@dataclasses.dataclass(frozen=True)
class Suite:
    """A suite of a distribution on PyPI. `arguments` are what pytest gets."""

    name: str
    requirement: str
    arguments: tuple[str, ...]
    at_least: int
    """Tests that it has; fewer mean that it did not run."""


def fetch(suite: Suite, folder: Path) -> Path:
    """Downloads and unpacks the source distribution; returns its folder."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--no-binary",
        ":all:",
        "-d",
        str(folder),
        suite.requirement,
    ]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(),
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", **SAFELY)
    (top,) = (folder / "unpacked").iterdir()
    return top


def pytest_outcomes(junit: Path, outcome: Outcome) -> dict[str, str]:
    """Every test's outcome, from the file that pytest wrote."""
    assert junit.exists(), str(outcome)
    return {
        "%s::%s" % (case.get("classname"), case.get("name")): ",".join(
            sorted(child.tag for child in case)
        )
        or "passed"
        for case in ElementTree.parse(junit).iter("testcase")
    }


def unittest_outcomes(outcome: Outcome) -> dict[str, str]:
    """Every test's outcome, from what `unittest -v` printed."""
    return dict(UNITTEST_LINE.findall(outcome.stderr))
