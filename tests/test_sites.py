"""Lines that made what is alive: `by="site"`, and where resources were opened. After `unfreed.follow()`, and where a process
is recorded."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from programs.runs import call_unfreed

import unfreed
from unfreed import _native
from unfreed.compat import tracemalloc

KEPT: "dict[str, Any]" = {}


class Session:
    def __init__(self) -> None:
        self.payload = bytes(2000)


def log_in(count: int) -> "list[Session]":
    return [Session() for _ in range(count)]


@pytest.fixture()
def following() -> "Iterator[Any]":
    with unfreed.follow() as begun:
        yield begun
    KEPT.clear()


def rows_of(answer: Any, function: str) -> "list[Any]":
    here = [row for row in answer.rows if row["site"].startswith(__file__)]
    return [row for row in here if row["site"].endswith(function)]


@pytest.mark.parametrize("ask", [unfreed.census, unfreed.growth], ids=["census", "growth"])
def test_without_following_it_is_said_what_to_do(ask: Any) -> None:
    with pytest.raises(RuntimeError, match=r"no allocations are followed here: call unfreed\.follow\(\) first"):
        ask(by="site")


def test_a_census_by_site_tells_the_lines_with_all_bytes_of_their_objects(following: Any) -> None:
    older = unfreed.census(by="site", limit=None)
    assert rows_of(older, "log_in()") == []
    KEPT["sessions"] = log_in(500)
    answer = unfreed.census(by="site", limit=None)
    (payload,) = rows_of(answer, "in Session.__init__()") or rows_of(answer, "in __init__()")
    assert payload["objects"] >= 500 and payload["bytes"] >= 500 * 2000 and payload["mostly"] == "bytes"
    made = [row for row in answer if row["mostly"] == __name__ + ".Session"]
    assert [row["objects"] >= 500 for row in made] == [True]
    assert "objects of" in answer.heading and "since allocations are followed" in answer.heading


def test_growth_by_site_is_what_came_since_and_no_line_of_unfreed(following: Any) -> None:
    unfreed.growth(by="site")
    KEPT["sessions"] = log_in(300)
    KEPT["answers"] = [unfreed.census(limit=None) for _ in range(5)]
    grown = unfreed.growth(by="site", limit=None)
    sessions = [row for row in grown if row["site"].startswith(__file__) and row["more objects"] >= 300]
    assert sessions and sum(row["more bytes"] for row in sessions) >= 300 * 2000
    own = os.path.dirname(unfreed.__file__)
    assert [row for row in grown if row["site"].startswith(own)] == []


def test_a_difference_by_site_of_two_snapshots(following: Any, tmp_path: Path) -> None:
    KEPT["before"] = log_in(100)
    before = unfreed.snapshot(tmp_path / "before.unfreed")
    KEPT["after"] = log_in(200)
    after = unfreed.snapshot(tmp_path / "after.unfreed")
    changed = unfreed.diff(before, after, by="site", limit=None)
    grown = [row for row in changed if row["site"].startswith(__file__) and row["objects"] >= 190]
    assert grown and all(row["state"] == "grown" for row in grown), list(changed)
    told = call_unfreed("heap", before.path, "diff", after.path, "--by", "site", "--json", "-", "--limit", "1000")
    assert [dict(row) for row in changed] == json.loads(told.stdout)["rows"], str(told)
    counted = call_unfreed("heap", after.path, "census", "--by", "site", "--json", "-", "--limit", "1000")
    assert any(row["site"].startswith(__file__) and row["samples"] >= 300 for row in json.loads(counted.stdout)["rows"])


def test_a_snapshot_by_a_copy_has_the_lines_too(following: Any, tmp_path: Path) -> None:
    KEPT["sessions"] = log_in(100)
    taken = unfreed.snapshot(tmp_path / "copy.unfreed", fork=True)
    counted = call_unfreed("heap", taken.path, "census", "--by", "site", "--json", "-", "--limit", "1000")
    assert any(row["site"].startswith(__file__) and row["samples"] >= 100 for row in json.loads(counted.stdout)["rows"])


def test_snapshots_without_lines_are_refused_with_what_to_do(tmp_path: Path) -> None:
    taken = unfreed.snapshot(tmp_path / "plain.unfreed")
    with pytest.raises(ValueError, match=r"plain\.unfreed: no allocations were followed .* unfreed\.follow\(\)"):
        unfreed.diff(taken, taken, by="site")


def test_parts_traces_and_nested_following_will_do() -> None:
    with unfreed.track():
        assert unfreed.census(by="site") is not None
    tracemalloc.start()
    try:
        assert unfreed.census(by="site") is not None
    finally:
        tracemalloc.stop()
    outer, inner = unfreed.follow(), unfreed.follow()
    inner.stop()
    inner.stop()
    assert _native._is_followed() and "every allocation" in repr(outer)
    outer.stop()
    assert not _native._is_followed() and "stopped" in repr(outer)


def test_resources_tell_the_lines_that_opened_them(tmp_path: Path) -> None:
    older = open(os.devnull)
    with unfreed.follow():
        file = open(tmp_path / "opened.txt", "w")
        pair = socket.create_server(("127.0.0.1", 0))
        database = sqlite3.connect(":memory:")
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait, name="serve-7")
        thread.start()
        child = subprocess.Popen(["sleep", "60"])
        try:
            answer = asyncio.run(with_a_task())
        finally:
            stop.set()
            thread.join()
            child.kill()
            child.wait()
            for one in (older, file, pair, database):
                one.close()
    here = os.path.abspath(__file__)
    opened = {(row["kind"], row["what"]): row for row in answer}
    told = {kind: row for (kind, _), row in opened.items() if row["opened at"].startswith(here)}
    assert {"file", "socket", "connection", "thread", "task", "process"} <= set(told), list(answer)
    assert told["socket"]["opened at"].endswith("in test_resources_tell_the_lines_that_opened_them()")
    assert len(told["socket"]["stack"]) > 3 and "socket.py" in told["socket"]["stack"][0]
    assert opened["thread", "serve-7"]["opened at"].startswith(here)
    assert opened["task", "waits"]["opened at"].endswith("in with_a_task()")
    assert opened["file", os.devnull]["opened at"] == "not known" and opened["file", os.devnull]["stack"] == []
    assert opened["thread", "MainThread"]["opened at"] == "the interpreter"
    assert "opened is not known: call unfreed.follow() before" in answer.heading


async def with_a_task() -> Any:
    task = asyncio.get_running_loop().create_task(asyncio.sleep(60), name="waits")
    await asyncio.sleep(0)
    answer = unfreed.resources(limit=None)
    task.cancel()
    return answer


PROGRAM = """
import json, unfreed

class Session:
    def __init__(self):
        self.payload = bytes(100_000)

kept = [Session() for _ in range(200)]
opened = open("/dev/null")
unfreed.follow().stop()
rows = [row for row in unfreed.census(by="site", limit=None) if "sites_program.py:6 " in row["site"]]
grown = [row for row in unfreed.growth(by="site", limit=None) if "sites_program.py:6 " in row["site"]]
where = [row["opened at"] for row in unfreed.resources(limit=None) if row["what"] == "/dev/null" and row["kind"] == "file"]
print(json.dumps([list(map(dict, rows)), list(map(dict, grown)), where]))
"""


@pytest.mark.parametrize("options", [("--exact",), (), ("--native",)], ids=["exact", "samples", "native"])
def test_a_recorded_program_knows_its_lines(options: "tuple[str, ...]", tmp_path: Path) -> None:
    program = tmp_path / "sites_program.py"
    program.write_text(PROGRAM)
    done = call_unfreed("run", "-o", tmp_path / "out.unfreed", *options, program)
    rows, grown, where = json.loads(done.stdout.splitlines()[0])
    # A sample of 100 kB blocks misses hardly any; bytes are estimates then.
    assert len(rows) == 1 and 15_000_000 < rows[0]["bytes"] < 27_000_000, str(done)
    assert len(grown) == 1 and 15_000_000 < grown[0]["more bytes"] < 27_000_000
    if options:
        assert where == ["%s:9 in <module>()" % program]
