"""`unfreed export` and `unfreed query`: tables that agree with `unfreed heap`, and questions in SQL to them."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from programs.headers import HERE
from programs.runs import call_unfreed, clean_environment, unfreed
from test_heap import NOT_FOUND, ask, snapshot_of

pytestmark = pytest.mark.any_python

TABLES = {"objects", "types", "edges", "sites", "paths", "dominators"}
HAS_DUCKDB = importlib.util.find_spec("duckdb") is not None


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot with objects in many states."""
    return snapshot_of("heap_lives", tmp_path_factory.mktemp("lives"))[0]


def query(recording: Path, sql: str) -> list[dict[str, Any]]:
    """The rows of an answer."""
    done = call_unfreed("query", recording, sql, "--form", "json")
    assert done.returncode == 0, str(done)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_export_writes_each_table(lives: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "tables"
    done = call_unfreed("export", lives, "--parquet", folder)
    assert done.returncode == 0, str(done)
    assert {place.stem for place in folder.iterdir()} == TABLES
    for place in folder.iterdir():
        content = place.read_bytes()
        assert content[:4] == content[-4:] == b"PAR1"
    facts = ask(lives, "census")["snapshot"]
    assert "objects.parquet: %d rows" % facts["objects"] in done.stderr
    assert "edges.parquet: %d rows" % facts["references"] in done.stderr


def test_export_says_where_it_cannot_write(lives: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = call_unfreed("export", lives, "--parquet", tmp_path / "file")
    assert done.returncode == NOT_FOUND
    assert "cannot write" in done.stderr


def test_without_duckdb_the_hint_says_how_to_get_it(lives: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['duckdb'] = None")
    done = subprocess.run(
        unfreed("query", lives, "select 1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=100,
        env=clean_environment(PYTHONPATH=str(tmp_path)),
        check=False,
    )
    assert done.returncode == NOT_FOUND
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: unfreed query needs DuckDB, which is not installed",
        "hint: pip install 'unfreed[query]'",
    ]


if HAS_DUCKDB:

    def test_tables_agree_with_the_answers_of_heap(lives: Path) -> None:
        census = {row["type"]: (row["objects"], row["bytes"]) for row in ask(lives, "census")["rows"]}
        rows = query(lives, "select type, count(*) as objects, sum(own)::bigint as bytes from objects group by type")
        assert {row["type"]: (row["objects"], row["bytes"]) for row in rows} == census
        (held,) = ask(lives, "path", "heap_lives.LIVES")["rows"]
        number = held["object"].rsplit("#")[1]
        (row,) = query(lives, "select own, retained, path from objects join paths using (path_id) where object_id = " + number)
        assert row == {"own": held["own"], "retained": held["retained"], "path": "heap_lives.LIVES"}

    def test_states_and_edges_are_there(lives: Path) -> None:
        rows = query(
            lives,
            """select k.text as name, thing.state from edges e
            join objects k on k.object_id = e.key_id
            join edges item on item.source = e.target and item.position = 0
            join objects thing on thing.object_id = item.target
            where e.source = (select object_id from objects join paths using (path_id) where path = 'heap_lives.LIVES')""",
        )
        states = {row["name"]: row["state"] for row in rows}
        assert states["closed raw file"] == "closed file"
        assert states["done task"] == "done task"
        assert states["finished generator"] == "finished"
        assert states["mock"] is None

    def test_a_dominator_retains_more(lives: Path) -> None:
        (row,) = query(
            lives,
            """select count(*) as wrong
            from dominators join objects held using (object_id) join objects above on above.object_id = dominator_id
            where above.retained < held.retained + above.own""",
        )
        assert row["wrong"] == 0

    def test_no_object_is_held_more_often_than_it_counts(tmp_path: Path) -> None:
        recording = snapshot_of("heap_zoo", tmp_path)[0]
        rows = query(
            recording,
            """with seen as (
                -- What code frozen into the binary refers to is not counted (3.11).
                select target, count(*) as held from edges join objects on object_id = source
                where refcount is not null group by target
            ),
            -- From 3.14 on a running frame borrows what its caller holds.
            borrowed as (select target from edges join objects on object_id = source where type = 'frame' and kind = 'local')
            select type, count(*) as objects, any_value(text) as one, any_value(path) as path
            from objects join seen on target = object_id left join paths using (path_id)
            where held > refcount and refcount > 0 -- None is counted in what waits in a free list.
            and object_id not in (from borrowed)
            group by type""",
        )
        assert rows == []
        (row,) = query(recording, "select count(*) as objects from objects where type = 'generator'")
        assert row["objects"] > 90

    def test_the_page_lists_the_columns(lives: Path) -> None:
        page = (HERE.parents[1] / "docs" / "query.md").read_text()
        done = call_unfreed("query", lives, "--form", "csv")
        listed = list(csv.DictReader(io.StringIO(done.stdout)))
        assert {row["table"] for row in listed} == TABLES
        for row in listed:
            (line,) = re.findall(r"^\| `%s` \|.*" % row["table"], page, re.MULTILINE)
            for column in row["columns"].split(", "):
                assert "`%s`" % column in line, (row["table"], column)

    def test_the_questions_of_the_page_are_answered(lives: Path) -> None:
        page = (HERE.parents[1] / "docs" / "query.md").read_text()
        questions = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
        assert len(questions) == 5
        for sql in questions:
            done = call_unfreed("query", lives, sql)
            assert done.returncode == 0, str(done)

    def test_a_wrong_query_is_an_error_of_one_line(lives: Path) -> None:
        for sql, said in [("selec 1", "syntax error"), ("select wrong from objects", 'column "wrong" not found')]:
            done = call_unfreed("query", lives, sql)
            assert done.returncode == NOT_FOUND
            assert said in done.stderr
            assert len(done.stderr.splitlines()) == 1
            assert done.stdout == ""

    def test_a_long_table_says_what_it_leaves_out(lives: Path) -> None:
        done = call_unfreed("query", lives, "select object_id from objects order by object_id", "--limit", "3")
        assert done.stdout.splitlines()[:4] == ["object_id", "        0", "        1", "        2"]
        assert "more; --limit N shows more" in done.stdout.splitlines()[4]
