"""Tells what the machinery that runs tests keeps for itself from what tests keep."""

from __future__ import annotations

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


def is_of_a_runner(finding: "dict[str, Any]") -> bool:
    """Whether no line of anybody else took part in making what grows; without a line, whether it is held there."""
    stacks = [place["stack"] for place in finding["allocated_at"] if place["stack"]]
    if stacks:
        return all(_is_machinery(stack) for stack in stacks)
    held = finding["held_by"] or {}
    return str(held.get("path", "")).split(".")[0] in FOLDERS


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
