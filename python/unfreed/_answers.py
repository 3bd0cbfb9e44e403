"""What the questions of `unfreed` to the living heap answer: plain data that shows itself to people, to notebooks and to programs.

Nothing here holds an object that was asked about.
"""

import html
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

Row = Mapping[str, Any]


class Answer:
    """A table with a sentence above it. `rows` are mappings from the columns' names to values: bytes and counts as `int`, shares as `float` from 0 to 1, all else as `str`."""

    def __init__(self, text: str, document: "dict[str, Any]") -> None:
        self._text = text
        self._document = document

    @property
    def heading(self) -> str:
        """The answer in one sentence."""
        return str(self._document["answer"])

    @property
    def rows(self) -> "list[Row]":
        """The rows of the table, the most important first."""
        rows: list[Row] = self._document["rows"]
        return rows

    @property
    def columns(self) -> "list[str]":
        """Names of the columns."""
        return [column["name"] for column in self._document["columns"]]

    @property
    def left_out(self) -> "Row | None":
        """`rows` and `bytes` that the table does not list, if there are any."""
        left_out: Row | None = self._document.get("left_out")
        return left_out

    def to_dict(self) -> "dict[str, Any]":
        """All of it, as `unfreed heap --json` writes it."""
        return self._document

    def to_pandas(self) -> "pandas.DataFrame":
        """The table as a data frame; needs pandas."""
        import pandas

        return pandas.DataFrame([dict(row) for row in self.rows], columns=self.columns)

    def __iter__(self) -> "Iterator[Row]":
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return self._text.rstrip("\n")

    def _repr_html_(self) -> str:
        return table(self.heading, self.columns, [[row.get(name) for name in self.columns] for row in self.rows])


class Picture:
    """A drawing of who holds what. In a notebook it shows itself."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return "<unfreed.Picture: %d characters of SVG; in a notebook it shows itself>" % len(self.svg)


class Chain:
    """Who keeps an object alive: the way from a root to it. `path` is in Python's syntax; `steps` are (type, reference) from the root on."""

    def __init__(self, path: str, steps: "list[tuple[str, str]]", notes: "list[str]") -> None:
        self.path = path
        self.steps = steps
        self.notes = notes

    def to_dict(self) -> "dict[str, Any]":
        """All of it."""
        steps = [{"type": kind, "reference": reference} for kind, reference in self.steps]
        return {"path": self.path, "steps": steps, "notes": self.notes}

    def __bool__(self) -> bool:
        return bool(self.path)

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        if not self.path:
            return "nothing that has a name leads to it" + "".join("\n  " + note for note in self.notes)
        lines = ["  %s  →  %s" % (kind, reference) for kind, reference in self.steps if reference]
        return "\n".join([self.path, *lines, *("  " + note for note in self.notes)])

    def _repr_html_(self) -> str:
        heading = self.path or "nothing that has a name leads to it"
        return table(heading, ["holder", "reference"], [list(step) for step in self.steps])


class Size(int):
    """Bytes of objects and of all that they lead to, each object counted once; an `int`. `tree()` shows what they consist of."""

    own: int
    objects: int
    _parts: "list[dict[str, Any]]"

    @property
    def parts(self) -> "list[dict[str, Any]]":
        """One mapping for each object asked about: `type_name`, `own`, `bytes` (what hangs on it alone), `objects`, and `parts` of the same form."""
        return self._parts

    def to_dict(self) -> "dict[str, Any]":
        """All of it."""
        return {"bytes": int(self), "own": self.own, "objects": self.objects, "parts": self._parts}

    def tree(self) -> str:
        """The parts as an indented tree."""
        lines: list[str] = []
        for part in self._parts:
            _branch(part, 0, lines)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<pre>%s</pre>" % html.escape(self.tree())


def size(total: int, own: int, objects: int, parts: str) -> Size:
    """Makes a Size of what the native half says."""
    made = Size(total)
    made.own, made.objects, made._parts = own, objects, json.loads(parts) if parts else []
    return made


def _branch(part: "dict[str, Any]", depth: int, lines: "list[str]") -> None:
    name = ("%s  %s" % (part["by"], part["type_name"])).strip()
    objects = part["objects"]
    many = "" if objects == 1 else " · %s objects" % format(objects, ",")
    lines.append("%s%10s  %s%s" % ("  " * depth, in_words(part["bytes"]), name, many))
    for below in part["parts"]:
        _branch(below, depth + 1, lines)
    count, rest = part["left_out"]
    if count and part["parts"]:
        lines.append("%s%10s  … and %s more" % ("  " * (depth + 1), in_words(rest), format(count, ",")))


def in_words(count: float) -> str:
    """Bytes as people read them: `1.5 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024 or unit == "GiB":
            return "%d B" % count if unit == "B" else "%.1f %s" % (count, unit)
        count /= 1024
    raise AssertionError


def table(heading: str, columns: "list[str]", rows: "list[list[Any]]") -> str:
    """A table as HTML."""
    head = "".join("<th>%s</th>" % html.escape(name) for name in columns)
    body = "".join(
        "<tr>%s</tr>" % "".join("<td>%s</td>" % html.escape(_cell(value)) for value in row) for row in rows
    )
    caption = "<caption style='caption-side:top;text-align:left'>%s</caption>" % html.escape(heading)
    return "<table>%s<thead><tr>%s</tr></thead><tbody>%s</tbody></table>" % (caption, head, body)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "%.1f %%" % (value * 100)
    return format(value, ",") if isinstance(value, int) else str(value)
