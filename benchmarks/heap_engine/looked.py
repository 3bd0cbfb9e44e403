"""One tool looks at one heap, in this process, which nothing else has touched. Run by `benchmarks/heap.py`.

    python looked.py HEAP OBJECTS TOOL FILE

Prints JSON: CPU seconds, KiB of memory more than before at the peak, what the tool counted, and for unfreed
the pause alone. FILE is where a tool may write.
"""

from __future__ import annotations

import gc
import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import made


def unfreed(file: str) -> dict[str, Any]:
    """Every object, every labelled reference, written to a file."""
    from unfreed import snapshot

    taken = snapshot(file)
    return {"objects": taken.objects, "pause": taken.pause_seconds}


def closure(_: str) -> dict[str, Any]:
    """What people write themselves: a closure over `gc.get_referents`, without sizes or names."""
    start = gc.get_objects()
    seen = {id(one): one for one in start}
    waiting = list(start)
    references = 0
    while waiting:
        referents = gc.get_referents(waiting.pop())
        references += len(referents)
        for one in referents:
            if id(one) not in seen:
                seen[id(one)] = one
                waiting.append(one)
    return {"objects": len(seen)}


def guppy3(_: str) -> dict[str, Any]:
    """`hpy().heap()`."""
    from guppy import hpy

    return {"objects": hpy().heap().count}


def pympler(_: str) -> dict[str, Any]:
    """`summary.summarize(muppy.get_objects())`."""
    from pympler import muppy, summary

    return {"objects": sum(row[1] for row in summary.summarize(muppy.get_objects()))}


def objgraph(_: str) -> dict[str, Any]:
    """`typestats()`: counts of what the collector tracks, no more."""
    import objgraph as module

    return {"objects": sum(module.typestats().values())}


TOOLS: dict[str, Callable[[str], dict[str, Any]]] = {
    tool.__name__: tool for tool in (unfreed, closure, guppy3, pympler, objgraph)
}


def resident(key: str) -> int:
    """KiB that the system says of this process."""
    with open("/proc/self/status") as status:
        found = re.search(key + r":\s+(\d+)", status.read())
    assert found
    return int(found.group(1))


def main() -> None:
    """Makes the heap, lets the tool look, prints."""
    heap, objects, tool, file = sys.argv[1:]
    gc.disable()
    made.keep(heap, int(objects))
    # The tool's own import is not what is measured.
    if tool != "closure":
        __import__({"guppy3": "guppy"}.get(tool, tool))
    if tool == "unfreed":
        from unfreed import _heap  # noqa: F401
    before = resident("VmRSS")
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    began = time.process_time()
    said = TOOLS[tool](file)
    said["cpu"] = time.process_time() - began
    said["extra_kib"] = resident("VmHWM") - before
    print(json.dumps(said))


main()
