"""A program of a person who checks types strictly: every name of the interface, with what it returns. Never run."""

from __future__ import annotations

import unittest
from collections.abc import Mapping
from typing import Any, Optional

from unfreed.compat import memory_profiler, objgraph, tracemalloc
from unfreed.compat.pympler import asizeof, muppy, summary, tracker
from unfreed.unittest import NoLeaks

import unfreed


class Session:
    name = "s"


@unfreed.profile
def load(path: str, limit: int = 3) -> list[str]:
    return [path] * limit


@unfreed.no_leaks(rounds=3)
def again(session: Session) -> str:
    return session.name


@unfreed.track()
def tracked(count: int) -> int:
    return count


class Sessions(NoLeaks, unittest.TestCase):
    def test_one(self) -> None:
        self.assertEqual(again(Session()), "s")


def questions(session: Session) -> None:
    names: list[str] = load("x", limit=2)
    name: str = again(session)
    count: int = tracked(3)
    rows: list[Mapping[str, Any]] = unfreed.census(by="type", limit=None).rows
    for row in unfreed.growth():
        print(row["type"])
    total: int = unfreed.sizeof(session)
    picture: Optional[str] = unfreed.why_alive(session)._repr_svg_()
    everyone: list[Any] = unfreed.instances(Session)
    taken = unfreed.snapshot("a.unfreed")
    objects: int = taken.objects
    differences = unfreed.diff(taken.path, "b.unfreed").rows
    for answer in (unfreed.cycles(), unfreed.garbage(), unfreed.duplicates(), unfreed.suspects(), unfreed.resources()):
        print(answer.to_dict(), answer.rows)
    for answer in (unfreed.referrers(session), unfreed.referents(session), unfreed.paths(session)):
        print(answer)
    with unfreed.track() as block:
        kept: int = sum(site.kept_bytes for site in block.sites)
    with unfreed.watch(Session) as watched:
        print(watched.look())
    with unfreed.expect_dead(session), unfreed.no_leaks():
        unfreed.mark("warm")
    following = unfreed.follow()
    following.stop()
    print(unfreed.retained(session), unfreed.memory_usage(), unfreed.trim(), unfreed.get_objects())
    unfreed.show_held(session)
    unfreed.show_holders(session)
    print(unfreed.__version__, unfreed.get_referrers(session), unfreed.get_referents(session))
    print(names, name, count, rows, total, picture, everyone, objects, differences, kept)


def known_names(session: Session) -> None:
    tracemalloc.start(25)
    first = tracemalloc.take_snapshot()
    print(first.compare_to(tracemalloc.take_snapshot(), "lineno")[0].size_diff)
    print(asizeof.asizeof(session), summary.summarize(muppy.get_objects()), tracker.SummaryTracker().diff())
    objgraph.show_refs([session], filename="held.svg")
    print(memory_profiler.memory_usage(-1))
