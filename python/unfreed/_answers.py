"""What the questions of `unfreed` to the living heap answer: plain data that shows itself to people, to notebooks and
to programs.

Nothing here holds an object that was asked about.
"""

import html
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

Row = Mapping[str, Any]


class Answer:
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

    def _repr_html_(self) -> str:
        rows = [[step["type_name"], step["reference"], step["reason"]] for step in self.steps]
        return table(str(self), ["holder", "reference", "what is known of it"], rows)


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


def table(heading: str, columns: "list[str]", rows: "list[list[Any]]") -> str:
    """A table as HTML."""
    head = "".join("<th>%s</th>" % html.escape(name) for name in columns)
    body = "".join("<tr>%s</tr>" % "".join("<td>%s</td>" % html.escape(_cell(value)) for value in row) for row in rows)
    caption = "<caption style='caption-side:top;text-align:left'>%s</caption>" % html.escape(heading)
    return "<table>%s<thead><tr>%s</tr></thead><tbody>%s</tbody></table>" % (caption, head, body)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "%.1f %%" % (value * 100)
    return format(value, ",") if isinstance(value, int) else str(value)
