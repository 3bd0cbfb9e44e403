"""`pytest --unfreed=session`, and baselines of test runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from programs.runs import clean_environment

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 9), (3, 12)),
    reason="run on CPython 3.9 and 3.12: the plugin is Python over what `unfreed check` uses, which is tested everywhere",
)

TESTS = Path(__file__).parent / "programs" / "under_pytest" / "session.py"


def call(folder: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    # Plugins of the environment may keep objects and descriptors of their own.
    environment = clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **more)
    command = [sys.executable, "-m", "pytest", "-p", "unfreed.pytest_plugin", "-p", "no:cacheprovider", "-q", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is printed about the suite."""
    folder = tmp_path_factory.mktemp("session")
    shutil.copy(TESTS, folder / "test_shop.py")
    done = call(folder, "--unfreed=session", "test_shop.py")
    assert done.returncode == 0, done
    return done.stdout


def test_growth_from_test_to_test_is_told(session: str) -> None:
    assert "grows from test to test: test_shop.Session: +15 over 15 of 19 tests" in session


def test_tests_that_keep_objects_are_named_with_the_holder(session: str) -> None:
    line = "test_shop.py::test_keeps[0] leaves 1 test_shop.Session, held by test_shop.KEPT[0] (and 14 more with other parameters)"
    assert line in session.splitlines()


def test_descriptors_are_told_and_joined_threads_are_not(session: str) -> None:
    assert "test_shop.py::test_opens leaves 1 descriptor" in session
    assert "test_joins" not in session and "test_keeps_nothing" not in session


def test_fixtures_of_wider_scopes_are_named(session: str) -> None:
    assert "set up during test_shop.py::test_with_a_client: client (module); left 1 test_shop.Client" in session


KEEPS = """
import logging, os, tempfile
import pytest
BIG = {}
CACHE = []

def test_first():
    assert BIG == {}

def test_array():
    BIG["array"] = bytearray(5 << 20)

def test_array_that_goes():
    assert bytearray(5 << 20)

def test_handler():
    logging.getLogger("shop").addHandler(logging.NullHandler())

def test_handler_that_goes(caplog):
    handler = logging.NullHandler()
    logging.getLogger("shop").addHandler(handler)
    logging.getLogger("shop").removeHandler(handler)

def test_file():
    descriptor, _ = tempfile.mkstemp(suffix=".page")
    os.close(descriptor)

def test_file_that_goes(tmp_path):
    (tmp_path / "left to pytest").write_text("x")
    with tempfile.NamedTemporaryFile():
        pass

@pytest.mark.parametrize("number", range(12))
def test_text(number):
    CACHE.append(str(number) * 100_000)
"""


def test_what_is_no_object_of_a_class_is_told_as_well(tmp_path: Path) -> None:
    (tmp_path / "test_keeps.py").write_text(KEEPS)
    (tmp_path / "temporary").mkdir()
    said = call(tmp_path, "--unfreed=session", "test_keeps.py", TMPDIR=str(tmp_path / "temporary")).stdout
    told = [line for line in said.splitlines() if line.startswith(("test_keeps", "grows"))]
    named = {line.split("::")[1].split()[0]: line for line in told if line.startswith("test_keeps")}
    assert set(named) == {"test_array", "test_handler", "test_file"}, said
    assert "leaves 5.0 MiB of memory (test_keeps.BIG grew by 1)" in named["test_array"], said
    assert named["test_handler"].endswith("leaves 1 handler of the logger shop"), said
    assert "the temporary file %s/temporary/" % tmp_path in named["test_file"] and ".page" in named["test_file"], said
    assert "grows from test to test: entries of test_keeps.CACHE: +12 over 12 of 19 tests" in told, said
    assert any(line.startswith("grows from test to test: memory in large blocks: +") for line in told), said


def test_a_tidy_suite_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "test_tidy.py").write_text("class Own: pass\ndef test_tidy():\n    assert Own()\n")
    done = call(tmp_path, "--unfreed=session")
    assert "nothing: no object of a class of yours" in done.stdout, done


def test_a_baseline_of_tests_lets_known_leaks_pass(tmp_path: Path) -> None:
    (tmp_path / "test_store.py").write_text("STORE = []\ndef test_store():\n    STORE.append([1])\n")
    first = call(tmp_path, "--unfreed", "--unfreed-write-baseline", "known.json")
    assert first.returncode == 1, first
    (entry,) = json.loads((tmp_path / "known.json").read_text())["findings"]
    assert entry["program"] == "test_store.py::test_store" and "STORE" in entry["title"]
    second = call(tmp_path, "--unfreed", "--unfreed-baseline", "known.json")
    assert second.returncode == 0 and "allowed: test_store.py::test_store: %s" % entry["id"] in second.stdout, second


def test_a_broken_baseline_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text("[]")
    done = call(tmp_path, "--unfreed", "--unfreed-baseline", "known.json")
    assert done.returncode == 4 and "cannot use the baseline" in done.stderr, done
