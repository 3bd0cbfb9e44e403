"""Objects by type: how many there are and their bytes, in rows `[type, number, bytes]`."""

import re
import types
from collections.abc import Iterable, Iterator
from typing import Any, Callable, Union

from unfreed.compat.pympler.kinds import long_name, sizes
from unfreed.compat.pympler.texts import pp

Row = list[Any]
"""A text, how many, and bytes."""
_Text = Callable[[Any], str]

_SORTS = ("type", "#", "size")
_ORDERS = ("ascending", "descending")
_GAP = 2

address = re.compile(" at 0x[0-9a-f]+")
type_repr = re.compile(r"^<(type|class) '(\S+)'>$")


def _with_length(name: str) -> "list[_Text]":
    return [lambda obj: name, lambda obj: name, lambda obj: "%s, len=%d" % (name, len(obj))]


def _frame(obj: types.FrameType, *more: str) -> str:
    parts = ["codename: %s" % obj.f_code.co_name, *more]
    return "frame (%s)" % ", ".join(parts)


def _frame_with_line(obj: types.FrameType) -> str:
    return _frame(obj, "codeline: %d" % obj.f_code.co_firstlineno)


def _frame_with_file(obj: types.FrameType) -> str:
    return _frame(obj, "filename: %s" % obj.f_code.co_filename, "codeline: %d" % obj.f_code.co_firstlineno)


def _module(obj: types.ModuleType) -> str:
    # Past `__getattribute__`: a lazy module would be loaded by the question.
    name = object.__getattribute__(obj, "__dict__").get("__name__")
    return "module(%s)" % name


representations: "dict[Any, list[_Text]]" = {
    types.FrameType: [lambda obj: "frame", _frame, _frame_with_line, _frame_with_file],
    types.FunctionType: [
        lambda obj: "function",
        lambda obj: "function (%s)" % obj.__name__,
        lambda obj: "function (%s.%s)" % (obj.__module__, obj.__name__),
    ],
    types.ModuleType: [lambda obj: "module", _module],
    list: _with_length("list"),
    dict: _with_length("dict"),
    set: _with_length("set"),
}
"""By type, what its objects are called, from the least to the most verbose. May be added to."""


def _represented(kind: type) -> "list[_Text]":
    if type(kind) is type:
        return representations.get(kind, [])
    # By identity: a metaclass may have an `__eq__` or a `__hash__` that raises.
    return next((texts for known, texts in representations.items() if known is kind), [])


def _repr(o: Any, verbosity: int = 1) -> str:
    """What an object is called in a summary; the state of an object shows from verbosity 2 on."""
    kind = type(o)
    texts = _represented(kind)
    if texts:
        try:
            return address.sub("", str(texts[min(verbosity, len(texts) - 1)](o)))
        except Exception:
            return long_name(kind)
    return long_name(kind)


def summarize(objects: "Iterable[Any]") -> "list[Row]":
    """`[[type, number, bytes], …]`, in the order in which the types come.

    >>> summarize(['a', 'b', 'c'])[0][:2]
    ['str', 3]
    """
    objects = objects if type(objects) is list else list(objects)
    rows: dict[str, Row] = {}
    by_kind: dict[int, Row] = {}
    for obj, size in zip(objects, sizes(objects)):
        kind = id(type(obj))
        row = by_kind.get(kind)
        if row is None:
            row = rows.setdefault(*_new(_repr(obj)))
            if _repr is not _SHIPPED or not _represented(type(obj)):
                by_kind[kind] = row
        row[1] += 1
        row[2] += size
    return list(rows.values())


_SHIPPED = _repr


def _new(text: str) -> "tuple[str, Row]":
    return text, [text, 0, 0]


def get_diff(left: "list[Row]", right: "list[Row]") -> "list[Row]":
    """What is in `right` less what is in `left`: a row for each type in either, also with zeros."""
    rows = {text: [text, -number, -size] for text, number, size in left}
    for text, number, size in right:
        row = rows.setdefault(text, [text, 0, 0])
        row[1] += number
        row[2] += size
    return list(rows.values())


def format_(
    rows: "Iterable[Row]", limit: "int | None" = 15, sort: str = "size", order: str = "descending"
) -> "Iterator[str]":
    """The lines of a table: `limit` rows, by `size`, `type` or `#`, `ascending` or `descending`."""
    if sort not in _SORTS:
        raise ValueError("invalid sort, should be one of " + str(list(_SORTS)))
    if order not in _ORDERS:
        raise ValueError("invalid order, should be one of " + str(list(_ORDERS)))
    column = _SORTS.index(sort)

    def key(row: Row) -> "Union[str, int]":
        value: Union[str, int] = row[column]
        return value.lower() if isinstance(value, str) else value

    ordered = sorted(rows, key=key, reverse=order == "descending")
    table = [["types", "# objects", "total size"]]
    table.extend([str(text), str(number), pp(size)] for text, number, size in ordered[:limit])
    return _format_table(table)


def _format_table(rows: "list[list[str]]") -> "Iterator[str]":
    """Columns to the right, with a line below the first row."""
    widths = [max(map(len, column)) + _GAP for column in zip(*rows)]
    lines = [" | ".join(text.rjust(width) for text, width in zip(row, widths)) for row in rows]
    lines.insert(1, " | ".join("=" * width for width in widths))
    return iter(lines)


def print_(
    rows: "Iterable[Row]", limit: "int | None" = 15, sort: str = "size", order: str = "descending"
) -> None:
    """Prints what `format_` gives."""
    for line in format_(rows, limit=limit, sort=sort, order=order):
        print(line)


def _subtract(summary: "list[Row]", o: Any) -> "list[Row]":
    """Takes one object out of a summary, in place."""
    text, size = _repr(o), sizes([o])[0]
    for row in summary:
        if row[0] == text:
            row[1] -= 1
            row[2] -= size
            return summary
    summary.append([text, -1, -size])
    return summary


def _sweep(summary: "list[Row]") -> "list[Row]":
    """Without rows that say nothing."""
    return [row for row in summary if row[1] or row[2]]


def _traverse(summary: "list[Row]", function: "Callable[..., object]", *args: Any) -> None:
    """Calls the function with the summary, with each row and with each cell, and the further arguments."""
    function(summary, *args)
    for row in summary:
        function(row, *args)
        for cell in row:
            function(cell, *args)
