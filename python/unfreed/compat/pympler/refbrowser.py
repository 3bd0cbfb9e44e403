"""Who refers to an object, and who to those, as a tree.

Running frames are no part of it, nor is what the browser has itself.
"""

import gc
import sys
from typing import Any, Callable, Optional, TextIO, Union

from unfreed.compat.objgraph import surroundings
from unfreed.compat.pympler import summary

_Text = Callable[[Any], str]


class _Node:
    """An object and who refers to it: nodes, or texts for those that stand elsewhere in the tree.

    With slots it holds the object itself, and not by a dict that would be a holder which nothing tells apart.
    """

    __slots__ = ("children", "o", "str_func")

    def __init__(self, o: Any, str_func: "Optional[_Text]" = None) -> None:
        self.o = o
        self.children: list[Any] = []
        self.str_func = str_func

    def __str__(self) -> str:
        return str(self.o) if self.str_func is None else self.str_func(self.o)


def _default(o: Any) -> str:
    """`list`, or `module(app)`."""
    return summary._repr(o)


class RefBrowser:
    """Finds the tree: `maxdepth` references far, each object called what `str_func` says.

    With `repeat=False`, an object that comes again is only said to be there already.
    """

    def __init__(
        self,
        rootobject: Any,
        maxdepth: int = 3,
        str_func: _Text = _default,
        repeat: bool = True,
        stream: "Optional[TextIO]" = None,
    ) -> None:
        self.root = rootobject
        self.maxdepth = maxdepth
        self.str_func = str_func
        self.repeat = repeat
        self.stream = stream

    def get_tree(self) -> _Node:
        """The tree, as a node for the object that was asked for. It holds the objects."""
        return _Holders(self).tree()


class _Holders:
    """The objects of a tree, and which of them refer to which, by their places in a list."""

    def __init__(self, browser: RefBrowser) -> None:
        self._browser = browser
        self._objects = [browser.root]
        self._place = {id(browser.root): 0}
        self._by: dict[int, list[int]] = {}
        own = (browser, browser.__dict__, self, self.__dict__, self._objects)
        self._ours = {id(one) for one in own}
        del own

    def tree(self) -> _Node:
        """Looks level by level, then puts the tree together."""
        gc.collect()
        begin = 0
        for _ in range(self._browser.maxdepth):
            end = len(self._objects)
            if begin == end:
                break
            self._look(begin, end)
            begin = end
        return self._built()

    def _look(self, begin: int, end: int) -> None:
        found = _oldest_first(surroundings.referrers(self._objects[begin:end], self._ours, named=False))
        for place, holders in enumerate(found, begin):
            self._by[place] = []
            for holder, _ in holders:
                if type(holder) is _Node:
                    continue
                if id(holder) not in self._place:
                    self._place[id(holder)] = len(self._objects)
                    self._objects.append(holder)
                if self._place[id(holder)] not in self._by[place]:
                    self._by[place].append(self._place[id(holder)])

    def _built(self) -> _Node:
        """Depth first, so that an object stands below the first that leads to it."""
        browser = self._browser
        root = _Node(self._objects[0], browser.str_func)
        included = {0}
        waiting = [(root, 0, 0, iter(self._by.get(0, ())))]
        while waiting:
            node, place, depth, rest = waiting[-1]
            holder = next(rest, None)
            if holder is None or depth >= browser.maxdepth:
                waiting.pop()
            elif holder in included and not browser.repeat:
                one = self._objects[holder]
                node.children.append("%s (already included, id %s)" % (browser.str_func(one), id(one)))
            else:
                included.add(holder)
                child = _Node(self._objects[holder], browser.str_func)
                node.children.append(child)
                waiting.append((child, holder, depth + 1, iter(self._by.get(holder, ()))))
        return root


def _oldest_first(found: "list[surroundings.Neighbours]") -> "list[surroundings.Neighbours]":
    """In the order of the collector's list, which objects are put at the end of when they are made."""
    wanted = {id(holder) for holders in found for holder, _ in holders}
    age = {id(one): number for number, one in enumerate(gc.get_objects()) if id(one) in wanted}
    return [sorted(holders, key=lambda pair: age.get(id(pair[0]), len(age))) for holders in found]


class StreamBrowser(RefBrowser):
    """Writes the tree to `stream`. What lines are drawn with can be changed."""

    hline = "-"
    vline = "|"
    cross = "+"
    space = " "

    def print_tree(self, tree: "Optional[_Node]" = None) -> None:
        """Writes a tree; that of the object if none is given."""
        tree = self.get_tree() if tree is None else tree
        stream = sys.stdout if self.stream is None else self.stream
        for line in self._lines(tree, self.maxdepth):
            stream.write(line + "\n")

    def _lines(self, node: "Union[_Node, Any]", depth: int) -> "list[str]":
        head = str(node)
        children = node.children if type(node) is _Node and depth > 0 else []
        blocks = [self._lines(child, depth - 1) for child in children]
        if not blocks:
            return [head]
        if len(blocks) == 1:
            indent = self.space * (len(head) + 2)
            first, *rest = blocks[0]
            return [head + self.hline * 2 + first] + [indent + line for line in rest]
        return self._branches(head, blocks)

    def _branches(self, head: str, blocks: "list[list[str]]") -> "list[str]":
        indent = self.space * (len(head) + 1)
        lines: list[str] = []
        for number, (first, *rest) in enumerate(blocks):
            before = indent if number else head + self.hline
            is_last = number == len(blocks) - 1
            lines.append(before + self.cross + self.hline + first)
            beside = indent + (self.space if is_last else self.vline) + self.space
            lines += [beside + line for line in rest]
            if rest and not is_last:
                lines.append(indent + self.vline)
        return lines


class ConsoleBrowser(StreamBrowser):
    """Prints the tree."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.stream:
            self.stream = sys.stdout


class FileBrowser(StreamBrowser):
    """Writes the tree to a file."""

    def print_tree(self, filename: str, tree: "Optional[_Node]" = None) -> None:  # type: ignore[override]
        """Writes a tree to the file; that of the object if none is given."""
        before = self.stream
        with open(filename, "w", encoding="utf-8") as file:
            self.stream = file
            try:
                super().print_tree(tree)
            finally:
                self.stream = before


def gui_default_str_function(o: Any) -> str:
    """`list(id=140…)`."""
    return "%s(id=%s)" % (_default(o), id(o))


class InteractiveBrowser(RefBrowser):
    """Shows the tree in a window. Raises `ImportError` where Python has no tkinter."""

    def __init__(
        self,
        rootobject: Any,
        maxdepth: int = 3,
        str_func: _Text = gui_default_str_function,
        repeat: bool = True,
    ) -> None:
        try:
            import tkinter
        except ImportError:
            raise ImportError(
                "InteractiveBrowser needs tkinter, which this Python was built without; ConsoleBrowser prints the "
                "same tree, and unfreed.show_holders draws it"
            ) from None
        super().__init__(rootobject, maxdepth, str_func, repeat)
        self._tkinter = tkinter

    def main(self, standalone: bool = False) -> None:
        """Opens the window; with `standalone`, waits until it is closed."""
        from tkinter import ttk

        window = self._tkinter.Tk()
        window.title("Who refers to it")
        view = ttk.Treeview(window, show="tree")
        view.pack(fill="both", expand=True)
        waiting: list[tuple[str, Any]] = [("", self.get_tree())]
        while waiting:
            above, node = waiting.pop()
            item = view.insert(above, "end", text=str(node), open=not above)
            waiting += [(item, child) for child in reversed(getattr(node, "children", ()))]
        if standalone:
            window.mainloop()
