"""What answers are: the same forms for every table, pictures of chains, and nothing in a table of growth that is there
because somebody looked."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from programs.runs import clean_environment

import unfreed
from unfreed._answers import Chain

KEPT: "dict[str, Any]" = {}


class Session:
    pass


def census_of_two(tmp_path: Path) -> Any:
    first = unfreed.snapshot(tmp_path / "a.unfreed")
    KEPT["new"] = [Session() for _ in range(50)]
    return unfreed.diff(first, unfreed.snapshot(tmp_path / "b.unfreed"))


def tracked(_: Path) -> Any:
    with unfreed.track() as made:
        KEPT["tracked"] = [bytes(100) for _ in range(50)]
    return made


def profiled(_: Path) -> Any:
    @unfreed.profile
    def load() -> Any:
        return [bytes(100) for _ in range(50)]

    load()
    return load.profile  # type: ignore[attr-defined]


def watched(_: Path) -> Any:
    with unfreed.watch(Session) as watch:
        KEPT["watched"] = Session()
        return watch.look()


def by_site(_: Path) -> Any:
    with unfreed.follow():
        KEPT["followed"] = [bytes(100) for _ in range(50)]
        return unfreed.census(by="site")


def in_a_cycle(_: Path) -> Any:
    gc.disable()
    try:
        one = Session()
        one.itself = one  # type: ignore[attr-defined]
        del one
        return unfreed.garbage()
    finally:
        gc.enable()


TABLES: "dict[str, Callable[[Path], Any]]" = {
    "census": lambda _: unfreed.census(),
    "census by site": by_site,
    "growth": lambda _: unfreed.growth("module"),
    "diff": census_of_two,
    "cycles": lambda _: unfreed.cycles(),
    "garbage": in_a_cycle,
    "duplicates": lambda _: unfreed.duplicates(),
    "resources": lambda _: unfreed.resources(),
    "referrers": lambda _: unfreed.referrers(Session),
    "referents": lambda _: unfreed.referents(Session),
    "retained": lambda _: unfreed.retained(Session),
    "paths": lambda _: unfreed.paths(Session),
    "track": tracked,
    "profile": profiled,
    "watch": watched,
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> "dict[str, Any]":
    made = {name: ask(tmp_path_factory.mktemp("tables")) for name, ask in TABLES.items()}
    KEPT.clear()
    return made


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_the_same_forms(name: str, tables: "dict[str, Any]") -> None:
    table = tables[name]
    assert len(table) > 0 and list(table) == list(table.rows) and table
    assert all(set(table.columns) <= set(row) for row in table)
    assert isinstance(table.to_dict(), dict) and table.heading
    assert repr(table) and table._repr_html_().startswith("<table>")
    pandas = pytest.importorskip("pandas")
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == table.columns and len(frame) == len(table)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_arrows(name: str, tables: "dict[str, Any]") -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = tables[name]
    arrow = table.to_arrow()
    assert arrow.column_names == table.columns
    assert arrow.to_pylist() == [{column: row[column] for column in table.columns} for row in table]
    # By the protocol alone, as polars and duckdb read it.
    assert pyarrow.table(table).equals(arrow)


def test_types_of_arrow_do_not_depend_on_rows() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    some, none = unfreed.census(limit=3).to_arrow(), unfreed.census(limit=0).to_arrow()
    assert some.schema == none.schema and none.num_rows == 0
    assert [some.schema.field(name).type for name in ("type", "objects", "share")] == [
        pyarrow.string(),
        pyarrow.int64(),
        pyarrow.float64(),
    ]


@pytest.mark.parametrize(("package", "form"), [("pandas", "to_pandas"), ("pyarrow", "to_arrow")])
def test_a_package_that_is_missing_is_named(package: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"^%s\(\) needs %s: pip install %s$" % (form, package, package)):
        getattr(unfreed.census(limit=1), form)()


def chain_of(count: int) -> Chain:
    head: Any = []
    KEPT["chain"] = head
    for _ in range(count):
        head.append([])
        head = head[0]
    return unfreed.why_alive(head)


def test_a_chain_is_drawn_from_the_root_to_the_object(tmp_path: Path) -> None:
    KEPT["file"] = {"key": [open("/dev/null")]}
    KEPT["file"]["key"][0].close()
    chain = unfreed.why_alive(KEPT["file"]["key"][0])
    drawing = chain.draw(tmp_path / "chain.svg")
    texts = ["".join(one.itertext()) for one in ElementTree.fromstring(drawing.svg).iter() if one.tag.endswith("text")]
    drawn = " ".join(texts)
    assert str(chain) in drawn and "module " + __name__ in drawn and "['key']" in drawn
    # What is over is red.
    assert "closed file" in drawn and "#c0241f" in drawing.svg
    assert (tmp_path / "chain.svg").read_text() == drawing.svg == chain._repr_svg_()
    assert drawing.svg in chain._repr_html_()
    chain.draw(tmp_path / "chain.png")
    assert (tmp_path / "chain.png").read_bytes().startswith(b"\x89PNG")
    drawing.save(tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text() == drawing.svg
    KEPT.clear()


def test_a_long_chain_is_drawn_by_its_ends() -> None:
    chain = chain_of(500)
    assert "more holders" in chain.draw().svg and chain.draw().svg.count("list") < 60
    KEPT.clear()


def test_what_nothing_reaches_has_a_picture_that_says_so() -> None:
    chain = unfreed.why_alive(object())
    assert "<svg" in chain.draw().svg


GROWTH = """
import json, sys, unfreed

class Session: pass

kept = {}

def ask_everything():
    with unfreed.track() as made:
        bytes(1000)
    return [unfreed.census(limit=None), unfreed.why_alive(Session), unfreed.sizeof(kept, depth=2), made]

def grown(by):
    return {row[by]: row["more objects"] for row in unfreed.growth(by, limit=None)}

found = {}
ask_everything()
for by in ("type", "module", "root", "path"):
    kept.clear()
    grown(by)
    kept["answers"] = [one for _ in range(5) for one in ask_everything()]
    kept["mine"] = [Session() for _ in range(20)]
    found[by] = grown(by)
kept.clear()
grown("type")
kept["answer"] = unfreed.census(limit=None)
kept["rows"] = kept["answer"].rows
found["held by both"] = [grown("type")["dict"], len(kept["rows"])]
first = unfreed.snapshot(sys.argv[1] + "/a.unfreed")
kept["answers"] = [unfreed.census(limit=None) for _ in range(5)]
kept["more of mine"] = [Session() for _ in range(50)]
second = unfreed.snapshot(sys.argv[1] + "/b.unfreed")
found["diff"] = {row["type"]: row["objects"] for row in unfreed.diff(first, second, limit=None)}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def growth(tmp_path_factory: pytest.TempPathFactory) -> "dict[str, Any]":
    """What grew while answers were kept. In a process of its own: a heap as large as pytest's takes long to ask."""
    folder = tmp_path_factory.mktemp("growth")
    program = folder / "growth.py"
    program.write_text(GROWTH)
    done = subprocess.run(
        [sys.executable, program, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=clean_environment(),
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("by", "mine"), [("type", "__main__.Session"), ("module", "__main__"), ("root", ""), ("path", "")])
def test_answers_that_are_kept_are_no_growth(by: str, mine: str, growth: "dict[str, Any]") -> None:
    grown = dict(growth[by])
    assert not mine or grown.pop(mine) == 20
    # The answers have thousands of rows.
    assert {name: more for name, more in grown.items() if more >= 100} == {}


def test_what_others_hold_too_is_growth(growth: "dict[str, Any]") -> None:
    grown, rows = growth["held by both"]
    assert grown >= rows > 50


def test_a_difference_of_snapshots_leaves_answers_out(growth: "dict[str, Any]") -> None:
    changed = growth["diff"]
    assert changed["__main__.Session"] == 50
    assert [name for name in changed if name.startswith("unfreed.")] == []
    assert changed.get("dict", 0) < 100, changed
