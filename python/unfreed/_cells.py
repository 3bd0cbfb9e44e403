"""What a cell of a notebook allocated and kept: `%%unfreed`. Knows no IPython but where its code stands in a stack."""

import linecache
from typing import Any

from unfreed._answers import Answer, Picture, answer, in_words
from unfreed._drawings import Colour, Shapes
from unfreed._track import Tracked, TrackedFrame

_ALLOCATED: Colour = (0xB9, 0xD1, 0xEA)
_KEPT: Colour = (0x1D, 0x4E, 0x89)
_INK: Colour = (0x1F, 0x29, 0x33)
_SOFT: Colour = (0x52, 0x60, 0x6D)
#: Lines and types that are shown.
_SHOWN, _DRAWN = 12, 8
_SOURCE, _LETTER, _ROW, _BAR = 38, 7.0, 22.0, 260.0
_LINES = {
    "line": "count",
    "source": "text",
    "allocated_bytes": "bytes",
    "freed_bytes": "bytes",
    "kept_bytes": "bytes",
    "blocks": "count",
}
_TYPES = {"type": "text", "more objects": "count_change", "more bytes": "byte_change"}
_COMPILED, _SHOWS = "interactiveshell.py", "/IPython/core/displayhook.py"


class Cell(Answer):
    """What a cell allocated and kept: its lines as rows, each with all that it calls (`line`, `source`,
    `allocated_bytes`, `freed_bytes`, `kept_bytes`, `blocks`), and `types` of what there is more of since."""

    def __init__(self, lines: Answer, types: Answer) -> None:
        super().__init__(lines._text, lines._document)
        self.types = types
        """Types of which there are more objects or bytes than before the cell."""

    def to_dict(self) -> "dict[str, Any]":
        """All of it."""
        return {**self._document, "types": self.types.rows}

    def draw(self) -> Picture:
        """A bar for each line: what it allocated, and in the darker part what is kept."""
        return Picture(_bars(self.rows[:_DRAWN]))

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *repr(self.types).split("\n")[1:]])

    def _repr_html_(self) -> str:
        picture = self.draw().svg if self.rows else ""
        return picture + super()._repr_html_() + self.types._repr_html_()


def cell(
    tracked: Tracked, types: "list[dict[str, Any]]", grown: int, seconds: float, own_file: str, is_called: bool
) -> Cell:
    """Puts it together: what was tracked, what there is more of, bytes by which the process grew. `own_file` follows the
    cell, and calls it or not."""
    rows, allocated, kept = ([], 0, 0) if tracked.unfollowed else _of_lines(tracked, own_file, is_called)
    took = "the process %s by %s in %.1f s" % ("grew" if grown >= 0 else "shrank", in_words(abs(grown)), seconds)
    if tracked.unfollowed:
        more = in_words(sum(row["more bytes"] for row in types))
        heading = "This cell kept %s of objects; %s. What it allocated is not known: %s." % (more, took, tracked.unfollowed)
    else:
        heading = "This cell allocated %s and kept %s of it; %s." % (in_words(allocated), in_words(kept), took)
    printed = ["%11s %11s %11s  %5s  %s" % ("allocated", "freed", "kept", "line", "source")] if rows else []
    for row in rows[:_SHOWN]:
        figures = [in_words(row[name]) for name in ("allocated_bytes", "freed_bytes", "kept_bytes")]
        printed.append("%11s %11s %11s  %5d  %s" % (*figures, row["line"], row["source"]))
    left_out = {"rows": len(rows[_SHOWN:])} if rows[_SHOWN:] else None
    of_types = ["%-40s %+10d %+14d bytes" % (row["type"], row["more objects"], row["more bytes"]) for row in types[:_SHOWN]]
    return Cell(
        answer("cell", heading, _LINES, rows[:_SHOWN], printed, left_out),
        answer("cell types", "Since the cell, there are more of", _TYPES, types[:_SHOWN], of_types),
    )


def _of_lines(tracked: Tracked, own_file: str, is_called: bool) -> "tuple[list[dict[str, Any]], int, int]":
    """Rows of the cell's lines, and bytes that all of them allocated and kept."""
    sums: "dict[tuple[str, int], list[int]]" = {}
    allocated = kept = 0
    for site in tracked.sites:
        # Once for each line of a stack, so that recursion counts a block once.
        lines = _lines_of_cell(site.stack, own_file, is_called)
        for line in lines:
            figures = sums.setdefault(line, [0, 0, 0])
            more = site.allocated_bytes, site.kept_bytes, site.allocated_blocks
            figures[:] = [a + b for a, b in zip(figures, more)]
        allocated += site.allocated_bytes if lines else 0
        kept += site.kept_bytes if lines else 0
    rows: "list[dict[str, Any]]" = [
        {
            "line": line,
            "source": linecache.getline(file, line).strip(),
            "allocated_bytes": size,
            "freed_bytes": size - left,
            "kept_bytes": left,
            "blocks": blocks,
        }
        for (file, line), (size, left, blocks) in sums.items()
    ]
    rows.sort(key=lambda row: (-row["kept_bytes"], -row["allocated_bytes"], row["line"]))
    return rows, allocated, kept


def _lines_of_cell(stack: "tuple[TrackedFrame, ...]", own_file: str, is_called: bool) -> "set[tuple[str, int]]":
    """Those of the stack's lines that stand in the cell: IPython runs it in a function of its own. None for what IPython
    does to show the cell's value, which it does below the last line."""
    files = [frame.file for frame in stack]
    if (own_file in files) != is_called or any(file.endswith(_SHOWS) for file in files):
        return set()
    end = files.index(own_file) if is_called else len(files)
    for place in range(end - 1, 0, -1):
        if files[place].endswith(_COMPILED) and stack[place].function.endswith("run_code"):
            # Instructions of the compiler's own have no line.
            return {(one.file, one.line) for one in stack[:place] if one.file == files[place - 1] and one.line}
    return set()


def _bars(rows: "list[Any]") -> str:
    left = 12.0 + _SOURCE * _LETTER
    shapes = Shapes(left + _BAR + 190, 34 + _ROW * len(rows), "What the cell's lines allocated and kept")
    shapes.box(left, 9, 10, 10, _ALLOCATED)
    shapes.text(left + 16, 6, "allocated", _SOFT)
    shapes.box(left + 100, 9, 10, 10, _KEPT)
    shapes.text(left + 116, 6, "kept", _SOFT)
    most = max([row["allocated_bytes"] for row in rows] + [1])
    for number, row in enumerate(rows):
        top = 28 + _ROW * number
        source = row["source"]
        shapes.text(8, top + 1, source if len(source) < _SOURCE else source[: _SOURCE - 2] + "…", _INK)
        for name, colour in (("allocated_bytes", _ALLOCATED), ("kept_bytes", _KEPT)):
            width = _BAR * row[name] / most
            if row[name]:
                shapes.box(left, top, max(width, 1.0), _ROW - 6, colour)
        words = "%s, kept %s" % (in_words(row["allocated_bytes"]), in_words(row["kept_bytes"]))
        shapes.text(left + max(_BAR * row["allocated_bytes"] / most, 1.0) + 8, top + 1, words, _SOFT)
    return shapes.drawn("svg").decode()
