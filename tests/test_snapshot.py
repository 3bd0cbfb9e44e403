"""`unfreed snapshot PID`: a running process looks at its own heap, whether it is recorded or not."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from programs.headers import HERE
from programs.runs import call_unfreed, clean_environment, kill_group, unfreed

FAILED = 24
PROGRAM = str(HERE / "asked.py")


@contextlib.contextmanager
def started(command: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A process that fills a store, and the words of its first line: its number, and where an object lies."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment(TMPDIR=str(folder)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()
        finally:
            if process.poll() is None:
                kill_group(process)


def names_its_objects(heap: Path, address: str) -> None:
    done = call_unfreed("heap", heap, "path", address)
    assert done.returncode == 0, str(done)
    assert "%s is held by asked.STORE['first']." % address in done.stdout, str(done)


def test_a_recorded_process_is_asked_through_its_recording(tmp_path: Path) -> None:
    recording = tmp_path / "asked.today"
    with started(unfreed("run", "--epoch", "0.5", "-o", recording, PROGRAM), tmp_path) as (launcher, (pid, address)):
        heaps = [tmp_path / "one.unfreed", tmp_path / "two.unfreed"]
        for heap in heaps:
            done = call_unfreed("snapshot", pid, "--in-process", "-o", heap)
            assert done.returncode == 0, str(done)
            assert "kept in %s" % heap in done.stderr and "asked.STORE" in done.stdout, str(done)
        time.sleep(5)
        stdout, stderr = launcher.communicate("", timeout=60)
    # The program went on, and is judged like one that was not asked.
    assert launcher.returncode == 0, stderr
    assert "asked.STORE" in stderr, stderr
    for heap in heaps:
        names_its_objects(heap, address)
    assert sorted(path.name for path in tmp_path.glob("*.*")) == [
        "asked.today",
        "one.unfreed",
        "two.unfreed",
    ]


def test_a_process_that_is_not_recorded_is_asked_by_its_interpreter(tmp_path: Path) -> None:
    heap = tmp_path / "heap.unfreed"
    with started([sys.executable, PROGRAM], tmp_path) as (process, (pid, address)):
        done = call_unfreed("snapshot", pid, "-o", heap)
        if sys.version_info < (3, 14):
            assert done.returncode == FAILED and not heap.exists(), str(done)
            assert "is not recorded by unfreed, and CPython 3.%d offers no way" % sys.version_info[1] in done.stderr
            return
        assert done.returncode == 0, str(done)
        names_its_objects(heap, address)
        stdout, stderr = process.communicate("", timeout=60)
    assert (process.returncode, stdout, stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == [heap]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="has no way to ask")
def test_a_process_that_does_not_answer_is_let_be(tmp_path: Path) -> None:
    code = "import time; print(1, flush=True); time.sleep(4)"
    with started([sys.executable, "-c", code], tmp_path) as (process, _):
        done = call_unfreed("snapshot", str(process.pid), "--patience", "0.5", "-o", tmp_path / "heap.unfreed")
        assert done.returncode == FAILED, str(done)
        assert "did not look within 0.5 seconds" in done.stderr, str(done)
        stdout, stderr = process.communicate("", timeout=60)
    # It came to what it was asked after all, and said nothing.
    assert (process.returncode, stdout, stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    done = call_unfreed("snapshot", str(ended.pid))
    assert done.returncode == FAILED and "there is no process %d" % ended.pid in done.stderr, str(done)
    done = call_unfreed("snapshot", "0")
    assert done.returncode == 2, str(done)
    if sys.version_info >= (3, 14):
        with subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL) as other:
            done = call_unfreed("snapshot", str(other.pid), "-o", os.devnull)
            other.kill()
        assert done.returncode == FAILED and "cannot be asked" in done.stderr, str(done)
