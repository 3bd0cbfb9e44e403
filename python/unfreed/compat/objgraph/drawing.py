"""Draws a graph of objects as SVG and as PNG, without Graphviz.

Columns from left to right, holders to the left of what they hold, in the colours that objgraph gives. Both forms are
written from the same shapes.
"""

import binascii
import colorsys
import html
import re
import struct
import zlib
from dataclasses import dataclass

from unfreed.compat.objgraph import letters
from unfreed.compat.objgraph.dot import Colour, Graph, Node, more_colour, unquoted

_LETTER = 6.0
"""Width of a letter; a line is twice as high as a letter is wide."""
_LINE = 12.0
_PADDING = 6.0
_GAP = 14.0
_MARGIN = 12.0
_LONGEST = 60
_STEPS = 16
_SCALE = 2
_MOST_PIXELS = 60_000_000

_Colour = tuple[int, int, int]
_Point = tuple[float, float]
_Area = tuple[float, float, float, float]
"""Left, top, width and height."""
_BLACK: _Colour = (0, 0, 0)
_WHITE: _Colour = (255, 255, 255)
_RED: _Colour = (255, 0, 0)
_GREY: _Colour = (120, 130, 140)
_INK: _Colour = (60, 70, 80)


@dataclass
class _Box:
    left: float
    top: float
    width: float
    height: float
    fill: _Colour
    border: _Colour


@dataclass
class _Line:
    points: "list[_Point]"
    colour: _Colour


@dataclass
class _Text:
    left: float
    top: float
    text: str
    colour: _Colour
    hides: bool


@dataclass
class _Scene:
    """Boxes lie on lines, texts on boxes."""

    lines: "list[_Line]"
    boxes: "list[_Box]"
    texts: "list[_Text]"
    width: float
    height: float


def svg(graph: Graph) -> bytes:
    """The graph as SVG."""
    scene = _laid_out(graph)
    size = '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"'
    parts = [size % ((scene.width, scene.height) * 2) + ' font-family="monospace" font-size="10">']
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for line in scene.lines:
        points = " ".join("%.1f,%.1f" % point for point in line.points)
        parts.append('<polyline points="%s" fill="none" stroke="%s"/>' % (points, _web(line.colour)))
        corners = " ".join("%.1f,%.1f" % point for point in _head(line.points))
        parts.append('<polygon points="%s" fill="%s"/>' % (corners, _web(line.colour)))
    for box in scene.boxes:
        place = 'x="%.1f" y="%.1f" width="%.1f" height="%.1f"' % (box.left, box.top, box.width, box.height)
        parts.append('<rect %s fill="%s" stroke="%s"/>' % (place, _web(box.fill), _web(box.border)))
    for text in scene.texts:
        if text.hides:
            place = 'x="%.1f" y="%.1f" width="%.1f" height="%.1f"' % _covered(text)
            parts.append('<rect %s fill="white"/>' % place)
        place = 'x="%.1f" y="%.1f" textLength="%.1f"' % (text.left, text.top + 9, len(text.text) * _LETTER)
        said = html.escape(text.text)
        parts.append('<text %s xml:space="preserve" fill="%s">%s</text>' % (place, _web(text.colour), said))
    return "\n".join([*parts, "</svg>", ""]).encode()


def png(graph: Graph) -> bytes:
    """The graph as PNG. Raises `ValueError` for a picture that is too large for one."""
    scene = _laid_out(graph)
    canvas = _Canvas(scene.width, scene.height)
    for line in scene.lines:
        for start, end in zip(line.points, line.points[1:]):
            canvas.stroke(start, end, line.colour)
        canvas.triangle(_head(line.points), line.colour)
    for box in scene.boxes:
        canvas.fill(box.left - 0.5, box.top - 0.5, box.width + 1, box.height + 1, box.border)
        canvas.fill(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1, box.fill)
    for text in scene.texts:
        if text.hides:
            canvas.fill(*_covered(text), _WHITE)
        canvas.write(text)
    return canvas.png()


def _laid_out(graph: Graph) -> _Scene:
    return _Layout(graph).scene


class _Layout:
    """Places what a graph shows: a column for each distance from the objects that were asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.scene = _Scene([], [], [], 0, 0)
        self._boxes: dict[str, _Box] = {}
        self._edges = [edge for node in graph.nodes for edge in node.edges]
        self._columns = self._in_columns()
        self._place()
        for node in graph.nodes:
            self._draw_node(node)
        self._taken = [(box.left, box.top, box.width, box.height) for box in self.scene.boxes]
        self._draw_edges()

    def _in_columns(self) -> "list[list[Node]]":
        """Nodes in the order of what they were found from, so that few references cross."""
        columns: list[list[Node]] = []
        for node in self._graph.nodes:
            while len(columns) <= node.depth:
                columns.append([])
            columns[node.depth].append(node)
        return columns[::-1] if self._graph.backwards else columns

    def _place(self) -> None:
        heights = [sum(_height(node) + _GAP for node in column) for column in self._columns]
        left = _MARGIN
        for column, height in zip(self._columns, heights):
            width = max((_width(_lines(node)) for node in column), default=0)
            top = _MARGIN + (max(heights) - height) / 2
            for node in column:
                border = _RED if node.has_finalizer else _BLACK
                own = _width(_lines(node))
                self._boxes[node.name] = _Box(left, top, own, _height(node), _rgb(node.colour), border)
                top += _height(node) + _GAP
            left += width + self._room(column)
        self.scene.height = max([*heights, 0]) + 2 * _MARGIN

    def _room(self, column: "list[Node]") -> float:
        """Between a column and the next: for the longest label of what leaves it."""
        names = {node.name for node in column}
        labels = [len(_edge_text(edge.label)) for edge in self._edges if edge.source in names]
        return 50 + _LETTER * max([*labels, 4])

    def _draw_node(self, node: Node) -> None:
        box = self._boxes[node.name]
        self.scene.boxes.append(box)
        ink = _WHITE if node.colour[2] < 0.5 else _RED if node.name in self._graph.asked else _BLACK
        lines = _lines(node)
        for index, line in enumerate(lines):
            is_more = node.more and index == len(lines) - 1
            colour = _rgb(more_colour(node, self._graph)) if is_more else ink
            place = (box.left + _PADDING, box.top + _PADDING / 2 + index * _LINE)
            self.scene.texts.append(_Text(*place, line, colour, bool(is_more)))

    def _draw_edges(self) -> None:
        # A label stands nearer to the end at which there are more nodes.
        at = _STEPS // 4 if self._graph.backwards else _STEPS - _STEPS // 4
        for edge in self._edges:
            source, target = self._boxes[edge.source], self._boxes[edge.target]
            points = _curve(source, target)
            self.scene.lines.append(_Line(points, _GREY))
            label = _edge_text(edge.label)
            if label:
                self.scene.texts.append(self._on(points, at, label))
        self._widen()

    def _on(self, points: "list[_Point]", at: int, label: str) -> _Text:
        """A label on a reference: as near to the preferred point as there is room beside boxes and other labels."""
        width = len(label) * _LETTER
        places = [(x - width / 2, y - _LINE / 2) for x, y in points[1:-1]]
        places.sort(key=lambda place: abs(place[0] + width / 2 - points[at][0]) + abs(place[1] - points[at][1]))
        for left, top in places:
            taken = (left - 2, top - 1, width + 4, _LINE + 2)
            if not any(_overlap(taken, other) for other in self._taken):
                break
        else:
            left, top = places[0]
        self._taken.append((left - 2, top, width + 4, _LINE))
        return _Text(left, top, label, _INK, True)

    def _widen(self) -> None:
        """What leads back, or stays in its column, turns outside of the boxes."""
        right = [box.left + box.width for box in self.scene.boxes]
        right += [x for line in self.scene.lines for x, _ in line.points]
        right += [text.left + len(text.text) * _LETTER for text in self.scene.texts]
        below = [y for line in self.scene.lines for _, y in line.points]
        self.scene.width = max([*right, 0]) + _MARGIN
        self.scene.height = max([self.scene.height, *(y + _MARGIN for y in below)])


def _lines(node: Node) -> "list[str]":
    label = unquoted(node.label)
    lines = [_cut(line) for line in label.split("\n")]
    if node.has_finalizer:
        lines.append("__del__")
    if node.more:
        lines.append("%d more" % node.more)
    return lines


def _cut(line: str) -> str:
    # What no font draws, no parser of XML takes either.
    printable = "".join(letter if letter.isprintable() else "?" for letter in line)
    return printable if len(printable) <= _LONGEST else printable[: _LONGEST - 1] + "~"


def _width(lines: "list[str]") -> float:
    return max(map(len, lines)) * _LETTER + 2 * _PADDING


def _height(node: Node) -> float:
    return len(_lines(node)) * _LINE + _PADDING


def _edge_text(label: str) -> str:
    found = re.search(r'label="((?:[^"\\]|\\.)*)"', label)
    return _cut(unquoted(found.group(1)).replace("\n", " ")) if found else ""


def _curve(source: _Box, target: _Box) -> "list[_Point]":
    """From the right of one box to the left of the other; around, when that lies the wrong way."""
    start = (source.left + source.width, source.top + source.height / 2)
    end = (target.left, target.top + target.height / 2)
    leads_on = end[0] > start[0]
    pull = (end[0] - start[0]) / 2 if leads_on else 40
    lift = 0 if leads_on else (source.height + target.height) / 2 + _GAP
    second, third = (start[0] + pull, start[1] + lift), (end[0] - pull, end[1] + lift)
    points = []
    for step in range(_STEPS + 1):
        share = step / _STEPS
        rest = 1 - share
        weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
        corners = (start, second, third, end)
        x, y = (sum(w * corner[axis] for w, corner in zip(weights, corners)) for axis in (0, 1))
        points.append((x, y))
    return points


def _head(points: "list[_Point]") -> "list[_Point]":
    x, y = points[-1]
    return [(x, y), (x - 7, y - 3), (x - 7, y + 3)]


def _covered(text: _Text) -> _Area:
    return text.left - 2, text.top, len(text.text) * _LETTER + 4, _LINE


def _overlap(one: _Area, other: _Area) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _rgb(colour: Colour) -> _Colour:
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(*colour))
    return red, green, blue


def _web(colour: _Colour) -> str:
    return "#%02x%02x%02x" % colour


class _Canvas:
    """Pixels, in rows of three bytes each."""

    def __init__(self, width: float, height: float) -> None:
        self._width, self._height = int(width * _SCALE), int(height * _SCALE)
        if self._width * self._height > _MOST_PIXELS:
            millions = self._width * self._height / 1e6
            raise ValueError("a picture of %d million pixels is too large; hint: .svg, or less depth" % millions)
        self._rows = [bytearray(b"\xff" * (3 * self._width)) for _ in range(self._height)]

    def fill(self, left: float, top: float, width: float, height: float, colour: _Colour) -> None:
        first, last = max(0, round(left * _SCALE)), min(self._width, round((left + width) * _SCALE))
        if last <= first:
            return
        pixels = bytes(colour) * (last - first)
        for row in self._rows[max(0, round(top * _SCALE)) : max(0, round((top + height) * _SCALE))]:
            row[3 * first : 3 * last] = pixels

    def stroke(self, start: _Point, end: _Point, colour: _Colour) -> None:
        steps = int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) * _SCALE) + 1
        for step in range(steps + 1):
            share = step / steps
            x = start[0] + (end[0] - start[0]) * share
            y = start[1] + (end[1] - start[1]) * share
            self.fill(x - 0.5, y - 0.5, 1, 1, colour)

    def triangle(self, corners: "list[_Point]", colour: _Colour) -> None:
        """An arrow's head, which points to the right."""
        (x, y), (back, top), _ = corners
        steps = int((x - back) * _SCALE)
        for step in range(steps):
            half = (y - top) * (1 - step / steps)
            self.fill(back + step / _SCALE, y - half, 1 / _SCALE, 2 * half, colour)

    def write(self, text: _Text) -> None:
        for index, letter in enumerate(text.text):
            left = text.left + index * _LETTER
            for column, dots in enumerate(letters.columns(letter)):
                for dot in range(letters.HEIGHT):
                    if dots >> dot & 1:
                        self.fill(left + column, text.top + 2 + dot, 1, 1, text.colour)

    def png(self) -> bytes:
        """Each row begins with the number of its filter, which is none."""
        pixels = zlib.compress(b"".join(b"\0" + row for row in self._rows), 6)
        head = struct.pack(">IIBBBBB", self._width, self._height, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", head), (b"IDAT", pixels), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = binascii.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
