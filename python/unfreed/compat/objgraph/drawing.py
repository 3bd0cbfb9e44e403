"""What objgraph's graphs look like: in its colours, as SVG and PNG, without Graphviz."""

import colorsys
import re

from unfreed import _drawings
from unfreed._drawings import Box, Reference, Text
from unfreed.compat.objgraph.dot import Colour, Edge, Graph, Node, more_colour, unquoted

_LONGEST = 60
_BLACK = (0, 0, 0)
_WHITE = (255, 255, 255)
_RED = (255, 0, 0)
_GREY = (120, 130, 140)
_INK = (60, 70, 80)


def svg(graph: Graph) -> bytes:
    """The graph as SVG."""
    return _drawn(graph, "svg")


def png(graph: Graph) -> bytes:
    """The graph as PNG. Raises `ValueError` for a picture that is too large for one."""
    return _drawn(graph, "png")


def _drawn(graph: Graph, form: str) -> bytes:
    numbers = {node.name: number for number, node in enumerate(graph.nodes)}
    edges = [edge for node in graph.nodes for edge in node.edges]
    references = [_reference(edge, numbers) for edge in edges if edge.source != edge.target]
    own = {edge.source: _edge_text(edge.label) for edge in edges if edge.source == edge.target}
    return _drawings.graph([_box(node, graph, own.get(node.name)) for node in graph.nodes], references, form)


def _reference(edge: Edge, numbers: "dict[str, int]") -> Reference:
    return Reference(numbers[edge.source], numbers[edge.target], _edge_text(edge.label), _GREY, _INK)


def _box(node: Node, graph: Graph, own: "str | None") -> Box:
    is_dark = node.colour[2] < 0.5
    ink = _WHITE if is_dark else _RED if node.name in graph.asked else _BLACK
    lines = [Text(_cut(line), ink) for line in unquoted(node.label).split("\n")]
    if own is not None:
        lines.append(Text("refers to itself" + (own and ": " + own), ink))
    if node.has_finalizer:
        lines.append(Text("__del__", ink))
    if node.more:
        lines.append(Text("%d more" % node.more, _WHITE if is_dark else _rgb(more_colour(node, graph))))
    return Box(lines, _rgb(node.colour), _RED if node.has_finalizer else _BLACK)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _edge_text(label: str) -> str:
    found = re.search(r'label="((?:[^"\\]|\\.)*)"', label)
    return _cut(unquoted(found.group(1)).replace("\n", " ")) if found else ""


def _rgb(colour: Colour) -> "tuple[int, int, int]":
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(*colour))
    return red, green, blue
