"""Magics for IPython and notebooks: `%load_ext unfreed`. IPython is imported by whoever loads them, never by
unfreed."""

import functools
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
    shell.input_transformers_cleanup.insert(0, functools.partial(_begin_where_it_awaits, shell))
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


class _Followed:
    """A cell that is followed from its making to `end`."""

    def __init__(self) -> None:
        self._before = _counted()
        self._resident = _live.memory_usage()
        self._began = time.perf_counter()
        self._track = Track()
        self._tracked = self._track.__enter__()

    def end(self, is_called: bool) -> "_cells.Cell":
        """What it allocated and kept. Its code is called from here, or by the shell itself."""
        self._track.__exit__(None, None, None)
        seconds = time.perf_counter() - self._began
        grown = _live.memory_usage() - self._resident
        types: list[dict[str, Any]] = []
        for name, (objects, occupied) in _counted().items():
            had = self._before.get(name, (0, 0))
            if objects > had[0] or occupied > had[1]:
                types.append({"type": name, "more objects": objects - had[0], "more bytes": occupied - had[1]})
        types.sort(key=lambda row: (-row["more bytes"], row["type"]))
        return _cells.cell(self._tracked, types, grown, seconds, __file__, is_called)


def _cell(shell: Any, cell: str) -> "_cells.Cell | None":
    followed = _Followed()
    # Its result would be counted with what is kept.
    success = shell.run_cell(cell).success
    found = followed.end(is_called=True)
    return found if success else None


def _begin_where_it_awaits(shell: Any, lines: "list[str]") -> "list[str]":
    """A cell below `%%unfreed` that awaits something, with a first line that begins to follow it.

    A magic that runs a cell cannot wait for it: the shell's own loop is running already.
    """
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if not lines or lines[first].split() != ["%%unfreed"]:
        return lines
    rest = "".join(lines[first + 1 :])
    if not shell.should_run_async(rest, transformed_cell=shell.transform_cell(rest)):
        return lines
    # Lines keep their numbers.
    lines[first] = "__import__('unfreed._magics')._magics.begin(get_ipython())  # %%unfreed\n"
    return lines


def begin(shell: Any) -> None:
    """Follows the cell that is being run, and shows what it allocated and kept when it has ended well."""
    followed = _Followed()

    def ended(result: Any) -> None:
        shell.events.unregister("post_run_cell", ended)
        found = followed.end(is_called=False)
        if result.success:
            shell.display_pub.publish(*shell.display_formatter.format(found))

    shell.events.register("post_run_cell", ended)


def _counted() -> "dict[str, tuple[int, int]]":
    return _native._counts(_live.folders()["own"], buffers())
