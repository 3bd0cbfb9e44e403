"""`mprof plot` as SVG, without any library: memory over time, with brackets or bars for calls of functions."""

import math
import time
from html import escape
from typing import Iterator, List, NamedTuple, Optional, Tuple

from unfreed.compat.memory_profiler.profiles import Call, Profile, function_labels

WIDTH, HEIGHT = 1260, 540
LEFT, TOP, BOTTOM = 90, 50, 60
LINES = ("#000000", "#1f77b4", "#d62728", "#2ca02c", "#17becf", "#bcbd22", "#9467bd")
"""Colours of processes."""
CALLS = ("#17becf", "#bcbd22", "#2ca02c", "#d62728", "#1f77b4")
"""Colours of functions."""
DASHED = 'stroke-dasharray="6 4"'
LEGEND_ROW = 18
LEGEND_ROWS = 24
"""More entries than this are told in number."""
Points = List[Tuple[float, float]]
"""Seconds since the start, and MiB."""


class Wishes(NamedTuple):
    """What the person typed."""

    title: Optional[str] = None
    timestamps: bool = True
    """Whether calls of functions are shown."""
    window: "Optional[Tuple[float, float]]" = None
    """Seconds since the start that are shown."""
    flame: bool = False
    """Calls as bars by depth."""
    slope: bool = False
    """Whether there is a trend."""


def draw(profiles: "List[Profile]", wishes: Wishes = Wishes()) -> str:
    """The picture. Raises `ValueError` for a profile in which nothing was measured."""
    return "\n".join(_Drawing(profiles, wishes).rows())


def trend(points: Points) -> "Tuple[float, float]":
    """MiB a second, and MiB at the start, by least squares."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    square = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / square if square else 0.0
    return slope, mean_y - slope * mean_x


def ticks(low: float, high: float, most: int) -> "List[float]":
    """Round numbers from `low` to `high`, at most about that many."""
    span = (high - low) or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if span / (factor * power) <= most)
    return [round(number * step, 9) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


class _Drawing:
    def __init__(self, profiles: "List[Profile]", wishes: Wishes) -> None:
        self.wishes = wishes
        self.profiles = profiles
        self.shows_calls = wishes.timestamps and len(profiles) == 1
        self.lines = [merged(profile) for profile in profiles]
        children = [points for profile in profiles for points in children_of(profile)]
        seen = [point for line in [*self.lines, *children] for point in line]
        self.left, self.right = wishes.window or (0.0, max(x for x, _ in seen))
        shown = [y for x, y in seen if self.left <= x <= self.right] or [y for _, y in seen]
        margin = (max(shown) - min(shown)) * 0.05 or 1.0
        self.low, self.high = min(shown) - margin, max(shown) + margin
        self.wide = WIDTH - LEFT - (60 if wishes.flame else 420)
        self.tall = HEIGHT - TOP - BOTTOM
        self.legend: "List[Tuple[str, str]]" = []

    def x(self, seconds: float) -> float:
        return LEFT + (seconds - self.left) / ((self.right - self.left) or 1.0) * self.wide

    def y(self, mib: float) -> float:
        return TOP + (self.high - mib) / (self.high - self.low) * self.tall

    def rows(self) -> "Iterator[str]":
        size = 'width="%d" height="%d" viewBox="0 0 %d %d"' % (WIDTH, HEIGHT, WIDTH, HEIGHT)
        yield '<svg xmlns="http://www.w3.org/2000/svg" %s font-family="sans-serif">' % size
        yield '<rect width="100%" height="100%" fill="#ffffff"/>'
        frame = 'x="%d" y="%d" width="%d" height="%d"' % (LEFT, TOP, self.wide, self.tall)
        yield '<clipPath id="plot"><rect %s/></clipPath>' % frame
        yield from self._axes()
        yield '<g clip-path="url(#plot)">'
        for index, profile in enumerate(self.profiles):
            yield from self._profile(index, profile)
        yield "</g>"
        yield from self._legend()
        yield "</svg>"

    def _axes(self) -> "Iterator[str]":
        bottom = TOP + self.tall
        for seconds in ticks(self.left, self.right, 10):
            yield _stroke((self.x(seconds), TOP), (self.x(seconds), bottom), "#dddddd")
            yield _text(self.x(seconds), bottom + 18, "%g" % seconds, "middle")
        for mib in ticks(self.low, self.high, 8):
            yield _stroke((LEFT, self.y(mib)), (LEFT + self.wide, self.y(mib)), "#dddddd")
            yield _text(LEFT - 8, self.y(mib) + 4, "%g" % mib, "end")
        frame = 'x="%d" y="%d" width="%d" height="%d"' % (LEFT, TOP, self.wide, self.tall)
        yield '<rect %s fill="none" stroke="#000000"/>' % frame
        yield _text(LEFT + self.wide / 2, HEIGHT - 16, "time (in seconds)", "middle")
        yield '<g transform="translate(22 %.1f) rotate(-90)">%s</g>' % (
            TOP + self.tall / 2,
            _text(0, 0, "memory used (in MiB)", "middle"),
        )
        title = self.wishes.title
        if title is None and len(self.profiles) == 1:
            title = self.profiles[0].cmd_line
        if title:
            yield _text(LEFT + self.wide / 2, TOP - 18, title, "middle", 14)

    def _profile(self, index: int, profile: Profile) -> "Iterator[str]":
        points = self.lines[index]
        start = started_at(profile)
        moment = time.strftime("%d / %m / %Y - start at %H:%M:%S", time.localtime(start))
        label = "%s.%03d" % (moment, int(start % 1 * 1000))
        yield from self._line(points, label, LINES[index % len(LINES)])
        for number, (child, looks) in enumerate(zip(profile.children, children_of(profile)), index + 1):
            yield from self._line(looks, "child %s" % child, LINES[number % len(LINES)])
        if self.shows_calls:
            yield from self._calls(profile, start)
            yield from self._peak(points)

    def _line(self, points: Points, label: str, colour: str) -> "Iterator[str]":
        places = " ".join("%.1f,%.1f" % (self.x(x), self.y(y)) for x, y in points)
        yield '<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>' % (places, colour)
        if self.wishes.slope:
            slope, base = trend(points)
            label += " slope %.5f" % slope
            ends = [(self.x(x), self.y(base + slope * x)) for x, _ in (points[0], points[-1])]
            yield _stroke(ends[0], ends[1], "#00a3a0", DASHED)
        self.legend.append((colour, label))

    def _calls(self, profile: Profile, start: float) -> "Iterator[str]":
        labels = function_labels(profile.calls)
        deepest = max((call.level for calls in profile.calls.values() for call in calls), default=0)
        for number, (name, calls) in enumerate(profile.calls.items()):
            colour = CALLS[number % len(CALLS)]
            for call in calls:
                text = "%s %.3fs" % (labels[name], call.end - call.start)
                if self.wishes.flame:
                    yield from self._bar(call, start, text, colour, deepest)
                else:
                    yield from self._brackets(call, start, colour)
                    self.legend.append((colour, text))

    def _bar(self, call: Call, start: float, text: str, colour: str, deepest: int) -> "Iterator[str]":
        height = min(28.0, self.tall / 2 / (deepest + 1))
        left, right = self.x(call.start - start), self.x(call.end - start)
        top = TOP + self.tall - (call.level + 1) * height
        place = 'x="%.1f" y="%.1f" width="%.1f" height="%.1f"' % (left, top, max(right - left, 0.5), height - 1)
        yield '<g><title>%s</title><rect %s fill="%s" fill-opacity="0.5"/>' % (escape(text), place, colour)
        if right - left > 7 * len(text):
            yield _text(left + 4, top + height / 2 + 4, text)
        yield "</g>"

    def _brackets(self, call: Call, start: float, colour: str) -> "Iterator[str]":
        for seconds, mib, way in ((call.start, call.mib_start, 1), (call.end, call.mib_end, -1)):
            x, y = self.x(seconds - start), self.y(mib)
            path = "M%.1f %.1fH%.1fV%.1fH%.1f" % (x + 8 * way, y - 14, x, y + 14, x + 8 * way)
            yield '<path d="%s" fill="none" stroke="%s" stroke-width="2"/>' % (path, colour)

    def _peak(self, points: Points) -> "Iterator[str]":
        x, y = max(points, key=lambda point: point[1])
        yield _stroke((LEFT, self.y(y)), (LEFT + self.wide, self.y(y)), "#d62728", DASHED)
        yield _stroke((self.x(x), TOP), (self.x(x), TOP + self.tall), "#d62728", DASHED)

    def _legend(self) -> "Iterator[str]":
        if self.wishes.flame:
            return
        entries = self.legend[:LEGEND_ROWS]
        more = len(self.legend) - len(entries)
        left = LEFT + self.wide + 24
        top = TOP + self.tall / 2 - len(entries) * LEGEND_ROW / 2
        for number, (colour, label) in enumerate(entries):
            y = top + number * LEGEND_ROW
            yield _stroke((left, y), (left + 20, y), colour, 'stroke-width="2"')
            yield _text(left + 28, y + 4, label)
        if more:
            yield _text(left + 28, top + len(entries) * LEGEND_ROW + 4, "and %d more" % more)


def started_at(profile: Profile) -> float:
    """Seconds since 1970 at which the first thing in a profile was measured."""
    starts = [call.start for calls in profile.calls.values() for call in calls]
    return min([seconds for seconds, _ in profile.looks[:1]] + starts)


def merged(profile: Profile) -> Points:
    """What was measured, with what calls of functions measured themselves."""
    if not profile.looks:
        raise ValueError("no memory usage was measured in %s" % profile.filename)
    found = list(profile.looks)
    for calls in profile.calls.values():
        for call in calls:
            found += [(call.start, call.mib_start), (call.end, call.mib_end)]
    start = started_at(profile)
    return [(seconds - start, mib) for seconds, mib in sorted(found)]


def children_of(profile: Profile) -> "List[Points]":
    start = started_at(profile) if profile.looks or profile.calls else 0.0
    return [[(seconds - start, mib) for seconds, mib in looks] for looks in profile.children.values()]


def _stroke(start: "Tuple[float, float]", end: "Tuple[float, float]", colour: str, more: str = "") -> str:
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" %s/>' % (*start, *end, colour, more)


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 12) -> str:
    return '<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d">%s</text>' % (x, y, anchor, size, escape(text))
