"""Starts the runs that the chosen tests need as soon as they are known, so that they overlap."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from programs.headers import Program
from programs.pythons import HAS_ALL, REASON
from programs.runs import Pool

POOL = pytest.StashKey[Pool]()
FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marks, and lets programs have the signals that a terminal sends.

    What started the tests (`nohup`, a background job of a shell) may ignore those, and programs inherit that.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(
                number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            )
    config.addinivalue_line("markers", "slow: takes more than a few seconds of CPU")
    config.addinivalue_line(
        "markers", "any_python: does not depend on the version of Python (programs/pythons.py)"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in `compat` come last: many count the objects and the children of this process, which the threads that
    start the runs change."""
    items.sort(key=lambda item: "compat" in Path(item.fspath).parts)
    for item in filter(is_left_out, items):
        item.add_marker(pytest.mark.skip(reason=REASON))


def is_left_out(item: pytest.Item) -> bool:
    """Whether a test is one of those that other Pythons run."""
    return not HAS_ALL and item.get_closest_marker("any_python") is not None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Starts the runs of every chosen test that says which ones it needs: a parameter with `runs()`."""
    if session.config.option.collectonly:
        return
    if importlib.util.find_spec("unfreed") is None:
        pytest.exit("unfreed is not installed in %s" % sys.executable, returncode=4)
    folder = session.config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="unfreed-tests-"))
    at_once = int(os.environ.get("UNFREED_TESTS_AT_ONCE", 4 * (os.cpu_count() or 1)))
    pool = session.config.stash[POOL] = Pool(folder, at_once)
    for item in (item for item in session.items if not is_left_out(item)):
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        for run in (run for value in parameters if hasattr(value, "runs") for run in value.runs()):
            pool.start(run)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leaves no process behind, and no file unless a test has failed."""
    if POOL not in session.config.stash:
        return
    session.config.stash[POOL].close()
    if exitstatus == 0:
        shutil.rmtree(session.config.stash[FOLDER], ignore_errors=True)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Says where the recordings of a failed session are."""
    if exitstatus != 0 and FOLDER in config.stash:
        terminalreporter.write_line("recordings and reports: %s" % config.stash[FOLDER])


@pytest.fixture(scope="session")
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """The pool of the session's runs."""
    yield request.config.stash[POOL]


@pytest.fixture(autouse=True)
def program_can_run(request: pytest.FixtureRequest) -> None:
    """Skips a test whose program this Python cannot run; fails one whose requirements should be there."""
    parameters = request.node.callspec.params.values() if hasattr(request.node, "callspec") else ()
    programs = [getattr(value, "program", value) for value in parameters]
    for program in (one for one in programs if isinstance(one, Program)):
        reason = program.reason_to_skip()
        if reason:
            pytest.skip(reason)
        missing = program.missing()
        if missing:
            pytest.fail(
                "%s not installed: pip install -r tests/requirements.txt" % ", ".join(missing),
                pytrace=False,
            )
