"""Drawings as SVG or PNG, without Graphviz, Matplotlib or a font: a graph, which is laid out, or shapes in places."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from unfreed import _native

Colour = tuple[int, int, int]
"""Red, green and blue, up to 255."""
LETTER = 7.0
"""Width of a letter in pixels; fonts are of fixed width."""
LINE = 16.0
"""Height of a line of text."""


@dataclass
class Text:
    """A line of text in a box."""

    text: str
    colour: Colour
    strong: bool = False


@dataclass
class Box:
    """A node of a graph; the border's thickness is in pixels."""

    lines: "list[Text]"
    fill: Colour
    border: Colour
    thickness: float = 1.2


@dataclass
class Reference:
    """From one box to another, by their numbers; thicker ones lie on thinner ones."""

    source: int
    target: int
    label: str
    colour: Colour
    label_colour: Colour
    thickness: float = 1.2


@dataclass
class Shapes:
    """A drawing of so many pixels: boxes, lines of text. Later ones lie on earlier ones."""

    width: float
    height: float
    title: str
    _shapes: "list[dict[str, Any]]" = field(default_factory=list)

    def box(self, left: float, top: float, width: float, height: float, fill: Colour) -> None:
        """A filled box."""
        place = {"left": left, "top": top, "width": width, "height": height}
        self._shapes.append({"box": {**place, "fill": fill, "border": fill, "thickness": 0.5}})

    def text(self, left: float, top: float, text: str, colour: Colour) -> None:
        """A line of text, whose upper edge is at `top`."""
        look = {"colour": colour, "strong": False, "hides": False}
        self._shapes.append({"text": {"left": left, "top": top, "text": printable(text), **look}})

    def drawn(self, form: str) -> bytes:
        """The file, as `svg` or `png`. Raises `ValueError` for one that is too large for a PNG."""
        document = {"width": self.width, "height": self.height, "title": self.title, "shapes": self._shapes}
        return _native._draw_shapes(json.dumps(document), form)


def graph(boxes: "list[Box]", references: "list[Reference]", form: str, title: str = "") -> bytes:
    """The graph as a file, `svg` or `png`: holders to the left of what they hold. Raises `ValueError` for one that is
    too large for a PNG."""
    document = {
        "title": printable(title),
        "boxes": [{**asdict(box), "lines": [_line(line) for line in box.lines]} for box in boxes],
        "references": [_reference(reference) for reference in references],
        "legend": [],
    }
    return _native._draw_graph(json.dumps(document), form)


def _line(line: Text) -> "dict[str, Any]":
    return {**asdict(line), "text": printable(line.text)}


def _reference(reference: Reference) -> "dict[str, Any]":
    found = asdict(reference)
    ends = {"from": found.pop("source"), "to": found.pop("target")}
    return {**found, **ends, "label": printable(reference.label)}


def printable(text: str) -> str:
    """What no font draws, no parser of XML takes, and lone surrogates no encoder."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
