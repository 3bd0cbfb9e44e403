"""`unfreed run` takes what `python` takes, and the program sees and does what it would under `python`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from programs.headers import HERE
from programs.runs import clean_environment, unfreed

pytestmark = pytest.mark.any_python

SECONDS_TO_WAIT = 60

# What a program can tell of how it was started.
MIRROR = """\
import json, os, sys
main = sys.modules['__main__']
mirror = {
    'argv': sys.argv, 'path0': sys.path[0], 'name': __name__, 'package': __package__, 'orig': getattr(sys, 'orig_argv', [])[1:],
    'spec': getattr(__spec__, 'name', None), 'file': getattr(main, '__file__', None), 'cached': getattr(main, '__cached__', None),
    'loader': type(main.__loader__).__name__, 'flags': repr(sys.flags), 'xoptions': sys._xoptions, 'warn': sys.warnoptions, 'docs': __doc__,
    'cwd': os.getcwd(), 'globals': sorted(globals()), 'stdin': sys.stdin.read() if sys.argv[-1] == 'read' else None,
    'executable': sys.executable, 'group': os.getpgrp() == os.getpgid(os.getppid()), 'session': os.getsid(0) == os.getsid(os.getppid()),
}
print(json.dumps(mirror, indent=1))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with programs that mirror how they were started."""
    (tmp_path / "mirror.py").write_text(MIRROR)
    (tmp_path / "no_extension").write_text(MIRROR)
    package = tmp_path / "pack" / "inner"
    package.mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(MIRROR)
    (package / "module.py").write_text(MIRROR)
    runnable = tmp_path / "runnable"
    runnable.mkdir()
    (runnable / "__main__.py").write_text(MIRROR)
    return tmp_path


def call(command: list[str], folder: Path, input: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command that ends by itself."""
    return subprocess.run(
        command, cwd=folder, input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=SECONDS_TO_WAIT, env=clean_environment(**environment)
    )


def call_unfreed(*words: str, folder: Path, input: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs an unfreed command that ends by itself, in `folder`."""
    return call(unfreed(*words), folder, input, **environment)


@pytest.mark.parametrize(
    "line",
    [
        "mirror.py",
        "mirror.py a --json b -o c -- -m d",
        "./mirror.py --help",
        "no_extension -u",
        "runnable x",
        "-m pack.inner a -m b",
        "-m pack.inner.module --epoch 3",
        "-mpack.inner.module",
        "-u -O -X dev -W error mirror.py -W x",
        "-Xutf8 -Bq mirror.py",
        "-I mirror.py",
        "-E -s mirror.py",
        "-b -v mirror.py",
        "--check-hash-based-pycs never mirror.py",
        "- a read",
    ],
)
def test_program_is_started_as_python_starts_it(line: str, folder: Path) -> None:
    words = line.split()
    input = MIRROR if words[0] == "-" else "text on stdin"
    plain = call([sys.executable, *words], folder, input)
    recorded = call_unfreed("run", "--quiet", *words, folder=folder, input=input)
    assert recorded.stdout == plain.stdout
    assert recorded.returncode == plain.returncode == 0, str(recorded)
    assert list(folder.glob("*.unfreed")), "nothing was recorded"


def test_code_and_its_arguments(folder: Path) -> None:
    words = ["-c", MIRROR, "-c", "--quiet", "read"]
    plain = call([sys.executable, *words], folder, "input")
    recorded = call_unfreed("run", "--quiet", *words, folder=folder, input="input")
    assert recorded.stdout == plain.stdout
    assert json.loads(recorded.stdout)["stdin"] == "input"


@pytest.mark.parametrize(
    "words",
    [["missing.py"], ["-m", "missing"], ["-c", "1 +"], ["-m", "pack"], ["--version"], ["-c", "import nothing"], ["-Z"], ["-m"], ["."]],
    ids=" ".join,
)
def test_errors_are_pythons_own(words: list[str], folder: Path) -> None:
    plain = call([sys.executable, *words], folder)
    recorded = call_unfreed("run", "-o", "run.unfreed", "--quiet", *words, folder=folder)
    unfreeds = ("unfreed: ", "hint: ")
    said = "".join(line for line in recorded.stderr.splitlines(keepends=True) if not line.startswith(unfreeds))
    assert (recorded.stdout, said, recorded.returncode) == (plain.stdout, plain.stderr, plain.returncode)


def test_pickles_made_in_main_are_read_by_plain_python(folder: Path) -> None:
    (folder / "writer.py").write_text("import pickle\nclass C: pass\npickle.dump([C(), C], open('pickle', 'wb'))\n")
    (folder / "reader.py").write_text("import pickle\nclass C: pass\nprint(pickle.load(open('pickle', 'rb')))\n")
    assert call_unfreed("run", "writer.py", folder=folder).returncode == 0
    read = call([sys.executable, "reader.py"], folder)
    assert "__main__.C" in read.stdout, read


def test_environment_gains_one_variable_and_loses_none(folder: Path) -> None:
    words = ["-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    plain = json.loads(call([sys.executable, *words], folder, PYTHONPATH="/x:/y", COLUMNS="33").stdout)
    recorded = json.loads(call_unfreed("run", "--quiet", *words, folder=folder, PYTHONPATH="/x:/y", COLUMNS="33").stdout)
    assert recorded.pop("UNFREED_AGENT")
    assert recorded == plain


def test_inherited_descriptors_reach_the_program(folder: Path) -> None:
    reader, writer = os.pipe()
    code = "import os; os.write(%d, b'through')" % writer
    subprocess.run(unfreed("run", "--quiet", "-c", code), cwd=folder, pass_fds=[writer], timeout=SECONDS_TO_WAIT, check=True)
    os.close(writer)
    assert os.read(reader, 100) == b"through"
    os.close(reader)


def test_output_that_the_program_does_not_flush_comes_before_the_report(folder: Path) -> None:
    done = subprocess.run(
        unfreed("run", "--json", "-", "-c", "print('the program')"), cwd=folder, stdout=subprocess.PIPE, timeout=SECONDS_TO_WAIT, env=clean_environment(), check=True
    )
    first, _, rest = done.stdout.decode().partition("\n")
    assert first == "the program"
    assert json.loads(rest)["program"]["argv"] == ["-c", "print('the program')"]


# Names and files


def test_recordings_are_named_after_the_program_and_kept(folder: Path) -> None:
    for words in (["mirror.py"], ["mirror.py"], ["-m", "pack.inner"], ["-c", "pass"], ["runnable"]):
        assert call_unfreed("run", "--quiet", *words, folder=folder).returncode == 0
    names = {path.name for path in folder.glob("*.unfreed")}
    assert names == {"mirror.unfreed", "mirror-2.unfreed", "pack.inner.unfreed", "python.unfreed", "runnable.unfreed"}


def test_named_recording_is_overwritten(folder: Path) -> None:
    recording = folder / "named"
    recording.write_text("old")
    assert call_unfreed("run", "--quiet", "-o", "named", "mirror.py", folder=folder).returncode == 0
    assert recording.read_bytes()[:3] != b"old"
    assert not list(folder.glob("*.unfreed"))


def test_recording_stays_in_its_folder_when_the_program_leaves(folder: Path) -> None:
    assert call_unfreed("run", "--quiet", "-c", "import os; os.chdir('/')", folder=folder).returncode == 0
    assert (folder / "python.unfreed").stat().st_size > 0


def test_quiet_says_nothing(folder: Path) -> None:
    done = call_unfreed("run", "--quiet", "-c", "pass", folder=folder)
    assert (done.stdout, done.stderr) == ("", "")


def test_unwritable_folder_is_said_once_and_the_report_still_comes(folder: Path) -> None:
    done = call_unfreed("run", "-o", "/proc/nowhere/x.unfreed", "-c", "print(1)", folder=folder)
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert done.stderr.count("cannot write") == 1
    assert "python 3" in done.stderr and "Saved" not in done.stderr, done.stderr


def test_python_without_site_is_not_recorded_and_says_so(folder: Path) -> None:
    done = call_unfreed("run", "-S", "-c", "print(1)", folder=folder)
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "-S" in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not list(folder.glob("*.unfreed"))


def test_program_that_removes_its_recording(folder: Path) -> None:
    done = call_unfreed("run", "-c", "import os; os.unlink('python.unfreed'); print(1)", folder=folder)
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "panicked" not in done.stderr


# The command line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], ["given no program", "hint: unfreed run app.py"]),
        (["run", "--epohc", "3", "mirror.py"], ["--epohc", "--epoch", "hint: options of the program come after it"]),
        (["run", "--epoch", "soon", "mirror.py"], ["soon", "expected a time such as"]),
        (["run", "--sample", "many", "mirror.py"], ["many", "512KiB"]),
        (["run", "--snapshot-budget", "200", "mirror.py"], ["200", "at most 100"]),
        (["run", "--fail-on", "note", "mirror.py"], ["note", "leak", "warning"]),
        (["run", "-o"], ["--output", "value is required"]),
        (["mirror.py"], ["mirror.py", "hint: to run a program: unfreed run mirror.py"]),
        ([], ["Usage: unfreed"]),
        (["report"], ["FILE|DIR"]),
    ],
    ids=" ".join,
)
def test_wrong_command_lines(words: list[str], said: list[str], folder: Path) -> None:
    done = call_unfreed(*words, folder=folder)
    assert (done.returncode, done.stdout) == (2, ""), done
    for text in said:
        assert text in done.stderr, done.stderr
    assert not list(folder.glob("*.unfreed"))


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["run", "-h"], ["report", "--help"], ["--version"]], ids=" ".join)
def test_help_and_version_are_data(words: list[str], folder: Path) -> None:
    done = call_unfreed(*words, folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "unfreed" in done.stdout
    assert "\x1b" not in done.stdout


def test_console_script_is_the_same_command(folder: Path) -> None:
    script = Path(sys.executable).with_name("unfreed")
    if not script.exists():
        pytest.skip("unfreed is not installed beside this Python")
    done = call([sys.executable, str(script), "run", "--quiet", "mirror.py", "a"], folder)
    plain = call([sys.executable, "mirror.py", "a"], folder)
    assert done.stdout == plain.stdout


@pytest.mark.parametrize("code", [0, 1, 2, 23, 24, 100, 255])
def test_exit_code_is_the_programs(code: int, folder: Path) -> None:
    done = call_unfreed("run", "--quiet", "--fail-on", "warning", "-c", "import sys; sys.exit(%d)" % code, folder=folder)
    assert done.returncode == code


def test_leak_fails_a_run_that_is_to_fail_on_it(folder: Path) -> None:
    leaking = str(HERE / "leaks" / "dict_sessions.py")
    done = call_unfreed("run", "--quiet", "--fail-on", "leak", "-o", "run.unfreed", leaking, folder=folder)
    assert done.returncode == 23, done
    assert call_unfreed("report", "run.unfreed", "--fail-on", "warning", folder=folder).returncode == 23
    reported = call_unfreed("report", "run.unfreed", folder=folder)
    assert reported.returncode == 0 and "SESSIONS" in reported.stdout, reported
    assert "\x1b" not in reported.stdout and max(map(len, reported.stdout.splitlines())) <= 100


def test_what_cannot_be_reported(folder: Path) -> None:
    (folder / "text").write_text("no recording")
    (folder / "empty.unfreed").touch()
    (folder / "bare").mkdir()
    for path, said in {"missing": "No such file", "text": "not an unfreed recording", "empty.unfreed": "empty", "bare": "no recording"}.items():
        done = call_unfreed("report", path, folder=folder)
        assert (done.returncode, done.stdout) == (24, ""), done
        assert done.stderr.startswith("error: ") and said in done.stderr, done.stderr
        assert "os error" not in done.stderr


def test_report_says_the_same_again(folder: Path) -> None:
    ran = call_unfreed("run", "--json", "ran.json", "-c", "import time; time.sleep(1)", folder=folder)
    reported = call_unfreed("report", "python.unfreed", folder=folder)
    assert (reported.returncode, reported.stderr) == (0, "")
    assert reported.stdout.splitlines()[0] == ran.stderr.splitlines()[0]
    again = call_unfreed("report", "python.unfreed", "--json", "-", folder=folder)
    assert json.loads(again.stdout) == json.loads((folder / "ran.json").read_text())


def test_report_of_a_folder_names_every_process(folder: Path) -> None:
    code = "import subprocess, sys, time; subprocess.run([sys.executable, '-c', 'pass']); time.sleep(0.5)"
    ran = call_unfreed("run", "--json", "-", "-c", code, folder=folder)
    children = json.loads(ran.stdout)["evidence"]["children"]
    assert len(children) == 1
    done = call_unfreed("report", ".", folder=folder)
    assert done.returncode == 0, done
    assert "started by unfreed run" in done.stdout and "process %d (started by" % children[0] in done.stdout, done.stdout
    listed = json.loads(call_unfreed("report", ".", "--json", "-", folder=folder).stdout)
    assert sorted(Path(one["recording"]).name for one in listed["recordings"]) == ["python.%d.unfreed" % children[0], "python.unfreed"]


def test_children_are_not_followed_if_so_wished(folder: Path) -> None:
    code = "import os, subprocess, sys; subprocess.run([sys.executable, '-c', 'pass']); os.fork() or os._exit(0); os.wait()"
    assert call_unfreed("run", "--quiet", "--no-follow", "-c", code, folder=folder).returncode == 0
    assert [path.name for path in folder.glob("*.unfreed")] == ["python.unfreed"]


def test_program_that_replaces_itself_keeps_both_recordings(folder: Path) -> None:
    script = folder / "again.py"
    script.write_text("import os, sys\nif 'again' not in sys.argv:\n    os.execv(sys.executable, [sys.executable, __file__, 'again'])\nprint(os.getpid())\n")
    done = call_unfreed("run", "--quiet", "again.py", folder=folder)
    assert done.returncode == 0, done
    names = {path.name for path in folder.glob("*.unfreed")}
    assert names == {"again.unfreed", "again.%s.unfreed" % done.stdout.strip()}


# Signals

LISTENER = """\
import os, signal, sys, time
got = []
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), lambda number, frame: got.append(signal.Signals(number).name))
print(os.getpid(), flush=True)
stop = time.monotonic() + 30
while not os.path.exists('stop') and time.monotonic() < stop:
    time.sleep(0.01)
time.sleep(0.3)
print(got)
"""


class Started:
    """A program that was started under unfreed, and told its process id."""

    def __init__(self, folder: Path, *words: str, **options: object) -> None:
        self.folder = folder
        self.launcher = subprocess.Popen(
            unfreed("run", "--quiet", "-o", "run.unfreed", *words),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
            start_new_session=True,
            **options,
        )
        self.program = int(self.launcher.stdout.readline())

    def end(self) -> str:
        """Lets the listener end, and returns what it printed."""
        (self.folder / "stop").touch()
        stdout, stderr = self.launcher.communicate(timeout=SECONDS_TO_WAIT)
        assert stderr == "", stderr
        return stdout


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Started]]:
    """Starts programs, and leaves none behind."""
    everything: list[Started] = []

    def start_one(*words: str, **options: object) -> Started:
        everything.append(Started(folder, *words, **options))
        return everything[-1]

    yield start_one
    for started in everything:
        try:
            os.killpg(started.launcher.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        started.launcher.communicate()


FORWARDED = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"]


@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("whom", ["launcher", "program", "group"])
def test_signal_reaches_the_program_once(name: str, whom: str, start: Callable[..., Started]) -> None:
    started = start("-c", LISTENER, name)
    number = getattr(signal, name)
    for _ in range(2):
        if whom == "group":
            os.killpg(started.launcher.pid, number)
        else:
            os.kill(started.launcher.pid if whom == "launcher" else started.program, number)
        time.sleep(0.3)
    assert started.end() == "['%s', '%s']\n" % (name, name)
    assert started.launcher.returncode == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL", "SIGABRT", "SIGSEGV", "SIGUSR1"])
def test_death_by_signal_is_passed_on(name: str, start: Callable[..., Started]) -> None:
    started = start("-c", LISTENER)
    os.kill(started.program, getattr(signal, name))
    started.launcher.communicate(timeout=SECONDS_TO_WAIT)
    assert started.launcher.returncode == -getattr(signal, name)


def test_real_time_signal_is_passed_on_as_a_code(start: Callable[..., Started]) -> None:
    started = start("-c", LISTENER)
    os.kill(started.program, signal.SIGRTMIN + 3)
    started.launcher.communicate(timeout=SECONDS_TO_WAIT)
    assert started.launcher.returncode == 128 + signal.SIGRTMIN + 3


def test_killing_the_launcher_kills_the_program(start: Callable[..., Started]) -> None:
    started = start("-c", LISTENER)
    started.launcher.kill()
    waiting_until = time.monotonic() + 10
    while is_running(started.program) and time.monotonic() < waiting_until:
        time.sleep(0.05)
    assert not is_running(started.program)


def is_running(pid: int) -> bool:
    try:
        state = Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_what_the_launcher_ignores_the_program_ignores(start: Callable[..., Started]) -> None:
    started = start("-c", LISTENER, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    os.killpg(started.launcher.pid, signal.SIGHUP)
    os.kill(started.launcher.pid, signal.SIGHUP)
    time.sleep(0.2)
    assert started.end() == "[]\n"
    assert started.launcher.returncode == 0


def test_program_that_stops_itself_stops_the_launcher(start: Callable[..., Started]) -> None:
    started = start("-c", "import os, signal; print(os.getpid(), flush=True); os.kill(os.getpid(), signal.SIGSTOP); print('goes on')")
    _, status = os.waitpid(started.launcher.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    os.kill(started.launcher.pid, signal.SIGCONT)
    assert started.end() == "goes on\n"


@pytest.mark.parametrize("rounds", [3])
def test_stopped_group_goes_on_as_one(rounds: int, start: Callable[..., Started]) -> None:
    started = start("-c", LISTENER)
    for _ in range(rounds):
        os.killpg(started.launcher.pid, signal.SIGSTOP)
        _, status = os.waitpid(started.launcher.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        time.sleep(0.1)
        os.killpg(started.launcher.pid, signal.SIGCONT)
        time.sleep(0.2)
        assert os.waitpid(started.launcher.pid, os.WUNTRACED | os.WNOHANG) == (0, 0), "it stopped again"
    assert started.end() == "[]\n"


def test_ctrl_c_in_a_terminal(folder: Path) -> None:
    import pty

    master, slave = pty.openpty()
    code = "import time\ntry:\n    print('ready', flush=True)\n    time.sleep(30)\nexcept KeyboardInterrupt:\n    time.sleep(0.5)\n    print('tidied up')\nraise SystemExit(5)"
    program = subprocess.Popen(
        [sys.executable, "-c", "import os, sys, fcntl, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"]
        + unfreed("run", "--quiet", "-c", code),
        cwd=folder,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=clean_environment(),
    )
    os.close(slave)
    printed = read_until(master, b"ready")
    os.write(master, b"\x03")
    printed += read_until(master, b"tidied up")
    assert program.wait(SECONDS_TO_WAIT) == 5, printed
    assert printed.count(b"tidied up") == 1 and b"Traceback" not in printed, printed
    os.close(master)


def read_until(descriptor: int, text: bytes) -> bytes:
    got = b""
    while text not in got:
        try:
            more = os.read(descriptor, 1000)
        except OSError:
            break
        if not more:
            break
        got += more
    return got


# The package


def test_importing_the_package_loads_nothing_else(folder: Path) -> None:
    code = "import sys; before = set(sys.modules); import unfreed; print(sorted(set(sys.modules) - before), unfreed.__version__)"
    done = call([sys.executable, "-c", code], folder)
    assert done.stdout.startswith("['unfreed'] "), done


def test_pythons_outside_a_run_do_not_load_the_agent(folder: Path) -> None:
    done = call([sys.executable, "-c", "import sys; print([name for name in sys.modules if name.startswith('unfreed')])"], folder)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_variable_of_another_version_is_refused_in_one_sentence(folder: Path) -> None:
    done = call([sys.executable, "-c", "print('runs')"], folder, UNFREED_AGENT="{}")
    assert (done.stdout, done.returncode) == ("runs\n", 0)
    assert done.stderr == "unfreed: this program was started by another version of unfreed; the program runs without it\n"


def test_agent_gets_in_without_the_pth_file(folder: Path) -> None:
    """As in an editable install: the package is on the path, but no `.pth` file starts the agent."""
    import unfreed as installed

    copy = folder / "elsewhere" / "unfreed"
    copy.parent.mkdir()
    copy.symlink_to(Path(installed.__file__).parent)
    own = folder / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import builtins\nbuiltins.customised = True\n")
    code = "import os, sys; print(customised, [path for path in sys.path if '_inject' in path], os.environ['PYTHONPATH'])"
    path = os.pathsep.join([str(copy.parent), str(own)])
    # Python looks for .pth files in no folder of its own with -S, and `site` is then run without them.
    start = "import sys; sys.path[:0] = %r; import unfreed._native as native; sys.exit(native.main(['unfreed', 'run', '-o', 'run.unfreed', '--quiet', '-c', %r], sys.executable, %r))"
    command = [sys.executable, "-c", start % (path.split(os.pathsep), code, str(copy / "_inject"))]
    done = call(command, folder, PYTHONPATH=path)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout == "True [] %s\n" % path
    assert (folder / "run.unfreed").stat().st_size > 0
