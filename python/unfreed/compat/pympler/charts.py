"""Charts of what a `ClassTracker` found, as SVG or PNG, without Matplotlib."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from unfreed._drawings import LETTER, LINE, Colour, Shapes
from unfreed.compat.pympler.gathered import Stats
from unfreed.compat.pympler.texts import pp, trunc

_LEFT = 20.0
_HEIGHT = 220.0
_BAR = 42.0
_GAP = 8.0
_LONGEST = 48
_COLOURS = (
    (68, 119, 170),
    (238, 102, 119),
    (34, 136, 51),
    (204, 187, 68),
    (102, 204, 238),
    (170, 51, 119),
    (187, 187, 187),
)
_INK = (60, 70, 80)


@dataclass
class Series:
    """A row of numbers with a name; one for each bar."""

    name: str
    numbers: "Sequence[float]"


@dataclass
class Chart:
    """Bars, each of one part for each series on top of the other, with labels below and a list of the series."""

    title: str
    labels: "Sequence[str]"
    series: "list[Series]" = field(default_factory=list)
    in_bytes: bool = True

    def write(self, filename: str) -> None:
        """Writes it as what the name ends with. Raises `ValueError` for what is neither `.svg` nor `.png`."""
        ending = filename.rpartition(".")[2].lower()
        if ending not in ("svg", "png"):
            raise ValueError("charts are written as .svg or .png, and %r ends with neither" % filename)
        drawn = self._shapes().drawn(ending)
        with open(filename, "wb") as file:
            file.write(drawn)

    def _shapes(self) -> Shapes:
        bars = max(len(self.labels), 1)
        legend = _LEFT + bars * (_BAR + _GAP) + _GAP
        width = legend + (_LONGEST + 4) * LETTER
        height = max(_HEIGHT + 4 * LINE, (len(self.series) + 4) * LINE)
        shapes = Shapes(width, height, self.title)
        shapes.text(_LEFT, 4.0, self.title, _INK)
        highest = max([sum(numbers) for numbers in zip(*(one.numbers for one in self.series))] or [0.0])
        for at, label in enumerate(self.labels):
            self._bar(shapes, at, highest)
            shapes.text(_LEFT + at * (_BAR + _GAP), _HEIGHT + 2 * LINE, trunc(label, int(_BAR // LETTER) + 1), _INK)
        for number, one in enumerate(self.series):
            top = (number + 2) * LINE
            shapes.box(legend, top + 3, 9.0, 9.0, _colour(number))
            most = max(one.numbers, default=0)
            said = "%s %s" % (trunc(one.name, _LONGEST - 12), (pp(most) if self.in_bytes else "%d" % most).strip())
            shapes.text(legend + 14, top, said, _INK)
        return shapes

    def _bar(self, shapes: Shapes, at: int, highest: float) -> None:
        bottom = _HEIGHT + 2 * LINE - 2
        for number, one in enumerate(self.series):
            part = one.numbers[at] / highest * _HEIGHT if highest else 0.0
            if part >= 1:
                bottom -= part
                shapes.box(_LEFT + at * (_BAR + _GAP), bottom, _BAR, part, _colour(number))


def _colour(number: int) -> Colour:
    return _COLOURS[number % len(_COLOURS)]


def timespace(stats: Stats) -> Chart:
    """Bytes by class, for each snapshot."""
    classes = stats.tracked_classes
    labels = [snapshot.desc or "%.1fs" % snapshot.timestamp for snapshot in stats.snapshots]
    rows = [stats.annotate_snapshot(snapshot) for snapshot in stats.snapshots]
    series = [Series(name, [row[name]["sum"] if name in row else 0 for row in rows]) for name in classes]
    return Chart("Bytes by class", labels, series)


def tracker_timespace(filename: str, stats: Stats) -> None:
    """Writes a chart of how much memory objects of which class had, to an `.svg` or `.png` file."""
    timespace(stats).write(filename)
