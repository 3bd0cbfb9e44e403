"""`unfreed.compat.tracemalloc`: what each function answers, beside the standard library's where that can be asked."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc as theirs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import unfreed
from unfreed import _native
from unfreed.compat import tracemalloc

from programs.liars import Liar, Lying
from programs.runs import call_unfreed, clean_environment

HERE = __file__
RAW = [
    (0, 10, (("a.py", 2), ("b.py", 4)), 3),
    (0, 10, (("a.py", 2), ("b.py", 4)), 3),
    (1, 2, (("a.py", 5), ("b.py", 4)), 3),
    (0, 10, (("a.py", 2), ("b.py", 4)), 3),
    (2, 66, (("b.py", 1),), 1),
    (3, 7, (("<unknown>", 0),), 1),
    (0, 300_000, (("c.pyc", 9), ("c.pyc", 9), ("a.py", 2)), 40),
]
RAW_LATER = [
    (0, 10, (("a.py", 2), ("b.py", 4)), 3),
    (2, 2, (("a.py", 5), ("b.py", 4)), 3),
    (2, 5000, (("a.py", 5), ("b.py", 4)), 3),
    (4, 400, (("c.py", 578),), 1),
    (3, 7, (("<unknown>", 0),), 1),
]
PUBLIC = [name for name in tracemalloc.__all__]


@pytest.fixture
def tracing() -> Iterator[None]:
    tracemalloc.start(1)
    yield
    tracemalloc.stop()


def line() -> int:
    frame = sys._getframe(1)
    return frame.f_lineno


def of_here(snapshot: Any) -> list[Any]:
    return [trace for trace in snapshot.traces if trace.traceback[-1].filename == HERE]


def texts(answers: Any) -> list[tuple[str, str]]:
    return [(str(answer), repr(answer)) for answer in answers]


# The interface.


def test_every_public_name_of_the_standard_library_is_there_with_the_same_parameters() -> None:
    for name, value in vars(theirs).items():
        if getattr(value, "__module__", "") not in ("tracemalloc", "_tracemalloc") or name.startswith("_"):
            continue
        ours = getattr(tracemalloc, name)
        assert name in PUBLIC
        parameters = inspect.signature(value).parameters
        assert list(inspect.signature(ours).parameters) == list(parameters), name
        if not isinstance(value, type):
            continue
        for attribute in vars(value):
            if not attribute.startswith("_"):
                assert hasattr(ours, attribute), (name, attribute)


# Snapshots of given traces: the same answers as the standard library's.


def both(raw: Any) -> tuple[Any, Any]:
    return tracemalloc.Snapshot(raw, 2), theirs.Snapshot(raw, 2)


@pytest.mark.parametrize("key", ["filename", "lineno", "traceback"])
@pytest.mark.parametrize("cumulative", [False, True])
def test_statistics_and_differences_are_the_same_as_the_standard_librarys(key: str, cumulative: bool) -> None:
    ours, original = both(RAW)
    later, original_later = both(RAW_LATER)
    if cumulative and key == "traceback":
        for snapshot in (ours, original):
            with pytest.raises(ValueError, match="cumulative mode cannot by used with key type 'traceback'"):
                snapshot.statistics(key, cumulative)
        return
    assert texts(ours.statistics(key, cumulative)) == texts(original.statistics(key, cumulative))
    assert texts(later.compare_to(ours, key, cumulative)) == texts(original_later.compare_to(original, key, cumulative))
    statistic = ours.statistics(key, cumulative)[0]
    assert statistic == ours.statistics(key, cumulative)[0] and len({statistic, statistic}) == 1
    assert statistic.traceback.total_nframe is None


def test_traces_are_the_same_in_the_same_order() -> None:
    ours, original = both(RAW)
    assert len(ours.traces) == 7
    assert ours.traces._traces == RAW and ours.traces._traces != RAW[1:]
    assert texts(ours.traces) == texts(original.traces)
    for index in (0, 2, 3, -1, slice(2), slice(None, None, -2), slice(5, 99)):
        assert repr(ours.traces[index]) == repr(original.traces[index])
    for index in (7, -8):
        with pytest.raises(IndexError):
            ours.traces[index]
    assert ours.traces[3] in ours.traces and ours.traces[0] == ours.traces[1] != ours.traces[2]
    assert repr(ours.traces) == repr(original.traces)
    assert ours.traces == tracemalloc.Snapshot(RAW, 9).traces != both(RAW_LATER)[0].traces
    assert ours.traces[-1].traceback.total_nframe == 40


@pytest.mark.parametrize(
    "words",
    [
        [(True, "a.py")],
        [(False, "a.py")],
        [(True, "a.py", 2), (True, "a.py", 5)],
        [(False, "b.py", None, True)],
        [(True, "b.py", 4, True)],
        [(True, "c.py")],
        [(False, "*")],
        [(True, "?.py"), (False, "b*")],
        [(True, "a.py", None, False, 1)],
        [(False, "a.py", None, False, 1)],
        [],
    ],
)
def test_filters_let_the_same_traces_pass(words: Any) -> None:
    ours, original = both(RAW)
    left = ours.filter_traces([tracemalloc.Filter(*one) for one in words])
    assert left.traces._traces == original.filter_traces([theirs.Filter(*one) for one in words]).traces._traces
    assert ours.traces._traces == RAW and left is not ours and left.traceback_limit == 2


def test_filters_by_domain_and_of_others_making() -> None:
    class Large(tracemalloc.BaseFilter):
        def _match(self, trace: Any) -> bool:
            return bool(trace[1] >= 10)

    ours, original = both(RAW)
    for inclusive in (True, False):
        left = ours.filter_traces(iter([tracemalloc.DomainFilter(inclusive, 0)]))
        assert left.traces._traces == original.filter_traces([theirs.DomainFilter(inclusive, 0)]).traces._traces
    assert len(ours.filter_traces([Large(True)]).traces) == 5
    with pytest.raises(TypeError, match="filters must be a list of filters, not Filter"):
        ours.filter_traces(tracemalloc.Filter(True, "a.py"))
    pattern = tracemalloc.Filter(True, "x.pyc", 3)
    assert (pattern.filename_pattern, pattern.lineno, pattern.all_frames, pattern.domain) == ("x.py", 3, False, None)
    for one, name in ((pattern, "filename_pattern"), (tracemalloc.DomainFilter(True, 1), "domain")):
        with pytest.raises(AttributeError):
            setattr(one, name, "y")


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown key_type: 'size'"):
        both(RAW)[0].statistics("size")


@pytest.mark.parametrize("limit", [None, 1, 2, 9, -1, -9])
@pytest.mark.parametrize("recent_first", [False, True])
def test_tracebacks_are_formatted_the_same(limit: int | None, recent_first: bool) -> None:
    frames = ((HERE, 1), (HERE, 5), ("nowhere.py", 3))
    ours, original = tracemalloc.Traceback(frames, 4), theirs.Traceback(frames, 4)
    assert ours.format(limit, recent_first) == original.format(limit, recent_first)
    assert (repr(ours), str(ours)) == (repr(original), str(original))


def test_frames_and_tracebacks_compare_by_what_they_show() -> None:
    frame = tracemalloc.Frame(("a.py", 2))
    traceback = tracemalloc.Traceback((("a.py", 2), ("b.py", 4)))
    assert (frame.filename, frame.lineno, str(frame), repr(frame)) == (
        "a.py",
        2,
        "a.py:2",
        "<Frame filename='a.py' lineno=2>",
    )
    assert frame in traceback and frame == traceback[-1] and frame < tracemalloc.Frame(("a.py", 3))
    assert traceback < tracemalloc.Traceback((("c.py", 1),)) and traceback != frame
    assert len({traceback, tracemalloc.Traceback((("a.py", 2), ("b.py", 4)), 9)}) == 1


def test_a_dump_can_be_loaded_with_its_attributes_also_one_of_the_standard_librarys(tmp_path: Path) -> None:
    for snapshot in both(RAW):
        vars(snapshot)["when"] = "before"
        snapshot.dump(tmp_path / "dump")
        loaded: Any = tracemalloc.Snapshot.load(tmp_path / "dump")
        assert type(loaded) is tracemalloc.Snapshot and vars(loaded)["when"] == "before"
        assert loaded.traceback_limit == 2
        assert texts(loaded.statistics("lineno")) == texts(snapshot.statistics("lineno"))
        assert len(loaded.traces) == len(RAW)
    assert pickle.loads(pickle.dumps(tracemalloc.Traceback((("a.py", 2),), 7))).total_nframe == 7


# Tracing.


def keep(count: int, size: int) -> list[bytes]:
    return [bytes(size + index % 3) for index in range(count)]


KEEP = keep.__code__.co_firstlineno + 1
EMPTY = sys.getsizeof(b"")


def test_a_snapshot_has_the_blocks_that_live_with_their_lines(tracing: None) -> None:
    kept, lost = keep(300, 1000), keep(50, 5000)
    del lost
    snapshot = tracemalloc.take_snapshot()
    sizes = [trace.size for trace in of_here(snapshot) if trace.traceback[0].lineno == KEEP]
    assert {size: sizes.count(size) for size in set(sizes) if 1000 <= size < 1100} == {
        EMPTY + 1000 + index: 100 for index in range(3)
    }
    assert not any(size >= 5000 for size in sizes)
    (statistic,) = [one for one in snapshot.statistics("lineno") if one.traceback[0] == tracemalloc.Frame((HERE, KEEP))]
    assert (statistic.size, statistic.count) == (sum(sizes), len(sizes))
    assert (
        len(snapshot.traces) == sum(one.count for one in snapshot.statistics("filename")) == len(list(snapshot.traces))
    )
    assert len(snapshot.traces._traces.counts) < len(snapshot.traces) - 290
    assert len(kept) == 300


def test_two_snapshots_tell_what_came_between() -> None:
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    kept = keep(100, 10_000)
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    first = after.compare_to(before, "lineno")[0]
    assert first.traceback == tracemalloc.Traceback(((HERE, KEEP),))
    assert first.count_diff - 100 in (0, 1), "the blocks, and their list"
    assert str(first).startswith("%s:%d: size=98" % (HERE, KEEP))
    assert len(kept) == 100


def test_stacks_are_cut_to_the_limit_and_know_how_deep_they_were() -> None:
    def deep(depth: int) -> bytes:
        return deep(depth - 1) if depth else bytes(7000)

    for limit in (1, 3, 50):
        tracemalloc.start(limit)
        tracemalloc.start(9)
        assert tracemalloc.get_traceback_limit() == limit, "it is tracing, and goes on as it is"
        kept = deep(5)
        snapshot = tracemalloc.take_snapshot()
        (trace,) = [trace for trace in of_here(snapshot) if trace.size == EMPTY + 7000]
        traceback: Any = tracemalloc.get_object_traceback(kept)
        tracemalloc.stop()
        assert tracemalloc.get_traceback_limit() == limit == snapshot.traceback_limit
        assert trace.traceback == traceback and trace.traceback.total_nframe > 8
        assert len(traceback) == min(limit, trace.traceback.total_nframe)
        lines = [frame.lineno for frame in traceback if frame.filename == HERE][-limit:]
        assert lines[-6:] == [deep.__code__.co_firstlineno + 1] * len(lines[-6:])


def test_memory_and_its_peak_are_exact(tracing: None) -> None:
    before, _ = tracemalloc.get_traced_memory()
    block = bytes(1_000_000)
    now, peak = tracemalloc.get_traced_memory()
    assert 0 <= now - before - 1_000_000 - EMPTY < 200 and peak >= now
    del block
    now, peak = tracemalloc.get_traced_memory()
    assert now - before < 1000 and peak > 1_000_000
    tracemalloc.reset_peak()
    now, peak = tracemalloc.get_traced_memory()
    assert now <= peak < 900_000
    tracemalloc.clear_traces()
    assert tracemalloc.get_traced_memory() == (0, 0)
    tracemalloc.stop()
    assert tracemalloc.get_traced_memory() == (0, 0)


def test_what_the_traces_cost_is_told(tracing: None) -> None:
    kept = keep(1000, 100)
    tracemalloc.take_snapshot()
    many = tracemalloc.get_tracemalloc_memory()
    tracemalloc.clear_traces()
    assert many > tracemalloc.get_tracemalloc_memory() >= 0 and len(kept) == 1000
    tracemalloc.stop()
    assert tracemalloc.get_tracemalloc_memory() == 0


class Plain:
    """Has a dict."""


class Slotted:
    __slots__ = ("value",)


@pytest.mark.parametrize("make", [Plain, Slotted, Liar, lambda: Lying(), set, object, lambda: bytes(99), lambda: lambda: None])
def test_an_object_tells_where_it_was_allocated(make: Any, tracing: None) -> None:
    made = [make() for _ in range(300)]
    # What a free list gave to the first ones is older than the traces.
    traceback = tracemalloc.get_object_traceback(made[299])
    assert traceback is not None and traceback[0].filename == HERE
    tracemalloc.clear_traces()
    assert tracemalloc.get_object_traceback(made[299]) is None


def test_an_object_from_before_the_start_has_no_traceback() -> None:
    old = Plain()
    tracemalloc.start()
    try:
        for obj in (old, None, int, sys):
            assert tracemalloc.get_object_traceback(obj) is None
    finally:
        tracemalloc.stop()
    assert tracemalloc.get_object_traceback(old) is None


def test_without_tracing_there_is_no_snapshot() -> None:
    assert not tracemalloc.is_tracing()
    with pytest.raises(RuntimeError, match="the tracemalloc module must be tracing memory allocations to take a snap"):
        tracemalloc.take_snapshot()
    assert tracemalloc._get_traces() == []
    tracemalloc.clear_traces()
    tracemalloc.reset_peak()
    tracemalloc.stop()


@pytest.mark.parametrize("wrong", [0, -1, 65536, 2**80])
def test_a_limit_out_of_range_is_an_error(wrong: int) -> None:
    with pytest.raises(ValueError, match="the number of frames must be in range"):
        tracemalloc.start(wrong)
    for kind in ("5", 1.5):
        with pytest.raises(TypeError):
            tracemalloc.start(kind)  # type: ignore[arg-type]
    assert not tracemalloc.is_tracing()


def test_all_threads_are_traced(tracing: None) -> None:
    kept: list[Any] = []
    thread = threading.Thread(target=lambda: kept.extend(keep(10, 3000)))
    thread.start()
    thread.join()
    found = [trace for trace in of_here(tracemalloc.take_snapshot()) if 3000 <= trace.size < 3100]
    assert len(found) == len(kept) == 10


def test_a_forked_child_goes_on_tracing(tracing: None) -> None:
    kept = keep(1, 2000)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            kept += keep(1, 3000)
            places = [tracemalloc.get_object_traceback(one) for one in kept]
            ours = [one is not None and one[0].lineno == KEEP for one in places]
            sizes = {trace.size for trace in tracemalloc.take_snapshot().traces}
            code = 0 if ours == [True, True] and {EMPTY + 2000, EMPTY + 3000} <= sizes else 2
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0


def test_blocks_that_c_code_announces_have_their_domain(tracing: None) -> None:
    testcapi: Any = pytest.importorskip("_testcapi")
    if not hasattr(testcapi, "tracemalloc_track"):
        pytest.skip("this Python has no function that announces a block")
    buffer = bytes(1)
    before, _ = tracemalloc.get_traced_memory()
    testcapi.tracemalloc_track(7, id(buffer), 123_000)
    announced = line() - 1
    everything = tracemalloc.take_snapshot()
    of_domain = everything.filter_traces([tracemalloc.DomainFilter(True, 7)])
    (trace,) = of_domain.traces
    assert (trace.domain, trace.size, trace.traceback[0].lineno) == (7, 123_000, announced)
    assert 123_000 <= tracemalloc.get_traced_memory()[0] - before < 125_000
    of_python = everything.filter_traces([tracemalloc.DomainFilter(True, 0)])
    assert len(of_python.traces) == len(everything.traces) - 1
    testcapi.tracemalloc_track(7, id(buffer), 50_000)
    testcapi.tracemalloc_untrack(8, id(buffer))
    assert [trace.size for trace in tracemalloc.take_snapshot().traces if trace.domain] == [50_000]
    testcapi.tracemalloc_untrack(7, id(buffer))
    testcapi.tracemalloc_untrack(7, id(buffer))
    assert not [trace for trace in tracemalloc.take_snapshot().traces if trace.domain]
    assert tracemalloc.get_traced_memory()[0] - before < 5000
    testcapi.tracemalloc_track(7, id(buffer), 50_000)
    tracemalloc.clear_traces()
    assert tracemalloc.get_traced_memory() == (0, 0)
    tracemalloc.stop()
    with pytest.raises(RuntimeError):
        testcapi.tracemalloc_track(7, id(buffer), 50_000)


# What differs on purpose.


def test_nothing_of_the_module_is_in_a_snapshot(tracing: None) -> None:
    """The standard library's has lines of tracemalloc.py, which grow with each snapshot that is kept."""
    kept = keep(100, 100)
    snapshots = [tracemalloc.take_snapshot()]
    memory, _ = tracemalloc.get_traced_memory()
    for _ in range(5):
        snapshots.append(tracemalloc.take_snapshot())
        snapshots[-1].statistics("traceback")
        snapshots[-1].compare_to(snapshots[0], "lineno")
        snapshots[-1].statistics("lineno")[0].traceback.format()
    grown = tracemalloc.get_traced_memory()[0] - memory
    last = tracemalloc.take_snapshot()
    folder = os.path.dirname(tracemalloc.__file__)
    for snapshot in [*snapshots, last]:
        assert not [stat for stat in snapshot.statistics("filename") if stat.traceback[0].filename.startswith(folder)]
    assert grown < 50_000 and len(kept) == 100


def test_equal_traces_are_beside_each_other(tracing: None) -> None:
    """The standard library's come in the order of a hash table."""
    kept = [keep(1, 4000) for _ in range(50)]
    sizes = [trace.size for trace in of_here(tracemalloc.take_snapshot())]
    first = sizes.index(EMPTY + 4000)
    assert sizes[first : first + 50] == [EMPTY + 4000] * 50 and len(kept) == 50


HANDED_ON = """
import gc
from unfreed.compat import tracemalloc

tracemalloc.start()
gc.collect()
first = []
first = None
again = []
print(tracemalloc.get_object_traceback(again)[0].lineno)
"""


def test_a_block_from_a_free_list_has_its_new_place_where_births_are_told() -> None:
    """The standard library's always gives it the place of the new object; here that takes 3.13, and a process in which
    nobody else has asked the interpreter to tell of births (the standard library's tracemalloc does)."""
    done = subprocess.run(
        [sys.executable, "-c", HANDED_ON], capture_output=True, text=True, timeout=60, env=clean_environment()
    )
    assert done.stdout == ("9\n" if sys.version_info >= (3, 13) else "7\n"), done.stderr


def test_a_part_that_is_tracked_is_not_disturbed() -> None:
    with unfreed.track():
        with pytest.raises(RuntimeError, match="a part of this process is tracked"):
            tracemalloc.start()
        assert not tracemalloc.is_tracing()
    tracemalloc.start()
    with unfreed.track() as tracked:
        with pytest.raises(RuntimeError, match="a part of this process is tracked"):
            tracemalloc.clear_traces()
        kept = keep(10, 6000)
        tracemalloc.stop()
        kept += keep(10, 6000)
    assert tracked.kept_bytes > 120_000 and len(kept) == 20
    assert not tracemalloc.is_tracing() and _native._end_part() is None


def test_the_standard_librarys_and_this_one_do_not_trace_at_once() -> None:
    theirs.start()
    try:
        with pytest.raises(RuntimeError, match="the standard library's tracemalloc is tracing"):
            tracemalloc.start()
    finally:
        theirs.stop()
    tracemalloc.start()
    tracemalloc.stop()


def test_a_process_that_is_recorded_cannot_be_traced() -> None:
    source = "from unfreed.compat import tracemalloc\ntracemalloc.start()"
    done = call_unfreed("run", "--quiet", "-o", "/dev/null", "-c", source)
    assert "RuntimeError: this process is recorded already" in done.stderr


def test_every_stack_has_room_though_nobody_looks() -> None:
    # More lines than the tables have room for between two looks of a recording.
    files, lines = 700, 100
    codes = [compile("kept.append(object())\n" * lines, "made%d.py" % number, "exec") for number in range(files)]
    kept: list[object] = []
    tracemalloc.start()
    try:
        for code in codes:
            exec(code, {"kept": kept})
        statistics = tracemalloc.take_snapshot().statistics("lineno")
    finally:
        tracemalloc.stop()
    told = [stat for stat in statistics if stat.traceback[0].filename.startswith("made")]
    assert len(told) >= files * lines and len(kept) == files * lines
