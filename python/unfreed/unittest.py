"""For plain `unittest`: tests that may leave nothing behind.

    class TestStore(unfreed.unittest.NoLeaks, unittest.TestCase): ...

Each test that passes is run again and again, from `setUp` to its last clean-up, and fails if every run leaves
something behind. With `pytest --unfreed` this is not needed: it repeats test cases of any kind.
"""

import sys
import time
import unittest
from typing import Any, Optional

from unfreed._no_leaks import LeakError, check


class NotRepeated(Exception):
    """The test does not pass when it is run again."""


class NoLeaks(unittest.TestCase):
    """A mixin for test cases; it stands before `unittest.TestCase` among the bases."""

    unfreed_rounds: Optional[int] = None
    """Fixes the number of rounds."""

    def run(self, result: "Optional[unittest.TestResult]" = None) -> "Optional[unittest.TestResult]":
        """Runs the test; its success is told when the runs that follow leave nothing behind."""
        if result is None:
            return super().run(result)
        teller: Any = _Teller(self, result)
        super().run(teller)
        return result

    def _run_again(self) -> None:
        again = type(self)(self._testMethodName)
        result = unittest.TestResult()
        # Past `run` of this class: the test alone.
        unittest.TestCase.run(again, result)
        if not result.wasSuccessful() or result.skipped:
            raise NotRepeated


class _Teller:
    """A result that hears of a success only after the test was repeated."""

    def __init__(self, test: NoLeaks, result: unittest.TestResult) -> None:
        self._test = test
        self._result = result
        self._began = time.perf_counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def addSuccess(self, test: unittest.TestCase) -> None:
        """Called once everything of the test is torn down."""
        seconds = time.perf_counter() - self._began
        try:
            check(self._test._run_again, self._test.id(), seconds, self._test.unfreed_rounds)
        except NotRepeated:
            # Not this test's fault: it was not written to be repeated.
            self._result.addSuccess(test)
        except LeakError:
            self._result.addFailure(test, sys.exc_info())
        else:
            self._result.addSuccess(test)
