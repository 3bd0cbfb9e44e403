"""Examines each test that has passed: screens it over a few runs, judges it if anything grew, and reports."""

from __future__ import annotations

import re
from typing import Any, Optional

import pytest

from unfreed import _clock
from unfreed._answers import in_words
from unfreed._left_files import Made
from unfreed._recorded import Finding, Judged, NotRecorded, judge
from unfreed._screen import grows
from unfreed.pytest_plugin import runners
from unfreed.pytest_plugin.baseline import known_ids, write_baseline
from unfreed.pytest_plugin.repetition import NotRepeated, Repetition, reason_not_to
from unfreed.pytest_plugin.wishes import Wishes, wishes_of

RESULT = pytest.StashKey["dict[str, Any]"]()
"""What the examination of a test came to: plain data, which reports carry from workers to the terminal."""
TEARDOWN_ERROR = pytest.StashKey["BaseException"]()
"""What the teardown raised when the test was run for the first time."""


class Examiner:
    """The plugin behind `--unfreed` and `--unfreed=marked`."""

    def __init__(self, config: pytest.Config, mode: str) -> None:
        self._only_marked = mode == "marked"
        self._longest: float = config.getoption("unfreed_longest")
        self._known = known_ids(config.getoption("unfreed_baseline"))
        self._baseline: Optional[str] = config.getoption("unfreed_write_baseline")
        self._is_worker = hasattr(config, "workerinput")
        self._repeating = False
        self._results: list[tuple[str, dict[str, Any]]] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> object:
        """Runs the test as always; then, when it has passed, again and again."""
        if self._repeating:
            return (yield)
        wishes = wishes_of(item)
        began = _clock.seconds()
        with _peak_below(wishes.peak):
            result = yield
        seconds = _clock.seconds() - began
        wanted = wishes.marked or not self._only_marked
        if wanted and not wishes.excluded and not item.__dict__.get("_excinfo"):
            self._examine(item, wishes, seconds)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> object:
        """Reports what the teardown of the first run raised, unless the last one raises as well."""
        result = yield
        if not self._repeating:
            error = item.stash.get(TEARDOWN_ERROR, None)
            if error is not None:
                del item.stash[TEARDOWN_ERROR]
                raise error
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Gives the result along with the report, for the terminal of another process maybe."""
        report = yield
        if call.when == "call" and RESULT in item.stash:
            report.unfreed = item.stash[RESULT]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps the results for the summary."""
        result = getattr(report, "unfreed", None)
        if result is not None and report.when == "call":
            self._results.append((report.nodeid, result))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says how many tests were repeated, what that cost, and which were not."""
        if not self._results:
            return
        results = [result for _, result in self._results]
        repeated = [result for result in results if "reason" not in result]
        leaking = sum(1 for result in repeated if result["leaks"])
        cost = sum(result["seconds"] for result in results)
        own = sum(result["once"] for result in results)
        terminalreporter.section("unfreed")
        terminalreporter.write_line(
            "%d of %d tests repeated, %s; that added %.1f s to %.1f s of tests"
            % (len(repeated), len(results), _leak(leaking), cost, own)
        )
        for nodeid, result in self._results:
            if "reason" in result:
                terminalreporter.write_line("not repeated: %s: %s" % (nodeid, result["reason"]))
            for title in result.get("allowed", ()):
                terminalreporter.write_line("allowed: %s: %s" % (nodeid, title))

    def pytest_sessionfinish(self) -> None:
        """Writes down what was found, in the process that has all results."""
        if self._baseline is not None and not self._is_worker:
            write_baseline(self._baseline, self._results)

    def _examine(self, item: pytest.Item, wishes: Wishes, once: float) -> None:
        result: dict[str, Any] = {"once": once, "seconds": 0.0, "leaks": 0}
        item.stash[RESULT] = result
        reason = reason_not_to(item)
        if reason is None and once > self._longest and not wishes.marked:
            reason = "one run takes %.1f s; mark it with unfreed to have it repeated" % once
        if reason is not None:
            result["reason"] = reason
            return
        assert isinstance(item, pytest.Function)
        began = _clock.seconds()
        try:
            judged = self._repeat(item, wishes, once)
        except (NotRepeated, NotRecorded) as why:
            result["reason"] = str(why)
            return
        finally:
            result["seconds"] = _clock.seconds() - began
        if judged is not None:
            self._report(judged, wishes, result)

    def _repeat(self, item: pytest.Function, wishes: Wishes, once: float) -> Optional[Judged]:
        self._repeating = True
        repetition = Repetition(item, once)
        failure: Optional[NotRepeated] = None
        judged: Optional[Judged] = None
        try:
            files = Made(folders_of_pytest(item.config))
            growth = grows(repetition.run, wishes.rounds, files)
            if growth is not None:
                left = files if files.count() else None
                judged = judge(repetition.run, item.nodeid, once, growth, wishes.rounds, left)
        except NotRepeated as why:
            failure = why
        finally:
            error = repetition.finish()
            self._repeating = False
        if failure is not None:
            if failure.is_of_the_first_run and failure.__cause__ is not None:
                item.stash[TEARDOWN_ERROR] = failure.__cause__
            raise failure
        if error is not None:
            raise NotRepeated("fails when run once more: %s" % type(error).__name__)
        return judged

    def _report(self, judged: Judged, wishes: Wishes, result: dict[str, Any]) -> None:
        leaks = [one for one in judged.certain_leaks() if _counts(one, wishes)]
        allowed = [one for one in leaks if one.id in self._known or _is_allowed(one, wishes.allow)]
        result["found"] = [{"id": one.id, "title": one.title} for one in leaks]
        leaks = [one for one in leaks if one not in allowed]
        result["leaks"] = len(leaks)
        result["allowed"] = ["%s %s" % (one.id, one.title) for one in allowed]
        if leaks:
            pytest.fail(_message(leaks, judged.runs), pytrace=False)


def folders_of_pytest(config: pytest.Config) -> "tuple[str, ...]":
    """Where `tmp_path` is made anew for each run, and removed when pytest thinks it right."""
    folder = getattr(getattr(config, "_tmp_path_factory", None), "_basetemp", None)
    return () if folder is None else (str(folder),)


def _counts(finding: Finding, wishes: Wishes) -> bool:
    if runners.is_of_a_runner(finding.data):
        return False
    counted = finding.data["kind"] == "resource"
    return counted or wishes.limit is None or finding.bytes_a_run > wishes.limit


def _is_allowed(finding: Finding, allow: "tuple[str, ...]") -> bool:
    return any(one == finding.id or re.search(one, finding.text) for one in allow)


def _message(leaks: "list[Finding]", runs: int) -> str:
    others = " and %d more" % (len(leaks) - 1) if len(leaks) > 1 else ""
    first = "leak: %s%s" % (leaks[0].title, others)
    ids = ", ".join(one.id for one in leaks)
    return "\n\n".join(
        [
            first,
            *(one.text for one in leaks),
            "A call is one run of this test with its fixtures; %d were judged. Known already? "
            "@pytest.mark.unfreed(allow=[…]) takes %s" % (runs, ids),
        ]
    )


def _leak(count: int) -> str:
    if count == 0:
        return "none leaks"
    return "1 leaks" if count == 1 else "%d leak" % count


class _peak_below:
    """Fails when the code inside needs more memory at once than it may; nothing is measured without a limit."""

    def __init__(self, limit: Optional[float]) -> None:
        self._limit = limit
        self._began = False

    def __enter__(self) -> None:
        if self._limit is None:
            return
        import tracemalloc

        self._began = not tracemalloc.is_tracing()
        if self._began:
            tracemalloc.start(1)
        self._before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()

    def __exit__(self, kind: object, *_: object) -> None:
        if self._limit is None:
            return
        import tracemalloc

        peak = tracemalloc.get_traced_memory()[1] - self._before
        if self._began:
            tracemalloc.stop()
        if kind is None and peak > self._limit:
            pytest.fail(
                "this test needs %s at once, more than the %s that its mark allows"
                % (in_words(peak), in_words(self._limit)),
                pytrace=False,
            )
