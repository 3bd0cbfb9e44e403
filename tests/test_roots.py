"""Whether each root of the interpreter has a name: what it alone holds is found, once, with a path that says so."""

from __future__ import annotations

import re
from pathlib import Path

from test_heap import ask, snapshot_of


def test_what_a_root_holds_has_its_name(tmp_path: Path) -> None:
    recording, expected = snapshot_of("heap_roots", tmp_path)
    assert len(expected) > 30
    rows = ask(recording, "path", *expected)["rows"]
    paths: dict[str, list[str]] = {name: [] for name in expected}
    for row in rows:
        paths[row["object"].partition("#")[0].rpartition(".")[2]].append(row["path"])
    wrong = {
        name: (paths[name], pattern)
        for name, pattern in expected.items()
        if len(paths[name]) != 1 or not re.search(str(pattern), paths[name][0])
    }
    assert not wrong
