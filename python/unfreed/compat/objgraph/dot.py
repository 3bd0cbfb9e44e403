"""A graph of objects, and its text in Graphviz' language: as objgraph writes it, with a label on every reference.

Collects nothing and draws nothing.
"""

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from unfreed.compat.objgraph.labels import (
    _is_a,
    _long_typename,
    _safe_repr,
    _short_typename,
    key_text,
)

# A metaclass has no say.
_namespace = type.__dict__["__dict__"].__get__
_bases = type.__dict__["__mro__"].__get__

Colour = tuple[float, float, float]
"""Hue, saturation and value, from 0 to 1."""
Attributes = Optional[Callable[[Any], "Mapping[str, Any]"]]
Information = Optional[Callable[[Any], object]]

_is_identifier = re.compile("[a-zA-Z_][a-zA-Z_0-9]*$").match
_IMMORTAL = 1 << 29
KEY = ".keys()[*]"
"""What unfreed calls the reference to a key."""
_PALEST: Colour = (0, 0, 1)
_DARKEST: Colour = (0, 0, 0.3)
_RED: Colour = (0, 1, 1)
_DARK_RED: Colour = (0, 1, 0.3)


@dataclass
class Node:
    """An object in a picture; `label` and `attributes` are quoted."""

    name: str
    depth: int
    label: str
    attributes: str
    colour: Colour
    has_finalizer: bool
    more: int = 0
    edges: "list[Edge]" = field(default_factory=list)


@dataclass
class Edge:
    """A reference; `label` is an attribute list of the language, or empty."""

    source: str
    target: str
    label: str


@dataclass
class Graph:
    """What a picture shows. `asked` are names of nodes; `backwards`, whether it goes from objects to their holders."""

    asked: "list[str]"
    nodes: "list[Node]"
    backwards: bool
    max_depth: int


def text(graph: Graph) -> str:
    """The graph as DOT."""
    lines = ["digraph ObjectGraph {", "  node[shape=box, style=filled, fillcolor=white];"]
    lines.extend("  %s[fontcolor=red];" % name for name in graph.asked)
    for node in graph.nodes:
        lines.extend(_node_lines(node))
        lines.extend("  %s -> %s%s;" % (edge.source, edge.target, edge.label) for edge in node.edges)
        if node.more:
            lines.extend(_more_lines(node, graph))
    return "\n".join([*lines, "}", ""])


def _node_lines(node: Node) -> "Iterator[str]":
    yield '  %s[label="%s"%s];' % (node.name, node.label, node.attributes)
    yield '  %s[fillcolor="%g,%g,%g"];' % (node.name, *node.colour)
    if node.colour[2] < 0.5:
        yield "  %s[fontcolor=white];" % node.name
    if node.has_finalizer:
        mark = node.name + "_has_a_del"
        yield "  %s->%s[color=red,style=dotted,len=0.25,weight=10];" % (node.name, mark)
        style = 'shape=doublecircle,height=0.25,color=red,fillcolor="0,.5,1",fontsize=6'
        yield '  %s[label="__del__",%s];' % (mark, style)


def _more_lines(node: Node, graph: Graph) -> "Iterator[str]":
    mark = "too_many_" + node.name
    ends = (mark, node.name) if graph.backwards else (node.name, mark)
    yield "  %s->%s[color=red,style=dotted,len=0.25,weight=10];" % ends
    style = 'shape=box,height=0.25,color=red,fillcolor="%g,%g,%g",fontsize=6' % more_colour(node, graph)
    yield '  %s[label="%s",%s];' % (mark, more_label(node, graph), style)
    yield "  %s[fontcolor=white];" % mark


def more_label(node: Node, graph: Graph) -> str:
    """What stands for the neighbours that were too many."""
    return "%d more %sreferences" % (node.more, "back" if graph.backwards else "")


def more_colour(node: Node, graph: Graph) -> Colour:
    """Red, darker further out."""
    return _gradient(_RED, _DARK_RED, node.depth + 1, graph.max_depth)


def colour(obj: object, depth: int, max_depth: int, highlighted: bool) -> Colour:
    """Darker further out; modules green, what is highlighted blue."""
    hue, saturation, value = _gradient(_PALEST, _DARKEST, depth, max_depth)
    if _is_a(obj, types.ModuleType):
        hue, saturation = 0.3, 1
    if highlighted:
        hue, saturation, value = 0.6, 0.6, 0.5 + value * 0.5
    return hue, saturation, value


def _gradient(start: Colour, end: Colour, depth: int, max_depth: int) -> Colour:
    if max_depth == 0:
        return start
    share = depth / max_depth
    hue, saturation, value = (one * (1 - share) + other * share for one, other in zip(start, end))
    return hue, saturation, value


def has_finalizer(obj: object) -> bool:
    """Whether its class has `__del__`, without asking the class."""
    return any("__del__" in _namespace(each) for each in _bases(type(obj)))


def _obj_node_id(obj: object) -> str:
    return "o%d" % id(obj)


def _quote(s: str) -> str:
    return s.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "\\\\0")


def unquoted(label: str) -> str:
    """What `_quote` made of a text, as it was."""
    said = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
    return re.sub(r'\\[\\n"]', lambda found: said[found.group()], label)


def _obj_label(
    obj: object, extra_info: Information = None, references: "int | None" = None, shortnames: bool = True
) -> str:
    name = _short_typename(obj) if shortnames else _long_typename(obj)
    if references is not None:
        name += count_text(references)
    lines = [name, _safe_repr(obj)]
    if extra_info:
        lines.append(str(extra_info(obj)))
    return _quote("\n".join(lines))


def count_text(references: int) -> str:
    """` [3]`; numbers of objects that live for ever say nothing."""
    return " [immortal]" if references >= _IMMORTAL else " [%d]" % references


def _obj_attrs(obj: object, extra_node_attrs: Attributes) -> str:
    if extra_node_attrs is None:
        return ""
    given = sorted((name, value) for name, value in extra_node_attrs(obj).items() if value is not None)
    return "".join(', %s="%s"' % (name, _quote(str(value))) for name, value in given)


def _edge_label(source: Any, target: object, shortnames: bool = True, name: str = "") -> str:
    """The attributes of a reference. `name` is what unfreed calls it; without one, what can be found out."""
    if name == KEY:
        return ' [label="key"]'
    if _is_a(source, dict):
        label = _key_label(source, target, shortnames)
        if label:
            return label
    known = _well_known(source, target) or name.strip(" .→›")
    if not known:
        return ""
    weight = 10 if known.startswith(("__", "f_")) else 2 if _is_identifier(known) else 0
    return ' [label="%s"%s]' % (_quote(known), ",weight=%d" % weight if weight else "")


def _well_known(source: Any, target: object) -> str:
    names: Iterable[str] = ()
    if _is_a(source, types.FrameType):
        names = ("f_globals",)
    elif _is_a(source, types.MethodType):
        names = ("__self__", "__func__")
    return next((name for name in names if getattr(source, name) is target), "")


def _key_label(source: "dict[Any, Any]", target: object, shortnames: bool) -> str:
    for key, value in list(dict.items(source)):
        if value is target:
            if type(key) is str and _is_identifier(key):
                return ' [label="%s",weight=2]' % _quote(key)
            kind = _short_typename(key) if shortnames else _long_typename(key)
            return ' [label="%s"]' % _quote(kind + "\n" + key_text(key))
    return ""
