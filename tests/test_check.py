"""`unfreed check`: names what each call of a leaking function leaves behind, and says nothing of innocent ones."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from unfreed import _left_files

from programs.extension import folder_with
from programs.headers import HERE
from programs.pythons import HAS_ALL
from programs.runs import call_unfreed, clean_environment, unfreed

CLEAN, USAGE, CHECKED_FAILED, FOUND = 0, 2, 22, 23
AT_ONCE = int(os.environ.get("UNFREED_TESTS_AT_ONCE", 2 * (os.cpu_count() or 1)))


@dataclass(frozen=True)
class Culprit:
    """A function of `check_culprits`, and what the first finding about it must be."""

    function: str
    kinds: str
    """Words of which one is its kind."""
    words: tuple[str, ...]
    """What it has to name."""
    per_call: tuple[float, float] = (1, 1)
    """Objects a call, at least and at most; blocks and descriptors count as objects."""
    severity: str = "leak"
    options: tuple[str, ...] = ()

    @property
    def is_of_the_system(self) -> bool:
        """Whether it is told by what the system says of the process, so that the Python makes no difference."""
        return self.kinds == "resource"


CULPRITS = [
    Culprit("list_of_ints", "container", ("check_culprits.history", "list_of_ints")),
    Culprit("dict_of_keys", "container", ("check_culprits.by_name",)),
    Culprit("listeners", "container", ("check_culprits.service.listeners",)),
    Culprit("cached_method", "container", ("Report.total", "cache")),
    Culprit("error_path", "container", ("check_culprits.errors", "ValueError"), (0.2, 0.3)),
    Culprit("once_in_fifty", "container", ("check_culprits.rare", "bytearray"), (0.015, 0.025)),
    Culprit("cycles_without_collector", "cycle", ("dict", "disabled")),
    Culprit("cycles_with_collector", "cycle", ("dict",), severity="warning"),
    Culprit("lost_argument", "refcount", ("Service", "lost_argument", "DECREF")),
    Culprit("lost_dict", "refcount", ("dict", "lost_dict", "references"), (1, 2)),
    Culprit("lost_str", "refcount", ("str", "lost_str", "references")),
    Culprit("lost_malloc", "native", ("thumbnail_open", "blocks.", "lost_malloc")),
    Culprit("lost_without_gil", "native", ("thumbnail_open", "blocks.", "lost_without_gil")),
    Culprit("lost_realloc", "native", ("lose_realloc", "blocks.", "lost_realloc")),
    Culprit("lost_strdup", "native", ("lose_strdup", "blocks.", "lost_strdup")),
    Culprit("lost_mapping", "native", ("lose_mapping", "blocks.", "lost_mapping")),
    Culprit("lost_through_ctypes", "native|site", ("libc.malloc(2000)", "lost_through_ctypes")),
    Culprit("exit_functions", "container", ("atexit", "atexit.register(len, [_next()])"), (1, 2)),
    Culprit("finalizers", "container", ("weakref.finalize._registry", "weakref.finalize(subject, len, [_next()])")),
    Culprit("log_handlers", "container", ("loggerDict['check_culprits'].handlers", "addHandler(logging.NullHandler())")),
    Culprit("mappings_of_python", "container", ("check_culprits.mapped", "mmap")),
    Culprit("beside_a_cache_that_fills", "container", ("check_culprits.forgotten",), (0.008, 0.012)),
    Culprit("owned_by_capsules", "container", ("check_culprits.kept", "PyCapsule")),
    Culprit("piled_up_by_one_object", "native", ("hoard", "blocks.", "piled_up_by_one_object")),
    Culprit("descriptors", "resource", ("/dev/null", "os.open(os.devnull, os.O_RDONLY)"), (0.08, 0.12)),
    Culprit("files", "resource", ("open files", "os.open(tempfile.gettempdir(), os.O_RDONLY)")),
    Culprit("sockets", "resource", ("open sockets", "opened.append(socket.socket().detach())")),
    Culprit("pipes", "resource", ("open pipes", "opened.extend(os.pipe())"), (2, 2)),
    Culprit("opened_through_ctypes", "resource", ("other open descriptors", "anon_inode", "libc.eventfd(0, 0)")),
    Culprit("from_c_code", "resource", ("open files", "lose_descriptor", "blocks.lose_descriptor(")),
    Culprit("threads", "resource", ("threads", "_waits_for_ever", "threading.Thread(target=_waits_for_ever")),
    Culprit("threads_that_are_waited_for", "resource", ("threads", "threading.Thread(target=_waits_for_ever, name=")),
    Culprit("zombies", "resource", ("zombie", "Popen([\"true\"])")),
    Culprit("children", "resource", ("child processes", "Popen([\"sleep\", \"100\"])"), options=("--teardown", "end_children")),
    Culprit(
        "temporary_files",
        "resource",
        ("left on disk", "*.page", "mkstemp(suffix=\".page\")"),
        (0.45, 0.55),
        options=("--teardown", "remove_what_is_left"),
    ),
    Culprit(
        "temporary_folders",
        "resource",
        ("left on disk", "/pages-*", "temporary_folders", "tempfile.mkdtemp(prefix=\"pages-\")"),
        options=("--teardown", "remove_what_is_left"),
    ),
    Culprit("tasks", "container", ("check_culprits.waiting", "Task"), options=("--teardown", "end_tasks")),
]


def innocents() -> list[str]:
    """Functions of `check_innocents` that are checked by themselves; `everyday` calls all others."""
    tree = ast.parse(INNOCENTS.read_text())
    apart = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "APART"
    )
    assert isinstance(apart, ast.Call) and isinstance(apart.func, ast.Attribute)
    words: str = ast.literal_eval(apart.func.value)
    return words.split()


INNOCENTS = HERE / "check_innocents.py"
CULPRIT_FILE = HERE / "check_culprits.py"


@dataclass
class Checked:
    """What a check said."""

    code: int
    report: dict[str, Any]
    shown: str

    @property
    def leaks(self) -> list[dict[str, Any]]:
        return [one for one in self.report.get("findings", []) if one["severity"] == "leak"]


def check(target: str, *words: str, module_path: tuple[Path, ...] = ()) -> Checked:
    """Runs `unfreed check`."""
    environment = dict(clean_environment(), PYTHONPATH=os.pathsep.join(map(str, module_path)))
    done = subprocess.run(
        unfreed("check", "--json", "-", target, *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    report = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    return Checked(done.returncode, report, done.stderr)


@pytest.fixture(scope="module")
def checked() -> Any:
    """The checks of this module, several at once, each started when the module is."""
    pool = ThreadPoolExecutor(AT_ONCE)
    extensions = (folder_with("references"), folder_with("blocks"))
    started: dict[str, Future[Checked]] = {}
    for culprit in (one for one in CULPRITS if HAS_ALL or not one.is_of_the_system):
        target = "%s::%s" % (CULPRIT_FILE, culprit.function)
        started[culprit.function] = pool.submit(check, target, *culprit.options, module_path=extensions)
    target = "%s::right" % CULPRIT_FILE
    started["right"] = pool.submit(check, target, module_path=extensions)
    for name in innocents():
        started["innocent " + name] = pool.submit(check, "%s::%s" % (INNOCENTS, name))
    yield lambda name: started[name].result()
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(
    "culprit",
    [pytest.param(one, marks=pytest.mark.any_python if one.is_of_the_system else ()) for one in CULPRITS],
    ids=lambda culprit: culprit.function,
)
def test_what_a_call_leaves_behind_is_named(culprit: Culprit, checked: Any) -> None:
    said: Checked = checked(culprit.function)
    findings = [one for one in said.report["findings"] if one["severity"] == culprit.severity]
    assert findings, said.shown
    first = findings[0]
    text = json.dumps(first)
    assert first["kind"] in culprit.kinds.split("|"), said.shown
    missing = [word for word in culprit.words if json.dumps(word)[1:-1] not in text]
    assert not missing, (missing, said.shown)
    least, most = culprit.per_call
    per_call = first["growth"]["objects_per_second"]
    assert least * 0.99 <= per_call <= most * 1.01 or first["kind"] == "cycle", (per_call, said.shown)
    assert said.report["per"] == "call"
    assert said.code == (FOUND if culprit.severity == "leak" else CLEAN), said.shown


@pytest.mark.parametrize("name", innocents())
def test_an_innocent_function_leaks_nothing(name: str, checked: Any) -> None:
    said: Checked = checked("innocent " + name)
    assert said.code == CLEAN and not said.leaks, said.shown


def test_nodes_of_a_full_cache_are_no_pile(checked: Any) -> None:
    said: Checked = checked("innocent full_ordered_cache")
    assert not [one["title"] for one in said.report["findings"] if "pile up" in one["title"]], said.shown


def test_what_c_code_gives_back_is_no_leak(checked: Any) -> None:
    said: Checked = checked("right")
    assert said.code == CLEAN and not said.leaks, said.shown


def test_the_report_is_again_what_the_recording_says(tmp_path: Path) -> None:
    recording = tmp_path / "checked.unfreed"
    extensions = (folder_with("references"), folder_with("blocks"))
    first = check("%s::lost_malloc" % CULPRIT_FILE, "-o", str(recording), module_path=extensions)
    again = call_unfreed("report", recording, "--json", "-")
    assert json.loads(again.stdout)["findings"] == first.report["findings"]


def test_a_function_that_fails_is_no_leak(tmp_path: Path) -> None:
    extensions = (folder_with("references"), folder_with("blocks"))
    said = check("%s::broken" % CULPRIT_FILE, module_path=extensions)
    assert said.code == CHECKED_FAILED and "does not work" in said.shown
    assert "_check.py" not in said.shown


@pytest.mark.parametrize("name, code", [("leaves", 0), ("leaves_with_three", 3)])
def test_a_function_that_ends_the_process_has_no_verdict(name: str, code: int) -> None:
    extensions = (folder_with("references"), folder_with("blocks"))
    said = check("%s::%s" % (CULPRIT_FILE, name), module_path=extensions)
    assert said.code == CHECKED_FAILED and "ended with code %d while it was called" % code in said.shown


def test_a_module_that_fails_is_shown_without_our_frames(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("1 / 0\n")
    said = check("%s::f" % (tmp_path / "fails.py"))
    assert said.code == CHECKED_FAILED and "ZeroDivisionError" in said.shown
    assert "_target.py" not in said.shown and "_check.py" not in said.shown, said.shown


def test_what_cannot_be_called_is_said(tmp_path: Path) -> None:
    assert check("%s::nothing_of_this_name" % INNOCENTS).code == USAGE
    assert check(str(tmp_path / "missing.py") + "::f").code == USAGE
    assert check("no_function").code == USAGE


def test_what_is_printed_leaves_standard_output_to_the_report() -> None:
    source = (
        "import ctypes, os\nfrom unfreed import _check\n_check._send_output_to_stderr()\n"
        "print('of Python')\nos.system('echo of a child')\nctypes.CDLL(None).puts(b'of C')"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=clean_environment())
    assert done.stdout == "" and sorted(done.stderr.split("\n")) == ["", "of C", "of Python", "of a child"], done


def test_rounds_as_many_as_asked_for() -> None:
    said = check("%s::arithmetic" % INNOCENTS, "--rounds", "7")
    assert said.report["evidence"]["snapshots"] == 8, said.shown



def test_what_the_hook_does_not_understand_is_let_be() -> None:
    # It hears everything that the program does, and an exception of it would be the program's.
    seen = _left_files.Made()
    for event in ("open", "os.mkdir", "os.link", "os.rename", "os.symlink", "sqlite3.connect", "socket.bind"):
        for arguments in ((), (None,) * 4, (object(), b"\xff", -1, -1), ("a\0b",) * 4):
            seen.hear(event, arguments)
    assert not [made for made in seen.left() if made[0]]


RARE = """
kept, count = [], 0

def rare():
    global count
    count += 1
    if count % 2000 == 0:
        kept.append(bytearray(50))
"""


def test_a_clean_verdict_says_how_rare_a_leak_would_not_have_shown(tmp_path: Path) -> None:
    (tmp_path / "rarely.py").write_text(RARE)
    said = check("%s::rare" % (tmp_path / "rarely.py"))
    verdict = said.report["verdict"]
    assert said.code == CLEAN and 1 <= verdict["one_in_calls"] <= 500, said.shown
    assert "fewer than one call in %d would not have shown" % verdict["one_in_calls"] in verdict["sentence"]


def test_calls_of_a_round_find_what_is_rare(tmp_path: Path) -> None:
    (tmp_path / "rarely.py").write_text(RARE)
    said = check("%s::rare" % (tmp_path / "rarely.py"), "--calls", "10000")
    assert said.code == FOUND and "rarely.kept" in said.leaks[0]["title"], said.shown
    assert said.report["verdict"]["one_in_calls"] == 10_000, said.shown
