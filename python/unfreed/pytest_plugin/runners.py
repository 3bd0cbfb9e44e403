"""Tells what the machinery that runs tests keeps for itself from what tests keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FOLDERS = (
    "_pytest",
    "pytest",
    "pluggy",
    "pytest_asyncio",
    "anyio",
    "xdist",
    "execnet",
    "hypothesis",
    "coverage",
    "pytest_cov",
    "unfreed",
)
"""Packages in `site-packages` that run tests or measure them."""


BY_PATH = ("sys.path_importer_cache", "zipimport._zip_directory_cache")
"""Tables of Python that gain an entry for every folder ever imported from: a test that imports from its `tmp_path`
meets a new one in each run."""


def is_of_a_runner(finding: "dict[str, Any]") -> bool:
    """Whether an object of a runner or a table by path is what grows, or no line of anybody else took part."""
    held = finding["held_by"] or {}
    path = str(held.get("path", ""))
    # What a module of a runner keeps is its own, whoever's line was the last before it.
    if path.startswith(BY_PATH) or path.split(".")[0] in FOLDERS or _is_held_by_a_runner(held.get("steps", ())):
        return True
    stacks = [place["stack"] for place in finding["allocated_at"] if place["stack"]]
    return bool(stacks) and all(_is_machinery(stack) for stack in stacks)


def _is_held_by_a_runner(steps: "Sequence[dict[str, Any]]") -> bool:
    """Whether the way to what grows leads through an object of a runner, and not on through the value of a fixture,
    which is the person's where it is no runner's object itself."""
    held = False
    for step in steps:
        if step["type_name"].partition(".")[0] in FOLDERS:
            held = not step["reference"].startswith(".cached_result")
        if step["suspect"]:
            break
    return held


def _is_machinery(stack: "list[dict[str, Any]]") -> bool:
    """Whether all that happens below the last line of a runner is done by runners or by Python itself."""
    return all(_is_runner(frame["file"]) or _is_python(frame["file"]) for frame in stack)


def _is_runner(file: str) -> bool:
    parts = file.split("/")
    if "site-packages" not in parts:
        # The scripts in `bin` are called as the packages are.
        return file.startswith("<") or parts[-1] in FOLDERS
    return parts[parts.index("site-packages") + 1].partition(".")[0] in FOLDERS


def _is_python(file: str) -> bool:
    parts = file.split("/")
    return "site-packages" not in parts and any(part.startswith("python3.") for part in parts[:-1])
