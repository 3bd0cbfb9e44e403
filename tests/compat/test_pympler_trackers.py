"""`unfreed.compat.pympler`: classtracker, its statistics, browsers and graphs, and what Pympler got wrong in them."""

from __future__ import annotations

import contextlib
import gc
import inspect
import io
import os
import re
import sys
import threading
import weakref
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from unfreed.compat.pympler import charts, garbagegraph, refbrowser, refgraph
from unfreed.compat.pympler.classtracker import ClassTracker
from unfreed.compat.pympler.classtracker_stats import ConsoleStats, HtmlStats, Stats

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 9), (3, 12), (3, 14)),
    reason="Python over what is tested everywhere: CPython 3.9, 3.12 and 3.14 have to do",
)

FOLLOW = "self instance name resolution_level keep trace"
PARAMETERS = {
    ClassTracker: "stream",
    ClassTracker.track_object: FOLLOW,
    ClassTracker.track_class: FOLLOW.replace("instance", "cls"),
    ClassTracker.track_change: "self instance resolution_level",
    ClassTracker.create_snapshot: "self description compute_total",
    ClassTracker.start_periodic_snapshots: "self interval",
    Stats: "tracker filename stream",
    Stats.dump_stats: "self fdump close",
    ConsoleStats.print_stats: "self clsname limit",
    HtmlStats.create_html: "self fname title",
    charts.tracker_timespace: "filename stats",
    refbrowser.RefBrowser: "rootobject maxdepth str_func repeat stream",
    refbrowser.InteractiveBrowser: "rootobject maxdepth str_func repeat",
    refgraph.ReferenceGraph: "objects reduce",
    refgraph.ReferenceGraph.render: "self filename cmd format unflatten",
    garbagegraph.GarbageGraph: "reduce collectable",
}


class Session:
    def __init__(self, data: Any = None) -> None:
        self.data = data

    def __repr__(self) -> str:
        return "<Session>"


class Child(Session):
    pass


class Slotted:
    __slots__ = ("data",)

    def __init__(self, data: Any = None) -> None:
        self.data = data


class Plain:
    pass


class Made:
    value = 0

    def __new__(cls, value: int) -> Made:
        made = super().__new__(cls)
        made.value = value
        return made


@pytest.mark.parametrize("function", PARAMETERS, ids=lambda function: str(function.__qualname__))
def test_signatures(function: Any) -> None:
    assert " ".join(inspect.signature(function).parameters) == PARAMETERS[function]


# classtracker


def test_objects_are_followed_by_id_and_by_name() -> None:
    tracker = ClassTracker()
    session, other = Session(), Session()
    tracker.track_object(session)
    tracker.track_object(session)
    tracker.track_object(other, name="other")
    assert tracker.objects[id(session)].ref() is session
    assert len(tracker.index["Session"]) == 1 and tracker.index["other"][0].ref() is other
    with pytest.raises(KeyError):
        tracker.track_change(Session())
    for untracked in (42, "text", [1], {1: 2}):
        with pytest.raises(TypeError):
            tracker.track_object(untracked)
    tracker.detach_all()
    assert not tracker.objects and not tracker.index


def test_classes_are_followed_until_they_are_detached() -> None:
    original = Session.__init__
    with contextlib.closing(ClassTracker()) as tracker:
        tracker.track_class(Session)
        tracker.track_class(Child, name="first")
        tracker.track_class(Child, name="child")
        session, child, plain = Session(), Child(), Plain()
        assert tracker.objects[id(session)].name == __name__ + ".Session"
        assert [one.ref() for one in tracker.index["child"]] == [child]
        assert "first" not in tracker.index and id(plain) not in tracker.objects
        tracker.detach_class(Child)
        assert "__init__" not in vars(Child)
        with pytest.raises(KeyError):
            tracker.detach_class(Child)
    assert Session.__init__ is original
    for wrong in (42, "text", session):
        with pytest.raises(TypeError, match="only class objects"):
            tracker.track_class(wrong)  # type: ignore[arg-type]


def test_the_history_of_a_class() -> None:
    tracker = ClassTracker()
    tracker.track_class(Session, name="S")
    kept = [Session(), Session(), Session()]
    del kept[:2]
    kept.append(Session())
    kept.clear()
    assert [number for _, number in tracker.history["S"]] == [1, 2, 3, 2, 1, 2, 1, 0]
    assert [one.death is not None for one in tracker.index["S"]] == [True] * 4
    tracker.clear()
    assert not tracker.history and not tracker.snapshots


def test_snapshots() -> None:
    tracker = ClassTracker()
    session = Session("x" * 10_000)
    tracker.track_object(session, resolution_level=2)
    tracker.create_snapshot()
    session.data = None
    tracker.create_snapshot("later", compute_total=True)
    first, second = tracker.snapshots
    assert first.label == "%.3fs" % first.timestamp and second.label == "later (%.3fs)" % second.timestamp
    assert first.tracked_total > 10_000 > second.tracked_total > 0 and first.overhead > 0
    assert first.asizeof_total == 0 < second.tracked_total < second.asizeof_total
    assert first.total == first.system_total.vsz > 0
    followed = tracker.objects[id(session)]
    assert followed.get_max_size() == followed.get_size_at_time(first.timestamp) == first.tracked_total
    assert followed.get_size_at_time(0.0) == 0
    attributes = followed.snapshots[1][1].get("__dict__")
    assert attributes is not None and any(part.name.startswith("[V] data: 'xxx") for part in attributes.refs)


def test_snapshots_from_time_to_time() -> None:
    tracker = ClassTracker()
    tracker.start_periodic_snapshots(0.01)
    thread = tracker._periodic_thread
    assert thread is not None and thread.name == "BackgroundMonitor" and thread.daemon
    tracker.start_periodic_snapshots(0.02)
    assert tracker._periodic_thread is thread and thread.interval == 0.02
    tracker.stop_periodic_snapshots()
    assert not thread.is_alive() and tracker._periodic_thread is None and tracker.snapshots


def test_where_an_object_was_made() -> None:
    with contextlib.closing(ClassTracker()) as tracker:
        tracker.track_class(Session, trace=True)
        session = Session()
        trace = tracker.objects[id(session)].trace
    assert trace is not None
    file, line, function, code, _ = trace[-1]
    assert os.path.basename(file) == os.path.basename(__file__) and function == "test_where_an_object_was_made"
    assert code[0].strip() == "session = Session()" and line > 0


def statistics(stream: Any = None) -> tuple[ClassTracker, list[Any]]:
    tracker = ClassTracker(stream=stream)
    with contextlib.closing(tracker):
        tracker.track_class(Session, name="Session", resolution_level=2, trace=True)
        tracker.track_class(Plain, name="Plain")
        kept: list[Any] = [Session(list(range(1000, 1100))), Session("text"), Plain()]
        tracker.create_snapshot("first")
        del kept[1]
        tracker.create_snapshot("second")
    return tracker, kept


def test_a_summary_is_printed() -> None:
    stream = io.StringIO()
    tracker, _kept = statistics(stream)
    tracker.stats.print_summary()
    lines = stream.getvalue().splitlines()
    assert {len(line) for line in lines} == {79} and lines[0].startswith("---- SUMMARY ---")
    assert re.match(r"first +active      0     B      average   pct$", lines[1])
    assert re.match(r"  Session +2 +[\d.]+ KB +[\d.]+ KB +\d+%$", lines[3])
    assert lines[6].split()[:2] == ["Session", "1"]


def test_objects_are_printed() -> None:
    stream = io.StringIO()
    tracker, _kept = statistics(stream)
    tracker.stats.sort_stats("size").print_stats(clsname="Session")
    told = stream.getvalue()
    assert told.count("<Session>") == 2 and not re.search("^Plain", told, re.M)
    assert "    kept: list[Any] = [Session(" in told and "in statistics" in told
    assert re.search(r"^Session +\( free \)   <Session>", told, re.M) and "finalize" in told
    assert re.search(r"^    __dict__ {39}   [\d.]+ KB +\d+% \[1\]$", told, re.M)
    for limit, number in ((1, 1), (0.5, 1), (1.0, 3), (3, 3)):
        stream.seek(0)
        stream.truncate()
        tracker.stats.print_stats(limit=limit)
        assert len(re.findall(r"^\S", stream.getvalue(), re.M)) == number, limit


def test_statistics_are_sorted() -> None:
    tracker, _kept = statistics()
    stats = tracker.stats
    assert stats.sort_stats("size") is stats and stats.sorted[0].get_max_size() > 4000
    assert stats.reverse_order().sorted[2].get_max_size() > 4000
    assert stats.sort_stats("classname", "birth").sorted[0].classname == "Plain"
    assert stats.sort_stats("death").sorted[0].death is not None
    with pytest.raises(ValueError, match="Invalid sort criteria"):
        stats.sort_stats("name", "colour")
    assert stats.tracked_classes == ["Plain", "Session"]


def test_statistics_are_saved_and_loaded(tmp_path: Path) -> None:
    tracker, _kept = statistics()
    first, second = io.StringIO(), io.StringIO()
    ConsoleStats(tracker=tracker, stream=first).print_stats()
    name = str(tmp_path / "dump")
    tracker.stats.dump_stats(name)
    loaded = ConsoleStats(filename=name, stream=second)
    loaded.print_stats()
    assert first.getvalue() == second.getvalue() != ""
    loaded.dump_stats(name)
    assert Stats(filename=name).index.keys() == tracker.index.keys()
    empty = Stats()
    assert empty.index == {} and empty.snapshots == [] == empty.sorted


def test_parts_are_added_up() -> None:
    tracker, _kept = statistics()
    told = tracker.stats.annotate_snapshot(tracker.snapshots[0])
    assert told["Session"]["active"] == 2 and told["Plain"]["active"] == 1
    merged = told["Session"]["merged"]
    assert merged.size == told["Session"]["sum"] == sum(
        one.get_size_at_time(tracker.snapshots[0].timestamp) for one in tracker.index["Session"]
    )
    attributes = merged.get("__dict__")
    assert attributes is not None and attributes.get("[V] data") is not None


def test_pages(tmp_path: Path) -> None:
    tracker, _kept = statistics()
    page = tmp_path / "stats.html"
    HtmlStats(tracker=tracker).create_html(str(page))
    text = page.read_text()
    assert '<a href="%s">Session</a>' % os.path.join("stats_files", "Session.html") in text
    pictures = re.findall('src="(.*?)"', text)
    assert pictures and all((tmp_path / name).read_text().startswith("<svg") for name in pictures)
    details = (tmp_path / "stats_files" / "Session.html").read_text()
    assert "2 instances of Session" in details and "&lt;Session&gt;" in details


def test_charts(tmp_path: Path) -> None:
    tracker, _kept = statistics()
    for name, begin in (("a.svg", b"<svg"), ("a.png", b"\x89PNG")):
        charts.tracker_timespace(str(tmp_path / name), tracker.stats)
        assert (tmp_path / name).read_bytes().startswith(begin)
    with pytest.raises(ValueError, match=r"\.svg or \.png"):
        charts.tracker_timespace("a.gif", tracker.stats)


# What Pympler got wrong in it.


def test_slotted_classes_work_on() -> None:
    with contextlib.closing(ClassTracker()) as tracker:
        tracker.track_class(Slotted, name="Slotted")
        first, second = Slotted("x" * 1000), Slotted()
        assert first.data == "x" * 1000
        tracker.create_snapshot()
        assert tracker.snapshots[0].tracked_total > 1000
        assert tracker.objects[id(first)].ref() is first
        del first
        tracker.create_snapshot()
        assert [one.death is None for one in tracker.index["Slotted"]] == [False, True]
        assert tracker.history["Slotted"][-1][1] == 1
        assert second.data is None


def test_constructors_take_what_they_took() -> None:
    with contextlib.closing(ClassTracker()) as tracker:
        tracker.track_class(Made)
        tracker.track_class(Plain)
        assert Made(5).value == 5
        with pytest.raises(TypeError, match="takes no arguments"):
            Plain(5)  # type: ignore[call-arg]
    assert "__init__" not in vars(Made)


def test_a_class_that_cannot_be_followed_is_not_half_followed() -> None:
    tracker = ClassTracker()
    with pytest.raises(TypeError, match="dict cannot be tracked"):
        tracker.track_class(dict)
    tracker.detach_all()


def test_trackers_keep_nothing_alive() -> None:
    class Local:
        def __init__(self) -> None:
            self.data = [self.__class__.__name__]

    tracker = ClassTracker()
    tracker.track_class(Local, resolution_level=3, trace=True)
    local: Any = Local()
    gone, kind = weakref.ref(local), weakref.ref(Local)
    tracker.create_snapshot()
    tracker.stats.annotate()
    del local
    assert gone() is None
    del Local
    gc.collect()
    assert kind() is None
    kept: Any = Session()
    tracker.track_object(kept, keep=True)
    still = weakref.ref(kept)
    del kept
    assert still() is not None
    tracker.clear()
    assert still() is None


def test_a_tracker_that_is_gone_leaves_its_class_working() -> None:
    class Local:
        pass

    tracker: Any = ClassTracker()
    tracker.track_class(Local)
    gone = weakref.ref(tracker)
    del tracker
    assert gone() is None and Local() is not None


# refbrowser

TREE = """\
root-+-branch1-+-a
     |         +-b
     |
     +-branch2-+-branch1--x
     |         +-a
     |
     +-last
"""


def test_trees_are_drawn_as_pymplers() -> None:
    root, first, second = refbrowser._Node("root"), refbrowser._Node("branch1"), refbrowser._Node("branch2")
    inner = refbrowser._Node("branch1")
    root.children += [first, second, "last"]
    first.children += ["a", "b"]
    inner.children.append("x")
    second.children += [inner, "a"]
    stream = io.StringIO()
    refbrowser.StreamBrowser(None, maxdepth=4, stream=stream).print_tree(root)
    assert stream.getvalue() == TREE
    stream = io.StringIO()
    refbrowser.StreamBrowser(None, maxdepth=1, stream=stream).print_tree(root)
    assert stream.getvalue() == "root-+-branch1\n     +-branch2\n     +-last\n"


def test_holders_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = Session()
    first = [target]
    second = {"first": first, "target": target}

    def holders(node: Any) -> list[Any]:
        return [child.o for child in node.children if isinstance(child, refbrowser._Node)]

    tree = refbrowser.RefBrowser(target, maxdepth=2, repeat=True).get_tree()
    assert len(holders(tree)) == 2 and {id(one) for one in holders(tree)} == {id(first), id(second)}
    tree = refbrowser.RefBrowser(target, maxdepth=2, repeat=False).get_tree()
    assert [id(one) for one in holders(tree)] == [id(first)]
    assert tree.children[1] == "dict (already included, id %d)" % id(second)
    assert refbrowser.RefBrowser(target, maxdepth=0).get_tree().children == []
    file = tmp_path / "tree.txt"
    refbrowser.FileBrowser(target, maxdepth=1).print_tree(str(file), tree)
    assert len(file.read_text().splitlines()) == 2
    del tree
    browser = refbrowser.ConsoleBrowser(target, maxdepth=1, str_func=lambda one: type(one).__name__)
    browser.print_tree()
    assert capsys.readouterr().out == "Session-+-list\n        +-dict\n"


def test_without_tkinter() -> None:
    with mock.patch.dict(sys.modules, tkinter=None), pytest.raises(ImportError, match="ConsoleBrowser"):
        refbrowser.InteractiveBrowser([])


# refgraph and garbagegraph


def test_a_graph_has_the_references(tmp_path: Path) -> None:
    first, second = Session(), Session()
    table = {"first": first}
    first.data = second
    graph = refgraph.ReferenceGraph([first, second, table, 42])
    assert graph.count == 4 and graph.num_in_cycles == "N/A" and graph.total_size > 0
    assert refgraph._Edge(id(table), id(first), "first") in graph.edges
    kinds = {meta.id: meta.type for meta in graph.metadata}
    assert kinds[id(first)] == "Session" and kinds[id(table)] == "dict"
    assert graph.reduce_to_cycles() is None
    file = tmp_path / "graph.dot"
    graph.write_graph(str(file))
    text = file.read_text()
    assert '    "X%s" [ label = "<Session>\\nSession"  ];' % hex(id(first))[1:] in text
    assert '    X%s -> X%s [label="first"];' % (hex(id(table))[1:], hex(id(first))[1:]) in text
    assert refgraph.ReferenceGraph([]).render("nothing.ps") is False


def test_graphs_are_split_and_reduced() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    leaf = ["leaf"]
    cycle.append(leaf)
    alone = ["alone"]
    graph = refgraph.ReferenceGraph([cycle, leaf, alone])
    assert [part.count for part in graph.split_and_sort()] == [2, 1]
    assert [part.index for part in graph.split()] == [0, 1]
    leads_to_it = {"cycle": cycle}
    graph = refgraph.ReferenceGraph([cycle, leaf, leads_to_it])
    reduced = graph.reduce_to_cycles()
    assert reduced is not None and [meta.id for meta in reduced.metadata] == [id(cycle)]
    assert refgraph.ReferenceGraph([cycle, leaf], reduce=True).num_in_cycles == 1


def test_pictures_without_graphviz(tmp_path: Path) -> None:
    graph = refgraph.ReferenceGraph([[Session()]])
    with mock.patch("shutil.which", return_value=None):
        for form, begin in (("svg", b"<svg"), ("png", b"\x89PNG")):
            file = tmp_path / ("graph." + form)
            assert graph.render(str(file), format=form)
            assert file.read_bytes().startswith(begin)
        with pytest.raises(OSError):
            graph.render(str(tmp_path / "graph.ps"), cmd="no such program")


def test_garbage_is_shown() -> None:
    garbagegraph.start_debug_garbage()
    try:
        assert not gc.isenabled()
        first, second = Session(), Session()
        first.data, second.data = second, first
        ids = {id(first), id(second)}
        del first, second
        graph = garbagegraph.GarbageGraph(reduce=True)
        assert ids <= {meta.id for meta in graph.metadata} and graph.count >= 2
        stream = io.StringIO()
        graph.print_stats(stream=stream)
        lines = stream.getvalue().splitlines()
        assert lines[0] == "id             size type         representation" + " " * 32
        assert "<Session>" in stream.getvalue()
        assert re.match(r"Garbage: +\d+ collected objects \(\d+ in cycles\): +", lines[-1])
    finally:
        garbagegraph.end_debug_garbage()
    assert gc.isenabled()


def test_flags_for_debugging_are_as_before() -> None:
    """Pympler leaves `DEBUG_SAVEALL` on: from then on every cycle is a leak."""
    flags, garbage = gc.get_debug(), list(gc.garbage)
    cycle: list[Any] = []
    cycle.append(cycle)
    del cycle
    graph = garbagegraph.GarbageGraph()
    assert graph.count >= 1
    assert gc.get_debug() == flags and gc.garbage == garbage
    assert garbagegraph.GarbageGraph(collectable=False).count == len(garbage)
    again = garbagegraph.GarbageGraph()
    assert not {meta.id for meta in again.metadata} & {meta.id for meta in graph.metadata} - set(map(id, garbage))
    assert gc.get_debug() == flags


def test_threads_may_follow_objects() -> None:
    tracker = ClassTracker()
    with contextlib.closing(tracker):
        tracker.track_class(Session, name="S")
        kept: list[Any] = []

        def make() -> None:
            kept.extend(Session() for _ in range(50))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(tracker.index["S"]) == 200
    assert len(kept) == 200
