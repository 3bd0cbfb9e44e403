"""`unfreed.compat.objgraph`: what each function answers, and what objgraph got wrong. Pictures are read back."""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import inspect
import io
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from unfreed.compat import objgraph

from programs.liars import Liar, Lying

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 9), (3, 12)),
    reason="run on CPython 3.9 and 3.12: it is Python over what test_api.py tests everywhere",
)

PARAMETERS = {
    "count": "typename objects",
    "typestats": "objects shortnames filter",
    "most_common_types": "limit objects shortnames filter",
    "show_most_common_types": "limit objects shortnames file filter",
    "growth": "limit peak_stats shortnames filter",
    "show_growth": "limit peak_stats shortnames file filter",
    "get_new_ids": "skip_update limit sortby shortnames file",
    "get_leaking_objects": "objects",
    "by_type": "typename objects",
    "at": "addr",
    "at_addrs": "address_set",
    "find_ref_chain": "obj predicate max_depth extra_ignore",
    "find_backref_chain": "obj predicate max_depth extra_ignore",
    "is_proper_module": "obj",
    "show_chain": "chains options",
}
PICTURE = (
    "objs max_depth extra_ignore filter too_many highlight filename extra_info refcounts shortnames output "
    "extra_node_attrs"
)


class Session:
    def __init__(self, child: object = None) -> None:
        self.child = child


class Slotted:
    __slots__ = ("left", "right")


class Finalized:
    def __del__(self) -> None:
        pass


def named(name: str, module: str = "") -> Any:
    """An instance of a class of its own."""
    return type(name, (), {"__module__": module or __name__})()


class Drawn:
    """DOT, read back: labels of nodes by `id()`, and references as (source, target, label)."""

    def __init__(self, text: str) -> None:
        self.text = text
        label = r'label="((?:[^"\\]|\\.)*)"'
        self.nodes = {int(found[1]): found[2] for found in re.finditer(r"^  o(\d+)\[%s" % label, text, re.M)}
        edges = re.finditer(r"^  o(\d+) -> o(\d+)(?: \[%s.*)?;$" % label, text, re.M)
        self.edges = [(int(found[1]), int(found[2]), found[3] or "") for found in edges]

    def label(self, source: object, target: object) -> str:
        (label,) = [label for one, other, label in self.edges if (one, other) == (id(source), id(target))]
        return label


def backrefs(*objects: object, **options: Any) -> Drawn:
    output = io.StringIO()
    assert objgraph.show_backrefs([*objects], output=output, **options) is None
    return Drawn(output.getvalue())


def refs(*objects: object, **options: Any) -> Drawn:
    output = io.StringIO()
    assert objgraph.show_refs([*objects], output=output, **options) is None
    return Drawn(output.getvalue())


@pytest.fixture(autouse=True)
def collector_as_it_was() -> Iterator[None]:
    """No function leaves the collector, or its garbage, other than it was."""
    before = gc.isenabled(), gc.get_debug(), gc.get_threshold(), gc.get_freeze_count(), len(gc.garbage)
    yield
    assert before == (gc.isenabled(), gc.get_debug(), gc.get_threshold(), gc.get_freeze_count(), len(gc.garbage))


def test_names_and_parameters_are_those_of_objgraph() -> None:
    expected = {**PARAMETERS, "show_backrefs": PICTURE, "show_refs": PICTURE}
    found = {name: " ".join(inspect.signature(getattr(objgraph, name)).parameters) for name in objgraph.__all__}
    assert found == expected


def test_import_unfreed_does_not_import_it() -> None:
    program = "import sys, unfreed; assert not [name for name in sys.modules if name.startswith('unfreed.')]"
    subprocess.run([sys.executable, "-c", program], check=True)


# How many there are.


def test_count_takes_short_and_full_names() -> None:
    kept = [named("Counted", "one"), named("Counted", "other"), named("Counted", "other")]
    assert objgraph.count("Counted") == 3
    assert objgraph.count("one.Counted") == 1
    assert objgraph.count("other.Counted") == 2
    assert objgraph.count("Counted", kept[1:]) == 2
    assert objgraph.count("Uncounted") == 0


def test_what_the_collector_does_not_track_is_counted() -> None:
    kept = {"text": "a text that is in a dict of texts".upper()}
    assert kept["text"] in objgraph.by_type("str")
    assert objgraph.count("builtins.str") > objgraph.count("str", gc.get_objects())


def test_by_type_gives_the_objects_themselves_and_no_subclasses() -> None:
    parent = named("Parent")
    child = type("Child", (type(parent),), {})()
    assert [one is parent for one in objgraph.by_type("Parent")] == [True]
    assert objgraph.by_type(__name__ + ".Child") == [child]
    assert objgraph.by_type("Parent", [child]) == []


def test_by_type_leaves_no_list_behind() -> None:
    held = named("Held")
    gc.disable()
    try:
        before = len(gc.get_referrers(held))
        objgraph.by_type("Held")
        objgraph.typestats()
        objgraph.count("Held")
        assert len(gc.get_referrers(held)) == before
    finally:
        gc.enable()


def test_typestats_by_short_and_full_names_with_a_filter() -> None:
    objects = [named("Stat", "one"), named("Stat", "other"), [], []]
    assert objgraph.typestats(objects) == {"Stat": 2, "list": 2}
    assert objgraph.typestats(objects, shortnames=False) == {"one.Stat": 1, "other.Stat": 1, "builtins.list": 2}
    assert objgraph.typestats(objects, filter=lambda one: type(one) is list) == {"list": 2}
    assert objgraph.typestats(iter(objects))["Stat"] == 2
    assert objgraph.typestats()["Stat"] == 2


def test_one_bad_object_does_not_kill_a_table() -> None:
    kept = [Liar(), Lying()]
    stats = objgraph.typestats(shortnames=False)
    assert stats["programs.liars.Liar"] == 1
    assert stats["lies.Lying"] == 1
    assert objgraph.typestats([named("Bare", "x"), *kept])["Lying"] == 1


def test_most_common_types_are_in_order_and_limited() -> None:
    objects = [[], [], [], (), (), {}]
    assert objgraph.most_common_types(objects=objects) == [("list", 3), ("tuple", 2), ("dict", 1)]
    assert objgraph.most_common_types(2, objects) == [("list", 3), ("tuple", 2)]
    many = [named("Kind%d" % number) for number in range(12)]
    assert len(objgraph.most_common_types(objects=many)) == 10
    assert len(objgraph.most_common_types(None, many)) == 12


def test_the_table_of_most_common_types(capsys: pytest.CaptureFixture[str]) -> None:
    objgraph.show_most_common_types(objects=[[], [], {}])
    assert capsys.readouterr().out == "list 2\ndict 1\n"
    file = io.StringIO()
    objgraph.show_most_common_types(objects=[[], {}], shortnames=False, file=file)
    assert file.getvalue() == "builtins.list 1\nbuiltins.dict 1\n"
    # objgraph raises here.
    objgraph.show_most_common_types(objects=[])
    assert capsys.readouterr().out == ""


# What became more.


def test_growth_is_over_the_peak() -> None:
    peaks: dict[str, int] = {}
    kept = [named("Grown", "g") for _ in range(1)]
    first = objgraph.growth(None, peaks, filter=lambda one: type(one).__module__ == "g")
    assert first == [("Grown", 1, 1)]
    kind = type(kept[0])
    kept.extend(kind() for _ in range(4))
    assert objgraph.growth(None, peaks, filter=lambda one: type(one) is kind) == [("Grown", 5, 4)]
    del kept[2:]
    assert objgraph.growth(None, peaks, filter=lambda one: type(one) is kind) == []
    kept.extend(kind() for _ in range(4))
    assert objgraph.growth(None, peaks, True, lambda one: type(one) is kind) == [("Grown", 6, 1)]
    assert peaks == {"Grown": 6}


def test_growth_without_peaks_of_the_caller_has_nothing_of_its_own() -> None:
    objgraph.growth()
    assert objgraph.growth(None) == []
    kind = type(named("Growing"))
    kept = [kind() for _ in range(3)]
    assert objgraph.growth(1, filter=lambda one: type(one) is kind) == [("Growing", len(kept), 3)]


def test_growth_with_peaks_of_the_caller_has_nothing_of_its_own() -> None:
    peaks: dict[str, int] = {}
    objgraph.growth(None, peaks)
    assert objgraph.growth(None, peaks) == []
    assert objgraph.growth(None, peaks, shortnames=False)
    assert objgraph.growth(None, peaks, shortnames=False) == []


def test_garbage_is_no_growth() -> None:
    peaks: dict[str, int] = {}
    objgraph.growth(None, peaks)
    cyclic = named("Cyclic")
    cyclic.itself = cyclic
    del cyclic
    assert "Cyclic" not in [name for name, _, _ in objgraph.growth(None, peaks)]


def test_the_table_of_growth(capsys: pytest.CaptureFixture[str]) -> None:
    kept = [named("Shown", "shown"), named("Shown", "shown")]
    peaks: dict[str, int] = {}
    objgraph.show_growth(peak_stats=peaks, filter=lambda one: type(one).__module__ == "shown")
    assert capsys.readouterr().out == "Shown        2        +2\n"
    file = io.StringIO()
    objgraph.show_growth(peak_stats=peaks, file=file, filter=lambda one: type(one) in map(type, kept))
    assert file.getvalue() == ""


def test_new_ids_are_those_of_new_objects(capsys: pytest.CaptureFixture[str]) -> None:
    objgraph.get_new_ids(limit=0, shortnames=True)
    # Nothing happened: nothing is new, the answer before and what is remembered included.
    assert objgraph.get_new_ids(limit=0) == {}
    assert capsys.readouterr().out == ""
    new = named("Novel", "novels")
    ids = objgraph.get_new_ids(limit=2)
    assert ids["Novel"] == {id(new)}
    assert ids["no such type"] == set()
    assert objgraph.get_new_ids(skip_update=True)["Novel"] == {id(new)}
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["Type", "Old_ids", "Current_ids", "New_ids", "Count_Deltas"]
    assert lines[0] == lines[2] == lines[-1] == "=" * len(lines[1])
    assert len(lines) == 6
    assert id(new) not in objgraph.get_new_ids(limit=0)["Novel"]
    assert objgraph.get_new_ids(limit=0, shortnames=False)["novels.Novel"] == {id(new)}
    # The kind of names is remembered.
    assert "novels.Novel" not in objgraph.get_new_ids(limit=0)
    objgraph.get_new_ids(limit=0, shortnames=True)


def test_new_ids_sort_and_tell_of_types_that_are_gone() -> None:
    gone = [named("Leaving") for _ in range(3)]
    objgraph.get_new_ids(limit=0)
    del gone[:]
    kept = [named("Coming") for _ in range(2)]
    file = io.StringIO()
    objgraph.get_new_ids(limit=None, sortby="old", file=file)
    rows = [line.split() for line in file.getvalue().splitlines()[3:-1]]
    assert ["Leaving", "3", "0", "+0", "-3"] in rows
    # An id of one that left may be the id of one that came: how many came is told, which of them need not be.
    (coming,) = [row for row in rows if row[0] == "Coming"]
    assert coming[1:3] + coming[4:] == ["0", str(len(kept)), "+2"]
    assert [int(row[1]) for row in rows] == sorted((int(row[1]) for row in rows), reverse=True)
    with pytest.raises(ValueError):
        objgraph.get_new_ids(sortby="size")


# Where they are.


def test_at_and_at_addrs() -> None:
    kept = [named("Placed"), "a text of its own".upper()]
    assert objgraph.at(id(kept[0])) is kept[0]
    assert objgraph.at(id(kept[1])) is kept[1]
    assert objgraph.at(1) is None
    found = objgraph.at_addrs({id(kept[0]), id(kept), 1})
    assert sorted(map(id, found)) == sorted([id(kept[0]), id(kept)])


def test_leaking_objects_are_those_that_c_code_keeps() -> None:
    held_here = named("HeldByAFrame")
    lost = named("Lost")
    address = id(lost)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(lost))
    del lost
    try:
        leaking = objgraph.get_leaking_objects()
        assert [id(one) for one in leaking if type(one).__name__ == "Lost"] == [address]
        assert held_here not in [one for one in leaking if type(one) is type(held_here)]
        # Namespaces of classes, four in five of what objgraph gives.
        namespaces = [vars(kind) for kind in (object, int, ValueError)]
        assert not [one for one in leaking if any(gc.get_referents(space) == [one] for space in namespaces)]
        del leaking
        given = [*objgraph.at_addrs({address}), held_here]
        assert [id(one) for one in objgraph.get_leaking_objects(given)] == [address]
        del given
    finally:
        back = objgraph.at(address)
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(back))


# Chains.


def test_a_chain_to_what_holds_it() -> None:
    target = Session()
    sys.kept_by_test = {"sessions": [target]}  # type: ignore[attr-defined]
    try:
        chain = objgraph.find_backref_chain(target, objgraph.is_proper_module)
        assert [type(one).__name__ for one in chain] == ["module", "dict", "dict", "list", "Session"]
        assert chain[0] is sys
        assert chain[-1] is target
        # Without the list there is no way; nor in fewer steps.
        ignored = [id(sys.kept_by_test["sessions"])]  # type: ignore[attr-defined]
        found = objgraph.find_backref_chain(target, lambda one: type(one) is dict, 2, ignored)
        assert [one is target for one in found] == [True]
        assert objgraph.find_backref_chain(target, objgraph.is_proper_module, max_depth=2) == [target]
    finally:
        del sys.kept_by_test  # type: ignore[attr-defined]


def test_a_chain_does_not_go_through_what_searches() -> None:
    def hold() -> list[Any]:
        target = Session()
        return objgraph.find_backref_chain(target, lambda one: type(one) in (list, tuple, set), max_depth=2)

    assert [type(one) for one in hold()] == [Session]


def test_a_chain_from_an_object() -> None:
    target = Slotted()
    start = Session({"far": [[target]], "near": (target,)})
    chain = objgraph.find_ref_chain(start, lambda one: one is target)
    assert [type(one) for one in chain if one is not vars(start)] == [Session, dict, tuple, Slotted]
    assert objgraph.find_ref_chain(start, lambda one: one is start) == [start]
    assert objgraph.find_ref_chain(start, lambda one: one is target, max_depth=1) == [start]
    assert objgraph.find_ref_chain(chain[1], lambda one: one is target, 2, [id(chain[-2])]) == [chain[1]]


def test_a_chain_through_what_the_collector_does_not_track() -> None:
    text = "held by an untracked dict".upper()
    holder = {"text": text, "number": 1}
    chain = objgraph.find_backref_chain(text, lambda one: one is holder)
    assert [one is expected for one, expected in zip(chain, [holder, text])] == [True, True]
    key = ("a", "key")
    keys = {key: None}
    assert objgraph.find_backref_chain(key, lambda one: one is keys) == [keys, key]


def test_proper_modules_are_in_sys_modules() -> None:
    assert objgraph.is_proper_module(os)
    assert not objgraph.is_proper_module(types.ModuleType("os"))
    assert not objgraph.is_proper_module([])
    assert not objgraph.is_proper_module(mock.Mock(spec=os))


def test_the_question_does_not_load_a_lazy_module(tmp_path: Path) -> None:
    (tmp_path / "lazy_by_test.py").write_text("loaded = True\n")
    spec = importlib.util.spec_from_file_location("lazy_by_test", tmp_path / "lazy_by_test.py")
    assert spec is not None and spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["lazy_by_test"] = module
    try:
        assert objgraph.is_proper_module(module)
        assert "loaded" not in object.__getattribute__(module, "__dict__")
    finally:
        del sys.modules["lazy_by_test"]


# Pictures.


def test_every_reference_has_a_label() -> None:
    target = Session()
    slotted = Slotted()
    slotted.left = target
    holders: list[Any] = [Session(target), slotted, [0, target], (target,), {target}, {"name": target}]
    holders += [{(1, "two"): target}, {target: 1}, lambda: target]
    cell = holders[-1].__closure__[0]
    drawn = backrefs(target, max_depth=1, too_many=50)
    attribute = vars(holders[0]) if drawn.edges and id(holders[0]) not in drawn.nodes else holders[0]
    expected = [(attribute, "child"), (slotted, "left"), (holders[2], "[1]"), (holders[3], "[0]")]
    expected += [(holders[4], "{*}"), (holders[5], "name"), (holders[6], "tuple\\n(1, 'two')"), (holders[7], "key")]
    assert [drawn.label(holder, target) for holder, _ in expected] == [label for _, label in expected]
    assert drawn.label(cell, target)
    assert all(label for _, _, label in drawn.edges)


def test_the_text_is_that_of_objgraph() -> None:
    target = named("Target", "app")
    holder = [target]
    drawn = backrefs(target, max_depth=1, filter=lambda one: one is holder)
    a, b = "o%d" % id(target), "o%d" % id(holder)
    assert drawn.text.splitlines() == [
        "digraph ObjectGraph {",
        "  node[shape=box, style=filled, fillcolor=white];",
        "  %s[fontcolor=red];" % a,
        '  %s[label="Target\\n%s"];' % (a, repr(target)[:40]),
        '  %s[fillcolor="0,0,1"];' % a,
        '  %s -> %s [label="[0]"];' % (b, a),
        '  %s[label="list\\n1 items"];' % b,
        '  %s[fillcolor="0,0,0.3"];' % b,
        "  %s[fontcolor=white];" % b,
        "}",
    ]


def test_a_picture_has_nothing_of_the_one_who_draws() -> None:
    def hold() -> Drawn:
        target = Session()
        output = io.StringIO()
        # Before 3.11 running functions are objects: this one, and those that called it.
        objgraph.show_backrefs(target, 4, output=output, filter=lambda one: type(one) is not types.FrameType)
        return Drawn(output.getvalue())

    assert len(hold().nodes) == 1


def test_options_of_a_picture() -> None:
    leaf, other = named("Leaf", "app"), Finalized()
    top = [leaf, other, [], {}]
    drawn = refs(
        top,
        max_depth=1,
        filter=lambda one: one is not top[2],
        extra_ignore=[id(top[3])],
        highlight=lambda one: one is leaf,
        extra_info=lambda one: "at %d" % id(one),
        shortnames=False,
        extra_node_attrs=lambda one: {"URL": 'say "%s"' % type(one).__name__, "left_out": None},
    )
    assert set(drawn.nodes) == {id(top), id(leaf), id(other)}
    assert drawn.nodes[id(leaf)].startswith("app.Leaf\\n")
    assert drawn.nodes[id(leaf)].endswith("\\nat %d" % id(leaf))
    assert 'URL="say \\"Leaf\\""' in drawn.text
    assert "left_out" not in drawn.text
    assert '  o%d[fillcolor="0.6,0.6,0.65"];' % id(leaf) in drawn.text
    assert "o%d->o%d_has_a_del" % (id(other), id(other)) in drawn.text
    assert "o%d_has_a_del" % id(leaf) not in drawn.text


def test_too_many_neighbours_are_a_number() -> None:
    drawn = refs([Session() for _ in range(7)], max_depth=1, too_many=5)
    assert len(drawn.edges) == 5
    assert 'label="2 more references"' in drawn.text
    target = Session()
    holders = [[target] for _ in range(7)]
    drawn = backrefs(target, max_depth=1, too_many=5, filter=lambda one: one in holders)
    assert len(drawn.edges) == 5
    assert 'label="2 more backreferences"' in drawn.text


def test_reference_counts_are_those_of_the_program() -> None:
    targets = [named("Referred") for _ in range(2)]
    others = [[targets[1]] for _ in range(3)]
    drawn = refs(targets, max_depth=1, refcounts=True, filter=lambda one: one in targets)
    # The list that holds both, and the three others.
    assert [drawn.nodes[id(one)].split("\\n")[0] for one in targets] == ["Referred [1]", "Referred [4]"], others
    drawn = refs([None], max_depth=1, refcounts=True)
    label = drawn.nodes[id(None)].split("\\n")[0]
    assert label == "NoneType [immortal]" if sys.version_info >= (3, 12) else re.match(r"NoneType \[\d+\]$", label)


def test_depth_and_modules_end_a_picture() -> None:
    target = [[]]  # type: list[Any]
    chain = [[[target]]]
    drawn = refs(chain, max_depth=2)
    assert id(target) not in drawn.nodes
    assert set(backrefs(os, max_depth=3).nodes) == {id(os)}


def test_a_single_object_need_not_be_in_a_list() -> None:
    single = named("Single")
    output = io.StringIO()
    objgraph.show_refs(single, max_depth=0, output=output)
    assert set(Drawn(output.getvalue()).nodes) == {id(single)}


def test_no_namespace_is_left_behind() -> None:
    plain = Session([])
    holder = Session(plain)
    before = [type(one) for one in gc.get_referents(plain)]
    objgraph.typestats()
    backrefs(plain, max_depth=2)
    refs(holder, max_depth=2)
    objgraph.find_ref_chain(holder, lambda one: one is None)
    assert [type(one) for one in gc.get_referents(plain)] == before


def test_what_cannot_be_shown_is_shown_all_the_same() -> None:
    class Endless(list):  # type: ignore[type-arg]
        def __len__(self) -> int:
            raise RuntimeError("len")

    odd = [Liar(), Lying(), Endless(), mock.Mock(spec=list), 10**5000, 'quoted "\\ \0\n']
    drawn = refs(odd, max_depth=1)
    assert drawn.nodes[id(odd[0])] == "Liar\\n(unrepresentable)"
    assert drawn.nodes[id(odd[1])].startswith("Lying\\n")
    assert drawn.nodes[id(odd[2])] == "Endless\\n(unrepresentable)"
    assert drawn.nodes[id(odd[3])].startswith("Mock\\n<Mock")
    assert drawn.nodes[id(odd[4])].startswith("int\\n")
    assert len(drawn.edges) == len(odd)


def test_chains_show_nothing_else() -> None:
    target = Session()
    chain = [[[target], Session()]]
    found = objgraph.find_ref_chain(chain, lambda one: one is target)
    output = io.StringIO()
    objgraph.show_chain(found, backrefs=False, output=output)
    forwards = Drawn(output.getvalue())
    output = io.StringIO()
    objgraph.show_chain([], found, output=output, extra_info=lambda one: "noted")
    backwards = Drawn(output.getvalue())
    ids = {id(one) for one in found}
    assert set(forwards.nodes) == set(backwards.nodes) == ids
    assert sorted(forwards.edges) == sorted(backwards.edges)
    assert all(label.endswith("noted") for label in backwards.nodes.values())
    with pytest.raises(ValueError, match="no chain"):
        objgraph.show_chain([])
