"""Charts of what a `ClassTracker` found, as SVG or PNG, without Matplotlib."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

from unfreed.compat.objgraph import drawing
from unfreed.compat.pympler.gathered import Stats
from unfreed.compat.pympler.texts import pp, trunc

_LEFT = 20.0
_HEIGHT = 220.0
_BAR = 42.0
_GAP = 8.0
_LINE = 14.0
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
        shapes = self._shapes()
        with open(filename, "wb") as file:
            file.write(_svg(shapes) if ending == "svg" else _png(shapes))

    def _shapes(self) -> drawing._Scene:
        bars = max(len(self.labels), 1)
        legend = _LEFT + bars * (_BAR + _GAP) + _GAP
        width = legend + (_LONGEST + 4) * 6.0
        height = max(_HEIGHT + 4 * _LINE, (len(self.series) + 4) * _LINE)
        scene = drawing._Scene([], [], [], width, height)
        scene.texts.append(drawing._Text(_LEFT, 4.0, self.title, _INK, False))
        highest = max([sum(numbers) for numbers in zip(*(one.numbers for one in self.series))] or [0.0])
        for at, label in enumerate(self.labels):
            self._bar(scene, at, highest)
            text = trunc(label, int(_BAR // 6) + 1)
            scene.texts.append(drawing._Text(_LEFT + at * (_BAR + _GAP), _HEIGHT + 2 * _LINE, text, _INK, False))
        for number, one in enumerate(self.series):
            top = (number + 2) * _LINE
            scene.boxes.append(drawing._Box(legend, top + 1, 9.0, 9.0, _colour(number), _INK))
            most = max(one.numbers, default=0)
            said = "%s %s" % (trunc(one.name, _LONGEST - 12), (pp(most) if self.in_bytes else "%d" % most).strip())
            scene.texts.append(drawing._Text(legend + 14, top, said, _INK, False))
        return scene

    def _bar(self, scene: drawing._Scene, at: int, highest: float) -> None:
        bottom = _HEIGHT + 2 * _LINE - 2
        for number, one in enumerate(self.series):
            part = one.numbers[at] / highest * _HEIGHT if highest else 0.0
            if part >= 1:
                bottom -= part
                left = _LEFT + at * (_BAR + _GAP)
                scene.boxes.append(drawing._Box(left, bottom, _BAR, part, _colour(number), _INK))


def _colour(number: int) -> "tuple[int, int, int]":
    return _COLOURS[number % len(_COLOURS)]


def _svg(scene: drawing._Scene) -> bytes:
    size = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="monospace" font-size="10">'
    parts = [size % (scene.width, scene.height), '<rect width="100%" height="100%" fill="white"/>']
    for box in scene.boxes:
        place = 'x="%.1f" y="%.1f" width="%.1f" height="%.1f"' % (box.left, box.top, box.width, box.height)
        parts.append('<rect %s fill="rgb(%d,%d,%d)"/>' % (place, *box.fill))
    for text in scene.texts:
        parts.append('<text x="%.1f" y="%.1f">%s</text>' % (text.left, text.top + 9, html.escape(text.text)))
    return "\n".join([*parts, "</svg>", ""]).encode()


def _png(scene: drawing._Scene) -> bytes:
    canvas = drawing._Canvas(scene.width, scene.height)
    for box in scene.boxes:
        canvas.fill(box.left, box.top, box.width, box.height, box.fill)
    for text in scene.texts:
        canvas.write(text)
    return canvas.png()


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
