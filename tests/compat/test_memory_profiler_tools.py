"""`unfreed.compat.memory_profiler`, line by line: profilers as objects, and how they get along with other tools."""

from __future__ import annotations

import functools
import gc
import linecache
import logging
import os
import sys
import tracemalloc
from typing import Any

import pytest
from line_tables import HEADER, MIB, nothing_is_followed_later, of, profiled, row, rows
from unfreed.compat.memory_profiler import LineProfiler, LogFile, events, show_results

from programs.liars import Liar

__all__ = ["nothing_is_followed_later"]


def test_code_map_has_measures_by_code() -> None:
    def make() -> bytearray:
        made = bytearray(MIB)
        return made

    profiler = LineProfiler()
    profiler(make)()
    measures = profiler.code_map[make.__code__]
    first = make.__code__.co_firstlineno
    assert list(measures) == [first, first + 1, first + 2] and len(measures) == 3
    increment, usage, count = measures[first + 1]
    assert increment == pytest.approx(1, abs=0.05) and usage > 1 and count == 1
    [(file, lines)] = profiler.code_map.items()
    assert file == __file__ and [line for line, _ in lines] == [first, first + 1, first + 2]


def test_profilers_are_enabled_by_count_and_as_context_managers() -> None:
    def make() -> int:
        return 1  # made

    profiler = LineProfiler()
    profiler.add_function(make)
    make()
    profiler.enable_by_count()
    with profiler:
        make()
    assert profiler.enable_count == 1
    make()
    profiler.disable_by_count()
    profiler.disable_by_count()
    make()
    assert row(of(profiler), "made").count == 2
    space = {"make": make}
    assert profiler.runctx("make(); make()", space, space) is profiler
    assert row(of(profiler), "made").count == 4


def test_two_profilers_see_the_same_call() -> None:
    def make() -> bytearray:
        return bytearray(MIB)  # made

    one, other = LineProfiler(), LineProfiler()
    called = other(make)
    called()
    one(called)()
    assert row(of(one), "made").count == 1 and row(of(other), "made").count == 2
    assert row(of(one), "made").increment == pytest.approx(1, abs=0.05)


def test_what_has_no_code_is_warned_about() -> None:
    for value in (Liar(), len):
        with pytest.warns(UserWarning, match="Could not extract a code object"):
            LineProfiler().add_function(value)
    with LineProfiler() as nothing:
        assert nothing is None


def test_functions_in_wrappers_are_found() -> None:
    @functools.lru_cache
    def cached() -> bytearray:
        return bytearray(MIB)  # cached

    profiler = LineProfiler()
    profiler.add_function(profiler(cached))
    with profiler:
        cached()
    [shown] = [of(profiler)]
    assert row(shown, "cached").count == 1 and shown.count(HEADER) == 1


def test_forks_go_on_by_themselves() -> None:
    def forks() -> int:
        child = os.fork()  # forks
        made = bytearray(MIB)  # made
        if not child:
            os._exit(len(made) >> 20)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])  # waits

    profiler = LineProfiler()
    assert profiler(forks)() == 1
    assert row(of(profiler), "made").increment == pytest.approx(1, abs=0.05)


def test_functions_without_a_file_have_a_table() -> None:
    source = "def typed():\n    made = bytearray(1 << 20)\n    return made\n"
    name = "<cell 1>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space: dict[str, Any] = {}
    exec(compile(source, name, "exec"), space)
    assert "    made = bytearray(1 << 20)" in profiled(space["typed"])
    exec("def gone():\n    return 1", space)
    assert rows(profiled(space["gone"]))


def test_nothing_is_followed_after_the_last_profiler() -> None:
    traced = tracemalloc.is_tracing()
    before = sys.gettrace()
    profiled(lambda: [1])
    gc.collect()  # Profilers of other tests may wait for it.
    assert tracemalloc.is_tracing() == traced and sys.gettrace() is before
    if sys.version_info >= (3, 12):
        tools = [sys.monitoring.get_tool(number) for number in range(6)]
        assert "unfreed.compat.memory_profiler" not in tools


def test_a_profiler_that_is_gone_while_it_is_enabled_ends() -> None:
    def make() -> int:
        return 1

    profiler = LineProfiler()
    profiler.add_function(make)
    profiler.enable()
    del profiler
    gc.collect()
    assert make() == 1 and not events._watched


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
def test_no_room_among_other_tools_is_said() -> None:
    gc.collect()
    taken = [number for number in range(6) if sys.monitoring.get_tool(number) is None]
    for number in taken:
        sys.monitoring.use_tool_id(number, "other %d" % number)
    try:
        with pytest.raises(RuntimeError, match="other tools have all places"):
            profiled(lambda: [1])
    finally:
        for number in taken:
            sys.monitoring.free_tool_id(number)
    assert rows(profiled(lambda: [1]))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="sys.monitoring leaves sys.settrace alone")
def test_who_traced_before_still_does() -> None:
    seen = []

    def other(frame: Any, event: str, value: Any) -> Any:
        if frame.f_code.co_name == "traced":
            seen.append(event)
        return other

    def traced() -> int:
        return 1

    sys.settrace(other)
    try:
        profiled(traced)
        assert sys.gettrace() is other
    finally:
        sys.settrace(None)
    assert seen == ["call", "line", "return"]


def test_log_files_may_have_only_what_grew(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> bytearray:
        made = bytearray(2 * MIB)  # grew
        len(made)  # same
        return made

    profiler = LineProfiler()
    profiler(make)()
    caplog.set_level(logging.INFO)
    log = LogFile("lines", reportIncrementFlag=True)
    show_results(profiler, log)
    log.flush()
    assert "# grew" in caplog.text and "# same" not in caplog.text and HEADER in caplog.text
    show_results(profiler, LogFile("all"))
    assert "# same" in caplog.text
