"""References between some objects as a graph: as DOT, or drawn."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import Any, Optional, Union

from unfreed.compat.objgraph import drawing
from unfreed.compat.objgraph.dot import Edge, Graph, Node
from unfreed.compat.pympler.asizer import Asizer
from unfreed.compat.pympler.kinds import short_name
from unfreed.compat.pympler.naming import Attributes, Reference, named
from unfreed.compat.pympler.texts import safe_repr, trunc

_CLIP = 48
_LONGEST = 128
_HEAVY = "__dict__"
_DRAWN = {"svg": drawing.svg, "png": drawing.png}
_WHITE = (0.0, 0.0, 1.0)

__all__ = ["ReferenceGraph"]


class _MetaObject:
    """What is told of an object: its `id`, `size` with what only it leads to, `type` and `str`; whether it is in a
    cycle, and the `group` of connected objects that it is in."""

    __slots__ = ("cycle", "group", "id", "size", "str", "type")

    def __init__(self) -> None:
        self.cycle = False
        self.group = 0
        self.id = self.size = 0
        self.str = self.type = ""


class _Edge:
    """A reference from one `id()` to another."""

    __slots__ = ("dst", "group", "label", "src")

    def __init__(self, src: int, dst: int, label: str) -> None:
        self.src, self.dst, self.label = src, dst, label
        self.group = 0

    def __repr__(self) -> str:
        return "<%08x => %08x, %r, %s>" % (self.src, self.dst, self.label, self.group)

    def __hash__(self) -> int:
        return hash((self.src, self.dst, self.label))

    def __eq__(self, other: object) -> bool:
        same = (self.src, self.dst, self.label)
        return isinstance(other, _Edge) and same == (other.src, other.dst, other.label)


class ReferenceGraph:
    """The objects of a collection and the references between them.

    `metadata` tells of each object, `edges` has the references, `count`, `total_size` (bytes) and `num_in_cycles` are
    numbers of the whole; the last is `N/A` until it was reduced to cycles. The graph keeps the objects alive.
    """

    index = 0
    """Which part it is of the graph that it was split from."""

    def __init__(self, objects: "Iterable[Any]", reduce: bool = False) -> None:
        self.objects: list[Any] = list(objects)
        self.count = len(self.objects)
        self.num_in_cycles: Union[int, str] = "N/A"
        self.edges: set[_Edge] = set()
        self._reduced = False
        if reduce:
            self.num_in_cycles = self._reduce_to_cycles()
            self._reduced = True
        else:
            self._get_edges()
        self.metadata: list[_MetaObject] = []
        self.total_size = 0
        self._annotate_objects()

    def _get_edges(self) -> None:
        """Finds the references between the objects, with their names."""
        within = {id(one) for one in self.objects}
        self.edges = {
            _Edge(id(one), id(target), label)
            for one, references in zip(self.objects, _labelled(self.objects))
            for label, target in references
            if id(target) in within
        }

    def _reduce_to_cycles(self) -> int:
        """Leaves the objects that are in cycles or between two; returns how many. Others have nothing that refers to
        them, or refer to nothing, once those were left out before them."""
        self._get_edges()
        kept = {id(one) for one in self.objects}
        edges = self.edges
        while True:
            begin, end = {edge.src for edge in edges}, {edge.dst for edge in edges}
            left = kept & begin & end
            if left == kept:
                break
            kept = left
            edges = {edge for edge in edges if edge.src in kept and edge.dst in kept}
        self.objects = [one for one in self.objects if id(one) in kept]
        self.edges = edges
        return len(self.objects)

    def reduce_to_cycles(self) -> "Optional[ReferenceGraph]":
        """The graph of the objects that are in cycles; `None` if there are none."""
        if self._reduced:
            return self if self.objects else None
        reduced = copy(self)
        reduced.num_in_cycles = self.num_in_cycles = reduced._reduce_to_cycles()
        reduced._reduced = True
        if not reduced.num_in_cycles:
            return None
        reduced._annotate_objects()
        return reduced

    def split(self) -> "Iterator[ReferenceGraph]":
        """A graph for each group of objects that are connected."""
        self._annotate_groups()
        numbers = {meta.group for meta in self.metadata}
        for index in sorted(numbers):
            part = copy(self)
            part.index = index
            part.metadata = [meta for meta in self.metadata if meta.group == index]
            part.edges = {edge for edge in self.edges if edge.group == index}
            part.count = len(part.metadata)
            within = {meta.id for meta in part.metadata}
            part.objects = [one for one in self.objects if id(one) in within]
            part.total_size = sum(meta.size for meta in part.metadata)
            yield part

    def split_and_sort(self) -> "list[ReferenceGraph]":
        """The parts of `split`, those with the most objects first."""
        return sorted(self.split(), key=lambda part: -part.count)

    def _annotate_groups(self) -> None:
        around: dict[int, list[int]] = {meta.id: [] for meta in self.metadata}
        for edge in self.edges:
            around[edge.src].append(edge.dst)
            around[edge.dst].append(edge.src)
        group: dict[int, int] = {}
        number = 0
        for meta in self.metadata:
            waiting = [] if meta.id in group else [meta.id]
            group.update((at, number) for at in waiting)
            number += len(waiting)
            while waiting:
                new = [at for at in around[waiting.pop()] if at not in group]
                group.update((at, number - 1) for at in new)
                waiting += new
            meta.group = group[meta.id]
        for edge in self.edges:
            edge.group = group[edge.src]

    def _annotate_objects(self) -> None:
        sizer = Asizer()
        sizer.exclude_refs(*self.objects)
        own = sizer.asizesof(*self.objects)
        self.metadata = []
        for one, size in zip(self.objects, own):
            meta = _MetaObject()
            meta.id, meta.size, meta.type = id(one), size, short_name(type(one))
            meta.str = safe_repr(one, clip=_LONGEST)
            meta.cycle = self._reduced
            self.metadata.append(meta)
        self.total_size = sum(own)

    def _get_graphviz_data(self) -> str:
        lines = ["// Process this file with graphviz", "digraph G {", "    node [shape=box];"]
        for meta in self.metadata:
            label = _quoted(trunc(meta.str, _CLIP)) + "\\n" + _quoted(meta.type)
            lines.append('    "X%s" [ label = "%s"  ];' % (hex(meta.id)[1:], label))
        for edge in self._in_order():
            weight = ",weight=100" if edge.label == _HEAVY else ""
            ends = (hex(edge.src)[1:], hex(edge.dst)[1:])
            lines.append('    X%s -> X%s [label="%s"%s];' % (*ends, _quoted(edge.label), weight))
        return "\n".join([*lines, "}", ""])

    def _in_order(self) -> "list[_Edge]":
        return sorted(self.edges, key=lambda edge: (edge.src, edge.dst, edge.label))

    def render(self, filename: str, cmd: str = "dot", format: str = "ps", unflatten: bool = False) -> bool:
        """Draws the graph with Graphviz' `cmd`, or without it as `svg` or `png`. Returns whether a picture was written:
        `False` when there is nothing to draw.

        Raises `OSError` for other formats without Graphviz.
        """
        if not self.objects:
            return False
        if shutil.which(cmd) is None and format in _DRAWN:
            with open(filename, "wb") as picture:
                picture.write(_DRAWN[format](self._drawing()))
            return True
        data = self._get_graphviz_data().encode()
        if unflatten:
            data = subprocess.run(["unflatten", "-l7"], input=data, stdout=subprocess.PIPE, check=False).stdout
        return subprocess.run([cmd, "-T" + format, "-o", os.fspath(filename)], input=data, check=False).returncode == 0

    def _drawing(self) -> Graph:
        depths = self._depths()
        nodes = {}
        for meta in self.metadata:
            label = _quoted(trunc(meta.str, _CLIP)) + "\\n" + meta.type
            nodes[meta.id] = Node("X%x" % meta.id, depths[meta.id], label, "", _WHITE, False)
        for edge in self._in_order():
            source, target = nodes[edge.src], nodes[edge.dst]
            source.edges.append(Edge(source.name, target.name, ' [label="%s"]' % _quoted(edge.label)))
        return Graph([], list(nodes.values()), False, max(depths.values()))

    def _depths(self) -> "dict[int, int]":
        """How many references each object is from one that nothing refers to, or from the first of a cycle."""
        targets: dict[int, list[int]] = {}
        for edge in self._in_order():
            targets.setdefault(edge.src, []).append(edge.dst)
        referred = {edge.dst for edge in self.edges if edge.dst != edge.src}
        depths: dict[int, int] = {}
        begins = [meta.id for meta in self.metadata if meta.id not in referred]
        for begin in [*begins, *(meta.id for meta in self.metadata)]:
            level = [] if begin in depths else [begin]
            depth = 0
            while level:
                depths.update((at, depth) for at in level)
                level = list({at: None for one in level for at in targets.get(one, ()) if at not in depths})
                depth += 1
        return depths

    def write_graph(self, filename: str) -> None:
        """Writes the graph as DOT."""
        with open(filename, "w", encoding="utf-8") as file:
            file.write(self._get_graphviz_data())


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "\\\\0")


def _labelled(objects: "Sequence[Any]") -> "Iterator[list[Reference]]":
    """The references of each object by the names of attributes and keys; those of inline attributes as its own."""
    asked = iter(named([one for one in objects if type(one) is not dict]))
    for one in objects:
        if type(one) is dict:
            yield _of_dict(one)
        else:
            yield [pair for reference in next(asked) for pair in _flat(reference)]


def _of_dict(mapping: "dict[Any, Any]") -> "list[Reference]":
    pairs = list(mapping.items())
    references: list[Reference] = [("", key) for key, _ in pairs]
    references += [(key if type(key) is str else safe_repr(key, clip=_CLIP), value) for key, value in pairs]
    return references


def _flat(reference: Reference) -> "list[Reference]":
    name, target = reference
    if type(target) is Attributes:
        return list(target.values.items())
    if name[:4] in ("[K] ", "[V] "):
        name = "" if name[1] == "K" else name[4:].partition(": ")[0]
    return [(name, target)]
