"""Questions to the living heap of this process. They read it in place and change nothing: no reference count, no
`__dict__`, no state of the collector, and no garbage is collected first.

Objects go down as their `id()`, so that asking does not hold them.
"""

import gc
import json
import os
import site
import sys
from collections.abc import Iterable
from typing import Any, Optional

from unfreed import _native
from unfreed._answers import Answer, Chain, Picture, Size, answer, by_type, shared_part, size
from unfreed._classes import full_name, with_subclasses
from unfreed._columns import buffers
from unfreed._heap import Snapshot

_EVERYTHING = 2**31
_WIDTH = 100
LEVELS = 100
"""Most levels of a tree: nobody reads more, and deeper ones are too deep for `json`."""
_REST, _REST_OF_CALLERS = "--limit N shows more", "limit=N shows more"
_Folders = dict[str, Any]
_folders: _Folders = {}


def folders() -> _Folders:
    """Where code lies: unfreed's own, the standard library, what was installed."""
    if not _folders:
        installed = list(site.getsitepackages()) if hasattr(site, "getsitepackages") else []
        if site.ENABLE_USER_SITE and site.USER_SITE:
            installed.append(site.USER_SITE)
        own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
        _folders.update(own=own, stdlib=[os.path.dirname(os.__file__)], site=installed)
    return _folders


def _ask(question: str, ids: "list[int]", limit: Optional[int]) -> Answer:
    text, document = _native._ask(question, ids, at_most(limit), _WIDTH, folders(), buffers())
    return Answer(_for_callers(text), json.loads(document))


def _for_callers(text: str) -> str:
    """The answer of a command as that of a function: what was left out is asked for by an argument here."""
    lines = text.split("\n")
    return "\n".join(_REST_OF_CALLERS.join(one.rsplit(_REST, 1)) if one.startswith("… ") else one for one in lines)


def at_most(limit: Optional[int], name: str = "limit") -> int:
    """A number of rows; `None` is all of them."""
    if limit is None:
        return _EVERYTHING
    if limit < 0:
        raise ValueError("%s=%r is less than nothing; None is all" % (name, limit))
    return min(limit, _EVERYTHING)


def _one_of(name: str, value: str, allowed: "tuple[str, ...]") -> None:
    if value not in allowed:
        raise ValueError("%s=%r is none of %s" % (name, value, ", ".join(allowed)))


GROUPS = ("type", "module", "root", "path", "site")
_NOT_FOLLOWED = (
    "by='site' needs to know which lines allocate, and no allocations are followed here: call unfreed.follow() first "
    "(what is made from then on has a line), or run the program by `unfreed run --exact`"
)


def _need_sites(by: str) -> None:
    if by == "site" and not _native._is_followed():
        raise RuntimeError(_NOT_FOLLOWED)


def census(by: str = "type", limit: Optional[int] = 20) -> Answer:
    """What there is: objects and bytes by `type`, `module` (of the type), `root`, `path` or `site`, the line that made
    them.

    Lines are known of what was made since allocations are followed: after `unfreed.follow()`, in a part that
    `unfreed.track()` or `unfreed.watch()` follows, while `unfreed.compat.tracemalloc` traces, and in a process that
    `unfreed run` records, where without `--exact` they are those of samples, and bytes estimates. `RuntimeError` for
    `site` elsewhere.

    >>> import unfreed
    >>> [row["type"] for row in unfreed.census() if row["type"] == "dict"]
    ['dict']
    """
    _one_of("by", by, GROUPS)
    _need_sites(by)
    return _ask("census " + by, [], limit)


def suspects() -> Answer:
    """Where most of the memory hangs: single objects and groups, in prose."""
    return _ask("suspects", [], 0)


def referrers(obj: object, limit: Optional[int] = 20) -> Answer:
    """Who refers to the object, by which name, also running frames and dicts that the collector does not track."""
    return _ask("referrers", [id(obj)], limit)


def referents(obj: object, limit: Optional[int] = 20) -> Answer:
    """What the object refers to, and by which name."""
    return _ask("referents", [id(obj)], limit)


def retained(obj: object, limit: Optional[int] = 20) -> Answer:
    """What would be freed with the object, by type: all that is reached through it alone."""
    return _ask("retained", [id(obj)], limit)


def paths(*objs: object, limit: Optional[int] = 20) -> Answer:
    """The path from a named root to each object, those that retain most first."""
    return _ask("path", [id(obj) for obj in objs], limit)


def places(objs: "list[object]") -> "dict[int, str]":
    """The path to each object, by its `id()`, in one look."""
    ids = [id(obj) for obj in objs]
    told: list[str] = _native._places(ids, folders())
    return dict(zip(ids, told))


def cycles(limit: Optional[int] = 20) -> Answer:
    """Reference cycles: those that wait for the collector and those in use, with the edge that closes each."""
    return _ask("cycles", [], limit)


def garbage(limit: Optional[int] = 20) -> Answer:
    """The cycles that nothing reaches, and why each is not freed: what waits for the collector, or for ever."""
    return _ask("garbage", [], limit)


def diff(
    before: "str | os.PathLike[str] | Snapshot",
    after: "str | os.PathLike[str] | Snapshot",
    by: str = "type",
    limit: Optional[int] = 20,
) -> Answer:
    """What is new, gone and grown from one snapshot (`unfreed.snapshot`, or a recording) to another, by `type`, `path` or
    `site`, the line that made the objects. Answers of unfreed that the program kept do not count.

    `ValueError` for a file that is no recording, and for `site` where no allocations were followed when one of the
    snapshots was taken: call `unfreed.follow()` before.
    """
    _one_of("by", by, ("type", "path", "site"))
    files = [one.path if isinstance(one, Snapshot) else os.fspath(one) for one in (before, after)]
    text, document = _native._difference(files[0], files[1], by, at_most(limit), _WIDTH)
    return Answer(_for_callers(text), json.loads(document))


def duplicates(limit: Optional[int] = 20) -> Answer:
    """Memory that the same data would not need: `str` and `bytes` that say the same (from 50 and 256 bytes on), containers that
    are empty or far larger than what they hold, instances that would do with `__slots__`. Reads every text once."""
    return _ask("waste", [], limit)


def why_alive(obj: object) -> Chain:
    """Why the object is still there: the way from a module, a running frame or another root to it.

    >>> import sys, unfreed
    >>> sys.kept = {"answer": [object()]}
    >>> print(unfreed.why_alive(sys.kept["answer"][0]))
    sys.kept['answer'][0]
    """
    held: dict[str, Any] = json.loads(_native._held_by(id(obj), folders()))
    return Chain(held, "" if held["path"] else referrers(obj).heading)


def sizeof(
    *objs: object,
    deep: bool = True,
    exclusive: bool = False,
    shared: bool = False,
    code: bool = False,
    depth: int = 0,
    limit: Optional[int] = 12,
) -> Size:
    """Bytes of the objects and, when `deep`, of all that they lead to, each object counted once. An `int`; with a
    `depth` its `tree()` shows so many levels of what they consist of (at most a hundred), `limit` parts on each, and what several objects
    that were asked about share.

    That is the data: modules, classes and code weigh nothing unless they are asked for, and of functions and frames
    only closures, defaults and variables are followed; `code=True` counts all. With `exclusive` only what would be freed
    with the objects is counted: what others hold as well is left out, and the tree tells it by type. With `shared` only
    what is left out then is counted: what they lead to and others hold.

    >>> import unfreed
    >>> shared = bytes(1000)
    >>> unfreed.sizeof([shared, shared]) < 2000
    True
    >>> unfreed.sizeof([shared], exclusive=True) < 1000 < unfreed.sizeof([shared], shared=True)
    True
    """
    if exclusive and shared:
        raise ValueError("exclusive=True and shared=True leave nothing to count; ask for one of them")
    ids = list(dict.fromkeys(id(obj) for obj in objs))
    depth, most = min(at_most(depth, "depth"), LEVELS), at_most(limit)
    of_packages = buffers(ids, code)
    own_sizes, total, count = _native._sizes(ids, code, of_packages)
    own = sum(own_sizes)
    if exclusive or shared:
        rows = _ask("retained", ids, None).rows
        alone, objects = sum(row["bytes"] for row in rows), sum(row["objects"] for row in rows)
        if shared:
            return size(max(0, total - alone), 0, max(0, count - objects), [])
        return size(alone, own, objects, by_type(rows, most) if depth else [])
    if not deep:
        return size(own, own, len(ids), [])
    parts = json.loads(_native._composition(ids, code, depth, most, of_packages)) if depth else []
    return size(total, own, count, parts + shared_part(parts, total, count))


def show_holders(*objs: object, depth: int = 3, nodes: int = 60) -> Picture:
    """A picture of who holds the objects."""
    return _drawn(objs, "referrers", depth, nodes)


def show_held(*objs: object, depth: int = 3, nodes: int = 60) -> Picture:
    """A picture of what the objects hold."""
    return _drawn(objs, "referents", depth, nodes)


def _drawn(objs: "Iterable[object]", direction: str, depth: int, nodes: int) -> Picture:
    ids = [id(obj) for obj in objs]
    depth, nodes = at_most(depth, "depth"), at_most(nodes, "nodes")
    return Picture(_native._draw(ids, direction, depth, nodes, "svg", folders(), buffers()).decode())


def get_objects() -> "list[Any]":
    """All objects that there are: those that the collector tracks, and all that they lead to (strings, numbers,
    untracked dicts). `gc.get_objects` gives the former only."""
    found: list[Any] = []
    _native._all_objects(found, folders()["own"])
    return found


def get_referrers(*objs: object) -> "list[Any]":
    """As `gc.get_referrers`, and also objects that the collector does not track. Running frames are no objects;
    `referrers` shows them."""
    found: list[Any] = []
    _native._references([id(obj) for obj in objs], True, found, folders())
    return _each_once(found, objs)


def get_referents(*objs: object) -> "list[Any]":
    """As `gc.get_referents`, with keys of dicts and what C code keeps by hand. One entry for each reference."""
    found: list[Any] = []
    _native._references([id(obj) for obj in objs], False, found, folders())
    return found


def collector_referents(*objs: object) -> "list[Any]":
    """`gc.get_referents`, save for the module `_asyncio`: in 3.12 its traversal hands out futures that were freed, and
    to refer to one of these ruins the list that it lies in, so that the next collection never ends."""
    broken = sys.modules.get("_asyncio")
    if broken is not None and any(obj is broken for obj in objs):
        return gc.get_referents(*[obj for obj in objs if obj is not broken])
    return gc.get_referents(*objs)


def _each_once(found: "list[Any]", asked: "tuple[object, ...]") -> "list[Any]":
    seen = {id(asked), id(found)}
    once = []
    for one in found:
        if id(one) not in seen:
            seen.add(id(one))
            once.append(one)
    return once


def growth(by: str = "type", limit: Optional[int] = 20) -> Answer:
    """What increased since the last call with the same `by` (as of `census`), most bytes first; the first call says what
    there is.

    Answers of unfreed that the program keeps do not count, nor does what only they hold; and what is remembered between
    calls is no part of the heap. `RuntimeError` for `site` where no allocations are followed; where they are sampled,
    `objects` are samples, and bytes estimates.
    """
    most = at_most(limit)
    _one_of("by", by, GROUPS)
    if by == "type":
        # Half the work of the others, which need every reference.
        now = _native._counts(folders()["own"], buffers())
    else:
        _need_sites(by)
        now = _native._grouped(by, folders(), buffers())
    remembered = _native._remember("growth by " + by, json.dumps(now).encode())
    first = remembered is None
    before: dict[str, tuple[int, int]] = json.loads(remembered or b"{}")
    changes = []
    for name, (objects, occupied) in now.items():
        had = before.get(name, (0, 0))
        if objects > had[0] or occupied > had[1]:
            changes.append((occupied - had[1], objects - had[0], name, objects, occupied))
    changes.sort(reverse=True)
    rows = [
        {by: name, "objects": objects, "bytes": occupied, "more objects": more, "more bytes": grown}
        for grown, more, name, objects, occupied in changes
    ]
    return _growth(by, rows[:most], rows[most:], first)


def _growth(by: str, rows: "list[dict[str, Any]]", rest: "list[dict[str, Any]]", first: bool) -> Answer:
    heading = "There was no look before: this is what there is." if first else "Nothing increased since the last look."
    if rows and not first:
        heading = "%d of its kinds increased since the last look." % (len(rows) + len(rest))
    units = {
        by: "text",
        "objects": "count",
        "bytes": "bytes",
        "more objects": "count_change",
        "more bytes": "byte_change",
    }
    lines = []
    width = max([len(str(row[by])) for row in rows] + [4])
    for row in rows:
        more = (row["objects"], row["more objects"], row["more bytes"])
        lines.append("%-*s %12d %+10d %+14d bytes" % (width, row[by], *more))
    if rest:
        lines.append("… and %d more; %s" % (len(rest), _REST_OF_CALLERS))
    left_out = {"rows": len(rest), "bytes": sum(row["more bytes"] for row in rest)} if rest else None
    return answer("growth", heading, units, rows, lines, left_out)


def instances(cls: type, subclasses: bool = True) -> "list[Any]":
    """All instances of a class that are alive, of its subclasses as well unless told otherwise."""
    if not issubclass(type(cls), type):
        raise TypeError("instances() is asked for a class, not for a %s" % full_name(type(cls)))
    wanted = with_subclasses(cls) if subclasses else {id(cls): cls}
    return [one for one in get_objects() if id(type(one)) in wanted]


def memory_usage() -> int:
    """Resident bytes of this process now, as the system counts them."""
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def trim() -> int:
    """Has malloc give its free memory back to the system (`malloc_trim`), and says how many bytes less are resident.

    What pymalloc holds stays: it gives arenas back by itself when nothing in them is used. The price is some milliseconds for
    each GiB, and faults when the program needs the pages again. What other threads take or free meanwhile counts.

    Raises `RuntimeError` where the C library cannot (musl).

    >>> import unfreed
    >>> unfreed.trim() >= 0
    True
    """
    before = memory_usage()
    if not _native._trim():
        raise RuntimeError("this C library has no malloc_trim")
    return max(0, before - memory_usage())
