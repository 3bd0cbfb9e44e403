"""All objects, which of them are new, how large they are, and what they refer to."""

import types
from collections.abc import Iterable
from sys import _getframe
from typing import Any, Optional

from unfreed import _live
from unfreed.compat.pympler import summary
from unfreed.compat.pympler.kinds import is_a, is_tracked, sizes
from unfreed.compat.pympler.referents import held


def get_objects(remove_dups: bool = True, include_frames: bool = False) -> "list[Any]":
    """All objects that there are, also those that the collector does not track. None comes twice in any case.

    With `include_frames` also frames: those that objects hold, and the callers of the caller. A list with frames in it
    that one of them keeps is a cycle.
    """
    objects = [one for one in _live.get_objects() if include_frames or not is_a(one, types.FrameType)]
    if include_frames:
        seen = {id(one) for one in objects if is_a(one, types.FrameType)}
        frame = _getframe(1).f_back
        while frame is not None:
            if id(frame) not in seen:
                objects.append(frame)
            frame = frame.f_back
    return objects


def ignore_object(obj: Any) -> bool:
    """Whether `get_objects` leaves it out: frames."""
    return is_a(obj, types.FrameType)


def get_size(objects: "Iterable[Any]") -> int:
    """Bytes of all of them, without what they refer to. One that is listed twice counts twice."""
    return sum(sizes(list(objects)))


def get_diff(left: "Iterable[Any]", right: "Iterable[Any]") -> "dict[str, list[Any]]":
    """`{'+': what is in right only, '-': what is in left only}`, by identity."""
    left, right = list(left), list(right)
    before, after = set(map(id, left)), set(map(id, right))
    return {
        "+": [one for one in right if id(one) not in before],
        "-": [one for one in left if id(one) not in after],
    }


def sort(objects: "Iterable[Any]") -> "list[Any]":
    """The smallest first."""
    objects = list(objects)
    own = sizes(objects)
    return [objects[at] for at in sorted(range(len(objects)), key=own.__getitem__)]


def filter(objects: "Iterable[Any]", Type: Optional[type] = None, min: int = -1, max: int = -1) -> "list[Any]":
    """The objects of a type or of its subclasses, and of `min` to `max` bytes; -1 for no bound."""
    if min > max > -1:
        raise ValueError("minimum must be smaller than maximum")
    found = list(objects)
    if Type is not None:
        found = [one for one in found if is_a(one, Type)]
    if min > -1 or max > -1:
        found = [one for one, size in zip(found, sizes(found)) if size >= min and (max < 0 or size <= max)]
    return found


def get_referents(object: Any, level: int = 1) -> "list[Any]":
    """What an object refers to, and what that refers to, up to the level; each once, in no particular order."""
    seen: set[int] = set()
    found: list[Any] = []
    outermost = [object]
    for _ in range(level):
        reached = []
        for one in outermost:
            for other in held(one):
                if id(other) not in seen:
                    seen.add(id(other))
                    reached.append(other)
        if not reached:
            break
        found += reached
        outermost = reached
    return found


def get_referrers(object: Any) -> "list[Any]":
    """Who refers to an object, also objects that the collector does not track."""
    return _live.get_referrers(object)


def print_summary() -> None:
    """Prints how many objects of which type there are, and their bytes."""
    summary.print_(summary.summarize(get_objects()))


def _is_containerobject(o: Any) -> bool:
    """Whether the collector would follow objects of its type."""
    return is_tracked(type(o))


def _remove_duplicates(objects: "Iterable[Any]") -> "list[Any]":
    """Each object once."""
    return list({id(one): one for one in objects}.values())
