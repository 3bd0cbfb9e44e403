"""`pytest --unfreed`: innocent tests pass, leaking ones fail by name, what cannot be repeated is said so."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from programs.headers import HERE
from programs.runs import clean_environment

SUITES = HERE / "under_pytest"

# The plugin is Python over what `unfreed check` uses, which is tested everywhere: two ends of the supported versions
# have to do for the suites that take a minute.
in_full = pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 9), (3, 12)), reason="run on CPython 3.9 and 3.12: takes a minute"
)


def run(*words: str, folder: Path, alone: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs Python with the words, away from the configuration of this suite."""
    environment = {**clean_environment(), "COLUMNS": "200", "PYTHONPATH": str(SUITES)}
    if alone:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
        check=False,
    )


def copy_of(name: str, folder: Path) -> Path:
    """A suite under a name that pytest collects, outside the reach of any conftest."""
    path = folder / (name + ".py")
    path.write_text((SUITES / (name + ".py")).read_text())
    return path


def pytest_on(path: Path, *words: str, alone: bool = False) -> subprocess.CompletedProcess[str]:
    """pytest on one file, with such plugins as are installed."""
    command = ("-m", "pytest", "-p", "no:cacheprovider", "-rA", *words, str(path))
    return run(*command, folder=path.parent, alone=alone)


def alone_on(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same without other plugins: a small heap, so that the many tests of a suite take half the time."""
    return pytest_on(path, "-p", "unfreed.pytest_plugin", *words, alone=True)


def outcomes(output: str) -> dict[str, str]:
    """Outcomes by test, from the short summary."""
    found = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL) \S*?::(\S+)", output, re.MULTILINE)
    return {test: outcome for outcome, test in found}


FROZEN = """
import time

class Clock:
    now = 0.0

def test_ages(monkeypatch):
    monkeypatch.setattr(time, "perf_counter", lambda: Clock.now)
    monkeypatch.setattr(time, "monotonic", lambda: Clock.now)
    Clock.now += 3600.0
"""


def test_time_that_a_test_moves_is_no_time_that_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "test_frozen.py"
    path.write_text(FROZEN)
    done = alone_on(path, "--unfreed")
    assert "1 of 1 tests repeated, none leaks" in done.stdout, done.stdout


WAITS = """
import time

CAME = ["once"]

def test_waits():
    while True:
        try:
            CAME.pop()
            return
        except Exception:
            time.sleep(0.01)
"""


def test_a_test_that_waits_for_what_comes_once_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "test_waits.py"
    path.write_text(WAITS)
    done = alone_on(path, "--unfreed")
    assert "0 of 1 tests repeated" in done.stdout and "takes longer than 5 s" in done.stdout, done.stdout
    assert outcomes(done.stdout) == {"test_waits": "PASSED"}


@pytest.mark.slow
@in_full
def test_innocent_tests_pass(tmp_path: Path) -> None:
    more = copy_of("innocent_too", tmp_path)
    done = alone_on(copy_of("innocent", tmp_path), "--unfreed", str(more))
    assert done.returncode == 0, done.stdout
    summary = re.search(r"(\d+) of (\d+) tests repeated, none leaks", done.stdout)
    assert summary is not None, done.stdout
    assert int(summary[1]) == int(summary[2]) > 120, done.stdout


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of `pytest --unfreed` on the suite that leaks."""
    return alone_on(copy_of("leaky", tmp_path_factory.mktemp("leaky")), "--unfreed").stdout


def docstrings() -> dict[str, str]:
    """What each leaking test has to be told about, by test."""
    sys.path.insert(0, str(SUITES))
    try:
        import leaky
    finally:
        sys.path.remove(str(SUITES))
    told = {name: value.__doc__ for name, value in vars(leaky).items() if name.startswith("test_")}
    told["Case.test_case"] = leaky.Case.test_case.__doc__
    told["test_parametrised[2]"] = told.pop("test_parametrised")
    return {name: text or "" for name, text in told.items()}


QUIET = {"passes", "allowed", "not repeated"}


@pytest.mark.slow
@in_full
def test_leaking_tests_fail_by_name(leaky: str) -> None:
    told = docstrings()
    result = outcomes(leaky)
    sections = re.split(r"^_{3,} (?:ERROR at teardown of )?(\S+) _{3,}$", leaky, flags=re.MULTILINE)
    reports = dict(zip(sections[1::2], sections[2::2]))
    for name, text in told.items():
        key = name.replace("Case.", "Case::")
        if text in QUIET:
            assert result[key] == "PASSED", name
        else:
            assert result[key] in ("FAILED", "ERROR"), name + "\n" + leaky
            assert text in reports[name], reports[name]
    assert result["test_parametrised[1]"] == "PASSED"
    # Frames of the runner, which the exception's traceback keeps, are most of what grows.
    assert re.search(r"made at .*leaky\.py:\d+ in test_exception\(\)", reports["test_exception"]), reports["test_exception"]
    assert "given back twice" not in leaky


@pytest.mark.slow
@in_full
def test_summary_tells_what_was_not_repeated_and_what_is_allowed(leaky: str) -> None:
    assert re.search(r"not repeated: \S+::test_that_runs_once: fails when run again: Assert", leaky)
    assert re.search(r"allowed: \S+::test_allowed: [0-9a-f]{12} growing container leaky\.KEPT", leaky)


PLAIN = """
import pytest
KEPT = []
def test_leaks(): KEPT.append([1])
def test_fails(): assert 0
@pytest.mark.unfreed
def test_marked(): KEPT.append([2])
@pytest.fixture
def broken():
    yield
    raise OSError("teardown")
def test_teardown(broken): pass
"""


def test_nothing_is_repeated_without_the_option(tmp_path: Path) -> None:
    path = tmp_path / "test_plain.py"
    path.write_text(PLAIN)
    done = pytest_on(path, "--strict-markers")
    assert outcomes(done.stdout)["test_leaks"] == "PASSED"
    assert "tests repeated" not in done.stdout


def test_only_marked_tests_are_repeated_on_request(tmp_path: Path) -> None:
    path = tmp_path / "test_plain.py"
    path.write_text(PLAIN)
    done = pytest_on(path, "--unfreed=marked")
    result = outcomes(done.stdout)
    assert (result["test_leaks"], result["test_marked"]) == ("PASSED", "FAILED"), done.stdout
    assert "def test_fails(): assert 0" in done.stdout


def test_a_teardown_that_fails_is_reported_as_always(tmp_path: Path) -> None:
    path = tmp_path / "test_plain.py"
    path.write_text(PLAIN)
    done = pytest_on(path, "--unfreed", "-k", "teardown")
    assert outcomes(done.stdout)["test_teardown"] == "ERROR", done.stdout
    assert "OSError: teardown" in done.stdout
    assert "not repeated" in done.stdout


OTHERS = """
import asyncio, pytest
KEPT = []
@pytest.mark.asyncio
async def test_asyncio(): await asyncio.sleep(0)
@pytest.mark.asyncio
async def test_asyncio_leaks():
    await asyncio.sleep(0)
    KEPT.append([1])
@pytest.fixture
def anyio_backend(): return "asyncio"
@pytest.mark.anyio
async def test_anyio(): await asyncio.sleep(0)
"""
EXAMPLES = """
from hypothesis import given, strategies
KEPT = []
@given(strategies.lists(strategies.integers()))
def test_sorted(numbers): assert sorted(numbers) == sorted(reversed(numbers))
@given(strategies.text())
def test_kept(text): KEPT.append([text])
"""


def has(*modules: str) -> bool:
    """Whether all of them are installed."""
    return all(importlib.util.find_spec(module) is not None for module in modules)


@pytest.mark.slow
@in_full
@pytest.mark.skipif(not has("pytest_asyncio", "anyio"), reason="pytest-asyncio or anyio is not installed")
def test_asynchronous_tests(tmp_path: Path) -> None:
    path = tmp_path / "test_others.py"
    path.write_text(OTHERS)
    result = outcomes(pytest_on(path, "--unfreed").stdout)
    assert result == {
        "test_asyncio": "PASSED",
        "test_asyncio_leaks": "FAILED",
        "test_anyio": "PASSED",
    }


@pytest.mark.slow
@in_full
@pytest.mark.skipif(not has("hypothesis"), reason="hypothesis is not installed")
def test_tests_of_hypothesis(tmp_path: Path) -> None:
    path = tmp_path / "test_examples.py"
    path.write_text(EXAMPLES)
    done = pytest_on(path, "--unfreed", "--unfreed-longest=60")
    assert outcomes(done.stdout) == {"test_sorted": "PASSED", "test_kept": "FAILED"}, done.stdout


@pytest.mark.slow
@in_full
@pytest.mark.skipif(not has("xdist"), reason="pytest-xdist is not installed")
def test_workers_of_xdist(tmp_path: Path) -> None:
    path = tmp_path / "test_plain.py"
    path.write_text(PLAIN)
    done = pytest_on(path, "--unfreed", "-n", "2")
    result = outcomes(done.stdout)
    assert (result["test_leaks"], result["test_fails"]) == ("FAILED", "FAILED"), done.stdout
    assert "of 3 tests repeated, 2 leak" in done.stdout
    assert "not repeated" in done.stdout


@pytest.mark.slow
@in_full
def test_under_coverage(tmp_path: Path) -> None:
    path = tmp_path / "test_plain.py"
    path.write_text(PLAIN.replace("KEPT.append([1])", "assert 1"))
    words = ("run", "--branch", "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--unfreed", str(path))
    done = run("-m", "coverage", *words, folder=tmp_path)
    result = outcomes(done.stdout)
    assert (result["test_leaks"], result["test_marked"]) == ("PASSED", "FAILED"), done.stdout
    report = run("-m", "coverage", "report", folder=tmp_path)
    assert "test_plain.py" in report.stdout


@pytest.mark.slow
@in_full
def test_in_code(tmp_path: Path) -> None:
    path = copy_of("in_code", tmp_path)
    done = run("-m", "unittest", "-v", path.stem, folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "Ran 9 tests" in done.stdout


CASES = """
import asyncio, os, unittest, unfreed.unittest
KEPT, RUNS, SKIPS = [], [], []

class Case(unfreed.unittest.NoLeaks, unittest.TestCase):
    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                KEPT.append([number])
    def test_subtests_tidy(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertTrue([number])
    def test_once(self):
        RUNS.append(1)
        self.assertEqual(len(RUNS), 1)
    def test_skips(self):
        SKIPS.append(1)
        if len(SKIPS) > 1:
            self.skipTest("had its turn")
    @unittest.expectedFailure
    def test_expected(self):
        self.fail()

class Async(unfreed.unittest.NoLeaks, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.event = asyncio.Event()
    async def test_keeps(self):
        await asyncio.sleep(0)
        KEPT.append([1])
    async def test_tidy(self):
        self.event.set()
        await self.event.wait()
        await asyncio.gather(*[asyncio.sleep(0) for _ in range(3)])
    async def test_leaves_a_descriptor(self):
        os.open(os.devnull, os.O_RDONLY)
"""


@pytest.mark.parametrize("words", [("-v",), ("-b",)])
def test_cases_of_unittest(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "test_cases.py").write_text(CASES)
    said = run("-m", "unittest", *words, "test_cases", folder=tmp_path).stdout
    failed = set(re.findall(r"^(?:FAIL|ERROR): (\w+)", said, re.MULTILINE))
    assert failed == {"test_subtests", "test_keeps", "test_leaves_a_descriptor"}, said
    told = re.findall(r"^unfreed: not repeated: test_cases\.\w+\.(\w+): (.*)$", said, re.MULTILINE)
    assert dict(told) == {
        "test_once": "fails when run again: AssertionError: 2 != 1",
        "test_skips": "is skipped when run again: had its turn",
        "test_expected": "an expected failure",
    }, said


def test_a_case_that_cannot_be_judged_says_so(tmp_path: Path) -> None:
    (tmp_path / "test_cases.py").write_text(CASES)
    command = ("-m", "unfreed", "run", "--quiet", "-o", "/dev/null", "-m", "unittest", "test_cases.Async.test_keeps")
    said = run(*command, folder=tmp_path).stdout
    assert "OK" in said and "which cannot be judged: this process is recorded already" in said, said


def test_importing_the_package_imports_nothing_else() -> None:
    program = (
        "import sys; before = set(sys.modules); import unfreed; print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "['unfreed']"
