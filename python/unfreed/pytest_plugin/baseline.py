"""Baselines of test runs: the file of `unfreed baseline`, read and written without a recording."""

from __future__ import annotations

import json
from typing import Any, Optional

import pytest

VERSION = "1.0"
"""Version of the file; the crates have the same one."""


def known_ids(path: Optional[str]) -> "frozenset[str]":
    """The ids in a baseline; none without one. A file that is no baseline is a usage error."""
    if path is None:
        return frozenset()
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if not document["baseline_version"].startswith("1."):
            raise ValueError("its version is %s" % document["baseline_version"])
        return frozenset(str(entry["id"]) for entry in document["findings"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise pytest.UsageError("unfreed: cannot use the baseline %s: %s" % (path, error)) from None


def write_baseline(path: str, results: "list[tuple[str, dict[str, Any]]]") -> None:
    """Writes what tests were found to leak, by node id; known leaks stay listed."""
    findings = [
        {"program": nodeid, "id": found["id"], "title": found["title"]}
        for nodeid, result in results
        for found in result.get("found", ())
    ]
    findings.sort(key=lambda entry: (entry["program"], entry["id"]))
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"baseline_version": VERSION, "findings": findings}, file, indent=2)
        file.write("\n")
