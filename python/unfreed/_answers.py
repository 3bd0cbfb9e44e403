"""What the questions of `unfreed` to the living heap answer: plain data that shows itself to people, to notebooks and
to programs.

Nothing here holds an object that was asked about.
"""

import html
import importlib
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import pyarrow

Row = Mapping[str, Any]


class Table:
    """Rows of named columns, as every tabular answer is: for people, notebooks, pandas and Arrow. A subclass says what
    `columns` and `rows` are, and what it is called."""

    @property
    def heading(self) -> str:
        """The answer in one sentence."""
        raise NotImplementedError

    @property
    def rows(self) -> "list[Row]":
        """The rows of the table, the most important first."""
        raise NotImplementedError

    @property
    def _columns(self) -> "list[dict[str, Any]]":
        """`name` and `unit` of each column."""
        raise NotImplementedError

    @property
    def columns(self) -> "list[str]":
        """Names of the columns."""
        return [column["name"] for column in self._columns]

    def to_pandas(self) -> "pandas.DataFrame":
        """The table as a data frame; `ImportError` without pandas."""
        frames: Any = _imported("pandas", "to_pandas()")
        made: pandas.DataFrame = frames.DataFrame([dict(row) for row in self.rows], columns=self.columns)
        return made

    def to_arrow(self) -> "pyarrow.Table":
        """The table as Arrow's; `ImportError` without pyarrow. Bytes and counts are 64-bit integers, shares and seconds
        floats, all else texts."""
        arrow: Any = _imported("pyarrow", "to_arrow()")
        rows = self.rows
        arrays = {
            column["name"]: arrow.array([row.get(column["name"]) for row in rows], _arrow_type(arrow, column["unit"]))
            for column in self._columns
        }
        made: pyarrow.Table = arrow.table(arrays)
        return made

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """For whatever reads Arrow's streams: `polars.from_arrow(answer)`, `duckdb`, `pyarrow.table(answer)`."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __iter__(self) -> "Iterator[Row]":
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _repr_html_(self) -> str:
        columns = self._columns
        return table(
            self.heading,
            [column["name"] for column in columns],
            [[row.get(column["name"]) for column in columns] for row in self.rows],
            [column["unit"] for column in columns],
        )


def _imported(name: str, what: str) -> Any:
    """A package that is there if the person wants it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError("%s needs %s: pip install %s" % (what, name, name)) from error


def _arrow_type(arrow: Any, unit: str) -> Any:
    if unit in ("share", "number"):
        return arrow.float64()
    return arrow.string() if unit in ("text", "prose") else arrow.int64()


class Answer(Table):
    """A table with a sentence above it. `rows` are mappings from the columns' names to values: bytes and counts as
    `int`, shares as `float` from 0 to 1, all else as `str`."""

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
    def _columns(self) -> "list[dict[str, Any]]":
        columns: list[dict[str, Any]] = self._document["columns"]
        return columns

    @property
    def left_out(self) -> "Row | None":
        """`rows` and `bytes` that the table does not list, if there are any."""
        left_out: Row | None = self._document.get("left_out")
        return left_out

    def to_dict(self) -> "dict[str, Any]":
        """All of it, as `unfreed heap --json` writes it."""
        return self._document

    def __repr__(self) -> str:
        return self._text.rstrip("\n")


def answer(
    question: str,
    heading: str,
    columns: "dict[str, str]",
    rows: "list[dict[str, Any]]",
    lines: "list[str]",
    left_out: "dict[str, int] | None" = None,
) -> Answer:
    """An answer that is put together here: `columns` are units by name, `lines` what people see below the heading."""
    document = {
        "question": question,
        "answer": heading,
        "columns": [{"name": name, "unit": unit} for name, unit in columns.items()],
        "rows": rows,
        "left_out": left_out,
    }
    return Answer("\n".join([heading, *lines]), document)


class Picture:
    """A drawing of who holds what. In a notebook it shows itself."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes the SVG to a file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return "<unfreed.Picture: %d characters of SVG; in a notebook it shows itself, save(path) writes it>" % len(self.svg)


class Chain:
    """Who keeps an object alive: the way from a root to it. False when nothing that has a name leads to it."""

    def __init__(self, held: "dict[str, Any]", instead: str) -> None:
        self._held = held
        self._instead = instead

    @property
    def path(self) -> str:
        """The way in Python's syntax: `app.sessions.STORE['f3a9'].payload`."""
        return str(self._held["path"])

    @property
    def root(self) -> str:
        """Where it begins: `module app.sessions`, `thread 'worker-1', serve() at app.py:10`."""
        return str(self._held["root"])

    @property
    def steps(self) -> "list[Row]":
        """The holders from the root to the object: `type_name`, `reference` to the next, `over` and `reason` where it
        is known whether its life is over."""
        steps: list[Row] = self._held["steps"]
        return steps

    def to_dict(self) -> "dict[str, Any]":
        """All of it, of the form of a finding's `held_by` (docs/json.md)."""
        return self._held

    def draw(self, path: "str | os.PathLike[str] | None" = None) -> Picture:
        """A picture of the chain, from the root on the left to the object on the right; what is over is red. Written to
        `path` as well, if that is given: as PNG if it ends in `.png`, as SVG else. Needs no Graphviz."""
        from unfreed import _chains

        return _chains.drawn(self, path)

    def __bool__(self) -> bool:
        return bool(self.path)

    def __str__(self) -> str:
        return self.path or "nothing that has a name leads to it"

    def __repr__(self) -> str:
        if not self.path:
            return "%s\n  %s" % (self, self._instead)
        lines = [self.path, "  from %s" % self.root]
        for step in self.steps:
            what = "  %s %s" % (step["type_name"], step["reference"])
            lines.append(what.rstrip() + (": it %s" % step["reason"] if step["reason"] else ""))
        return "\n".join(lines)

    def _repr_svg_(self) -> str:
        return self.draw().svg

    def _repr_html_(self) -> str:
        rows = [[step["type_name"], step["reference"], step["reason"]] for step in self.steps]
        # Notebooks show HTML rather than SVG where they have both.
        return self.draw().svg + table(str(self), ["holder", "reference", "what is known of it"], rows)


class Size(int):
    """Bytes of objects and of all that they lead to, each object counted once; an `int`. `tree()` shows what they
    consist of."""

    own: int
    objects: int
    _parts: "list[dict[str, Any]]"

    @property
    def parts(self) -> "list[dict[str, Any]]":
        """One mapping for each object asked about: `type_name`, `own`, `bytes` (what hangs on it alone), `objects`,
        and `parts` of the same form. Where several of them lead to the same, a last one is of that, `by` the words
        "shared between them"."""
        return self._parts

    def to_dict(self) -> "dict[str, Any]":
        """All of it."""
        return {"bytes": int(self), "own": self.own, "objects": self.objects, "parts": self._parts}

    def tree(self) -> str:
        """The parts as an indented tree; without them one line, the size in words."""
        if not self._parts:
            return "%s in %s object%s" % (in_words(self), format(self.objects, ","), "" if self.objects == 1 else "s")
        lines: list[str] = []
        for part in self._parts:
            _branch(part, 0, lines)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "<pre>%s</pre>" % html.escape(self.tree())


def size(total: int, own: int, objects: int, parts: "list[dict[str, Any]]") -> Size:
    """Makes a Size of what the native half says."""
    made = Size(total)
    made.own, made.objects, made._parts = own, objects, parts
    return made


def by_type(rows: "list[Row]", most: int) -> "list[dict[str, Any]]":
    """What is freed with objects as a part, with one below it for each type."""
    below = [_part("", row["type"], row["bytes"], row["objects"]) for row in rows]
    rest = [len(below[most:]), sum(one["bytes"] for one in below[most:])]
    objects = sum(one["objects"] for one in below)
    whole = _part("freed with it, by type", "", sum(one["bytes"] for one in below), objects)
    return [{**whole, "parts": below[:most], "left_out": rest}]


def shared_part(parts: "list[dict[str, Any]]", total: int, objects: int) -> "list[dict[str, Any]]":
    """What hangs on none of the parts alone, if there is such."""
    size_, count = total - sum(one["bytes"] for one in parts), objects - sum(one["objects"] for one in parts)
    return [_part("shared between them", "", size_, count)] if len(parts) > 1 and size_ > 0 else []


def _part(by: str, type_name: str, size_: int, objects: int) -> "dict[str, Any]":
    part = {"by": by, "type_name": type_name, "own": 0, "bytes": size_, "objects": objects}
    return {**part, "parts": [], "left_out": [0, 0]}


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


def table(heading: str, columns: "list[str]", rows: "list[list[Any]]", units: "list[str] | None" = None) -> str:
    """A table as HTML. Units say how numbers are read; texts stand on the left."""
    units = units or ["text"] * len(columns)
    styles = ["text-align:%s" % ("left" if unit in ("text", "prose") else "right") for unit in units]
    head = "".join("<th style='%s'>%s</th>" % (style, html.escape(name)) for style, name in zip(styles, columns))
    body = "".join(
        "<tr>%s</tr>"
        % "".join(
            "<td style='%s'>%s</td>" % (style, html.escape(_cell(value, unit)))
            for style, value, unit in zip(styles, row, units)
        )
        for row in rows
    )
    caption = "<caption style='caption-side:top;text-align:left'>%s</caption>" % html.escape(heading)
    return "<table>%s<thead><tr>%s</tr></thead><tbody>%s</tbody></table>" % (caption, head, body)


def _cell(value: object, unit: str) -> str:
    if unit == "share" and isinstance(value, float):
        return "%.1f %%" % (value * 100)
    return format(value, ",") if isinstance(value, (int, float)) else str(value)
