"""Pictures of references: chooses what they show, and writes them.

Graphviz lays out and draws where it is installed; where it is not, unfreed does.
"""

import builtins
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import Any, Callable, Optional

from unfreed._answers import Picture
from unfreed.compat.objgraph import drawing
from unfreed.compat.objgraph.chains import is_proper_module
from unfreed.compat.objgraph.dot import (
    KEY,
    Attributes,
    Edge,
    Graph,
    Information,
    Node,
    _edge_label,
    _obj_attrs,
    _obj_label,
    _obj_node_id,
    colour,
    has_finalizer,
    text,
)
from unfreed.compat.objgraph.surroundings import Neighbours, referents, referrers

_Predicate = Optional[Callable[[Any], object]]
_DRAWN = {".svg": drawing.svg, ".png": drawing.png}


def show_backrefs(
    objs: Any,
    max_depth: int = 3,
    extra_ignore: "Iterable[int]" = (),
    filter: _Predicate = None,
    too_many: int = 10,
    highlight: _Predicate = None,
    filename: "str | None" = None,
    extra_info: Information = None,
    refcounts: bool = False,
    shortnames: bool = True,
    output: Any = None,
    extra_node_attrs: Attributes = None,
) -> "Picture | None":
    """A picture of who refers to an object, or to those of a list, `max_depth` references far.

    `filename` ends with what it shall be: `.svg`, `.png`, `.dot`, or any other form if Graphviz is installed. `output`
    is a file to write DOT to. With neither, a notebook shows the picture, `xdot` does if it is there, and else it is a
    PNG in the folder for temporary files.

    `filter` says which objects may be shown, `extra_ignore` are `id()`s of some that may not; `too_many` is how many
    neighbours of each are. `highlight` says which are blue. `extra_info` gives another line for an object, and
    `extra_node_attrs` attributes for Graphviz. `refcounts` shows reference counts, `shortnames=False` modules of types.
    """
    asked = _Asked(objs, extra_ignore, filter, too_many, True)
    asked.look(max_depth)
    graph = asked.graph(highlight, extra_info, refcounts, shortnames, extra_node_attrs)
    return _show(graph, filename, output)


def show_refs(
    objs: Any,
    max_depth: int = 3,
    extra_ignore: "Iterable[int]" = (),
    filter: _Predicate = None,
    too_many: int = 10,
    highlight: _Predicate = None,
    filename: "str | None" = None,
    extra_info: Information = None,
    refcounts: bool = False,
    shortnames: bool = True,
    output: Any = None,
    extra_node_attrs: Attributes = None,
) -> "Picture | None":
    """A picture of what an object, or those of a list, refer to. As `show_backrefs`, but it goes on at modules."""
    asked = _Asked(objs, extra_ignore, filter, too_many, False)
    asked.look(max_depth)
    graph = asked.graph(highlight, extra_info, refcounts, shortnames, extra_node_attrs)
    return _show(graph, filename, output)


def show_chain(*chains: "list[Any]", **options: Any) -> "Picture | None":
    """A picture of chains that `find_ref_chain` or `find_backref_chain` found, and of nothing else.

    `backrefs=False` goes from their beginnings instead of from their ends; other options are those of `show_backrefs`.
    """
    backwards = options.pop("backrefs", True)
    found = [chain for chain in chains if chain]
    if not found:
        raise ValueError("no chain was given, or only empty ones")
    links = {id(obj) for chain in found for obj in chain}
    show, end = (show_backrefs, -1) if backwards else (show_refs, 0)
    longest = max(map(len, found))
    ends = [chain[end] for chain in found]
    return show(ends, max_depth=longest - 1, filter=lambda obj: id(obj) in links, **options)


class _Asked:
    """The objects of a picture: those asked for, and what is around them."""

    def __init__(self, objs: Any, ignore: "Iterable[int]", filter: _Predicate, too_many: int, backwards: bool) -> None:
        self._objects: list[Any] = list(objs) if type(objs) in (list, tuple) else [objs]
        self._position = {id(obj): position for position, obj in enumerate(self._objects)}
        self._asked = len(self._objects)
        self._depths = [0] * self._asked
        self._max_depth = 0
        self._edges: dict[int, list[tuple[int, str]]] = {}
        self._more: dict[int, int] = {}
        self._filter = filter
        self._too_many = too_many
        self._backwards = backwards
        # The caller's list of objects is no holder, nor is its list of what to ignore.
        self._ignored = {*ignore, id(ignore), id(objs)}
        self._ignored.update((id(self._objects), id(self.__dict__), id(self)))

    def look(self, max_depth: int) -> None:
        """Goes outwards level by level; what it holds of one is gone before the next look."""
        gc.collect()
        self._max_depth = max_depth
        begin = 0
        for depth in range(1, max_depth + 1):
            end = len(self._objects)
            self._expand(begin, depth)
            begin = end

    def _expand(self, begin: int, depth: int) -> None:
        level = [(at, obj) for at, obj in enumerate(self._objects[begin:], begin) if not self._is_end(obj)]
        positions, objects = [at for at, _ in level], [obj for _, obj in level]
        del level
        if objects:
            for position, neighbours in zip(positions, self._around(objects)):
                self._add(position, depth, neighbours)

    def _is_end(self, obj: object) -> bool:
        # Who refers to modules is `sys.modules`, which refers to everything.
        return self._backwards and is_proper_module(obj)

    def _around(self, objects: "list[Any]") -> "list[Neighbours]":
        if self._backwards:
            return referrers(objects, self._ignored)
        return [
            # Keys that are texts crowd out what they are keys of.
            [(one, name) for one, name in each if not (type(one) is str and name == KEY)]
            for each in referents(objects)
        ]

    def _add(self, position: int, depth: int, neighbours: Neighbours) -> None:
        edges = self._edges.setdefault(position, [])
        for neighbour, name in neighbours:
            if id(neighbour) in self._ignored or (self._filter and not self._filter(neighbour)):
                continue
            if len(edges) >= self._too_many:
                self._more[position] = self._more.get(position, 0) + 1
                continue
            if id(neighbour) not in self._position:
                self._position[id(neighbour)] = len(self._objects)
                self._objects.append(neighbour)
                self._depths.append(depth)
            edges.append((self._position[id(neighbour)], name))

    def graph(
        self,
        highlight: _Predicate,
        extra_info: Information,
        refcounts: bool,
        shortnames: bool,
        attributes: Attributes,
    ) -> Graph:
        """What is to be drawn, in texts and numbers."""
        graph = Graph([_obj_node_id(obj) for obj in self._objects[: self._asked]], [], self._backwards, self._max_depth)
        # Less the list of ours and the argument itself; and before any variable of ours has one of them.
        counts = [sys.getrefcount(self._objects[at]) - 2 for at in range(len(self._objects))] if refcounts else None
        for position, depth in enumerate(self._depths):
            obj = self._objects[position]
            node = Node(
                _obj_node_id(obj),
                depth,
                _obj_label(obj, extra_info, counts[position] if counts else None, shortnames),
                _obj_attrs(obj, attributes),
                colour(obj, depth, self._max_depth, bool(highlight and highlight(obj))),
                has_finalizer(obj),
                self._more.get(position, 0),
            )
            for other, name in self._edges.get(position, ()):
                ends = (self._objects[other], obj) if self._backwards else (obj, self._objects[other])
                label = _edge_label(*ends, shortnames, name)
                node.edges.append(Edge(_obj_node_id(ends[0]), _obj_node_id(ends[1]), label))
            graph.nodes.append(node)
        return graph


def _show(graph: Graph, filename: "str | None", output: Any) -> "Picture | None":
    if filename and output:
        raise ValueError("Cannot specify both output and filename.")
    if output:
        output.write(text(graph))
        return None
    if not filename and _is_notebook():
        return Picture(drawing.svg(graph).decode())
    if filename and filename.endswith(".dot"):
        dot = filename
        with open(dot, "w", encoding="utf-8") as file:
            file.write(text(graph))
    else:
        number, dot = tempfile.mkstemp(prefix="objgraph-", suffix=".dot", text=True)
        with open(number, "w", encoding="utf-8") as file:
            file.write(text(graph))
    print("Graph written to %s (%d nodes)" % (dot, len(graph.nodes)))
    if dot != filename:
        _present(graph, dot, filename)
    return None


def _is_notebook() -> bool:
    """Whether something shows pictures: IPython, but not in a terminal."""
    shell = getattr(builtins, "get_ipython", None)
    return shell is not None and "Terminal" not in type(shell()).__name__


def _present(graph: Graph, dot: str, filename: "str | None") -> None:
    if not filename:
        if shutil.which("xdot"):
            print("Spawning graph viewer (xdot)")
            subprocess.Popen(["xdot", dot], close_fds=True)
            return
        print("Graph viewer (xdot) not found, generating a png instead")
        filename = dot[: -len(".dot")] + ".png"
    form = os.path.splitext(filename)[1].lower()
    if shutil.which("dot"):
        command = ["dot", "-T" + form[1:], "-o" + filename, dot]
        ended = subprocess.run(command, check=False)
        if ended.returncode == 0:
            print("Image generated as %s" % filename)
            return
        print('dot failed (exit code %d) while executing "%s"' % (ended.returncode, " ".join(command)))
    if form in _DRAWN:
        with open(filename, "wb") as image:
            image.write(_DRAWN[form](graph))
        print("Image generated as %s" % filename)
    else:
        print("Image renderer (dot) not found, not doing anything else")
        print("hint: without Graphviz there are .svg, .png and .dot", file=sys.stderr)
