"""`unfreed.compat.pympler`: muppy, summary, tracker, process and mprofile, and what Pympler got wrong in them."""

from __future__ import annotations

import gc
import inspect
import os
import sys
import threading
import types
import weakref
from typing import Any
from unittest import mock

import pytest
from unfreed.compat.pympler import mprofile, muppy, panels, process, summary, texts, tracker, web

from programs.liars import Lying, LyingDict

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 9), (3, 12), (3, 14)),
    reason="Python over what is tested everywhere: CPython 3.9, 3.12 and 3.14 have to do",
)

PARAMETERS = {
    muppy.get_objects: "remove_dups include_frames",
    muppy.get_size: "objects",
    muppy.get_diff: "left right",
    muppy.sort: "objects",
    muppy.filter: "objects Type min max",
    muppy.get_referents: "object level",
    muppy.print_summary: "",
    summary.summarize: "objects",
    summary.get_diff: "left right",
    summary.format_: "rows limit sort order",
    summary.print_: "rows limit sort order",
    tracker.SummaryTracker: "ignore_self",
    tracker.SummaryTracker.diff: "self summary1 summary2",
    tracker.SummaryTracker.store_summary: "self key",
    tracker.ObjectTracker.get_diff: "self ignore",
    mprofile.MProfiler: "codepoints events",
    web.start_profiler: "host port tracker stats debug kwargs",
}


class Session:
    pass


def row(rows: list[list[Any]], name: str) -> Any:
    return next((one for one in rows if one[0] == name), None)


@pytest.mark.parametrize("function", PARAMETERS, ids=lambda function: str(function.__qualname__))
def test_signatures(function: Any) -> None:
    assert " ".join(inspect.signature(function).parameters) == PARAMETERS[function]


# muppy


def test_all_objects_each_once() -> None:
    untracked = {"key": "text of its own %d" % id(gc)}
    kept = {"untracked": untracked}
    found = [id(one) for one in muppy.get_objects()]
    assert id(kept) in found and id(untracked) in found and id(untracked["key"]) in found
    assert len(found) == len(set(found))


def test_frames_are_left_out_unless_asked_for() -> None:
    assert not any(type(one) is types.FrameType for one in muppy.get_objects())
    assert any(type(one) is types.FrameType for one in muppy.get_objects(include_frames=True))
    assert muppy.ignore_object(sys._getframe()) and not muppy.ignore_object(5)


def test_sizes_and_order() -> None:
    texts_ = ["", "a" * 100, "b"]
    assert muppy.get_size(texts_) == sum(map(sys.getsizeof, texts_))
    assert muppy.sort(texts_) == ["", "b", "a" * 100]
    assert muppy.get_size([texts_[1], texts_[1]]) == 2 * sys.getsizeof(texts_[1])


def test_filter() -> None:
    objects = ["", "a" * 100, 1, [], dict]
    assert muppy.filter(objects, Type=str) == ["", "a" * 100]
    assert muppy.filter(objects, Type=type) == [dict]
    assert muppy.filter(objects[:2], min=100) == ["a" * 100]
    assert muppy.filter(objects[:2], max=100) == [""]
    with pytest.raises(ValueError, match="minimum must be smaller than maximum"):
        muppy.filter([], min=17, max=16)


def test_difference_by_identity() -> None:
    one, two, three = [1], [1], [1]
    told = muppy.get_diff([one, two], [two, three])
    assert told["+"][0] is three and told["-"][0] is one and len(told["+"]) == len(told["-"]) == 1


def test_referents_by_level() -> None:
    inner = [10, 11]
    outer = ["a", inner]
    assert len(muppy.get_referents(outer)) == 2
    assert len(muppy.get_referents(outer, level=2)) == len(muppy.get_referents(outer, level=100)) == 4
    assert {"only text": "value"} and "only text" in muppy.get_referents({"only text": "value"})


def test_a_summary_of_all_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    muppy.print_summary()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 17 and lines[0].split("|")[0].strip() == "types"


# summary


def test_rows() -> None:
    objects = [1, "a", "b", [], {}]
    rows = summary.summarize(objects)
    assert row(rows, "str") == ["str", 2, 2 * sys.getsizeof("a")]
    assert row(rows, "list") == ["list", 1, sys.getsizeof([])]
    assert [one[0] for one in rows] == ["int", "str", "list", "dict"]


def test_names_of_types() -> None:
    def local() -> None:
        pass

    assert summary._repr(Session()) == __name__ + ".Session"
    assert summary._repr(local) == "function (local)"
    assert summary._repr(local, 2) == "function (%s.local)" % __name__
    assert summary._repr(sys) == "module(sys)"
    assert summary._repr([1]) == "list" and summary._repr([1], verbosity=2) == "list, len=1"
    frame = sys._getframe()
    assert summary._repr(frame) == "frame (codename: test_names_of_types)"
    assert "filename: " in summary._repr(frame, 100)


def test_representations_can_be_added() -> None:
    with mock.patch.dict(summary.representations, {Session: [lambda obj: "a session"]}):
        assert summary.summarize([Session(), Session()])[0][:2] == ["a session", 2]


def test_difference_of_summaries() -> None:
    left = [["str", 3, 150], ["list", 1, 56]]
    right = [["str", 2, 100], ["list", 1, 88], ["dict", 1, 64]]
    assert summary.get_diff(left, right) == [["str", -1, -50], ["list", 0, 32], ["dict", 1, 64]]
    assert summary._sweep([["a", 0, 0], ["b", 0, 1]]) == [["b", 0, 1]]


def test_a_table_looks_like_pymplers() -> None:
    rows = [["list", 1, 88], ["dict", 2, 5000], ["str", 3, -64]]
    assert list(summary.format_(rows)) == [
        "  types |   # objects |   total size",
        "======= | =========== | ============",
        "   dict |           2 |      4.88 KB",
        "   list |           1 |     88     B",
        "    str |           3 |    -64     B",
    ]


@pytest.mark.parametrize(
    "sort, order, first", [("#", "descending", "str"), ("#", "ascending", "list"), ("type", "ascending", "dict")]
)
def test_tables_are_sorted(sort: str, order: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    summary.print_([["list", 1, 88], ["dict", 2, 5000], ["str", 3, 64]], limit=1, sort=sort, order=order)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2].split("|")[0].strip() == first


def test_what_tables_cannot_be_sorted_by() -> None:
    with pytest.raises(ValueError, match="invalid sort"):
        summary.format_([], sort="colour")
    with pytest.raises(ValueError, match="invalid order"):
        summary.print_([], order="sideways")


def test_texts() -> None:
    assert texts.pp(0) == "   0     B" and texts.pp(10**6) == " 976.56 KB" and texts.pp(-5000) == "-5000     B"
    assert texts.pp_timestamp(172805) == "48:00:05.00" and texts.pp_timestamp(None) == ""
    assert texts.trunc("abcdefghijklmnop", 8) == "abcde..." and texts.trunc("abcdefghij", 8, left=True) == "...fghij"
    assert texts.safe_repr(LyingDict()) == "N/A"


# tracker


def test_a_summary_tracker_tells_what_came_and_went() -> None:
    tracked = tracker.SummaryTracker()
    name = __name__ + ".Session"
    sessions = [Session() for _ in range(5)]
    assert row(tracked.diff(), name)[1] == 5
    sessions.clear()
    assert row(tracked.diff(), name)[1] == -5
    before = tracked.s0
    sessions.append(Session())
    assert row(tracked.diff(summary1=before), name)[1] == 1
    assert row(tracked.diff(before, tracked.s0), name)[1] == 1
    with pytest.raises(ValueError, match="summary1"):
        tracked.diff(summary2=before)
    tracked.store_summary("key")
    assert row(tracked.summaries["key"], name)[1] == 1


def test_object_trackers_give_the_objects(capsys: pytest.CaptureFixture[str]) -> None:
    tracked = tracker.ObjectTracker()
    session = Session()
    told = tracked.get_diff()
    assert any(one is session for one in told["+"])
    ignored = Session()
    told = tracked.get_diff(ignore=(ignored, sys._getframe()))
    assert not any(type(one) is Session for one in told["+"] + told["-"])
    other = Session()  # noqa: F841
    tracked.print_diff()
    printed = capsys.readouterr().out
    assert printed.startswith("Added objects:\n") and "Removed objects:\n" in printed
    assert __name__ + ".Session" in printed


# process and mprofile


def test_what_the_system_says() -> None:
    info = process.ProcessMemoryInfo()
    assert info.available and info.vsz >= info.rss > 0 and process.is_available()
    assert repr(info) == "<_ProcessMemoryInfoProc vsz=%d rss=%d>" % (info.vsz, info.rss)
    assert ("Resident set size (delta)", 0) in info - info
    assert ("Size of data segment", texts.pp(info.data_segment)) in info.os_specific
    used = process._ProcessMemoryInfoResource()
    assert used.available and used.rss >= info.rss // 2


def test_names_of_programs_with_blanks_and_brackets() -> None:
    stat = mock.mock_open(read_data="1 (a) b) R " + " ".join(map(str, range(3, 52))))
    status = mock.mock_open(read_data="Name:\ta) b\nVmData:\t2 kB\n")
    with mock.patch("builtins.open", side_effect=[stat.return_value, status.return_value]):
        info = process._ProcessMemoryInfoProc()
    assert (info.pagefaults, info.vsz, info.data_segment) == (11, 22, 2048)


def test_threads() -> None:
    (main,) = [one for one in process.get_current_threads() if one.ident == threading.main_thread().ident]
    assert main.name == threading.main_thread().name and main.daemon is False
    assert process.get_current_thread_id() == threading.get_ident()


def test_a_profile_of_functions() -> None:
    code = "def measured():\n    return ['x' * 1000]\nkept = measured()\n"
    profiler = mprofile.MProfiler(codepoints=[(None, "measured", None)], events=["call", "return"])
    with mock.patch("sys.modules", dict(sys.modules)):
        assert profiler.run(code) is profiler
    ((place, (number, least, most)),) = profiler.memories.items()
    assert place[1] == "measured" and number == 2 and 0 < least <= most
    assert sys.getprofile() is None
    assert profiler.codepoint_included(("any", "measured", 5)) and not profiler.codepoint_included(("a", "b", 5))


def test_web_pages_point_to_the_report() -> None:
    for start in (web.start_profiler, web.start_in_background):
        with pytest.raises(NotImplementedError, match="--html"):
            start()
    with pytest.raises(NotImplementedError, match="ClassTracker"):
        panels.MemoryPanel()


# What Pympler got wrong.


def test_one_bad_object_ends_no_table() -> None:
    bad: list[Any] = [LyingDict(key=1), object.__new__(Lying)]  # type: ignore[arg-type]
    rows = summary.summarize([*bad, "text"])
    assert [one[:2] for one in rows] == [["programs.liars.LyingDict", 1], ["lies.Lying", 1], ["str", 1]]
    assert all(one[2] > 0 for one in rows)
    assert muppy.get_size(bad) > 0 and len(muppy.sort(bad)) == 2
    assert muppy.filter(bad, Type=dict)[0] is bad[0]
    assert row(summary.summarize(muppy.get_objects()), "programs.liars.LyingDict")[1] == 1


def test_two_summaries_differ_by_nothing_of_their_own() -> None:
    tracked = tracker.SummaryTracker()
    before = tracked.create_summary()
    after = tracked.create_summary()
    assert summary._sweep(summary.get_diff(before, after)) == []


def test_summaries_keep_nothing_alive() -> None:
    session = Session()
    gone = weakref.ref(session)
    tracked = tracker.SummaryTracker()
    assert row(tracked.s0, __name__ + ".Session")[1] >= 1
    del session
    assert gone() is None


def test_no_cycles_are_made() -> None:
    gc.collect()
    gc.disable()
    try:
        muppy.get_objects()
        muppy.get_objects(include_frames=True)
        summary.summarize([Session()])
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_keys_of_dicts_are_seen() -> None:
    """The collector says nothing of keys where all are texts."""
    key = "a key of its own %d" % os.getpid()
    kept = {key: 1}
    assert any(one is key for one in muppy.get_referents(kept))
