"""`unfreed.compat.memory_profiler` over time: `memory_usage`, `TimeStamper`, the commands and the magics."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import subprocess
import sys
import time
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from programs.runs import clean_environment
from unfreed.compat.memory_profiler import (
    MemitResult,
    MemoryProfilerMagics,
    TimeStamper,
    choose_backend,
    memory_usage,
    mprof,
    running,
    sampling,
)
from unfreed.compat.memory_profiler.plot import Wishes, draw, ticks
from unfreed.compat.memory_profiler.profiles import function_labels, get_profile_filenames, read_profile

MIB = 1 << 20
DATA = """CMDLINE python shop.py
MEM 10.0 1000.0
MEM 30.0 1000.5
CHLD 77 5.0 1000.5
MEM 20.0 1001.0
FUNC shop.load 10.0 1000.1 29.0 1000.6 1
FUNC shop.main 10.0 1000.0 20.0 1001.0 0
"""


def python(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a Python did in a folder."""
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=60
    )


def command(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return python("-m", "unfreed.compat.memory_profiler", *words, folder=folder)


def test_this_process_is_measured_in_mib() -> None:
    [now] = memory_usage()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    assert type(now) is float and now == pytest.approx(pages * os.sysconf("SC_PAGESIZE") / MIB, abs=5)
    assert memory_usage(os.getpid()) == pytest.approx([now], abs=5)
    assert memory_usage(str(os.getpid())) == pytest.approx([now], abs=5)


def test_shapes_are_those_of_memory_profiler() -> None:
    found = memory_usage(interval=0.01, timeout=0.03)
    assert len(found) == 3 and all(type(mib) is float for mib in found)
    assert type(memory_usage(max_usage=True)) is float
    [(mib, seconds)] = memory_usage(timestamps=True)
    assert mib > 1 and abs(seconds - time.time()) < 60
    call = (divmod, (7, 2))
    assert type(memory_usage(call)) is list and type(memory_usage(call, max_usage=True)) is float
    assert memory_usage(call, retval=True)[1] == (3, 1)
    assert memory_usage((dict, (), {"a": 1}), max_usage=True, retval=True)[1] == {"a": 1}
    assert len(memory_usage((dict,), timestamps=True)[0]) == 2
    with pytest.raises(ValueError, match="given as"):
        memory_usage(())


def test_a_function_runs_once_however_fast_it_is() -> None:
    calls: list[int] = []
    found = memory_usage((calls.append, (1,)))
    assert calls == [1] and len(found) >= 2


def test_a_peak_between_two_measurements_is_seen() -> None:
    before = memory_usage()[0]
    # `bytes * n` holds the GIL and touches its pages; it is gone long before the next measurement is due.
    peak = memory_usage((lambda: len(b"x" * (200 * MIB)),), interval=60, max_usage=True)
    assert peak > before + 150
    # What measures is no child of the program's.
    with_children = memory_usage((len, ("",)), include_children=True, max_usage=True)
    assert with_children == pytest.approx(memory_usage()[0], abs=3)


def test_what_a_function_raises_comes_out_and_children_live_on() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with pytest.raises(KeyError, match="mine"):
        memory_usage((dict().__getitem__, ("mine",)))
    assert child.poll() is None
    child.communicate(b"\n")
    assert child.returncode == 0


def test_what_a_function_forks_may_outlive_it() -> None:
    children: list[int] = []
    reading, writing = os.pipe()

    def fork() -> None:
        child = os.fork()
        if not child:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        children.append(child)

    began = time.monotonic()
    assert memory_usage((fork,))
    assert time.monotonic() - began < sampling.ENDS_WITHIN / 2
    os.close(writing)
    os.waitpid(children[0], 0)
    os.close(reading)


def test_a_process_that_was_started_is_measured_until_it_ends() -> None:
    source = "import sys; made = bytearray(b'x' * 50_000_000); print(flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdin is not None
    child.stdout.readline()
    stream = io.StringIO()
    assert memory_usage(child, interval=0.01, timeout=0.02, stream=stream) is None
    assert re.fullmatch(r"(MEM \d+\.\d{6} \d+\.\d{4}\n){2}", stream.getvalue())
    own = memory_usage(multiprocess=True)[0]
    assert max(own[1:]) > 45
    assert memory_usage(include_children=True)[0] > own[0] + 45
    child.stdin.close()
    found = memory_usage(child, interval=0.01)
    assert found and child.returncode is not None
    with pytest.raises(ProcessLookupError, match="no process"):
        memory_usage(child.pid)


@pytest.mark.parametrize("backend", ["psutil", "psutil_uss", "psutil_pss", "posix", "tracemalloc"])
def test_all_backends_are_there(backend: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose_backend(backend) == backend
        made: list[bytes] = []
        found = memory_usage((lambda: made.append(b"x" * (40 * MIB)),), backend=backend)
    assert found[-1] - found[0] > 30


def test_tracemalloc_measures_this_process_only() -> None:
    with pytest.raises(RuntimeError, match="nothing but the process that asks"):
        memory_usage(os.getppid(), backend="tracemalloc")


def test_time_stampers_write_what_mprof_reads(tmp_path: Path) -> None:
    stamper = TimeStamper("psutil")

    @stamper(precision=4)
    def inner(fail: bool) -> None:
        """Fails."""
        if fail:
            raise KeyError

    @stamper
    def outer() -> None:
        inner(False)
        with stamper.timestamp("a block"):
            with pytest.raises(KeyError):
                inner(True)

    outer()
    assert inner.__doc__ == "Fails." and stamper.current_stack_level == -1
    path = tmp_path / "stamps.dat"
    with open(path, "w") as file:
        stamper.show_results(file)
    calls = read_profile(str(path)).calls
    name = __name__ + ".inner"
    assert [call.level for call in calls[name]] == [1, 2] and [call.level for call in calls[".a block"]] == [1]
    assert all(call.end >= call.start and call.mib_end > 1 for one in calls.values() for call in one)
    with pytest.raises(ValueError, match="callable"):
        stamper(3)  # type: ignore[arg-type]


PROGRAM = """
import sys
@profile
def make(count):
    made = [0] * count
    del made
    return None
@profile(precision=4)
def fails():
    raise SystemExit(3)
if __name__ == "__main__":
    print("words", sys.argv[1:])
    make(1_000_000)
    fails()
"""


def test_the_command_runs_a_program_with_profile(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = command("--precision", "1", "program.py", "-x", "y", folder=tmp_path)
    assert done.returncode == 3 and done.stderr == ""
    assert done.stdout.startswith("words ['-x', 'y']\nFilename: program.py\n\nLine #    Mem usage")
    assert re.search(r"^ +5 .* MiB +7\.6 MiB +1 +made = \[0\] \* count$", done.stdout, re.M)
    assert re.search(r"^ +6 .* MiB +-7\.6 MiB +1 +del made$", done.stdout, re.M)


def test_the_command_runs_modules_and_writes_files(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(PROGRAM)
    done = command("-o", "out.txt", "--backend", "posix", "module", folder=tmp_path)
    assert done.returncode == 3 and done.stdout == "words []\n"
    assert "@profile" in (tmp_path / "out.txt").read_text()
    done = command("--timestamp", "module", folder=tmp_path)
    assert "FUNC __main__.make " in done.stdout and "FUNC __main__.fails " in done.stdout


def test_the_command_says_what_it_cannot(capsys: pytest.CaptureFixture[str]) -> None:
    for words, code, said in (
        ([], 1, "A program to run must be provided"),
        (["none.py"], 1, "Could not find script none.py\n"),
        (["--pdb-mmem", "10", "none.py"], 2, "--pdb-mmem is not supported"),
        (["--version"], 0, "0.61.0\n"),
    ):
        with pytest.raises(SystemExit) as ended:
            running.main(words)
        assert ended.value.code == code
        assert said in "".join(capsys.readouterr())


def test_mprof_records_lists_and_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)

    def said(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["mprof", *words])
        mprof.main()
        return capsys.readouterr().out

    run = ("-m", "unfreed.compat.memory_profiler.mprof", "run", "-T", "0.02", "-E", "program.py", "z")
    done = python(*run, folder=tmp_path)
    assert done.returncode == 3 and "words ['z']" in done.stdout and "running as a Python program" in done.stdout
    [data] = tmp_path.glob("mprofile_*.dat")
    assert re.fullmatch(r"mprofile_\d{14}\.dat", data.name)
    text = data.read_text()
    assert text.startswith("CMDLINE %s program.py z\n" % sys.executable)
    assert "\nMEM " in text and "\nFUNC __main__.make " in text
    assert re.fullmatch(r"0 %s \d\d:\d\d:\d\d \d\d/\d\d/\d{4}\n" % data.name, said("list"))
    assert re.search(r"%s\t\d+\.\d{3} MiB" % data.name, said("peak", "-1"))
    assert said("plot").endswith("Plot written to %s.svg\n" % data.stem)
    assert data.name in said("clean", "--dry-run") and data.exists()
    with pytest.raises(SystemExit):
        said("rm", "7")
    assert said("rm", "-1") == "" and not data.exists()
    for words in (["plot"], ["nonsense"]):
        with pytest.raises(SystemExit):
            said(*words)


def test_mprof_measures_a_process_that_runs(tmp_path: Path) -> None:
    path = tmp_path / "attached.dat"
    done = python(
        *("-m", "unfreed.compat.memory_profiler.mprof", "attach"),
        *("-T", "0.5", "-t", "1", "-o", str(path), str(os.getpid())),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert len(read_profile(str(path)).looks) == 2


@pytest.fixture()
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as mprof writes it, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mprofile_20200102030405.dat"
    path.write_text(DATA)
    return path


def test_files_are_read(data: Path) -> None:
    content: Any = mprof.read_mprofile_file(str(data))
    assert content["mem_usage"] == [10, 30, 20] and content["cmd_line"] == "python shop.py"
    assert content["func_timestamp"]["shop.load"] == [[1000.1, 1000.6, 10.0, 29.0, 1]]
    assert content["children"] == {"77": [(5.0, 1000.5)]}
    data.write_text("MEM 1.0 2.0\nMEM\n")
    with pytest.raises(ValueError, match="line 2 is damaged"):
        read_profile(str(data))
    with pytest.raises(ValueError, match="not found"):
        get_profile_filenames(["none.dat"])


def test_peaks_may_be_those_of_a_function(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, expected in (([], "30.000 MiB"), (["--func", "shop.load"], "30.000 MiB"), (["--func", "no"], "NaN MiB")):
        monkeypatch.setattr(sys, "argv", ["mprof", *words, data.name])
        mprof.peak_action()
        assert "%s\t%s\n" % (data.name, expected) in capsys.readouterr().out


def test_labels_are_as_short_as_they_can_be() -> None:
    names = ["x.z", "x.y", "x.b", "f.a.b", "g.a.b", "g.a.c", "b.c"]
    assert function_labels(names) == {
        "x.z": "z",
        "x.y": "y",
        "x.b": "x.b",
        "f.a.b": "f.a.b",
        "g.a.b": "g.a.b",
        "g.a.c": "a.c",
        "b.c": "b.c",
    }


def test_pictures_are_drawn_without_matplotlib(data: Path) -> None:
    profile = read_profile(str(data))
    for wishes in (Wishes(), Wishes(title="<all>", slope=True, window=(0.1, 0.9)), Wishes(flame=True)):
        picture = draw([profile], wishes)
        texts = [one.text for one in ElementTree.fromstring(picture).iter() if one.tag.endswith("text")]
        assert "memory used (in MiB)" in texts and (wishes.title or "python shop.py") in texts
        assert ("load 0.500s" in texts) or wishes.flame
    # Two profiles have no calls, and the names of both beside them.
    assert "load" not in draw([profile, profile])
    data.write_text("CMDLINE nothing\n")
    with pytest.raises(ValueError, match="no memory usage"):
        draw([read_profile(str(data))])


def test_axes_have_round_numbers() -> None:
    assert ticks(0, 10, 5) == [0, 2, 4, 6, 8, 10] and ticks(0.12, 0.49, 4) == [0.2, 0.3, 0.4]
    assert ticks(5, 5, 8) and len(ticks(1e-3, 1e6, 8)) <= 9


def test_other_kinds_of_pictures_take_matplotlib(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mprof", "-o", "out.png"])
    if importlib.util.find_spec("matplotlib"):
        mprof.plot_action()
        assert Path("out.png").read_bytes().startswith(b"\x89PNG")
        return
    with pytest.raises(SystemExit):
        mprof.plot_action()
    assert "takes matplotlib" in capsys.readouterr().err


class Shell:
    """As much of IPython as the magics use."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {}
        self.user_global_ns = self.user_ns
        self.magics: dict[str, Any] = {}

    def register_magic_function(self, function: Any, magic_kind: str, magic_name: str) -> None:
        self.magics[magic_name] = function


def magics() -> tuple[Shell, dict[str, Any]]:
    shell = Shell()
    MemoryProfilerMagics.register_magics(shell)
    return shell, shell.magics


def test_memit_prints_peak_and_increment(capsys: pytest.CaptureFixture[str]) -> None:
    shell, named = magics()
    result = named["memit"]("-r 2 -o made = len(b'x' * (100 << 20))")
    assert isinstance(result, MemitResult) and len(result.mem_usage) == 2 and shell.user_ns["made"] == 100 * MIB
    shown = re.fullmatch(r"peak memory: (\d+\.\d\d) MiB, increment: (\d+\.\d\d) MiB\n", capsys.readouterr().out)
    assert shown and float(shown.group(2)) > 80
    assert named["memit"]("-q size = 3", "made = [0] * size") is None
    assert shell.user_ns["made"] == [0, 0, 0] and capsys.readouterr().out == ""


def test_mprun_shows_the_lines_of_functions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shell, named = magics()
    monkeypatch.setattr(MemoryProfilerMagics, "_page", lambda self, text: print(text))

    def make(count: int) -> bytearray:
        return bytearray(count)

    shell.user_ns["make"] = make
    path = tmp_path / "lines.txt"
    profiler = named["mprun"]("-r -T %s -f make kept = make(3 << 20)" % path)
    assert len(shell.user_ns["kept"]) == 3 * MIB and profiler.enable_count == 0
    shown = capsys.readouterr().out
    assert re.search(r" 3\.0 MiB +1 +return bytearray\(count\)", shown) and "saved to text file" in shown
    assert "return bytearray(count)" in path.read_text()
    named["mprun"]("-f make", "make(1)\nraise SystemExit")
    assert "SystemExit exception caught" in capsys.readouterr().out
