"""What each line of a function allocates, keeps and frees, from real allocations: `@unfreed.profile`.

Works on what `_track.py` tells of each call; nothing is traced line by line, so loops cost nothing extra.
"""

import atexit
import html
import linecache
import sys
from types import CodeType
from typing import Any, Callable, NamedTuple, Optional, TypeVar, cast

from unfreed import _calls
from unfreed._answers import Row, Table
from unfreed._track import Track, Tracked, amount

Function = TypeVar("Function", bound=Callable[..., Any])


class Line(NamedTuple):
    """What one line did, with all that it called, over all calls of the function."""

    line: int
    """1-based."""
    allocated_bytes: int
    """Bytes allocated."""
    freed_bytes: int
    """Bytes of them that were freed before the call ended."""
    kept_bytes: int
    """Bytes of them that lived when the call ended."""
    peak_bytes: int
    """The most of them that lived at once, in any call: bytes above what the line had when that call began."""
    blocks: int
    """Blocks allocated."""
    text: str
    """The line as it stands in the file."""


_UNITS = {
    "line": "count",
    "allocated_bytes": "bytes",
    "freed_bytes": "bytes",
    "kept_bytes": "bytes",
    "peak_bytes": "bytes",
    "blocks": "count",
    "text": "text",
}


class LineProfile(Table):
    """The lines of one function, as a table as well; its nested functions, comprehensions and generators have theirs among them."""

    def __init__(self, code: CodeType) -> None:
        self.file = code.co_filename
        self.function: str = getattr(code, "co_qualname", code.co_name)
        self.calls = 0
        """Calls that were followed."""
        self.unfollowed: Optional[str] = None
        """Why the last call was not followed, as a sentence, if it was not."""
        self._span = _span(code)
        self._sums: "dict[int, list[int]]" = {}
        self._peaks: "dict[int, int]" = {}

    @property
    def lines(self) -> "list[Line]":
        """Lines that allocated something, in the order of the file. `RuntimeError` if no call could be followed."""
        if self.unfollowed is not None and not self.calls:
            raise RuntimeError(self.unfollowed)
        return self._lines()

    def _lines(self) -> "list[Line]":
        return [
            Line(line, size, size - kept, kept, self._peaks.get(line, 0), blocks, linecache.getline(self.file, line).rstrip())
            for line, (size, kept, blocks) in sorted(self._sums.items())
        ]

    @property
    def heading(self) -> str:
        """The answer in one sentence."""
        return "%s in %s, %d calls" % (self.function, self.file, self.calls)

    @property
    def rows(self) -> "list[Row]":
        """A row for each line, with the fields of `Line`."""
        return [line._asdict() for line in self.lines]

    @property
    def _columns(self) -> "list[dict[str, Any]]":
        return [{"name": name, "unit": unit} for name, unit in _UNITS.items()]

    def __bool__(self) -> bool:
        # There is one, whatever it has.
        return True

    def add(self, tracked: Tracked) -> None:
        """Adds what a call did."""
        self.calls += 1
        for site in tracked.sites:
            # Once for each line of a stack, so that recursion counts a block once.
            for line in {one.line for one in site.stack if one.file == self.file and one.line in self._span}:
                sums = self._sums.setdefault(line, [0, 0, 0])
                figures = site.allocated_bytes, site.kept_bytes, site.allocated_blocks
                sums[:] = [a + b for a, b in zip(sums, figures)]
        for (file, line), peak in tracked._peaks.items():
            if file == self.file and line in self._span and peak > self._peaks.get(line, 0):
                self._peaks[line] = peak

    def to_dict(self) -> "dict[str, Any]":
        """For programs: `file`, `function`, `calls`, and `lines` with sizes in bytes."""
        return {"file": self.file, "function": self.function, "calls": self.calls, "lines": self.rows}

    def __repr__(self) -> str:
        if self.unfollowed is not None and not self.calls:
            return "unfreed: %s in %s: %s" % (self.function, self.file, self.unfollowed)
        done = {line.line: line for line in self._lines()}
        rows = [self.heading]
        rows.append("%6s %11s %11s %11s %11s %9s  %s" % ("line", "allocated", "freed", "kept", "peak", "blocks", "source"))
        for number in self._span:
            text = linecache.getline(self.file, number).rstrip()
            line = done.get(number)
            figures = (
                (
                    amount(line.allocated_bytes),
                    amount(line.freed_bytes),
                    amount(line.kept_bytes),
                    amount(line.peak_bytes),
                    line.blocks,
                )
                if line
                else ("",) * 5
            )
            rows.append("%6d %11s %11s %11s %11s %9s  %s" % (number, *figures, text))
        return "\n".join(rows)

    def _repr_html_(self) -> str:
        can_be_told = self.calls or self.unfollowed is None
        return super()._repr_html_() if can_be_told else "<pre>%s</pre>" % html.escape(repr(self))


def profile(function: Function) -> Function:
    """See `unfreed.profile`."""
    _calls.refuse(function, "unfreed.profile")
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        hint = "it has no lines of Python; write @unfreed.profile next to the function, below other decorators"
        raise TypeError("unfreed.profile cannot follow a %s: %s" % (type(function).__qualname__, hint))
    found = LineProfile(code)
    wrapped = _calls.within(lambda: _Call(found), function, "unfreed.profile")
    wrapped.profile = found
    atexit.register(_show, found)
    return cast(Function, wrapped)


class _Call:
    """A call that is tracked, whatever it returns or raises."""

    def __init__(self, found: LineProfile) -> None:
        self._found = found
        self._track = Track(lines=True)

    def __enter__(self) -> None:
        self._tracked = self._track.__enter__()

    def __exit__(self, *raised: object) -> None:
        self._track.__exit__(*raised)
        if self._tracked.unfollowed is None:
            self._found.add(self._tracked)
        else:
            self._found.unfollowed = self._tracked.unfollowed


def _span(code: CodeType) -> range:
    """Lines of a function and of what is nested in it."""
    last = max((line for _, line in _starts(code)), default=code.co_firstlineno)
    nested = [_span(one).stop - 1 for one in code.co_consts if isinstance(one, CodeType)]
    return range(code.co_firstlineno, max([last, *nested]) + 1)


def _starts(code: CodeType) -> "list[tuple[int, int]]":
    import dis

    return [(offset, line) for offset, line in dis.findlinestarts(code) if line is not None]


def _show(found: LineProfile) -> None:
    if found.calls:
        try:
            print(repr(found), file=sys.stderr)
        except (OSError, ValueError):
            pass
