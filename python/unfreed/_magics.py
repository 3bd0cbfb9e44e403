"""Magics for IPython and notebooks: `%load_ext unfreed`. IPython is imported by whoever loads them, never by
unfreed."""

import time
from typing import Any

from unfreed import _cells, _live, _native
from unfreed._columns import buffers
from unfreed._track import Track

USAGE = """%unfreed growth [type|module|path|site]   what increased since the last look
%unfreed census [type|module|path|site]   what there is
%unfreed why NAME                         why the object of this name is alive
%unfreed size NAME                        what it costs
%unfreed cycles                           reference cycles
%%unfreed                                 what this cell allocated and kept"""


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


def _cell(shell: Any, cell: str) -> "_cells.Cell | None":
    before = _counted()
    resident = _live.memory_usage()
    began = time.perf_counter()
    with Track() as tracked:
        result = shell.run_cell(cell)
    seconds = time.perf_counter() - began
    if not result.success:
        return None
    grown = _live.memory_usage() - resident
    # Not what is counted with.
    result = None
    types: list[dict[str, Any]] = []
    for name, (objects, occupied) in _counted().items():
        had = before.get(name, (0, 0))
        if objects > had[0] or occupied > had[1]:
            types.append({"type": name, "more objects": objects - had[0], "more bytes": occupied - had[1]})
    types.sort(key=lambda row: (-row["more bytes"], row["type"]))
    return _cells.cell(tracked, types, grown, seconds, __file__)


def _counted() -> "dict[str, tuple[int, int]]":
    return _native._counts(_live.folders()["own"], buffers())
