"""Runs programs with and without unfreed, several at a time, each run once a session."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

SECONDS_TO_WAIT = 120


@dataclasses.dataclass(frozen=True)
class Kill:
    """A signal that is sent so many seconds after the program has written its process id to $TMPDIR/pid."""

    seconds: float
    signal: signal.Signals
    whom: str
    """`program`, `launcher` (the process that was started) or `group` (both, as a terminal does)."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One way to run a program. `command` is what follows `python`, or `unfreed run` when it is `under_unfreed`."""

    command: tuple[str, ...]
    folder: Path
    under_unfreed: bool = True
    options: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    output: str | None = None
    """Where the recording goes; a file of the run's own folder if not given."""
    json_output: str | None = None
    """Where the JSON report goes; a file of the run's own folder if not given."""
    kill: Kill | None = None


@dataclasses.dataclass
class Outcome:
    """What a run came to."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    recording: Path
    report_file: Path

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report that the run wrote."""
        assert self.report_file.exists(), "no JSON report was written\n%s" % self
        report: dict[str, Any] = json.loads(self.report_file.read_text())
        return report

    def __str__(self) -> str:
        return "exit code %d after %.1f s\n--- stdout\n%s\n--- stderr\n%s" % (
            self.returncode,
            self.seconds,
            self.stdout[-3000:],
            self.stderr[-6000:],
        )


INHERITED = dict(os.environ)
"""Taken once: pytest changes its own variable with each test, also while a thread goes through them."""


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what would change how Python or unfreed behave."""
    kept = {
        name: value
        for name, value in INHERITED.items()
        if not name.startswith(("PYTHON", "UNFREED", "PYTEST_"))
    }
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


def unfreed(*arguments: object) -> list[str]:
    """The command line of an unfreed command under the Python of the tests."""
    return [sys.executable, "-m", "unfreed", *map(str, arguments)]


def call_unfreed(
    *arguments: object, seconds: float = 60, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs an unfreed command that ends by itself, in a folder."""
    return subprocess.run(
        unfreed(*arguments),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        timeout=seconds,
        env=clean_environment(),
    )


class Pool:
    """Runs what is asked for, so many at a time, and remembers every outcome."""

    def __init__(self, folder: Path, at_once: int) -> None:
        self.folder = folder
        self.executor = concurrent.futures.ThreadPoolExecutor(at_once)
        self.started: dict[Run, concurrent.futures.Future[Outcome]] = {}
        self.processes: set[subprocess.Popen[str]] = set()
        self.lock = threading.Lock()

    def start(self, run: Run) -> concurrent.futures.Future[Outcome]:
        """Starts a run unless it was started before."""
        with self.lock:
            if run not in self.started:
                self.started[run] = self.executor.submit(self._carry_out, run, len(self.started))
            return self.started[run]

    def outcome(self, run: Run) -> Outcome:
        """Waits for a run and returns what it came to."""
        return self.start(run).result()

    def outcome_alone(self, run: Run) -> Outcome:
        """Runs once more when nothing else runs: to tell a busy machine from a wrong answer."""
        concurrent.futures.wait(list(self.started.values()))
        return self.outcome(dataclasses.replace(run, environment=(*run.environment, ("ALONE", "1"))))

    def close(self) -> None:
        """Cancels what has not begun and kills what has not ended."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        for process in list(self.processes):
            kill_group(process)

    def _carry_out(self, run: Run, number: int) -> Outcome:
        folder = self.folder / ("run-%03d" % number)
        folder.mkdir()
        recording, report = folder / "run.unfreed", folder / "report.json"
        if run.under_unfreed:
            command = unfreed(
                "run",
                "-o",
                run.output or recording,
                "--json",
                run.json_output or report,
                *run.options,
                *run.command,
            )
        else:
            command = [sys.executable, *run.command]
        begin = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=run.folder,
            env=clean_environment(TMPDIR=str(folder), **dict(run.environment)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.processes.add(process)
        try:
            if run.kill:
                send(run.kill, process, folder / "pid")
            stdout, stderr = process.communicate(timeout=SECONDS_TO_WAIT)
        except subprocess.TimeoutExpired:
            kill_group(process)
            stdout, stderr = process.communicate()
            stderr += "\n(killed by the tests after %d s: a deadlock?)" % SECONDS_TO_WAIT
        finally:
            self.processes.discard(process)
        return Outcome(
            process.returncode, stdout, stderr, time.monotonic() - begin, recording, report
        )


def send(kill: Kill, process: subprocess.Popen[str], pid_file: Path) -> None:
    """Waits for the program and for the time of the signal, and sends it."""
    waiting_until = time.monotonic() + SECONDS_TO_WAIT
    while not pid_file.exists() and process.poll() is None and time.monotonic() < waiting_until:
        time.sleep(0.02)
    time.sleep(kill.seconds)
    if not pid_file.exists():
        return
    if kill.whom == "group":
        os.killpg(process.pid, kill.signal)
    else:
        os.kill(int(pid_file.read_text()) if kill.whom == "program" else process.pid, kill.signal)


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kills a process that leads its own group, and the processes of that group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
