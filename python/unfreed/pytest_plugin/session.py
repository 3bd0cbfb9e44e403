"""`pytest --unfreed=session`: the suite runs once; after each test it is counted what the test leaves behind.

Nothing is repeated and no test fails for it: growth that one run of each test shows is a hint, not a proof. Objects count
when their class stands in the person's own code; blocks, descriptors and threads count whoever made them. What else
there is to keep, `keeping.py` knows.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections import Counter
from typing import Any, NamedTuple, Optional

import pytest

from unfreed._classes import full_name, module_of
from unfreed._holders import held_by
from unfreed._names import let_go
from unfreed._no_leaks import is_of_the_person
from unfreed._track import amount
from unfreed.pytest_plugin.examination import folders_of_pytest
from unfreed.pytest_plugin.keeping import Keeping, Kept

WARM_TESTS = 3
"""Tests before growth from test to test counts: the first ones import."""
LEAST_TESTS = 8
"""Tests without which there is no growth from test to test to speak of."""
MUCH = 1 << 20
"""Bytes of malloc that one test has to keep to be named for them; less is any cache."""
MUCH_A_TEST = 64 << 10
"""Bytes that most tests have to keep for it to be growth: pytest itself keeps some of each."""
SHOWN = 10
"""Rows of each part of the summary."""
SCOPES = ("session", "package", "module", "class")
"""Scopes of fixtures that may outlive a test."""


class Left(NamedTuple):
    """What one test left behind."""

    nodeid: str
    objects: "dict[str, int]"
    """Objects of the person's classes, by class."""
    descriptors: int
    threads: int
    blocks: int
    kept: Kept
    """What it left beside these."""
    fixtures: "tuple[str, ...]"
    """Fixtures of wider scopes that were set up for it: what they keep is no leak of the test."""
    holder: Optional[str]
    """Who holds one of the objects."""


class Session:
    """The plugin behind `--unfreed=session`."""

    def __init__(self, config: pytest.Config) -> None:
        if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
            raise pytest.UsageError("--unfreed=session compares tests of one process; run it with -n 0")
        self._modules: "dict[str, bool]" = {}
        self._keeping = Keeping(self._is_own, lambda: folders_of_pytest(config))
        self._objects: Counter[str] = Counter()
        self._figures = (0, 0, 0)
        self._fixtures: list[str] = []
        self._left: list[Left] = []
        self._tests = 0
        self._blocks: list[int] = []
        self._kept: list[Kept] = []
        """Of each test."""

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Any:
        """Notes which fixtures that outlive a test are set up during it."""
        result = yield
        of_pytest = str(getattr(fixturedef.func, "__module__", "")).startswith("_pytest.")
        if fixturedef.scope in SCOPES and not of_pytest:
            self._fixtures.append("%s (%s)" % (fixturedef.argname, fixturedef.scope))
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: Optional[pytest.Item]) -> Any:
        """Counts before a test and after its teardown."""
        if self._tests == 0:
            self._keeping.begin()
            self._objects, self._figures, self._there = self._count(), _figures(), self._keeping.look()
        self._fixtures.clear()
        result = yield
        self._tests += 1
        self._after(item)
        return result

    def _after(self, item: pytest.Item) -> None:
        if isinstance(item, pytest.Function):
            # pytest keeps the values of fixtures, and the instance of the class, for a moment longer.
            item._initrequest()
        gc.collect()
        let_go()
        objects, figures = self._count(), _figures()
        gained = {name: count - self._objects[name] for name, count in objects.items() if count > self._objects[name]}
        blocks, descriptors, threads = (now - before for now, before in zip(figures, self._figures))
        self._blocks.append(blocks)
        there = self._keeping.look()
        kept = there.since(self._there)
        self._kept.append(kept)
        if gained or descriptors > 0 or threads > 0 or _keeps_much(kept) or kept.handlers or kept.files:
            fixtures = tuple(self._fixtures)
            # A fixture's value is held by pytest, which is no news.
            holder = None
            if gained and not fixtures:
                holder = self._holder(max(gained, key=lambda name: gained[name]))
            figures = max(descriptors, 0), max(threads, 0), blocks
            self._left.append(Left(item.nodeid, gained, *figures, kept, fixtures, holder))
        self._objects = objects
        # Read again: what was just written down is ours.
        self._figures, self._there = _figures(), self._keeping.look()

    def _count(self) -> "Counter[str]":
        # Without a line of Python for each object: there are hundreds of thousands, and this is done after each test. By
        # id, since a metaclass may not let its classes be hashed.
        kinds = list(map(type, gc.get_objects()))
        ids = list(map(id, kinds))
        kind_of = dict(zip(ids, kinds))
        counts: Counter[str] = Counter()
        for kind, count in Counter(ids).items():
            name = self._name(kind_of[kind])
            if name is not None:
                counts[name] += count
        return counts

    def _name(self, kind: type) -> Optional[str]:
        """The name of a class of the person's; `None` for others."""
        # By module, never by class: a class that a test makes must be able to go.
        module = module_of(kind)
        return full_name(kind) if self._is_own(module) else None

    def _is_own(self, module: str) -> bool:
        is_own = self._modules.get(module)
        if is_own is None:
            is_own = self._modules[module] = is_of_the_person(module)
        return is_own

    def _holder(self, name: str) -> Optional[str]:
        last = None
        for one in gc.get_objects():
            if self._name(type(one)) == name:
                last = one
        return held_by(last) if last is not None else None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says what grew from test to test, and which tests leave something behind."""
        if self._tests == 0:
            return
        terminalreporter.section("unfreed: what tests leave behind")
        write = terminalreporter.write_line
        growing = self._growing()
        for line in growing[:SHOWN]:
            write("grows from test to test: " + line)
        own = _by_function([one for one in self._left if not one.fixtures])
        kept = [one for one in self._left if one.fixtures]
        for one, others in own[:SHOWN]:
            same = " (and %d more with other parameters)" % others if others else ""
            write("%s leaves %s%s" % (one.nodeid, _in_words(one), same))
        if len(own) > SHOWN:
            write("and %d more tests" % (len(own) - SHOWN))
        for one in kept[:SHOWN]:
            write("set up during %s: %s; left %s" % (one.nodeid, ", ".join(one.fixtures), _in_words(one)))
        if not (growing or own or kept):
            write("nothing: no object of a class of yours, no descriptor and no thread outlives one of %d tests" % self._tests)

    def pytest_sessionfinish(self) -> None:
        """Notes no more files."""
        self._keeping.end()

    def _growing(self) -> "list[str]":
        """What most tests after the first few gained."""
        counted = self._tests - WARM_TESTS
        if counted < LEAST_TESTS:
            return []
        tests_of: Counter[str] = Counter()
        objects_of: Counter[str] = Counter()
        for one in self._left:
            tests_of.update(one.objects.keys())
            objects_of.update(one.objects)
            for what in ("descriptors", "threads"):
                if getattr(one, what):
                    tests_of[what] += 1
                    objects_of[what] += getattr(one, what)
        for kept in self._kept[WARM_TESTS:]:
            for name, more in kept.entries.items():
                tests_of["entries of " + name] += 1
                objects_of["entries of " + name] += more
        most = [name for name, tests in tests_of.most_common() if tests * 2 >= counted]
        lines = ["%s: +%d over %d of %d tests" % (name, objects_of[name], tests_of[name], self._tests) for name in most]
        later = self._blocks[WARM_TESTS:]
        if most and sum(gain > 0 for gain in later) * 4 >= len(later) * 3:
            lines.append("blocks of memory: %+.0f a test" % (sum(later) / len(later)))
        large = sorted(kept.malloc for kept in self._kept[WARM_TESTS:])
        if large[len(large) // 2] >= MUCH_A_TEST:
            lines.append("memory in large blocks: +%s a test" % amount(sum(large) / len(large)))
        return lines


def _by_function(tests: "list[Left]") -> "list[tuple[Left, int]]":
    """The first of the tests of each function, with how many more there are."""
    first: "dict[str, tuple[Left, int]]" = {}
    for one in tests:
        function = one.nodeid.partition("[")[0]
        known, others = first.get(function, (one, -1))
        first[function] = (known, others + 1)
    return list(first.values())


def _keeps_much(kept: Kept) -> bool:
    """Whether a test is to be named for the memory it keeps; code that it imports is none."""
    return kept.malloc >= MUCH and kept.modules <= 0


def _figures() -> "tuple[int, int, int]":
    try:
        descriptors = len(os.listdir("/proc/self/fd"))
    except OSError:
        descriptors = 0
    return sys.getallocatedblocks(), descriptors, threading.active_count()


def _in_words(left: Left) -> str:
    largest = sorted(left.objects, key=lambda name: -left.objects[name])[:3]
    words = ["%d %s" % (left.objects[name], name) for name in largest]
    for count, what in ((left.descriptors, "descriptor"), (left.threads, "thread")):
        if count:
            words.append("%d %s%s" % (count, what, "s" if count > 1 else ""))
    words += _kept_in_words(left.kept)
    text = ", ".join(words)
    return text + (", held by %s" % left.holder if left.holder else "")


def _kept_in_words(kept: Kept) -> "list[str]":
    words = []
    if _keeps_much(kept):
        grown = kept.entries.most_common(1)
        where = " (%s grew by %d)" % grown[0] if grown else ""
        words.append("%s of memory%s" % (amount(kept.malloc), where))
    for name, count in kept.handlers.items():
        words.append("%d handler%s of the logger %s" % (count, "s" if count > 1 else "", name))
    if kept.files:
        others = " and %d more" % (len(kept.files) - 1) if len(kept.files) > 1 else ""
        words.append("the temporary file %s%s" % (next(iter(kept.files)), others))
    return words
