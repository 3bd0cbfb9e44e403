"""Runs a test again, with its function-scoped fixtures, and leaves pytest as it was before.

pytest itself keeps something of each run of a test: sections of reports, finalizers of fixtures that outlive the
test, properties, recorded warnings. All of that is taken back here, so that what grows is the test's own.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from typing import Any, Callable, Iterator, Optional

import pytest
from _pytest.fixtures import FixtureDef
from _pytest.outcomes import Exit

from unfreed._screen import Settling
from unfreed.pytest_plugin.patience import at_most


class NotRepeated(Exception):
    """The test cannot be run again; the message says why."""

    is_of_the_first_run = False
    """Whether it is the teardown of the first run that fails: then pytest has to report it."""


def reason_not_to(item: pytest.Item) -> Optional[str]:
    """Why this test is not even tried."""
    if not isinstance(item, pytest.Function):
        return "not a Python function"
    if "subtests" in item.fixturenames:
        return "uses subtests, which report themselves"
    if next(item.iter_markers("xfail"), None) is not None:
        return "marked xfail"
    return None


class Repetition:
    """Runs of one test that has just passed and is still set up."""

    def __init__(self, item: Any, once: float) -> None:
        self._item = item
        self._once = once
        self._sections = len(item._report_sections)
        self._properties = len(item.user_properties)
        self._object = item.__dict__.get("_obj")
        self._is_up = True
        self._settling = Settling()
        used = list(self._item._request._fixture_defs.values())
        self._finalizers = {id(kept): len(kept) for kept in self._kept_finalizers(used)}
        self._kept_values = dict(item.stash._storage)
        self._put_back = _calm_hypothesis(item)
        # Called with the result of each `with self.subTest()`, for reports.
        self._item.addSubTest = _nothing

    def run(self) -> None:
        """One run from set-up to teardown; `NotRepeated` when it does not pass."""
        if self._is_up:
            try:
                self._tear_down("its teardown fails")
            except NotRepeated as why:
                why.is_of_the_first_run = True
                raise
        self._set_up_and_call()
        self._tear_down("its teardown fails when run again")

    def finish(self) -> Optional[BaseException]:
        """Leaves the test as it was found: set up and called. What the teardown raised, if it did."""
        failure: Optional[BaseException] = None
        if self._is_up:
            with contextlib.suppress(NotRepeated):
                self._tear_down("")
        try:
            self._set_up_and_call()
        except NotRepeated as why:
            failure = why.__cause__
        self._take_back(list(self._item._request._fixture_defs.values()))
        self._put_back()
        del self._item.addSubTest
        return failure

    def _set_up_and_call(self) -> None:
        item = self._item
        item._initrequest()
        self._renew_object()
        self._is_up = True
        with self._again("fails when set up again"):
            item.ihook.pytest_runtest_setup(item=item)
        with self._again("fails when run again"), at_most(self._once):
            item.ihook.pytest_runtest_call(item=item)
            self._raise_what_unittest_kept()

    def _tear_down(self, what: str) -> None:
        item = self._item
        self._is_up = False
        # What reports of the phases before leave for the teardown: there are none in a repetition.
        for key, value in self._kept_values.items():
            item.stash._storage.setdefault(key, value)
        used = list(item._request._fixture_defs.values())
        with self._again(what):
            # The parent as the next item: what belongs to it and to those above stays up.
            item.ihook.pytest_runtest_teardown(item=item, nextitem=item.parent)
        self._take_back(used)
        item._initrequest()
        self._settling.wait()

    @contextlib.contextmanager
    def _again(self, what: str) -> Iterator[None]:
        # pytest keeps the warnings of the whole protocol; those of repetitions end here.
        with warnings.catch_warnings(record=True):
            try:
                yield
            except (Exit, KeyboardInterrupt):
                raise
            except BaseException as error:
                raise NotRepeated("%s: %s" % (what, _in_short(error))) from error

    def _raise_what_unittest_kept(self) -> None:
        """A `unittest.TestCase` raises nothing: pytest keeps its failures for the report."""
        kept = self._item.__dict__.get("_excinfo")
        if kept:
            error = kept[0].value
            kept.clear()
            raise error

    def _renew_object(self) -> None:
        """A method gets a new instance of its class, as in a run of its own."""
        item = self._item
        if getattr(self._object, "__self__", None) is not None and self._object is not None:
            item.__dict__.pop("_instance", None)
            item.__dict__.pop("_obj", None)
        elif self._object is not None:
            # A plugin may have wrapped it for the first run, and would again.
            item._obj = self._object

    def _take_back(self, used: "list[FixtureDef[Any]]") -> None:
        item = self._item
        del item._report_sections[self._sections :]
        del item.user_properties[self._properties :]
        for kept in self._kept_finalizers(used):
            _drop_repeated(kept, self._finalizers.get(id(kept), 0))

    def _kept_finalizers(self, used: "list[FixtureDef[Any]]") -> "Iterator[list[Callable[[], object]]]":
        """Finalizers of what outlives the test: fixtures of wider scopes, and what contains the test."""
        for definition in used:
            # Fixtures that pytest makes up, such as `request`, have none.
            finalizers = getattr(definition, "_finalizers", None)
            if finalizers is not None and definition.scope != "function":
                yield finalizers
        for node, (finalizers, _) in self._item.session._setupstate.stack.items():
            if node is not self._item:
                yield finalizers


def _drop_repeated(finalizers: "list[Callable[[], object]]", first: int) -> None:
    """Drops those from `first` on that finish a fixture of the test itself, or one that is in the list already."""
    seen = {id(_finished_by(one)) for one in finalizers[:first]} - {id(None)}
    kept = []
    for one in finalizers[first:]:
        finished = _finished_by(one)
        if finished is None or (finished.scope != "function" and id(finished) not in seen):
            kept.append(one)
            seen.add(id(finished))
    if len(kept) != len(finalizers) - first:
        finalizers[first:] = kept


def _finished_by(finalizer: "Callable[[], object]") -> "Optional[FixtureDef[Any]]":
    if isinstance(finalizer, functools.partial):
        owner = getattr(finalizer.func, "__self__", None)
        if isinstance(owner, FixtureDef):
            return owner
    return None


def _calm_hypothesis(item: Any) -> "Callable[[], None]":
    """A test of hypothesis tries the same few examples in each run; returns what takes that back."""
    function = getattr(item.obj, "__func__", item.obj)
    name = "_hypothesis_internal_use_settings"
    before = getattr(function, name, None)
    if not getattr(function, "is_hypothesis_test", False) or before is None:
        return _nothing
    import hypothesis

    # A method gets a new instance for each run, which hypothesis would take for a mistake.
    unchecked = [*before.suppress_health_check]
    unchecked += [one for one in hypothesis.HealthCheck if one.name == "differing_executors"]
    calm = hypothesis.settings(
        before,
        database=None,
        derandomize=True,
        deadline=None,
        max_examples=min(before.max_examples, 10),
        suppress_health_check=unchecked,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    setattr(function, name, calm)
    return functools.partial(setattr, function, name, before)


def _nothing(*_: object) -> None:
    """Takes the place of what repetitions must not do."""


def _in_short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    text = "%s: %s" % (type(error).__name__, lines[0]) if lines else type(error).__name__
    return text if len(text) <= 160 else text[:159] + "…"
