"""Who refers to objects and what they refer to, for many objects in one look at the heap.

One look for each would take as long as the heap is large for every node of a picture.
"""

from collections.abc import Iterable
from typing import Any

from unfreed import _live, _native
from unfreed.compat.objgraph.dot import KEY

Neighbours = list[tuple[Any, str]]
_WALKED = (list, tuple, dict, set, frozenset)


def referents(objects: "list[Any]") -> "list[Neighbours]":
    """What each object refers to, with the reference's name: `.child`, `[3]`, ` › local`."""
    if not objects:
        return []
    # A list with one object of its own, between one object's references and the next one's.
    end = object()
    between = [end]
    ids = []
    for obj in objects:
        ids += [id(obj), id(between)]
    found: list[Any] = []
    names = _native._references(ids, False, found, _live.folders())
    all_of_them: list[Neighbours] = [[]]
    for target, name in zip(found, names):
        if target is end:
            all_of_them.append([])
        else:
            all_of_them[-1].append((target, name))
    all_of_them.pop()
    return all_of_them


def referrers(objects: "list[Any]", ours: "Iterable[int]", named: bool = True) -> "list[Neighbours]":
    """Who refers to each object, with the reference's name, but for what has one of the `id()`s in `ours`.

    Without names it takes half as long: what the collector knows says which object each of them refers to.
    """
    skipped = {*ours, id(objects)}
    found: list[Any] = []
    names = _native._references([id(obj) for obj in objects], True, found, _live.folders())
    if len(objects) == 1:
        return [[(source, name) for source, name in zip(found, names) if id(source) not in skipped]]
    sources = []
    for source in found:
        if id(source) not in skipped:
            skipped.add(id(source))
            sources.append(source)
    wanted: dict[int, Neighbours] = {id(obj): [] for obj in objects}
    for source, targets in zip(sources, _targets(sources, set(wanted), named)):
        for target, name in targets:
            wanted[target].append((source, name))
    return [wanted[id(obj)] for obj in objects]


def _targets(sources: "list[Any]", wanted: "set[int]", named: bool) -> "list[list[tuple[int, str]]]":
    """Which of the wanted each source refers to. Containers are walked here: names for millions of elements would be
    millions of texts."""
    told = []
    asked = []
    for source in sources:
        if type(source) in _WALKED:
            told.append(_elements(source, wanted))
        else:
            known = () if named else _live.collector_referents(source)
            told.append([(id(target), "") for target in known if id(target) in wanted])
            if not told[-1]:
                asked.append((source, told[-1]))
    for (_, targets), answer in zip(asked, referents([source for source, _ in asked])):
        targets += [(id(target), name) for target, name in answer if id(target) in wanted]
    return told


def _elements(source: Any, wanted: "set[int]") -> "list[tuple[int, str]]":
    # Copied first: other threads may change it between two steps.
    if type(source) is dict:
        keys, values = map(id, list(source)), map(id, list(source.values()))
        found = [(key, KEY) for key in keys if key in wanted]
        return found + [(value, "") for value in values if value in wanted]
    if type(source) in (set, frozenset):
        return [(element, "{*}") for element in map(id, list(source)) if element in wanted]
    elements = enumerate(map(id, list(source)))
    return [(element, "[%d]" % index) for index, element in elements if element in wanted]
