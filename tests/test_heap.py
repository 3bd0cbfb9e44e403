"""`unfreed.snapshot` and `unfreed heap`: sizes as Python gives them, retained sizes as deletion proves them, answers
that a person can follow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from programs.headers import HERE
from programs.runs import call_unfreed, clean_environment

NOT_FOUND = 24


def snapshot_of(program: str, folder: Path) -> tuple[Path, dict[str, int]]:
    """Runs a program that writes a snapshot, and what it printed."""
    recording = folder / (program + ".unfreed")
    done = subprocess.run(
        [sys.executable, str(HERE / (program + ".py")), str(recording)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=100,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, int] = json.loads(done.stdout)
    return recording, printed


def ask(recording: Path, *words: str) -> dict[str, Any]:
    """The answer of `unfreed heap`, as JSON."""
    done = call_unfreed("heap", recording, *words, "--limit", "100000", "--json", "-")
    assert done.returncode == 0, str(done)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """The snapshot of the shop, and what its parts freed."""
    return snapshot_of("heap_shop", tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], dict[str, int]]:
    """Sizes of one object of each type: as the snapshot has them, as `sys.getsizeof` gives them."""
    recording, printed = snapshot_of("heap_sizes", tmp_path_factory.mktemp("sizes"))
    rows = ask(recording, "referents", "heap_sizes.SAMPLES")["rows"]
    found = {row["reference"][2:-2]: row["own"] for row in rows if row["reference"].startswith("['")}
    return found, printed


# Where a size is not what sys.getsizeof says, and why. Names are those of the program's SAMPLES.
DIFFERENT_ON_PURPOSE: dict[str, str] = {"StringIO": "sys.getsizeof leaves out its letters"}
if (3, 13) <= sys.version_info < (3, 15):
    DIFFERENT_ON_PURPOSE["SimpleQueue"] = "sys.getsizeof leaves out its ring of items until 3.15"
if sys.version_info < (3, 12):
    for kind in ("int subclass", "str subclass"):
        DIFFERENT_ON_PURPOSE[kind] = "sys.getsizeof leaves out its fields for __dict__ and __weakref__"
if sys.version_info[:2] in ((3, 11), (3, 12)):
    DIFFERENT_ON_PURPOSE["static class"] = "sys.getsizeof counts the collector's links, which it has not"
if sys.version_info >= (3, 15):
    DIFFERENT_ON_PURPOSE["bytearray"] = "its buffer is an object of its own in the snapshot"
# From 3.11 on an instance has a block of values, from 3.13 on inside itself; sys.getsizeof leaves it out.
INSTANCES = "instance|dataclass|enum|ChainMap|Queue|Event|WeakValueDictionary|JSONDecoder|Future loop".split("|")
if sys.version_info >= (3, 13):
    INSTANCES += ["instance with dict", "instance wide"]
if sys.version_info >= (3, 14):
    INSTANCES += ["Random"]
MOST_IN_BLOCK = 30 * 8 + 40


def test_sizes_are_those_of_python(sizes: tuple[dict[str, int], dict[str, int]]) -> None:
    found, expected = sizes
    assert found.keys() == expected.keys()
    if sys.version_info >= (3, 11):
        for name in INSTANCES:
            block = found[name] - expected.pop(name)
            assert 0 < block <= MOST_IN_BLOCK, name
    wrong = {
        name: (found[name], size)
        for name, size in expected.items()
        if name not in DIFFERENT_ON_PURPOSE and found[name] != size
    }
    assert not wrong, "name: (snapshot, sys.getsizeof): %s" % wrong


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], dict[str, Any]]:
    """Sizes of an object of each type in C of the standard library, and what the program knows of them."""
    recording, printed = snapshot_of("heap_types", tmp_path_factory.mktemp("types"))
    told: dict[str, Any] = dict(printed)
    names = list(told["sizes"])
    rows = ask(recording, "referents", "heap_types.NUMBERED")["rows"]
    numbered = {row["reference"][1:-1]: row["own"] for row in rows if row["reference"].startswith("[")}
    return {names[int(number)]: size for number, size in numbered.items() if number.isdigit()}, told


def reason_of_type(name: str, kind: str, more: int) -> str | None:
    """Why the size of a sample is so many bytes more than `sys.getsizeof` says."""
    python = sys.version_info
    if kind == "_io.BytesIO" or kind == "_pickle.Pickler":
        return "its buffer is an object of its own in the snapshot" if more < 0 else None
    if kind == "builtins.bytearray" and python >= (3, 15):
        return "so is that of a bytearray" if more < 0 else None
    if kind == "_io.StringIO":
        return "sys.getsizeof leaves out its letters" if more > 0 else None
    if kind == "_queue.SimpleQueue" and (3, 13) <= python < (3, 15):
        return "sys.getsizeof leaves out its ring until 3.15" if more > 0 else None
    if name == "class of slots":
        return "sys.getsizeof leaves out what describes the slots" if more == 2 * 40 else None
    if name == "static class" and python[:2] in ((3, 11), (3, 12)):
        return "sys.getsizeof counts the collector's links, which it has not" if more == -16 else None
    if name.startswith("foreign") and name.endswith("of its class"):
        return "from 3.13 on sys.getsizeof gives what ctypes adds to a class" if python >= (3, 13) else None
    if name.startswith("foreign"):
        return "sys.getsizeof leaves out memory outside of the instance" if more > 0 else None
    if kind == "builtins.frame" and python < (3, 11):
        return "sys.getsizeof counts one slot less than the frame was made with" if more == 8 else None
    if name == "number 0" and python < (3, 12):
        return "so it does with the one digit of 0" if more == 4 else None
    return None


# Types of which there is no sample, and why.
NOT_MADE = {
    "only derived types have instances": """
        _ctypes.Array _ctypes.CFuncPtr _ctypes.PyCFuncPtr _ctypes.CType_Type _ctypes.Structure _ctypes.Union _ctypes._CData
        _ctypes._Pointer _ctypes._SimpleCData _ssl._SSLContext builtins.MultibyteIncrementalDecoder
        builtins.MultibyteIncrementalEncoder builtins.MultibyteStreamReader builtins.MultibyteStreamWriter
        _multibytecodec.MultibyteIncrementalDecoder _multibytecodec.MultibyteIncrementalEncoder
        _multibytecodec.MultibyteStreamReader _multibytecodec.MultibyteStreamWriter""",
    "C code makes them for itself": """
        Token.MISSING _ctypes.StructParam_Type _ctypes.CThunkObject _lsprof.profiler_subentry _thread._ExceptHookArgs
        _thread.ExceptHookArgs _thread._localdummy _typing._ConstEvaluator builtins.InterpreterID
        builtins.TaskWakeupMethWrapper builtins.UnraisableHookArgs builtins._RunningLoopHolder builtins._buffer_wrapper
        builtins.async_generator_wrapped_value builtins.builtin_method builtins.hamt_array_node
        builtins.hamt_collision_node builtins.instancemethod builtins.moduledef builtins.stderrprinter
        builtins.uop_executor sys.legacy_event_handler zipimport._ZipImportResourceReader""",
    "needs a terminal, another process or host, or a device": """
        _curses.window _curses_panel.panel _dbm.dbm _gdbm.gdbm _interpreters.CrossInterpreterBufferView
        _remote_debugging.AwaitedInfo _remote_debugging.BinaryReader _remote_debugging.BinaryWriter
        _remote_debugging.CoroInfo _remote_debugging.FrameInfo _remote_debugging.GCMonitor _remote_debugging.GCStatsInfo
        _remote_debugging.InterpreterInfo _remote_debugging.LocationInfo _remote_debugging.RemoteUnwinder
        _remote_debugging.TaskInfo _remote_debugging.ThreadInfo _ssl.Certificate _ssl.SSLSession _ssl.Session
        curses.ncurses_version ossaudiodev.oss_audio_device ossaudiodev.oss_mixer_device posix.waitid_result
        signal.struct_siginfo spwd.struct_spwd""",
    "came or went with few versions": """
        _hashlib.HMAC _tokenize.TokenizerIter parser.st string.templatelib.TemplateIter unicodedata.GraphemeBreakIterator
        unicodedata.Segment zipimport.zipimporter""",
}


def test_types_in_c_have_the_sizes_that_python_gives(kinds: tuple[dict[str, int], dict[str, Any]]) -> None:
    found, told = kinds
    assert found.keys() == told["sizes"].keys()
    assert len(set(told["types"].values())) > 250
    wrong = {}
    for name, size in told["sizes"].items():
        more = found[name] - size
        has_block = name in told["values"] and 0 <= more <= MOST_IN_BLOCK
        if more and not has_block and reason_of_type(name, told["types"][name], more) is None:
            wrong[name] = (told["types"][name], found[name], size)
    assert not wrong, "name: (type, snapshot, sys.getsizeof): %s" % wrong
    known = {name for names in NOT_MADE.values() for name in names.split()}
    assert not set(told["unmade"]) - known


@pytest.mark.parametrize("part", ["shared", "tree", "sessions"])
def test_retained_is_what_deletion_frees(shop: tuple[Path, dict[str, int]], part: str) -> None:
    recording, freed = shop
    # `shared` goes first and `sessions` last, so each frees what it alone retains.
    retained = sum(row["bytes"] for row in ask(recording, "retained", "heap_shop.SHOP." + part)["rows"])
    assert freed[part] > 100_000
    assert retained == pytest.approx(freed[part], rel=0.01)


def test_coverage_is_told(shop: tuple[Path, dict[str, int]]) -> None:
    facts = ask(shop[0], "census")["snapshot"]
    assert facts["coverage"] > 0.95
    assert facts["objects"] > 10_000
    assert 0 < facts["pause_seconds"] < 60


def test_a_path_leads_back_to_its_object(shop: tuple[Path, dict[str, int]]) -> None:
    rows = ask(shop[0], "path", "Session")["rows"]
    assert len(rows) == 3000
    chosen = rows[:: len(rows) // 50]
    assert all(row["path"].startswith("heap_shop.SHOP.sessions['key ") for row in chosen)
    again = ask(shop[0], "path", *(row["path"] for row in chosen))["rows"]
    assert [row["object"] for row in again] == [row["object"] for row in chosen]


def test_an_address_names_an_object(shop: tuple[Path, dict[str, int]]) -> None:
    recording, printed = shop
    done = call_unfreed("heap", recording, "path", hex(printed["id of key 5"]))
    assert done.returncode == 0, str(done)
    told = done.stdout.splitlines()[0]
    assert told.endswith(" at %#x is held by heap_shop.SHOP.sessions['key 5']." % printed["id of key 5"]), told
    done = call_unfreed("heap", recording, "path", "0x10")
    assert done.returncode == NOT_FOUND and "no object of this snapshot lies at 0x10" in done.stderr, str(done)


def test_several_objects_are_asked_about_together(shop: tuple[Path, dict[str, int]]) -> None:
    parts = ["heap_shop.SHOP.tree", "heap_shop.SHOP.sessions", "heap_shop.SHOP.tree"]
    answer = ask(shop[0], "retained", *parts)
    assert answer["answer"].startswith("The 2 given objects keep "), answer["answer"]
    alone = [sum(row["bytes"] for row in ask(shop[0], "retained", part)["rows"]) for part in parts[:2]]
    together = sum(row["bytes"] for row in answer["rows"])
    # And what both hold.
    assert sum(alone) <= together < 1.2 * sum(alone)


def test_a_long_path_is_short_in_tables_and_whole_in_json(tmp_path: Path) -> None:
    program = tmp_path / "chain.py"
    program.write_text(CHAIN)
    recording = tmp_path / "chain.unfreed"
    subprocess.run([sys.executable, str(program), str(recording)], check=True, env=clean_environment(), timeout=100)
    for question in ("suspects", "dominators", "waste", "cycles", "census --by path", "path Node"):
        done = call_unfreed("heap", recording, *question.split())
        assert done.returncode == 0 and len(done.stdout) < 20_000, str(done)
        assert question != "suspects" or "steps)" in done.stdout
    rows = ask(recording, "path", "bytearray")["rows"]
    assert "chain.head" + ".next" * 5000 + ".payload" in [row["path"] for row in rows]


CHAIN = """
import sys, unfreed

class Node:
    __slots__ = ("next", "payload")

def chain(length):
    first = node = Node()
    for _ in range(length):
        node.next = Node()
        node = node.next
    node.payload = bytearray(10_000_000)
    return first

head = chain(5000)
unfreed.snapshot(sys.argv[1])
"""


def test_referrers_name_who_holds(shop: tuple[Path, dict[str, int]]) -> None:
    rows = ask(shop[0], "referrers", "heap_shop.SHOP.sessions['key 5']")["rows"]
    assert sorted(row["reference"] for row in rows) == ["['key 5']", "[0]"]


def test_cycles_in_use_are_described(shop: tuple[Path, dict[str, int]]) -> None:
    rows = [row for row in ask(shop[0], "cycles")["rows"] if "Node" in row["types"]]
    assert [row["state"] for row in rows] == ["in use"]
    assert "Node.above" in rows[0]["shortest"]
    assert rows[0]["objects"] >= 1023


def test_suspects_say_where_the_memory_hangs(shop: tuple[Path, dict[str, int]]) -> None:
    rows = ask(shop[0], "suspects")["rows"]
    assert rows[0]["suspect"].startswith("heap_shop.SHOP")
    assert "heap_shop.SHOP.sessions" in rows[0]["suspect"] + rows[0]["why"]


def test_waste_has_equal_texts(shop: tuple[Path, dict[str, int]]) -> None:
    rows = [row for row in ask(shop[0], "waste")["rows"] if "heap_shop.SHOP" in row["whose"]]
    payloads = [row for row in rows if row["what"] == "equal bytes" and row["objects"] >= 1023]
    assert len(payloads) == 1
    assert payloads[0]["saved"] == pytest.approx(payloads[0]["bytes"] * 1022 / 1023, rel=0.001)
    assert not [row for row in rows if row["what"] == "equal str" and row["objects"] > 100]


def test_difference_of_a_snapshot_to_itself_is_nothing(shop: tuple[Path, dict[str, int]]) -> None:
    for by in ("type", "path"):
        assert ask(shop[0], "diff", str(shop[0]), "--by", by)["rows"] == []


def test_tables_fit_the_page(shop: tuple[Path, dict[str, int]]) -> None:
    questions = ["suspects", "census", "cycles", "waste", "dominators", "path Session", "census --by path"]
    for question in questions:
        done = call_unfreed("heap", shop[0], *question.split())
        assert done.returncode == 0, str(done)
        long = [line for line in done.stdout.splitlines() if len(line) > 100]
        assert not long, long
        assert "references explained" in done.stdout


def test_folded_stacks_add_up(shop: tuple[Path, dict[str, int]]) -> None:
    done = call_unfreed("heap", shop[0], "dominators", "--folded", "--least", "0.5")
    facts = ask(shop[0], "census")["snapshot"]
    total = sum(int(line.rsplit(" ", 1)[1]) for line in done.stdout.splitlines())
    assert total == facts["bytes"] - facts["unreached_bytes"]


SVG = "{http://www.w3.org/2000/svg}"


def drawn(recording: Path, folder: Path, *words: str) -> list[str]:
    """The texts of a picture."""
    place = folder / "picture.svg"
    done = call_unfreed("heap", recording, "picture", *words, "-o", place)
    assert done.returncode == 0, str(done)
    root = ElementTree.parse(place).getroot()
    return [text.text or "" for text in root.iter(SVG + "text")]


def test_a_picture_folds_what_is_alike(shop: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    texts = drawn(shop[0], tmp_path, "heap_shop.SHOP.sessions")
    for text in ("module __main__", ".SHOP", ".sessions", "Session × 3000", "[*]", ".name", "asked for"):
        assert text in texts, texts
    texts = drawn(shop[0], tmp_path, "Node", "--referents", "--depth", "1")
    assert "Node × 1023" in texts
    assert "cycle" in texts
    assert not any(text.startswith("module ") for text in texts)


def test_a_picture_keeps_to_its_size(shop: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    for nodes in (5, 30, 200):
        texts = drawn(shop[0], tmp_path, "heap_shop.SHOP", "--nodes", str(nodes), "--depth", "6")
        (title,) = [text for text in texts if " nodes" in text]
        assert 3 <= int(title.split()[-2]) <= nodes


def test_pictures_in_each_form(shop: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    begins = {"svg": b"<svg ", "png": b"\x89PNG", "dot": b"digraph "}
    for form, begin in begins.items():
        place = tmp_path / ("a." + form)
        done = call_unfreed("heap", shop[0], "picture", "heap_shop.SHOP.shared", "--referrers", "-o", place)
        assert done.returncode == 0, str(done)
        assert place.read_bytes().startswith(begin)
        assert done.stdout == ""
        assert "who holds it" in done.stderr
    done = call_unfreed("heap", shop[0], "picture", "heap_shop.SHOP.shared", "-o", "-")
    assert done.stdout.startswith("<svg ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["path", "heap_shop.SHOP.session"], r"there is \.sessions"),
        (["path", "Sesion"], "no type and no path"),
        (["path", "Session#0"], "no object Session#0"),
        (["census", "--snapshot", "7"], "has no snapshot 7"),
        (["picture", "heap_shop.SHOP", "-o", "a.bmp"], r"may end in \.svg, \.png or \.dot"),
    ],
)
def test_what_is_not_there_is_said(shop: tuple[Path, dict[str, int]], words: list[str], said: str) -> None:
    done = call_unfreed("heap", shop[0], *words)
    assert done.returncode == NOT_FOUND
    assert len(done.stderr.splitlines()) == 1
    assert re.search(said, done.stderr), done.stderr


def test_a_snapshot_changes_nothing(tmp_path: Path) -> None:
    code = """
import gc, sys, unfreed
class Thing: pass
things = [Thing() for _ in range(100)]
for thing in things: thing.value = [thing]
unfreed.snapshot(sys.argv[1])
gc.collect(); gc.disable()
before = [sys.getrefcount(thing) for thing in things], gc.get_count()[1:], len(gc.get_objects())
assert unfreed.snapshot(sys.argv[1]).objects > 5000
after = [sys.getrefcount(thing) for thing in things], gc.get_count()[1:]
assert before[0] == after[0] and before[1] == after[1], (before[1], after[1])
print(len(gc.get_objects()) - before[2])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.unfreed")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=100,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The two lists of the test itself.
    assert int(done.stdout) <= 6


def test_what_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    code = "import unfreed\ntry: unfreed.snapshot('/nowhere/x.unfreed')\nexcept OSError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        timeout=100,
        env=clean_environment(),
        check=True,
    )
    assert "/nowhere/x.unfreed" in done.stdout
