"""Magics for IPython and notebooks: `%load_ext unfreed`. IPython is imported by whoever loads them, never by
unfreed."""

import time
from typing import Any

from unfreed import _live
from unfreed._answers import Answer, in_words

USAGE = """%unfreed growth [type|module|path]   what increased since the last look
%unfreed census [type|module|path]   what there is
%unfreed why NAME                    why the object of this name is alive
%unfreed size NAME                   what it costs
%unfreed cycles                      reference cycles
%%unfreed                            what this cell allocated and kept"""


def register(shell: Any) -> None:
    """Adds the magics to a shell."""

    def line_or_cell(line: str, cell: "str | None" = None) -> Any:
        return _line(shell, line) if cell is None else _cell(shell, cell)

    shell.register_magic_function(line_or_cell, magic_kind="line_cell", magic_name="unfreed")
    # Those that people know from memory_profiler.
    from unfreed.compat.memory_profiler.magics import MemoryProfilerMagics

    MemoryProfilerMagics.register_magics(shell)


def _line(shell: Any, line: str) -> Any:
    words = line.split(None, 1)
    question, rest = (words + ["", ""])[:2]
    if question in ("growth", "census"):
        return getattr(_live, question)(rest or "type")
    if question == "cycles":
        return _live.cycles()
    if question in ("why", "size") and rest:
        # The value of an expression would be held by nothing else, so that it has no path.
        value = shell.ev(rest)
        return _live.why_alive(value) if question == "why" else _live.sizeof(value, depth=2)
    print(USAGE)
    return None


def _cell(shell: Any, cell: str) -> "Answer | None":
    before = _counted()
    resident = _live.memory_usage()
    began = time.perf_counter()
    result = shell.run_cell(cell)
    seconds = time.perf_counter() - began
    if not result.success:
        return None
    resident = _live.memory_usage() - resident
    rows: list[dict[str, Any]] = []
    for name, (objects, occupied) in _counted().items():
        had = before.get(name, (0, 0))
        if objects > had[0] or occupied > had[1]:
            rows.append({"type": name, "more objects": objects - had[0], "more bytes": occupied - had[1]})
    rows.sort(key=lambda row: (-row["more bytes"], row["type"]))
    kept = sum(row["more bytes"] for row in rows)
    heading = "This cell kept %s of objects; the process %s by %s in %.1f s." % (
        in_words(kept),
        "grew" if resident >= 0 else "shrank",
        in_words(abs(resident)),
        seconds,
    )
    names = ["type", "more objects", "more bytes"]
    document = {"question": "cell", "answer": heading, "columns": [{"name": name} for name in names], "rows": rows[:12]}
    lines = [heading]
    lines += ["%-40s %+10d %+14d bytes" % (row["type"], row["more objects"], row["more bytes"]) for row in rows[:12]]
    return Answer("\n".join(lines), document)


def _counted() -> "dict[str, tuple[int, int]]":
    return {row["type"]: (row["objects"], row["bytes"]) for row in _live.census("type", 2**31)}
