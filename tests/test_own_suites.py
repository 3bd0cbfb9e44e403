"""Packages from PyPI, and the standard library, pass and fail the same tests of their own under unfreed."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path

import pytest

from programs.headers import HERE
from programs.runs import Outcome, Pool, Run
from programs.suites import Suite, fetch, pytest_outcomes, unittest_outcomes

# Each Python runs one of them, so that each runs on the old, the middle and the new.
# Left out of more-itertools are two tests that take 20 seconds of CPU and test arithmetic.
SUITES = [
    Suite(
        "more-itertools",
        "more-itertools==10.8.0",
        ("tests", "-k", "not test_primes and not test_roundtrip"),
        600,
    ),
    Suite("toolz", "toolz==1.0.0", ("toolz",), 180),
    Suite("boltons", "boltons==25.0.0", ("--noconftest", "tests"), 400),
]
SUITE = SUITES[sys.version_info[1] % len(SUITES)]
STANDARD_LIBRARY = """test_gc test_weakset test_sys_settrace test_sys_setprofile test_dict test_generators test_funcattrs
test_descr test_frame test_class test_weakref.ReferencesTestCase test_weakref.FinalizeTestCase""".split()


@dataclasses.dataclass(frozen=True)
class Twice:
    """A command without unfreed, and under it."""

    command: tuple[str, ...]
    folder: Path

    def runs(self) -> list[Run]:
        """What to start before the test asks for it: the plain run and the recorded one."""
        return [
            Run(self.command, self.folder, False),
            Run(self.command, self.folder, options=("--quiet",)),
        ]


def assert_recorded(outcome: Outcome) -> None:
    """The run was recorded, so it is not unfreed's absence that changed nothing."""
    assert outcome.report["program"]["ended"], str(outcome)


@pytest.mark.slow
@pytest.mark.parametrize("suite", [SUITE], ids=lambda suite: suite.name)
def test_suite_of_a_package(suite: Suite, pool: Pool, tmp_path: Path) -> None:
    folder = fetch(suite, tmp_path / "source")
    junits = [tmp_path / "plain.xml", tmp_path / "recorded.xml"]
    pytest_command = (
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *suite.arguments,
        "--junitxml",
    )
    runs = [
        Run((*pytest_command, str(junits[0])), folder, under_unfreed=False),
        Run((*pytest_command, str(junits[1])), folder, options=("--quiet",)),
    ]
    for run in runs:
        pool.start(run)
    plain, recorded = (
        pytest_outcomes(junit, pool.outcome(run)) for junit, run in zip(junits, runs)
    )
    assert len(plain) >= suite.at_least, "the suite did not run: %d tests" % len(plain)
    assert recorded == plain
    assert_recorded(pool.outcome(runs[1]))


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("test.test_gc") is None, reason="this Python came without its tests"
)
@pytest.mark.parametrize(
    "twice",
    [Twice(("-m", "unittest", "-v", *("test." + name for name in STANDARD_LIBRARY)), HERE)],
    ids=["collector and tracing"],
)
def test_suite_of_the_standard_library(twice: Twice, pool: Pool) -> None:
    plain, recorded = (pool.outcome(run) for run in twice.runs())
    outcomes = unittest_outcomes(plain)
    assert len(outcomes) > 400, "the suite did not run: %s" % plain
    assert unittest_outcomes(recorded) == outcomes
    assert recorded.returncode == plain.returncode
    assert_recorded(recorded)
