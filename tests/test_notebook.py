"""`%load_ext unfreed` in a real kernel. Skipped where there is none to run."""

from __future__ import annotations

from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

CELLS = [
    "%load_ext unfreed\ndef load(size):\n    return bytearray(size)",
    "%unfreed growth",
    "%%unfreed\nclass Session: pass\nkept = [Session() for _ in range(1000)]",
    "%unfreed growth",
    "%unfreed why kept[3]",
    "%unfreed size kept",
    "import unfreed; unfreed.show_holders(kept[3])",
    "%unfreed",
    "%memit made = b'x' * (100 << 20)",
    "%%mprun -f load load(3 << 20)\npass",
]


@pytest.fixture(scope="module")
def outputs() -> list[Any]:
    """What each cell put out."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [cell["outputs"] for cell in notebook["cells"]]


def shown(output: list[Any], kind: str) -> str:
    return "".join(str(one["data"].get(kind, "")) for one in output if "data" in one)


def test_a_cell_says_what_it_kept(outputs: list[Any]) -> None:
    html = shown(outputs[2], "text/html")
    assert "This cell kept" in html and "Session" in html and "1,000" in html


def test_growth_shows_itself_as_a_table(outputs: list[Any]) -> None:
    assert "__main__.Session" in shown(outputs[3], "text/html")


def test_an_object_is_found_by_its_name(outputs: list[Any]) -> None:
    assert "kept[3]" in shown(outputs[4], "text/plain")
    assert "__main__.Session" in shown(outputs[5], "text/html")


def test_pictures_are_drawn_in_line(outputs: list[Any]) -> None:
    assert shown(outputs[6], "image/svg+xml").startswith("<svg")


def test_without_words_the_magic_says_what_it_can(outputs: list[Any]) -> None:
    assert "%unfreed growth" in "".join(one.get("text", "") for one in outputs[7])


def test_the_magics_of_memory_profiler_are_there(outputs: list[Any]) -> None:
    said = "".join(one.get("text", "") for one in outputs[8])
    assert said.startswith("peak memory: ") and " MiB, increment: " in said
    table = "".join(one.get("text", "") + shown([one], "text/plain") for one in outputs[9])
    assert "Line #    Mem usage    Increment  Occurrences   Line Contents" in table
    assert "    return bytearray(size)" in table
