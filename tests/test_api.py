"""Questions of a program to its own heap: `import unfreed`. Each test has the whole process as its heap."""

from __future__ import annotations

import collections
import doctest
import functools
import gc
import json
import os
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest
import programs.liars
from programs.liars import Liar
from programs.runs import clean_environment

import unfreed
from unfreed import _live

MIB = 1024 * 1024


class Session:
    def __init__(self, name: str) -> None:
        self.name = name
        self.payload = bytes(1000)


class Slotted:
    __slots__ = ("left", "right")


KEPT: dict[str, Any] = {}


def test_import_is_cheap() -> None:
    code = "import sys; before = set(sys.modules); import unfreed; print(sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, env=clean_environment()
    )
    assert set(json.loads(done.stdout.replace("'", '"'))) <= {"unfreed"}


def test_a_question_imports_nothing_that_opens_or_runs_things() -> None:
    code = "import sys, unfreed; unfreed.garbage(); unfreed.census(); print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, env=clean_environment()
    )
    assert not {"asyncio", "logging", "sqlite3", "ssl", "subprocess", "threading"} & set(done.stdout.split())


def test_examples_of_the_docs() -> None:
    assert doctest.testmod(_live, optionflags=doctest.ELLIPSIS).failed == 0


def test_census_counts_what_there_is() -> None:
    KEPT["census"] = [Session("%d" % number) for number in range(300)]
    rows = {row["type"]: row for row in unfreed.census(limit=100_000)}
    found = rows[__name__ + ".Session"]
    assert found["objects"] >= 300
    frame = unfreed.census(limit=3)
    assert len(frame) == 3 and frame.left_out is not None
    assert "<table>" in frame._repr_html_() and "objects" in repr(frame)
    del KEPT["census"]


def test_growth_has_nothing_of_its_own() -> None:
    # In a process where nothing else runs: the tests' own threads make strings while they start other programs.
    code = """
import unfreed
unfreed.growth()
for look in range(3):
    kept = unfreed.growth(limit=100_000)
    print([row["type"] for row in kept if row["more objects"] > 1])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, env=clean_environment()
    )
    assert done.stdout.split() == ["[]"] * 3


def test_growth_says_what_came_since_the_last_look() -> None:
    unfreed.growth()
    KEPT["growth"] = [Session(str(number)) for number in range(50)]
    rows = {row["type"]: row for row in unfreed.growth(limit=100_000)}
    assert rows[__name__ + ".Session"]["more objects"] == 50
    assert rows["bytes"]["more bytes"] >= 50
    del KEPT["growth"]


def test_why_alive_is_written_in_python() -> None:
    session = KEPT["why"] = {"key": [Session("x")]}
    target = session["key"][0]
    del session
    chain = unfreed.why_alive(target)
    assert eval(str(chain), {"test_api": sys.modules[__name__], __name__: sys.modules[__name__]}) is target
    assert chain.steps[-1]["type_name"].endswith("Session")
    assert chain.to_dict()["path"] == chain.path and "list [0]" in repr(chain)
    del KEPT["why"]


ODD_KEYS = [7, -3, 10**12, "7", "it's", 'a"b\'c', "a\nb", None, True, 2.5, b"xy", (1, "a"), ("one",)]


@pytest.mark.parametrize("key", ODD_KEYS, ids=repr)
def test_paths_through_dicts_are_python_whatever_the_key(key: Any) -> None:
    KEPT["odd"] = {key: Session("behind a key")}
    (row,) = unfreed.paths(KEPT["odd"][key]).rows
    path = str(row["path"])
    assert path.startswith(__name__ + ".KEPT"), path
    assert eval(path, {__name__: sys.modules[__name__]}) is KEPT["odd"][key], path


def test_a_local_variable_of_another_threads_running_function_is_seen() -> None:
    ready, stop = threading.Event(), threading.Event()
    seen: list[Any] = []

    def serve() -> None:
        held_here = Session("in a frame")
        seen.append(weakref.ref(held_here))
        ready.set()
        stop.wait(60)

    thread = threading.Thread(target=serve, name="server-7")
    thread.start()
    try:
        assert ready.wait(60)
        target = seen[0]()
        path = str(unfreed.why_alive(target))
    finally:
        stop.set()
        thread.join()
    assert "serve()" in path or "test_a_local" in path


def test_nothing_reaches_what_only_the_question_holds() -> None:
    assert not unfreed.why_alive(object()).path.startswith("unfreed")


def test_asking_holds_nothing_and_changes_nothing() -> None:
    target = Slotted()
    target.left = [1]
    plain = Session("y")
    gc.collect()
    gc.disable()
    try:
        before = sys.getrefcount(target), sys.getrefcount(plain), gc.get_debug(), len(gc.garbage)
        for question in (unfreed.why_alive, unfreed.referrers, unfreed.referents, unfreed.retained, unfreed.paths):
            question(target)
            question(plain)
        unfreed.sizeof(target, plain, depth=3)
        unfreed.census()
        unfreed.cycles()
        unfreed.duplicates()
        unfreed.show_holders(target)
        assert before == (sys.getrefcount(target), sys.getrefcount(plain), gc.get_debug(), len(gc.garbage))
        # Reading `__dict__` would have made one, which costs every instance for ever.
        dicts = [one for one in unfreed.get_referents(plain) if type(one) is dict]
        assert dicts == ([] if sys.version_info >= (3, 11) else [vars(plain)])
    finally:
        gc.enable()


def test_a_backlog_of_cycles_is_shown_and_left_alone() -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            one = Session("cycle")
            one.me = one  # type: ignore[attr-defined]
        del one
        told = repr(unfreed.cycles())
        assert "Session" in told
        alive = [o for o in unfreed.get_objects() if type(o) is Session and o.name == "cycle"]
        assert len(alive) == 100
        del alive
    finally:
        gc.enable()
    assert gc.collect() >= 100


def test_referrers_name_dicts_that_the_collector_does_not_track() -> None:
    text = "a text of its own %d" % id(KEPT)
    KEPT["untracked"] = {"key": text}
    rows = [row for row in unfreed.referrers(text) if row["reference"] == "['key']"]
    assert len(rows) == 1
    assert any(one is KEPT["untracked"] for one in unfreed.get_referrers(text))
    del KEPT["untracked"]


def test_get_objects_has_what_gc_leaves_out() -> None:
    text = "only strings lead nowhere %d" % id(KEPT)
    KEPT["text"] = text
    found = unfreed.get_objects()
    assert any(one is text for one in found)
    assert len(found) > len(gc.get_objects())
    del KEPT["text"], found


def test_retained_is_what_goes_with_an_object() -> None:
    shared = bytes(2 * MIB)
    KEPT["retained"] = [bytes(3 * MIB), shared]
    rows = {row["type"]: row["bytes"] for row in unfreed.retained(KEPT["retained"])}
    assert 3 * MIB <= rows["bytes"] < 3.1 * MIB
    assert 3 * MIB <= unfreed.sizeof(KEPT["retained"], exclusive=True) < 3.1 * MIB
    assert 5 * MIB <= unfreed.sizeof(KEPT["retained"]) < 5.1 * MIB
    del KEPT["retained"], shared


def test_objects_that_raise_or_lie_are_looked_at_like_others() -> None:
    liar = KEPT["liar"] = [Liar(), Liar()]
    assert unfreed.sizeof(liar) > 0
    assert str(unfreed.why_alive(liar[0]))
    assert len(unfreed.referrers(liar[0])) >= 1
    assert unfreed.census(limit=10)
    assert any(one is liar[1] for one in unfreed.get_referents(liar))
    del KEPT["liar"]


def test_a_chain_of_a_million_is_an_ordinary_object() -> None:
    chain: Any = None
    for _ in range(1_000_000):
        chain = [chain]
    assert unfreed.sizeof(chain) > 50 * MIB
    tree = unfreed.sizeof(chain, depth=3).tree()
    assert tree.count("list") == 4
    assert unfreed.sizeof(chain, depth=2000).tree().count("list") == 101
    # Freed step by step: the interpreter itself would recurse.
    while chain:
        chain = chain.pop()


def test_pictures_show_themselves() -> None:
    KEPT["picture"] = Session("drawn")
    drawn = unfreed.show_holders(KEPT["picture"])
    assert drawn._repr_svg_().startswith("<svg") and "Session" in drawn.svg
    assert "payload" in unfreed.show_held(KEPT["picture"]).svg
    del KEPT["picture"]


def test_a_tree_says_what_an_object_consists_of() -> None:
    size = unfreed.sizeof({"rows": [bytes(5000)], "small": (1,)}, depth=2)
    lines = size.tree().splitlines()
    assert "dict" in lines[0] and "['rows']" in lines[1] and "bytes" in lines[2]
    assert size.to_dict()["bytes"] == int(size) and size.parts[0]["bytes"] <= size


def test_a_size_without_a_tree_says_itself_in_words() -> None:
    size = unfreed.sizeof([bytes(2 * MIB)])
    assert size._repr_html_() == "<pre>2.0 MiB in 2 objects</pre>" and size.tree() == "2.0 MiB in 2 objects"
    assert unfreed.sizeof(bytes(1)).tree().endswith(" B in 1 object")


def test_what_several_objects_share_is_a_part_of_its_own() -> None:
    common = bytes(MIB)
    size = unfreed.sizeof([common, "first"], [common, 2000], depth=2)
    *each, shared = size.parts
    assert shared["by"] == "shared between them" and MIB <= shared["bytes"] < 1.01 * MIB and shared["objects"] == 1
    assert sum(part["bytes"] for part in size.parts) == size
    assert size.tree().splitlines()[-1].split("  ", 1)[1].strip().startswith("1.0 MiB  shared between them")
    assert len(unfreed.sizeof([1000], [2000], depth=1).parts) == 2
    one = [common]
    assert len(unfreed.sizeof(one, one, depth=1).parts) == 1 and unfreed.sizeof(one, one) == unfreed.sizeof(one)


def test_what_is_freed_and_what_others_hold_is_told_apart() -> None:
    common = KEPT["common"] = bytes(2 * MIB)
    mine = [common, bytearray(MIB), (1000, 2000)]
    alone, shared = unfreed.sizeof(mine, exclusive=True, depth=2), unfreed.sizeof(mine, shared=True)
    assert MIB <= alone < 1.01 * MIB and 2 * MIB <= shared < 2.01 * MIB
    assert alone + shared == unfreed.sizeof(mine)
    whole, *types = alone.tree().splitlines()
    assert "freed with it, by type" in whole and "byte" in types[0]
    [limited] = unfreed.sizeof(mine, exclusive=True, depth=1, limit=1).parts
    assert len(limited["parts"]) == 1 and limited["left_out"][0] >= 1
    assert shared.tree().startswith("2.0 MiB in ")
    with pytest.raises(ValueError, match="exclusive=True and shared=True"):
        unfreed.sizeof(mine, exclusive=True, shared=True)
    del KEPT["common"]


LIMITED = [
    unfreed.census,
    unfreed.cycles,
    unfreed.garbage,
    unfreed.growth,
    unfreed.duplicates,
    unfreed.resources,
    functools.partial(unfreed.referents, KEPT),
    functools.partial(unfreed.paths, KEPT),
    functools.partial(unfreed.sizeof, KEPT, depth=1),
]


@pytest.mark.parametrize("question", LIMITED, ids=lambda one: getattr(one, "func", one).__name__)
def test_a_limit_may_be_none_and_not_negative(question: Any) -> None:
    with pytest.raises(ValueError, match="limit=-1 is less than nothing; None is all"):
        question(limit=-1)
    assert not getattr(question(limit=None), "left_out", None)
    for limit in (0, 1):
        assert "--limit" not in repr(question(limit=limit))


def test_what_is_left_out_is_asked_for_as_in_python() -> None:
    assert repr(unfreed.census(limit=1)).splitlines()[4].endswith("; limit=N shows more")
    unfreed.growth("module")
    unfreed.census()
    assert "limit=N shows more" in repr(unfreed.census(by="path", limit=1))


def test_no_cycles_are_said_in_words() -> None:
    # What the first question imports leaves cycles of its own.
    source = "import gc, unfreed\nunfreed.garbage(); unfreed.cycles(); gc.disable()\n"
    source += "for ask in (unfreed.garbage, unfreed.cycles): gc.collect(); print(ask(limit=1))\n"
    source += "a = []; a.append(a); del a\nprint(unfreed.garbage(limit=1)); print(unfreed.cycles(limit=1).heading)"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=clean_environment())
    assert done.stdout.count("No cycles wait.\n") == 2, done
    assert done.stdout.count("in cycles that nothing reaches") == 2 and "0 bytes" not in done.stdout, done


def test_what_is_loaded_when_it_is_asked_for_is_listed() -> None:
    assert set(unfreed.__all__) <= set(dir(unfreed)) and "_native" in dir(unfreed)


def test_tables_become_frames() -> None:
    pandas = pytest.importorskip("pandas")
    frame = unfreed.census(limit=5).to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 5 and "bytes" in frame.columns


def test_memory_usage_is_what_the_system_counts() -> None:
    with open("/proc/self/status") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024
    assert abs(unfreed.memory_usage() - resident) < 50 * MIB


TRIMMED = """
import ctypes, unfreed
malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
malloc.restype, free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = [malloc(4000) for _ in range(10_000)]
for block in blocks:
    ctypes.memset(block, 7, 4000)
# One in a thousand stays, the last among them, so that the free ones stay malloc's.
for number, block in enumerate(blocks):
    if number % 1000 != 999:
        free(block)
print(unfreed.trim(), unfreed.trim())
"""


def test_what_malloc_gives_back_is_measured() -> None:
    done = subprocess.run([sys.executable, "-c", TRIMMED], capture_output=True, text=True, check=True)
    first, second = map(int, done.stdout.split())
    # 40 MB were free; pages with a block in use stay.
    assert 30_000_000 < first < 50_000_000 and second < 1_000_000


def test_instances_include_those_of_subclasses() -> None:
    class Special(Session):
        pass

    kept = [Session("a"), Special("b")]
    assert all(any(one is found for found in unfreed.instances(Session)) for one in kept)
    assert unfreed.instances(Special) == [kept[1]]
    assert kept[1] not in unfreed.instances(Session, subclasses=False)


class Unhashable(type):
    """Makes classes without a hash, and without a module that could be asked for."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(cls, other: object) -> bool:
        return False

    @property
    def __module__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("module")


class Odd(metaclass=Unhashable):
    """One of these."""

    __slots__ = ("__weakref__", "part")


@pytest.mark.parametrize("name", ["test_api.Odd", "programs.liars.Liar", "lies.Lying"])
def test_what_lies_about_its_class_is_counted_watched_and_expected_dead(name: str) -> None:
    # By name: pytest asks its parameters for their classes.
    kind = {"Odd": Odd, "Liar": Liar, "Lying": programs.liars.Lying}[name.rpartition(".")[2]]
    alive = [kind(), kind(), Session("beside it")]
    assert len(unfreed.instances(kind)) == 2 and unfreed.instances(Session)
    with unfreed.watch(kind) as watched:
        alive.append(kind())
        looked = watched.look()
    assert looked.alive == 3 and "instances of %s are" % name in repr(looked)
    with unfreed.expect_dead(alive[0]):
        del alive[:]


def test_a_holder_that_lies_is_named() -> None:
    held = Odd.__new__(Odd)
    KEPT["odd"] = holder = Odd.__new__(Odd)
    holder.part = held  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match=r"test_api\.Odd is still alive\nheld by +test_api\.KEPT\['odd'\]\.part"):
        with unfreed.expect_dead(held):
            del held, holder
    KEPT["odd"] = programs.liars.LyingDict(part=Session("held by a liar"))
    with pytest.raises(AssertionError, match=r"held by +test_api\.KEPT\['odd'\]\['part'\]"):
        with unfreed.expect_dead(dict.__getitem__(KEPT["odd"], "part")):
            pass
    del KEPT["odd"]


def test_a_block_that_leaves_what_lies_about_its_class_says_so() -> None:
    with pytest.raises(AssertionError, match=r"1 test_api\.Odd object, held by test_api\.KEPT\['odd'\]"):
        with unfreed.no_leaks():
            KEPT["odd"] = [Odd()]
    del KEPT["odd"]


def test_resources_are_named_with_their_holders(tmp_path: Any) -> None:
    path = tmp_path / "opened.txt"
    KEPT["file"] = open(path, "w")
    bare = os.open(str(path), os.O_RDONLY)
    try:
        rows = list(unfreed.resources(limit=10_000))
    finally:
        os.close(bare)
        KEPT.pop("file").close()
    mine = [row for row in rows if row["what"].endswith("opened.txt")]
    assert {row["kind"] for row in mine} == {"file", "descriptor"}
    assert any("KEPT['file']" in row["held by"] for row in mine)
    assert not any(row["what"].endswith("opened.txt") for row in unfreed.resources(limit=10_000))


class Point:
    def __init__(self, x: float) -> None:
        self.x = x
        self.y = -x
        self.label = None


def test_duplicates_are_equal_texts_room_to_spare_and_dicts() -> None:
    KEPT["waste"] = {
        "texts": ["".join(["a text that is said again ", str(number % 2)]) for number in range(2000)],
        "texts_of_one": ["".join(["a text that is said but once ", str(number)]) for number in range(2000)],
        "buffers": [bytes(bytearray(b"x" * 5000)) for _ in range(20)],
        "points": [Point(number) for number in range(3000)],
        "set": set(range(100_000)),
        "list": [None] * 100_000,
        "array": bytearray(1_000_000),
    }
    while len(KEPT["waste"]["set"]) > 50:
        KEPT["waste"]["set"].pop()
    del KEPT["waste"]["list"][51_000:], KEPT["waste"]["array"][:450_000]
    rows = list(unfreed.duplicates(limit=100_000))
    del KEPT["waste"]
    texts = [row for row in rows if row["what"] == "equal str" and "KEPT['waste']['texts']" in row["whose"]]
    assert [row["objects"] for row in texts] == [1000, 1000]
    size = sys.getsizeof("x" * 27)
    assert all(row["bytes"] == 1000 * size and row["saved"] == 999 * size for row in texts)
    assert not any("texts_of_one" in row["whose"] for row in rows)
    (buffers,) = [row for row in rows if row["what"] == "equal bytes" and "'buffers'" in row["whose"]]
    assert buffers["objects"] == 20 and buffers["saved"] == 19 * sys.getsizeof(bytes(5000))
    (points,) = [row for row in rows if row["whose"].endswith("test_api.Point")]
    assert points["objects"] == 3000 and "__slots__" in points["what"] and points["saved"] >= 3000 * 16
    sparse = {row["whose"]: row["saved"] for row in rows if row["what"] == "sparse container"}
    assert sparse["set at test_api.KEPT['waste']['set']"] > MIB
    assert sparse["list at test_api.KEPT['waste']['list']"] > 300_000
    assert sparse["bytearray at test_api.KEPT['waste']['array']"] > 400_000
    slots = [row["whose"] for row in rows if "__slots__" in row["what"]]
    stdlib = getattr(sys, "stdlib_module_names", ("typing", "inspect", "types", "re", "ast"))
    assert not [whose for whose in slots if whose.split(".")[0] in stdlib]


def test_a_difference_of_two_snapshots(tmp_path: Any) -> None:
    before = unfreed.snapshot(tmp_path / "before.unfreed")
    KEPT["diff"] = [Session(str(number)) for number in range(200)]
    after = unfreed.snapshot(tmp_path / "after.unfreed")
    rows = {row["type"]: row for row in unfreed.diff(before, after, limit=1000)}
    assert rows[__name__ + ".Session"]["objects"] == 200
    with pytest.raises(ValueError, match="cannot read"):
        unfreed.diff(before, tmp_path / "nothing.unfreed")
    del KEPT["diff"]


def test_what_makes_no_sense_is_said() -> None:
    with pytest.raises(ValueError, match="type, module, root, path"):
        unfreed.census(by="nonsense")
    with pytest.raises(ValueError, match="by='colour'"):
        unfreed.growth(by="colour")
    with pytest.raises(TypeError, match="asked for a class"):
        unfreed.instances(3)  # type: ignore[arg-type]


AFTER_TASKS = """
import asyncio, gc, sys

async def wait():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, 1)
    await future

async def main():
    await asyncio.gather(*[wait() for _ in range(20)])

asyncio.run(main())
import unfreed
from unfreed.compat import objgraph
from unfreed.compat.pympler import asizeof, muppy, refbrowser

asked = sys.modules["_asyncio"]
unfreed.get_referents(asked), unfreed.get_referrers(main), unfreed.get_objects(), unfreed.census(), unfreed.sizeof(asked)
objgraph.get_leaking_objects()
objgraph.find_backref_chain(main, objgraph.is_proper_module)
asizeof.asizeof(asked, code=True), asizeof.asized(asked, detail=1), muppy.get_referents(asked)
unfreed.instances(asyncio.Future)
with unfreed.no_leaks():
    module = asked
gc.collect()
asyncio.run(main())
print("ended")
"""


def test_looks_after_asyncio_hand_out_no_freed_future() -> None:
    # The traversal of `_asyncio` in 3.12 visits futures that were freed.
    done = subprocess.run(
        [sys.executable, "-c", AFTER_TASKS], capture_output=True, text=True, timeout=60, env=clean_environment()
    )
    assert done.stdout == "ended\n", done.stderr


def test_an_ordered_dict_has_each_entry_once() -> None:
    entries = KEPT["ordered"] = collections.OrderedDict((one, one) for one in (Session("x") for _ in range(300)))
    entries.move_to_end(next(iter(entries)))
    references = collections.Counter(row["reference"] for row in unfreed.referents(entries, limit=10_000))
    # Its links refer to each key once more than its table does.
    assert references.pop(".keys()[*]") == 600
    assert sum(references.values()) == 300 and "{*}" not in references
