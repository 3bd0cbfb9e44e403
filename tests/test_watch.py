"""`unfreed.watch(cls)`: who made the instances that are alive, and what came and went between two looks."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import unfreed


class Session:
    """Has a dict."""

    def __init__(self, number: int) -> None:
        self.number = number


class Slotted(Session):
    """An instance of the class above, without a dict of its own."""

    __slots__ = ("part",)


class Awkward:
    """Lies about itself."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]

    @property
    def __class__(self) -> Any:
        raise ValueError


def keep(store: list[Any], count: int) -> None:
    for number in range(count):
        store.append(Session(number))


def keep_other(store: list[Any]) -> None:
    store.append(Slotted(1))


def figures(looked: Any) -> dict[str, tuple[int, int, int]]:
    """By function that made them, wherever it was called: alive, born, died."""
    found: dict[str, tuple[int, int, int]] = {}
    for one in looked.origins:
        function = one.stack[0].function.split(".")[0] if one.stack else "older"
        alive, born, died = found.get(function, (0, 0, 0))
        found[function] = (alive + one.alive, born + one.born, died + one.died)
    return found


def test_instances_are_told_by_who_made_them_and_when() -> None:
    older, store = [Session(0), Session(1)], []  # type: ignore[var-annotated]
    with unfreed.watch(Session) as watched:
        keep(store, 30)
        keep_other(store)
        first = watched.look()
        assert figures(first) == {"older": (2, 0, 0), "keep": (30, 30, 0), "keep_other": (1, 1, 0)}
        assert first.alive == 33
        assert "33 instances of %s.Session are alive" % __name__ in repr(first)
        assert "test_watch.py" in repr(first) and first.rows[0]["alive"] == 30
        assert first.origins[0].bytes > 30 * 16
        assert [one.bytes >= 2 * 16 for one in first.origins if not one.stack] == [True]
        del store[10:30], older[0]
        keep(store, 5)
        assert figures(watched.look()) == {"older": (1, 0, 1), "keep": (15, 5, 20), "keep_other": (1, 0, 0)}
        last = watched.look()
        assert figures(last) == {"older": (1, 0, 0), "keep": (15, 0, 0), "keep_other": (1, 0, 0)}
        assert all(one.oldest_seconds > 0 for one in last.origins)
        assert "<table" in last._repr_html_() and last.to_dict()["rows"] == last.rows
    with pytest.raises(RuntimeError, match="has stopped"):
        watched.look()


def test_nothing_is_kept_alive_and_the_class_is_as_it_was() -> None:
    class Temporary:
        pass

    before = dict(vars(Temporary))
    watched = unfreed.watch(Temporary)
    one = Temporary()
    gone = weakref.ref(one)
    watched.look()
    assert dict(vars(Temporary)) == before and not vars(one)
    del before
    del one
    assert gone() is None
    assert watched.look().alive == 0
    of_class = weakref.ref(Temporary)
    del Temporary
    gc.collect()
    assert of_class() is None
    assert watched.look().alive == 0
    watched.stop()


def test_instances_that_lie_are_counted() -> None:
    with unfreed.watch(Awkward) as watched:
        kept = [Awkward() for _ in range(7)]
        assert watched.look().alive == len(kept)


def test_what_is_no_class_is_refused_and_leaves_nothing_on() -> None:
    with pytest.raises(TypeError):
        unfreed.watch(Session(1))  # type: ignore[arg-type]
    with unfreed.track() as tracked:
        kept = bytearray(5000)
    assert tracked.kept_bytes >= len(kept)
