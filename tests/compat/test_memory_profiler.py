"""`unfreed.compat.memory_profiler`, line by line: `@profile`, `LineProfiler`, `show_results`; what memory_profiler got
wrong."""

from __future__ import annotations

import inspect
import io
import re
import threading
import types
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest
from line_tables import HEADER, MIB, nothing_is_followed_later, of, profiled, row, rows
from unfreed.compat import memory_profiler
from unfreed.compat.memory_profiler import LineProfiler, profile, show_results

__all__ = ["nothing_is_followed_later"]


def test_the_founding_example_looks_as_people_know_it() -> None:
    out = io.StringIO()

    @profile(stream=out)
    def founding() -> None:
        made = [1] * 1_000_000
        del made
        return None

    assert founding() is None
    shown = out.getvalue().splitlines()
    assert shown[:4] == ["Filename: " + __file__, "", HEADER, "=" * len(HEADER)]
    decorator, made, deleted, returned = rows(out.getvalue())
    assert decorator.increment == decorator.usage > 1 and decorator.text.strip() == "@profile(stream=out)"
    assert (made.increment, deleted.increment, returned.increment) == (7.6, -7.6, 0.0)
    assert made.usage == pytest.approx(decorator.usage + 7.6, abs=0.11) and returned.usage == decorator.usage
    assert {one.count for one in rows(out.getvalue())} == {1}
    assert shown[5] == "%6d %12s %12s  %10s   %s" % (decorator.line + 1, "", "", "", "    def founding() -> None:")
    assert out.getvalue().endswith("\n\n\n")


def test_the_names_are_those_of_memory_profiler() -> None:
    assert str(inspect.signature(profile)).startswith("(func: ")
    assert list(inspect.signature(profile).parameters) == ["func", "stream", "precision", "backend"]
    assert list(inspect.signature(show_results).parameters) == ["prof", "stream", "precision"]
    assert list(inspect.signature(memory_profiler.memory_usage).parameters) == (
        "proc interval timeout timestamps include_children multiprocess max_usage retval stream backend max_iterations"
    ).split()
    assert memory_profiler.__version__ == "0.61.0"
    for name in memory_profiler.__all__:
        assert getattr(memory_profiler, name)


def test_precision_is_digits_behind_the_point() -> None:
    out = io.StringIO()

    @profile(stream=out, precision=4)
    def make() -> bytearray:
        return bytearray(MIB)  # made

    assert len(make()) == MIB
    assert re.search(r" 1\.000\d MiB ", out.getvalue())


def test_loops_have_counts_and_sums() -> None:
    def loop() -> list[bytearray]:
        kept = []
        for _ in range(12):  # head
            kept.append(bytearray(MIB // 4))  # body
        return kept

    shown = profiled(loop)
    assert row(shown, "head").count == 13 and row(shown, "body").count == 12
    assert row(shown, "body").increment == pytest.approx(3, abs=0.05)
    assert row(shown, "head").increment == pytest.approx(0, abs=0.05)


def test_loops_in_one_line_count_each_round() -> None:
    def loop() -> list[int]:
        for _ in range(5): pass  # for  # fmt: skip  # noqa: E701
        number = 0
        while number < 5: number += 1  # while  # fmt: skip  # noqa: E701
        return [one for one in range(number)]  # comprehension

    shown = {one.text.split("  # ")[1]: one.count for one in rows(profiled(loop)) if "  # " in one.text}
    assert shown["for"] == 6 and shown["while"] in (5, 6) and shown["comprehension"] in (6, 7)


def test_a_long_loop_is_counted_to_the_last_line() -> None:
    def loop() -> list[bytearray]:
        kept, total = [], 0
        for number in range(20_000):  # head
            total += number % 3  # quiet
            if number % 4_000 == 3_999:  # rarely
                kept.append(bytearray(MIB))  # grows
        return kept

    shown = profiled(loop)
    assert [row(shown, mark).count for mark in ("head", "quiet", "rarely", "grows")] == [20_001, 20_000, 20_000, 5]
    assert row(shown, "grows").increment == pytest.approx(5, abs=0.05)
    assert row(shown, "quiet").increment == pytest.approx(0, abs=0.05)


def test_a_line_that_changes_something_now_and_then_keeps_it() -> None:
    pieces: list[Any] = [MIB if number % 500 == 499 else 0 for number in range(3_000)]

    def loop() -> list[bytearray]:
        kept = [bytearray(0)] * 3_000
        for number in range(3_000):
            size = pieces[number]  # size
            kept[number] = bytearray(size) if size else kept[0]  # now and then
        return kept

    shown = profiled(loop)
    # The first time nobody was looking; the other times tell whose it was.
    assert row(shown, "now and then").increment == pytest.approx(6, abs=0.1)
    assert sum(one.increment for one in rows(shown)[1:]) == pytest.approx(6, abs=0.1)


def test_recursion_counts_each_byte_once() -> None:
    def down(depth: int = 4) -> list[bytearray]:
        made = [bytearray(MIB)]  # made
        if depth:
            made += down(depth - 1)  # deeper
        return made

    profiler = LineProfiler()
    down = profiler(down)
    kept = down()
    shown = of(profiler)
    assert len(kept) == 5 and row(shown, "made").count == 5
    assert row(shown, "made").increment == pytest.approx(5, abs=0.05)
    # The line that calls has what it calls.
    assert row(shown, "deeper").increment == pytest.approx(4, abs=0.05)


def test_recursive_calls_have_one_table() -> None:
    out = io.StringIO()

    @profile(stream=out)
    def down(depth: int) -> int:
        return down(depth - 1) + 1 if depth else 0  # deeper

    assert down(3) == 3
    assert out.getvalue().count(HEADER) == 1 and row(out.getvalue(), "deeper").count == 4


def test_generators_have_a_table_when_they_have_ended() -> None:
    out = io.StringIO()

    @profile(stream=out)
    def pieces() -> Iterator[int]:
        kept = []
        for number in range(3):
            kept.append(bytearray(MIB))  # kept
            yield number  # given
        del kept  # dropped

    others = []
    for _ in pieces():
        assert not out.getvalue()
        others.append(bytearray(5 * MIB))
    shown = out.getvalue()
    assert row(shown, "kept").increment == pytest.approx(3, abs=0.06)
    assert row(shown, "dropped").increment == pytest.approx(-3, abs=0.06)
    # What the caller does meanwhile is not the generator's.
    assert row(shown, "given").increment == 0 and row(shown, "given").count == 3


def test_a_generator_that_is_closed_or_thrown_at_has_its_table() -> None:
    out = io.StringIO()

    @profile(stream=out)
    def forever() -> Iterator[int]:
        while True:
            try:
                yield 1
            except KeyError:
                kept = bytearray(MIB)  # caught
                assert kept

    made: Any = forever()
    assert next(made) == 1 and made.throw(KeyError("one")) == 1
    made.close()
    assert row(out.getvalue(), "caught").increment == pytest.approx(1, abs=0.06)


@types.coroutine
def pause() -> Iterator[None]:
    """What a coroutine waits for; without asyncio, whose objects other tests would meet."""
    yield


def ended(coroutine: Any) -> Any:
    """What a coroutine returns that does not wait any more."""
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    return stopped.value.value


def test_coroutines_that_overlap_have_a_table() -> None:
    out = io.StringIO()

    @profile(stream=out)
    async def fetch() -> bytearray:
        first = bytearray(MIB)  # first
        await pause()  # waits
        return first + bytearray(MIB)  # last

    assert inspect.iscoroutinefunction(fetch)
    both = [fetch(), fetch()]
    for one in both:
        one.send(None)
    kept = [ended(one) for one in both]
    assert len(kept) == 2 and out.getvalue().count(HEADER) == 1
    assert row(out.getvalue(), "first").count == 2
    assert row(out.getvalue(), "first").increment == pytest.approx(2, abs=0.06)
    assert row(out.getvalue(), "waits").increment == pytest.approx(0, abs=0.06)


def test_async_generators_pass_on_what_they_are_sent() -> None:
    out = io.StringIO()

    @profile(stream=out)
    async def echo() -> Any:
        got = yield "begin"
        while got:
            got = yield bytearray(got)  # made

    async def use() -> list[Any]:
        made = echo()
        found = [await made.asend(None), await made.asend(2 * MIB)]
        await made.aclose()
        return found

    begin, sent = ended(use())
    assert begin == "begin" and len(sent) == 2 * MIB
    assert row(out.getvalue(), "made").increment == pytest.approx(2, abs=0.06)


def test_threads_have_what_they_did() -> None:
    out = io.StringIO()
    meet = threading.Barrier(3)

    @profile(stream=out)
    def work() -> None:
        made = bytearray(4 * MIB)  # made
        meet.wait()  # all have
        del made  # gone
        meet.wait()  # none has

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shown = out.getvalue()
    assert shown.count(HEADER) == 1, shown
    assert row(shown, "made").count == row(shown, "gone").count == 3
    assert row(shown, "made").increment == pytest.approx(12, abs=0.2)
    assert row(shown, "gone").increment == pytest.approx(-12, abs=0.2)
    assert row(shown, "all have").increment == pytest.approx(0, abs=0.2)


def test_a_function_that_raises_has_its_table() -> None:
    out = io.StringIO()

    def fails() -> None:
        kept = bytearray(MIB)  # made
        raise KeyError(len(kept))  # raised

    wrapped = profile(fails, stream=out)
    with pytest.raises(KeyError, match=str(MIB)):
        wrapped()
    assert row(out.getvalue(), "made").increment == pytest.approx(1, abs=0.06)
    assert row(out.getvalue(), "raised").count == 1


def test_lines_before_and_after_a_caught_exception_have_their_own() -> None:
    def inner() -> None:
        kept = bytearray(MIB)  # inner
        raise ValueError(len(kept))

    def outer() -> bytearray:
        try:
            inner()  # call
        except ValueError:
            pass
        return bytearray(2 * MIB)  # after

    profiler = LineProfiler()
    profiler.add_function(inner)
    profiler(outer)()
    shown = of(profiler)
    assert row(shown, "inner").increment == pytest.approx(1, abs=0.05)
    assert row(shown, "after").increment == pytest.approx(2, abs=0.05)
    # The exception holds the frame, and so the bytes, until it was handled.
    assert row(shown, "call").increment == pytest.approx(1, abs=0.05)
    assert rows(shown)[-1].usage == pytest.approx(rows(shown)[0].usage + 2, abs=0.1)


CACHE: list[bytearray] = []


def test_what_was_made_before_the_call_is_given_back_by_the_line_that_frees_it() -> None:
    out = io.StringIO()

    @profile(stream=out)
    def clear() -> None:
        CACHE.clear()  # cleared

    CACHE.append(bytearray(3 * MIB))
    clear()
    assert row(out.getvalue(), "cleared").increment == pytest.approx(-3, abs=0.06)


def test_profilers_know_what_they_saw_in_calls_before() -> None:
    def fills() -> None:
        CACHE.append(bytearray(3 * MIB))

    def clears() -> None:
        CACHE.clear()  # cleared

    profiler = LineProfiler()
    fill, clear = profiler(fills), profiler(clears)
    fill()
    clear()
    assert row(of(profiler), "cleared").increment == pytest.approx(-3, abs=0.06)


def test_nested_functions_and_comprehensions_are_lines_of_the_function() -> None:
    def outer() -> list[bytearray]:
        def inner() -> bytearray:
            return bytearray(MIB)  # inner

        return [inner() for _ in range(3)]  # all

    shown = profiled(outer)
    assert row(shown, "inner").count == 3 and row(shown, "inner").increment == pytest.approx(3, abs=0.05)
    assert row(shown, "all").increment == pytest.approx(3, abs=0.05)


def test_a_return_of_something_large_has_its_bytes() -> None:
    def make() -> list[int]:
        return [0] * 1_000_000  # made

    assert row(profiled(make), "made").increment == pytest.approx(7.629, abs=0.05)


def test_methods_of_all_kinds_work() -> None:
    out = io.StringIO()

    class Shop:
        @profile(stream=out)
        def plain(self) -> str:
            return "plain"

        @classmethod
        @profile(stream=out)
        def of_class(cls) -> str:
            return cls.__name__

        @profile(stream=out)
        @staticmethod
        def static() -> str:
            return "static"

    assert (Shop().plain(), Shop.of_class(), Shop.static()) == ("plain", "Shop", "static")
    assert out.getvalue().count(HEADER) == 3


def test_the_wrapped_function_keeps_its_name_and_text() -> None:
    @profile
    def documented(argument: int) -> int:
        """Doubles."""
        return argument * 2

    assert (documented.__name__, documented.__doc__) == ("documented", "Doubles.")
    assert isinstance(documented, FunctionType)


@pytest.mark.parametrize("backend", ["psutil", "psutil_pss", "psutil_uss", "posix", "tracemalloc"])
def test_backends_are_known_by_name(backend: str) -> None:
    out = io.StringIO()

    @profile(stream=out, backend=backend)
    def make() -> bytes:
        made = b"x" * (40 * MIB)  # made
        return made

    assert len(make()) == 40 * MIB
    assert row(out.getvalue(), "made").increment == pytest.approx(40, abs=5)


def test_a_backend_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        profile(backend="nonsense")
    with pytest.raises(NotImplementedError, match="breakpoint"):
        LineProfiler(max_mem=100.0)
