"""`%load_ext unfreed` in a real kernel. Skipped where there is none to run."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

AWAITING = """
%%unfreed
import asyncio
async def fetch(size):
    await asyncio.sleep(0.01)
    return load(size)
waited = await fetch(7 << 20)
len(waited)
"""
CELLS = [
    "%load_ext unfreed\ndef load(size):\n    return bytearray(size)",
    "%unfreed growth",
    "%%unfreed\nclass Session: pass\nkept = [Session() for _ in range(1000)]\nread = len(load(5 << 20))",
    "%unfreed growth",
    "%unfreed why kept[3]",
    "%unfreed size kept",
    "import unfreed; unfreed.show_holders(kept[3])",
    "%unfreed",
    "%memit made = b'x' * (100 << 20)",
    "%%mprun -f load load(3 << 20)\npass",
    AWAITING,
    "%%unfreed\nimport asyncio\nawait asyncio.sleep(0)\nraise KeyError('as before')",
    "%%unfreed\n1 + 1",
]


@pytest.fixture(scope="module")
def outputs() -> list[Any]:
    """What each cell put out."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=120, allow_errors=True, kernel_name="python3").execute()
    return [cell["outputs"] for cell in notebook["cells"]]


def shown(output: list[Any], kind: str) -> str:
    return "".join(str(one["data"].get(kind, "")) for one in output if "data" in one)


def test_a_cell_says_what_it_allocated_and_kept(outputs: list[Any]) -> None:
    html, plain = shown(outputs[2], "text/html"), shown(outputs[2], "text/plain")
    assert "This cell allocated 5." in html and "Session" in html and "1,000" in html
    assert "allocated_bytes" in html and "kept_bytes" in html
    (read,) = [line for line in plain.split("\n") if line.endswith("read = len(load(5 << 20))")]
    assert read.split()[:4] == ["5.0", "MiB", "5.0", "MiB"], plain
    (made,) = [line for line in plain.split("\n") if "kept = [Session()" in line]
    assert "KiB" in made and " 2 " in made.replace("  ", " "), plain


def test_a_cell_is_drawn(outputs: list[Any]) -> None:
    html = shown(outputs[2], "text/html")
    svg = html[html.index("<svg") : html.index("</svg>") + len("</svg>")]
    texts = ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter() if one.tag.endswith("text")]
    assert "kept = [Session() for _ in range(1000)]"[:36] in " ".join(texts) and "allocated" in texts
    # A bar of what was allocated, and one of what is kept.
    assert "#b9d1ea" in svg and "#1d4e89" in svg


def test_the_way_to_an_object_is_drawn_above_its_table(outputs: list[Any]) -> None:
    assert shown(outputs[4], "text/html").startswith("<svg") and "<table>" in shown(outputs[4], "text/html")
    assert shown(outputs[4], "image/svg+xml").startswith("<svg")


def test_a_cell_that_awaits_says_what_it_allocated_and_kept(outputs: list[Any]) -> None:
    html, plain = shown(outputs[10], "text/html"), shown(outputs[10], "text/plain")
    assert "This cell allocated 7." in html and "<svg" in html
    (waited,) = [line for line in plain.split("\n") if line.endswith("waited = await fetch(7 << 20)")]
    assert waited.split()[0:2] == waited.split()[4:6] == ["7.0", "MiB"], plain
    # Neither what follows the cell nor what shows its value.
    lines = plain.split("\n")
    assert not any("begin(" in line or "KiB" in line and line.endswith(" len(waited)") for line in lines), plain
    assert [one["data"]["text/plain"] for one in outputs[10] if one["output_type"] == "execute_result"] == [str(7 << 20)]


def test_a_cell_that_awaits_and_fails_fails_as_without(outputs: list[Any]) -> None:
    (failed,) = outputs[11]
    assert failed["output_type"] == "error" and failed["evalue"] == "'as before'"
    # And the next cell is followed by nobody but itself.
    assert shown(outputs[12], "text/html").count("This cell allocated") == 1


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
