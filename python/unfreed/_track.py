"""What a part of a program allocates, keeps and frees, by site: `unfreed.track()`.

Every block is followed by the collector in the crates; here its figures become the answer that a person reads.
"""

import html
import linecache
import os
import sys
from typing import Any, Callable, NamedTuple, Optional, TypeVar, cast

from unfreed import _calls, _native
from unfreed._answers import Row, Table

Function = TypeVar("Function", bound=Callable[..., Any])
SHOWN = 10
"""Sites that a person is shown."""
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
"""Each 1024 of the one before."""
_UNITS = {
    "site": "text",
    "allocated_bytes": "bytes",
    "allocated_blocks": "count",
    "kept_bytes": "bytes",
    "kept_blocks": "count",
    "freed_bytes": "bytes",
}
_OWN = (os.path.abspath(__file__), os.path.join(os.path.dirname(os.path.abspath(__file__)), "_calls.py"))
_UNCOUNTED = [*_OWN, os.path.join(os.path.dirname(os.path.abspath(__file__)), "_profile.py")]
"""What these allocate is at none of the lines that called them."""
WHAT_TO_DO = "nothing is followed here, since %s; run the program by itself for these figures"
"""What is said where nothing can be followed; takes the reason."""


class TrackedFrame(NamedTuple):
    """A call in a stack."""

    file: str
    """Path as Python has it."""
    line: int
    """1-based; 0 when unknown."""
    function: str
    """Qualified name; the plain name before Python 3.11."""


class TrackedSite(NamedTuple):
    """What one stack allocated in the part."""

    stack: "tuple[TrackedFrame, ...]"
    """Innermost first; empty for blocks of no Python code."""
    allocated_bytes: int
    """Bytes allocated in the part."""
    allocated_blocks: int
    """Blocks allocated in the part."""
    kept_bytes: int
    """Bytes of them that live when it ends."""
    kept_blocks: int
    """Blocks of them that live when it ends."""

    @property
    def freed_bytes(self) -> int:
        """Bytes of them that were freed."""
        return self.allocated_bytes - self.kept_bytes


class Tracked(Table):
    """What a part did; empty until it has ended. `print` shows the largest sites. As a table it has a row for
    each: `site`, `allocated_bytes`, `allocated_blocks`, `kept_bytes`, `kept_blocks`, `freed_bytes`.

    Where the process could not be followed, it says so when it is printed, and figures that are asked for raise
    `RuntimeError`: zeros would be taken for an answer.
    """

    def __init__(self) -> None:
        self._sites: "list[TrackedSite]" = []
        self.lost_stacks = 0
        """Blocks that are counted at a site without a stack, because a table had no room."""
        self.unfollowed: Optional[str] = None
        """Why nothing was followed, as a sentence; `None` when the part was."""
        self._peaks: "dict[tuple[str, int], int]" = {}

    @property
    def sites(self) -> "list[TrackedSite]":
        """Most kept bytes first, then most allocated."""
        if self.unfollowed is not None:
            raise RuntimeError(self.unfollowed)
        return self._sites

    @property
    def heading(self) -> str:
        """The answer in one sentence."""
        return "allocated %s in %s blocks, kept %s in %s" % (
            amount(self.allocated_bytes),
            f"{self.allocated_blocks:,}",
            amount(self.kept_bytes),
            f"{self.kept_blocks:,}",
        )

    @property
    def rows(self) -> "list[Row]":
        """A row for each site, most kept bytes first."""
        return [{"site": place(site.stack), **{name: getattr(site, name) for name in list(_UNITS)[1:]}} for site in self.sites]

    @property
    def _columns(self) -> "list[dict[str, Any]]":
        return [{"name": name, "unit": unit} for name, unit in _UNITS.items()]

    def __bool__(self) -> bool:
        # There is one, whatever it has.
        return True

    @property
    def allocated_bytes(self) -> int:
        """Bytes allocated in the part."""
        return sum(site.allocated_bytes for site in self.sites)

    @property
    def allocated_blocks(self) -> int:
        """Blocks allocated in the part."""
        return sum(site.allocated_blocks for site in self.sites)

    @property
    def kept_bytes(self) -> int:
        """Bytes allocated in the part that live when it ends."""
        return sum(site.kept_bytes for site in self.sites)

    @property
    def kept_blocks(self) -> int:
        """Blocks allocated in the part that live when it ends."""
        return sum(site.kept_blocks for site in self.sites)

    @property
    def freed_bytes(self) -> int:
        """Bytes allocated in the part and freed in it."""
        return self.allocated_bytes - self.kept_bytes

    def to_dict(self) -> "dict[str, Any]":
        """For programs: totals, and `sites` with stacks as lists of `file`, `line`, `function`; sizes in bytes."""
        return {
            "allocated_bytes": self.allocated_bytes,
            "allocated_blocks": self.allocated_blocks,
            "kept_bytes": self.kept_bytes,
            "kept_blocks": self.kept_blocks,
            "freed_bytes": self.freed_bytes,
            "lost_stacks": self.lost_stacks,
            "sites": [
                {
                    **{name: getattr(site, name) for name in site._fields if name != "stack"},
                    "freed_bytes": site.freed_bytes,
                    "stack": [frame._asdict() for frame in site.stack],
                }
                for site in self.sites
            ],
        }

    def __repr__(self) -> str:
        if self.unfollowed is not None:
            return "unfreed: " + self.unfollowed
        lines = [self.heading]
        for site in self.sites[:SHOWN]:
            lines.append(
                "%10s kept %10s allocated %9s blocks  %s"
                % (
                    amount(site.kept_bytes),
                    amount(site.allocated_bytes),
                    f"{site.allocated_blocks:,}",
                    place(site.stack),
                )
            )
            text = linecache.getline(site.stack[0].file, site.stack[0].line).strip() if site.stack else ""
            if text:
                lines.append(" " * 12 + text)
        more = len(self.sites) - SHOWN
        if more > 0:
            lines.append("%d more sites" % more)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return super()._repr_html_() if self.unfollowed is None else "<pre>%s</pre>" % html.escape(repr(self))


class Track:
    """A context manager and decorator: see `unfreed.track`."""

    def __init__(self, lines: bool = False) -> None:
        self._lines = lines
        self._begun: "list[Optional[tuple[int, dict[int, tuple[int, int]], int, Tracked, _Levels]]]" = []

    def __enter__(self) -> Tracked:
        tracked = Tracked()
        try:
            look = _native._begin_part(_UNCOUNTED if self._lines else None)
        except RuntimeError as error:
            # No reason to end a program that has this in it and runs without its figures as well.
            tracked.unfollowed = WHAT_TO_DO % error
            self._begun.append(None)
            _say_once(tracked.unfollowed)
            return tracked
        epoch, sites, _, _, _, lost, _ = look
        levels = _Levels(note_levels(look))
        if self._lines:
            _counting.append(levels)
        before = {stack: (size, blocks) for stack, size, blocks, _, _ in sites}
        self._begun.append((epoch, before, lost, tracked, levels))
        return tracked

    def __exit__(self, *raised: object) -> None:
        begun = self._begun.pop()
        if begun is None:
            return
        epoch, before, lost, tracked, levels = begun
        look = _native._end_part()
        if look is not None:
            note_levels(look)
        if levels in _counting:
            _counting.remove(levels)
        if look is None:
            return
        tracked._peaks = levels.highest
        _, sites, codes, nodes, _, lost_now, _ = look
        stacks = Stacks(codes, nodes)
        found: "dict[tuple[TrackedFrame, ...], list[int]]" = {}
        for number, size, blocks, _, left in sites:
            size_before, blocks_before = before.get(number, (0, 0))
            kept = [one for one in left if one[0] >= epoch]
            figures = [size - size_before, blocks - blocks_before]
            figures += [sum(one[1] for one in kept), sum(one[2] for one in kept)]
            stack = stacks.frames(number)
            if figures[1] and not (stack and stack[0].file in _OWN):
                known = found.setdefault(stack, [0, 0, 0, 0])
                known[:] = [a + b for a, b in zip(known, figures)]
        made = [TrackedSite(stack, *figures) for stack, figures in found.items()]
        tracked._sites = sorted(made, key=lambda site: (-site.kept_bytes, -site.allocated_bytes, site.stack))
        tracked.lost_stacks = lost_now - lost

    def __call__(self, function: Function) -> Function:
        # A block for each call: calls may be nested, and overlap in threads.
        wrapped = _calls.within(lambda: _Call(wrapped), function, "unfreed.track()")
        wrapped.tracked = cast(Optional[Tracked], None)
        return cast(Function, wrapped)


class _Levels:
    """The live bytes of lines in a part: how far they were above those that it began with."""

    def __init__(self, began: "dict[tuple[str, int], tuple[int, int]]") -> None:
        self._began = {line: live for line, (live, _) in began.items()}
        self.highest: "dict[tuple[str, int], int]" = {}

    def note(self, levels: "dict[tuple[str, int], tuple[int, int]]") -> None:
        for line, (_, peak) in levels.items():
            above = peak - self._began.get(line, 0)
            if above > self.highest.get(line, 0):
                self.highest[line] = above


_counting: "list[_Levels]" = []
"""Parts under way that count by line. Peaks are told from look to look, and every look is one for all of them."""


def note_levels(look: "tuple[Any, ...]") -> "dict[tuple[str, int], tuple[int, int]]":
    """Tells the parts that count by line what a look says: live bytes and the most since the last look, by file and line."""
    if not look[6]:
        return {}
    files = {code: file for code, file, _ in look[2]}
    levels = {(files.get(code, ""), line): (live, peak) for code, line, live, peak in look[6]}
    for one in _counting:
        one.note(levels)
    return levels


class _Call:
    """A call of a decorated function, which gets what it did as its `tracked`, whatever it returns or raises."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped
        self._track = Track()

    def __enter__(self) -> None:
        self._tracked = self._track.__enter__()

    def __exit__(self, *raised: object) -> None:
        self._track.__exit__(*raised)
        self._wrapped.tracked = self._tracked


_said: "set[str]" = set()


def _say_once(reason: str) -> None:
    """On standard error; a decorated function may be called a million times."""
    if reason in _said or sys.stderr is None:
        return
    _said.add(reason)
    try:
        print("unfreed: track() and profile(): %s" % reason, file=sys.stderr)
    except (OSError, ValueError):
        # A program that has closed it does not want to hear.
        pass


class Stacks:
    """Stacks by number."""

    def __init__(self, codes: "list[tuple[int, str, str]]", nodes: "list[tuple[int, int, int, int]]") -> None:
        self.codes = {number: (file, function) for number, file, function in codes}
        self.nodes = {number: (parent, code, line) for number, parent, code, line in nodes}

    def frames(self, number: int) -> "tuple[TrackedFrame, ...]":
        """Innermost first."""
        frames = []
        while number in self.nodes:
            number, code, line = self.nodes[number]
            file, function = self.codes.get(code, ("", ""))
            frames.append(TrackedFrame(file, line, function))
        return tuple(frames)


def place(stack: "tuple[TrackedFrame, ...]") -> str:
    """The innermost call of a stack: `app.py:12 in load()`."""
    if not stack:
        return "(no Python code)"
    return "%s:%d in %s()" % (os.path.basename(stack[0].file), stack[0].line, stack[0].function)


def amount(size: float) -> str:
    """A size for people: `1.5 MiB`."""
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            return ("%d %s" if unit == "B" else "%.1f %s") % (size, unit)
        size /= 1024
    return ""
