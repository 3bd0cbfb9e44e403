"""For plain `unittest`: tests that may leave nothing behind.

    class TestStore(unfreed.unittest.NoLeaks, unittest.TestCase): ...

Each test that passes is run again and again, from `setUp` to its last clean-up, and fails if every run leaves
something behind; so are those of `unittest.IsolatedAsyncioTestCase`. A test that cannot be repeated passes, and a line on
the stream of the runner says why. With `pytest --unfreed` this is not needed: it repeats test cases of any kind.
"""

import sys
import unittest
from typing import Any, Optional

from unfreed import _clock
from unfreed._no_leaks import LeakError, check


class NotRepeated(Exception):
    """The test does not pass when it is run again; the message says how."""


class NoLeaks(unittest.TestCase):
    """A mixin for test cases; it stands before `unittest.TestCase` among the bases."""

    unfreed_rounds: Optional[int] = None
    """Fixes the number of rounds."""

    _unfreed_repeats = False

    def run(self, result: "Optional[unittest.TestResult]" = None) -> "Optional[unittest.TestResult]":
        """Runs the test; its success is told when the runs that follow leave nothing behind."""
        if result is None or self._unfreed_repeats:
            return super().run(result)
        teller: Any = _Teller(self, result)
        super().run(teller)
        return result

    def _run_again(self) -> None:
        again = type(self)(self._testMethodName)
        again._unfreed_repeats = True
        result = unittest.TestResult()
        # As a suite calls it: classes prepare a test in `run` (an event loop) or in `__call__` (Django).
        again(result)
        reason = _why_not(result)
        if reason is not None:
            raise NotRepeated(reason)


class _Teller:
    """A result that hears of a success only after the test was repeated."""

    def __init__(self, test: NoLeaks, result: unittest.TestResult) -> None:
        self._test = test
        self._result = result
        self._began = _clock.seconds()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def addSuccess(self, test: unittest.TestCase) -> None:
        """Called once everything of the test is torn down."""
        seconds = _clock.seconds() - self._began
        reason: Optional[str]
        try:
            reason = check(self._test._run_again, self._test.id(), seconds, self._test.unfreed_rounds)
        except NotRepeated as why:
            # Not this test's fault: it was not written to be repeated.
            reason = str(why)
        except LeakError:
            self._result.addFailure(test, sys.exc_info())
            return
        self._result.addSuccess(test)
        if reason is not None:
            _say(self._result, "not repeated: %s: %s" % (test.id(), reason))

    def addExpectedFailure(self, test: unittest.TestCase, error: Any) -> None:
        """A test that fails leaves behind what its error holds, and is not repeated."""
        self._result.addExpectedFailure(test, error)
        _say(self._result, "not repeated: %s: an expected failure" % test.id())


def _why_not(result: unittest.TestResult) -> Optional[str]:
    """How a repetition did not pass; `None` when it did."""
    for _, text in [*result.errors, *result.failures]:
        last = text.strip().splitlines()[-1:]
        return "fails when run again: %s" % "".join(last)
    for _, reason in result.skipped:
        return "is skipped when run again: %s" % reason
    return None if result.wasSuccessful() else "fails when run again"


def _say(result: unittest.TestResult, sentence: str) -> None:
    """A line of its own where the runner writes; `-b` takes standard error away while a test runs."""
    stream = getattr(result, "stream", None) or sys.stderr
    begin = "\n" if getattr(result, "dots", False) else ""
    try:
        stream.write("%sunfreed: %s\n" % (begin, sentence))
        stream.flush()
    except Exception:
        # A runner may have a stream of any kind, and a test does not fail for what is said of it.
        pass
