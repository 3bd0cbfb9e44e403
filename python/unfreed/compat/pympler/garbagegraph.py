"""Garbage in reference cycles, as a graph.

To find it, the collector has to run and to hand over what it would free. Its flags are as before afterwards, and
what it found is kept by the graph only.
"""

import gc
import sys
from typing import Any, Optional, TextIO

from unfreed.compat.pympler.refgraph import ReferenceGraph
from unfreed.compat.pympler.texts import pp, trunc

__all__ = ["GarbageGraph", "end_debug_garbage", "start_debug_garbage"]

_TYPE = 12
_REPRESENTATION = 46


class GarbageGraph(ReferenceGraph):
    """The objects that the collector finds now, and their references.

    With `collectable=False` those that it cannot free. With `reduce=True` only those that are in cycles.
    """

    def __init__(self, reduce: bool = False, collectable: bool = True) -> None:
        super().__init__(_garbage(collectable), reduce)

    def print_stats(self, stream: "Optional[TextIO]" = None) -> None:
        """Prints the objects, the largest first, and how many bytes they have."""
        stream = sys.stdout if stream is None else stream
        line = "%-10s %8s %-12s %-46s\n"
        stream.write(line % ("id", "size", "type", "representation"))
        for meta in sorted(self.metadata, key=lambda meta: -meta.size):
            row = ("0x%08x" % meta.id, meta.size, trunc(meta.type, _TYPE), trunc(meta.str, _REPRESENTATION))
            stream.write(line % row)
        numbers = (self.count, self.num_in_cycles, pp(self.total_size))
        stream.write("Garbage: %8d collected objects (%s in cycles): %12s\n" % numbers)


def _garbage(collectable: bool) -> "list[Any]":
    """What the collector finds. What was in `gc.garbage` before counts as well, and stays there."""
    flags = gc.get_debug()
    before = {id(one) for one in gc.garbage}
    keeps = bool(flags & gc.DEBUG_SAVEALL)
    gc.set_debug(gc.DEBUG_SAVEALL if collectable else 0)
    try:
        gc.collect()
        found = list(gc.garbage)
    finally:
        gc.set_debug(flags)
        if collectable and not keeps:
            gc.garbage[:] = [one for one in gc.garbage if id(one) in before]
    return found


def start_debug_garbage() -> None:
    """Turns the collector off, after one run: cycles wait until a `GarbageGraph` is made."""
    gc.collect()
    gc.disable()


def end_debug_garbage() -> None:
    """Turns the collector on, and its flags for debugging off."""
    gc.set_debug(0)
    gc.enable()
