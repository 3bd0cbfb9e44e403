"""A program under unfreed behaves as it would without: how it ends, what it prints, what it sees of itself."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from programs.headers import HERE, Program, programs_in
from programs.runs import Kill, Outcome, Pool, Run, call_unfreed

STARTED = HERE / "started"
UNTIL_KILLED = str(STARTED / "leaks_until_killed.py")
FAMILY = str(STARTED / "forking_family.py")

# Programs that end in every way there is; each has allocated something, and lived for more than a moment.
BEFORE_THE_END = (
    "import os, signal, sys, time; kept = [str(n) for n in range(20000)]; time.sleep(0.3)\n"
)
ENDINGS = {
    "end of the code": "print('done')",
    "exit code": "sys.exit(3)",
    "exit code over 255": "sys.exit(256 + 5)",
    "exit with a text": "sys.exit('a text')",
    "exit in atexit": "import atexit; atexit.register(os._exit, 9)",
    "_exit with unflushed output": "print('lost'); os.write(1, b'seen'); os._exit(4)",
    "exception": "def f(n):\n    return 1 // n\nf(0)",
    "chained exceptions": "try:\n    {}['key']\nexcept KeyError as e:\n    raise ValueError('text') from e",
    "exception in a thread": (
        "import threading\nt = threading.Thread(target=lambda: 1 // 0, name='worker')\n"
        "t.start(); t.join()"
    ),
    "exception in __del__": "class C:\n    def __del__(self):\n        raise ValueError('in del')\nC()",
    "exception in atexit": "import atexit; atexit.register(lambda: 1 // 0)",
    "exception in an import": (
        "sys.path.insert(0, os.environ['TMPDIR'])\n"
        "open(sys.path[0] + '/bad.py', 'w').write('x = (')\nimport bad"
    ),
    "recursion": "def f():\n    return f()\nf()",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SIGTERM to itself": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)",
    "SIGHUP to itself": "signal.signal(signal.SIGHUP, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGHUP); time.sleep(5)",
    "SIGUSR1 to itself": "os.kill(os.getpid(), signal.SIGUSR1); time.sleep(5)",
    "SIGKILL to itself": "os.kill(os.getpid(), signal.SIGKILL); time.sleep(5)",
    "abort": "os.abort()",
    "segmentation fault": "import faulthandler; faulthandler._sigsegv()",
    "fatal error with threads": "import faulthandler; faulthandler.enable(); faulthandler._fatal_error(b'text')",
    "closed standard streams": "sys.stdout.close(); os.close(2); sys.exit(6)",
    "broken pipe": "r, w = os.pipe(); os.close(r); os.dup2(w, 1); print('x' * 100000); sys.stdout.flush()",
    "another program in its place": "os.execvp('sh', ['sh', '-c', 'echo replaced; exit 8'])",
}
KILLED = {
    "SIGTERM to itself",
    "SIGHUP to itself",
    "SIGUSR1 to itself",
    "SIGKILL to itself",
    "abort",
    "segmentation fault",
}
SHORT_LEAK = """
import sys, time
kept = []
for n in range(400):
    kept.append({"n": n, "t": "t" * 2500})
    time.sleep(0.01)
print(len(kept))
sys.exit(5)
"""


@dataclasses.dataclass(frozen=True)
class Pair:
    """The same program twice: without unfreed, and under it."""

    plain: Run
    recorded: Run
    program: Program | None = None

    def runs(self) -> list[Run]:
        """What to start before the test asks for it."""
        return [] if self.program and self.program.runs() == [] else [self.plain, self.recorded]


def pair_of_code(code: str) -> Pair:
    """The two runs of a text of code."""
    plain = Run(("-c", BEFORE_THE_END + code), HERE, under_unfreed=False)
    return Pair(plain, dataclasses.replace(plain, under_unfreed=True, options=("--quiet",)))


def pair_of_program(program: Program) -> Pair:
    """The two runs of a program."""
    return Pair(program.run(under_unfreed=False), program.run(options=("--quiet",)), program)


@dataclasses.dataclass(frozen=True)
class Single:
    """One run under unfreed."""

    run: Run

    def runs(self) -> list[Run]:
        """What to start before the test asks for it."""
        return [self.run]


def killed(seconds: float, number: signal.Signals, whom: str, sigterm: str = "default") -> Single:
    """The program that leaks until it is killed, and how it is killed."""
    return Single(
        Run((UNTIL_KILLED, sigterm), HERE, options=("--quiet",), kill=Kill(seconds, number, whom))
    )


def normalised(text: str) -> str:
    """`text` without what differs from run to run: addresses, process ids, the folder of the run."""
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    text = re.sub(r"pid=\d+", "pid=", text)
    return re.sub(r"/run-\d+/", "/run/", text)


def assert_same(plain: Outcome, recorded: Outcome) -> None:
    """The two outcomes are the same for whoever started the program."""
    assert recorded.stdout == plain.stdout, str(recorded)
    assert normalised(recorded.stderr) == normalised(plain.stderr), str(recorded)
    assert recorded.returncode == plain.returncode, str(recorded)


@pytest.mark.parametrize(
    "pair", [pytest.param(pair_of_code(code), id=name) for name, code in ENDINGS.items()]
)
def test_program_ends_as_it_would(pair: Pair, pool: Pool, request: pytest.FixtureRequest) -> None:
    recorded = pool.outcome(pair.recorded)
    assert_same(pool.outcome(pair.plain), recorded)
    assert recorded.report["program"]["argv"], str(recorded)
    if request.node.callspec.id in KILLED:
        assert not recorded.report["program"]["ended"], str(recorded)


@pytest.mark.parametrize(
    "pair",
    [pytest.param(pair_of_program(program), id=program.name) for program in programs_in("trouble")],
)
def test_program_sees_and_does_the_same(pair: Pair, pool: Pool) -> None:
    recorded = pool.outcome(pair.recorded)
    assert_same(pool.outcome(pair.plain), recorded)
    assert recorded.report["program"]["pid"], str(recorded)


@pytest.mark.parametrize(
    ("single", "returncode"),
    [
        pytest.param(
            killed(0.5, signal.SIGTERM, "launcher"), -signal.SIGTERM, id="SIGTERM to unfreed"
        ),
        pytest.param(
            killed(0.5, signal.SIGTERM, "launcher", "handler"),
            7,
            id="SIGTERM to unfreed is handled",
        ),
        pytest.param(
            killed(0.5, signal.SIGTERM, "program"), -signal.SIGTERM, id="SIGTERM to the program"
        ),
        pytest.param(
            killed(0.5, signal.SIGTERM, "program", "handler"),
            7,
            id="SIGTERM to the program is handled",
        ),
        pytest.param(killed(0.5, signal.SIGINT, "group"), -signal.SIGINT, id="Ctrl-C"),
        pytest.param(killed(5, signal.SIGKILL, "program"), -signal.SIGKILL, id="SIGKILL"),
    ],
)
def test_signals_reach_the_program_and_end_unfreed(
    single: Single, returncode: int, pool: Pool
) -> None:
    outcome = pool.outcome(single.run)
    assert outcome.returncode == returncode, str(outcome)
    assert outcome.stderr.count("KeyboardInterrupt") == (returncode == -signal.SIGINT), str(outcome)
    assert outcome.report["program"]["ended"] == (
        returncode not in (-signal.SIGTERM, -signal.SIGKILL)
    ), outcome


@pytest.mark.parametrize(
    "single",
    [killed(5, signal.SIGKILL, whom) for whom in ("program", "group")],
    ids=["program", "group"],
)
def test_recording_outlives_sigkill(single: Single, pool: Pool, tmp_path: Path) -> None:
    outcome = pool.outcome(single.run)
    json_file = tmp_path / "report.json"
    done = call_unfreed("report", outcome.recording, "--json", json_file)
    assert done.returncode == 0, str(done)
    outcome.report_file = json_file
    assert outcome.report["program"]["seconds"] > 5 - 2, (
        "the recording is too old: %s" % outcome.report["program"]
    )
    assert not outcome.report["program"]["ended"]


@pytest.mark.parametrize("single", [Single(Run((FAMILY,), HERE))], ids=["fork"])
def test_every_process_of_a_family_is_reported(single: Single, pool: Pool) -> None:
    outcome = pool.outcome(single.run)
    assert outcome.returncode == 0, str(outcome)
    pids = dict(re.findall(r"(\w+)=(\d+)", outcome.stdout))
    assert outcome.report["evidence"]["children"] == [int(pids["child"])], str(outcome)
    done = call_unfreed("report", outcome.recording.parent)
    assert done.returncode == 0, str(done)
    for word in (*pids.values(), "OF_PARENT", "OF_CHILD"):
        assert word in done.stdout, done.stdout


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_every_process_of_multiprocessing_is_recorded(method: str, pool: Pool) -> None:
    program = next(
        program for program in programs_in("trouble") if program.name == "processes_" + method
    )
    outcome = pool.outcome(pair_of_program(program).recorded)
    recordings = sorted(outcome.recording.parent.glob("*.unfreed"))
    assert len(recordings) >= 5, "parent, two of the pool, two more: %s" % recordings
    assert set(outcome.report["evidence"]["children"]) == {
        int(path.stem.rpartition(".")[2]) for path in recordings if path != outcome.recording
    }
    done = call_unfreed("report", outcome.recording.parent)
    assert done.returncode == 0, str(done)
    for pid in outcome.report["evidence"]["children"]:
        assert str(pid) in done.stdout, done.stdout


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for very little."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], stderr=subprocess.DEVNULL
        ).returncode
        == 0
    )
    if not mounted:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_disk_full(small_disk: Path, pool: Pool) -> None:
    recording = small_disk / "run.unfreed"
    outcome = pool.outcome(Run(("-c", SHORT_LEAK), HERE, output=str(recording)))
    assert_told_once(outcome, "No space left")
    done = call_unfreed("report", recording)
    assert done.returncode == 0, "what was written is not readable: %s" % done


@pytest.mark.parametrize("minor", [7, 3], ids=["full", "null"])
def test_recording_to_a_device(minor: int, pool: Pool, tmp_path: Path) -> None:
    """Nothing can be read back from a device: the report comes without it, and the device outlives it."""
    device = tmp_path / "device"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        os.close(os.open(device, os.O_WRONLY))
    except PermissionError:
        pytest.skip("only root may make a device")
    outcome = pool.outcome(Run(("-c", SHORT_LEAK), HERE, output=str(device)))
    assert device.is_char_device(), "the device was replaced"
    assert (outcome.stdout, outcome.returncode) == ("400\n", 5), str(outcome)
    assert "no regular file" in outcome.stderr and outcome.report["program"]["pid"], str(outcome)


@pytest.mark.parametrize(
    ("single", "words"),
    [
        pytest.param(
            Single(Run(("-c", SHORT_LEAK), HERE, output="/no/such/folder/run.unfreed")),
            "cannot write",
            id="no such folder",
        ),
        pytest.param(
            Single(Run(("-c", SHORT_LEAK), HERE, output="/")), "cannot write", id="a folder"
        ),
        pytest.param(
            Single(Run(("-c", SHORT_LEAK), HERE, json_output="/no/such/folder/x.json")),
            "cannot write",
            id="JSON",
        ),
    ],
)
def test_output_that_cannot_be_written(single: Single, words: str, pool: Pool) -> None:
    assert_told_once(pool.outcome(single.run), words)


def assert_told_once(outcome: Outcome, words: str) -> None:
    """The program did its work, and one message says what went wrong."""
    assert (outcome.stdout, outcome.returncode) == ("400\n", 5), str(outcome)
    messages = [line for line in outcome.stderr.splitlines() if re.search(words, line)]
    assert len(messages) == 1, str(outcome)
    assert "panicked" not in outcome.stderr, str(outcome)
