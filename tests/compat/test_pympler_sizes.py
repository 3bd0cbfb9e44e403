"""`unfreed.compat.pympler.asizeof`: what each function answers and prints, and what Pympler got wrong."""

from __future__ import annotations

import collections
import functools
import gc
import importlib.util
import inspect
import io
import subprocess
import sys
import types
import weakref
from typing import Any
from unittest import mock

import pytest
from unfreed.compat.pympler import asizeof

from programs.liars import Lying, LyingDict

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 9), (3, 12), (3, 14)),
    reason="Python over what is tested everywhere: CPython 3.9, 3.12 and 3.14 have to do",
)

OPTIONS = "above align clip code cutoff derive detail frames ignored infer limit stats stream extra"


class Session:
    def __init__(self, data: Any = None, **attributes: Any) -> None:
        self.data = data
        for name, value in attributes.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        return "Session"


class Slotted:
    __slots__ = ("next", "value")

    next: Any

    def __init__(self, value: Any = None) -> None:
        self.value = value


def chain(length: int) -> Slotted:
    head = Slotted()
    head.next = None
    for _ in range(length - 1):
        other = Slotted()
        other.next = head
        head = other
    return head


def unlink(head: Any) -> None:
    while head is not None:
        head = head.next


def live_blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def test_signatures() -> None:
    assert list(inspect.signature(asizeof.Asizer.reset).parameters)[1:] == OPTIONS.split()
    names = "above align code cutoff frames detail limit stats"
    assert list(inspect.signature(asizeof.Asizer.set).parameters)[1:] == names.split()
    assert list(inspect.signature(asizeof.Asized.format).parameters)[1:] == "format depth order_by indent".split()
    assert list(inspect.signature(asizeof.flatsize).parameters) == ["obj", "align", "opts"]
    assert asizeof.isclass(int) and asizeof.ismodule(sys) and not asizeof.isframe(1)


def test_nothing_has_no_size() -> None:
    assert asizeof.asizeof() == 0
    assert asizeof.asizesof() == ()
    assert asizeof.asized() == ()


def test_a_list_counts_with_its_elements_each_once() -> None:
    shared = "x" * 1000
    one, two = asizeof.asizeof([shared]), asizeof.asizeof([shared, shared])
    assert one > 1000
    assert one < two < one + 100


def test_sizes_are_rounded_up_to_align() -> None:
    text = "abc"
    assert asizeof.asizeof(text, align=0) == sys.getsizeof(text)
    assert asizeof.asizeof(text) == -(-sys.getsizeof(text) // 8) * 8
    assert asizeof.asizeof(text, align=256) == 256
    assert asizeof.flatsize(text, align=64) == 64
    with pytest.raises(ValueError, match=r"invalid option: set\(align=3\)"):
        asizeof.asizeof(text, align=3)


def test_options_that_there_are_not() -> None:
    with pytest.raises(KeyError, match="invalid option: reset"):
        asizeof.asizeof(5, colour=1)
    with pytest.raises(KeyError, match="invalid option: reset"):
        asizeof.asized(5, all=True)
    with pytest.raises(KeyError, match="invalid option: basicsize"):
        asizeof.basicsize(5, colour=1)
    with pytest.raises(ValueError, match=r"asizeof\(all=1\)"):
        asizeof.asizeof(all=1)
    with pytest.raises(TypeError):
        asizeof.Asizer().set(colour=1)  # type: ignore[call-arg]


def test_limit_is_how_many_references_far() -> None:
    nested = [[[["x" * 1000]]]]
    sizes = [asizeof.asizeof(nested, limit=limit) for limit in range(6)]
    assert sizes[0] == asizeof.flatsize(nested, align=8)
    assert sizes[0] < sizes[1] < sizes[2] < sizes[3] < sizes[4] == sizes[5]
    assert asizeof.asizeof(nested) == sizes[5]


def test_attributes_are_two_references_away_on_every_python() -> None:
    session = Session("x" * 1000)
    assert asizeof.asizeof(session, limit=1) < 1000 < asizeof.asizeof(session, limit=2)


def test_several_objects_share_what_they_share() -> None:
    shared = "x" * 1000
    first, second = [shared], [shared]
    sizes = asizeof.asizesof(first, second)
    assert sum(sizes) == asizeof.asizeof(first, second)
    assert sizes[0] > 1000 > sizes[1]
    assert asizeof.asizesof(first, first) == (asizeof.asizeof(first),) * 2


def test_cycles() -> None:
    first: list[Any] = ["x" * 100]
    second = [first, "y" * 100]
    first.append(second)
    assert sum(asizeof.asizesof(first, second)) == asizeof.asizeof(first) == asizeof.asizeof(second)


def test_classes_and_code_count_when_asked_for() -> None:
    session = Session(1)
    assert asizeof.asizeof(session, code=True) > asizeof.asizeof(session) + 500
    assert asizeof.asizeof(session, code=True, ignored=False) > asizeof.asizeof(session, code=True)
    assert asizeof.asizeof([len]) == asizeof.asizeof([]) + 8 * len([len])
    assert asizeof.asizeof([sys]) == asizeof.asizeof([len])
    assert asizeof.asizeof(Session) == asizeof.flatsize(Session, align=8), "one that is given counts by itself"


def test_modules_count_when_given() -> None:
    module = types.ModuleType("given")
    module.data = "x" * 10_000  # type: ignore[attr-defined]
    assert asizeof.asizeof(module) > 10_000 > asizeof.asizeof([module])
    assert asizeof.asized(module, detail=1).size == asizeof.asizeof(module)


def test_frames_are_left_out_unless_asked_for() -> None:
    def holding() -> types.FrameType:
        data = "x" * 10_000  # noqa: F841
        frame = inspect.currentframe()
        assert frame is not None
        return frame

    held = [holding()]
    assert asizeof.asizeof(held) < 200
    assert asizeof.asizeof(held, frames=True) > asizeof.asizeof(held)
    held.clear()


def test_everything() -> None:
    assert asizeof.asizeof(all=True) > 1_000_000
    assert asizeof.asizeof([], all=True) == asizeof.asizeof([])


def test_an_asized_has_the_parts() -> None:
    sized = asizeof.asized(Session(data=42), detail=2)
    assert sized.name == "Session"
    assert [part.name for part in sized.refs if part.name == "__dict__"] == ["__dict__"]
    attributes = sized.get("__dict__")
    assert attributes is not None and attributes.flat > 0
    value = attributes.get("[V] data: 42")
    assert value is not None and value.size == asizeof.asizeof(42)
    assert sized.get("nothing", 5) == 5
    assert str(sized) == "size %d, flat %d, refs[2], name 'Session'" % (sized.size, sized.flat)


@pytest.mark.parametrize(
    "made",
    [
        lambda: Session([1, "text"]),
        lambda: Slotted([1000, "text"]),
        lambda: {"a": 1, 2: ["b"]},
        lambda: [1, [2, [3, [4]]]],
        lambda: functools.partial(print, [1000]),
        lambda: collections.deque(["one", "two"]),
        lambda: collections.OrderedDict(a=[1]),
        lambda: types.SimpleNamespace(a=["value"]),
        lambda: ValueError("text", [1000]),
    ],
)
def test_the_size_is_the_same_at_any_detail(made: Any) -> None:
    obj = made()
    sizes = {asizeof.asized(obj, detail=detail).size for detail in range(4)}
    assert sizes == {asizeof.asizeof(obj)}


def test_parts_are_formatted() -> None:
    session = Session(data=42)
    one, two = asizeof.asized(session, detail=1), asizeof.asized(session, detail=2)
    names = one.format("%(name)s", order_by="name")
    assert names == "Session\n    __class__\n    __dict__"
    assert names == one.format("%(name)s", depth=1, order_by="name") == two.format("%(name)s", 1, "name")
    assert two.format("%(name)s", order_by="name") != names
    sized = asizeof.asized([1, "abc", [2]], detail=1)
    assert sized.format().splitlines()[1:] == [
        "    [2] size=%d flat=%d" % (sized.refs[2].size, sized.refs[2].flat),
        "    'abc' size=%d flat=%d" % ((asizeof.asizeof("abc"),) * 2),
        "    1 size=%d flat=%d" % ((asizeof.asizeof(1),) * 2),
    ]
    assert sized.format(depth=0, indent=">>").startswith(">>[1, 'abc', [2]] size=")
    with pytest.raises(AttributeError):
        sized.format(order_by="colour")


def test_long_texts_are_clipped_in_the_middle() -> None:
    assert len(asizeof.asized(["x" * 500], detail=0).name) == 80
    assert "...." in asizeof.asized("x" * 500).name
    assert asizeof.asized("x" * 500, clip=20).name == "'xxxxxxx....xxxxxxx'"
    assert asizeof.asized("x" * 500, clip=0).name == repr("x" * 500)
    assert len(asizeof.asized(list(range(100_000))).name) == 80


def test_single_measures() -> None:
    assert asizeof.basicsize(1.5) == float.__basicsize__
    assert asizeof.basicsize([]) - asizeof._sizeof_CPyGC_Head == list.__basicsize__
    assert asizeof.itemsize(()) == 8
    assert asizeof.itemsize({}) == asizeof._sizeof_CPyDictEntry
    assert asizeof.itemsize(set()) == asizeof._sizeof_Csetentry
    assert asizeof.leng((1, 2)) == 2 and asizeof.leng("abc") == 3 and asizeof.leng({1: 2}) == 1
    assert asizeof.leng(2**64) == 3 and asizeof.leng(42) == 1
    assert asizeof.leng(None) is None and asizeof.leng(Session()) is None
    room = asizeof.leng([1, 2, 3])
    assert room is not None and room >= 3
    assert asizeof.flatsize("abc") == sys.getsizeof("abc")


def test_references() -> None:
    assert {"data": 42} in list(asizeof.refs(Session(data=42)))
    assert list(asizeof.refs(5)) == []
    slotted = Slotted(["kept"])
    assert ("value", ["kept"]) in asizeof.named_refs(slotted)
    assert [name for name, _ in asizeof.named_refs({"a": 1})] == ["[K] a", "[V] a: 1"]
    assert asizeof.named_refs([1, 2]) == []
    assert dict(asizeof.named_refs(ValueError("a")))["args"] == ("a",)


class Usual:
    flag = False

    def __init__(self) -> None:
        self.data = ["data"]
        self.flag = False
        self._lazy: Any = None

    @property
    def value(self) -> str:
        raise RuntimeError("it was called")

    @functools.cached_property
    def lazy(self) -> list[str]:
        raise RuntimeError("it was called")


def test_attributes_that_code_uses_have_names_without_a_look() -> None:
    def no_look(objects: list[Any]) -> list[Any]:
        assert not objects
        return []

    usual = Usual()
    with mock.patch("unfreed.compat.objgraph.surroundings.referents", no_look):
        (attributes,) = [one for name, one in asizeof.named_refs(usual) if name == "__dict__"]
    assert attributes == {"data": ["data"], "flag": False, "_lazy": None}
    usual.extra = "set from outside"  # type: ignore[attr-defined]
    assert {"data": ["data"], "flag": False, "_lazy": None, "extra": "set from outside"} in list(asizeof.refs(usual))
    assert asizeof.asized(usual, detail=2).size == asizeof.asizeof(usual)
    assert vars(usual)["extra"] == "set from outside"
    assert {"data": ["data"], "flag": False, "_lazy": None, "extra": "set from outside"} in list(asizeof.refs(usual))


def test_an_asizer_adds_up() -> None:
    sizer = asizeof.Asizer()
    text = "unladen swallow"
    holder = [text]
    sizer.asizeof(text)
    assert sizer.total == asizeof.asizeof(text)
    sizer.asizeof(holder, holder)
    assert sizer.duplicate == 2
    assert sizer.total == asizeof.asizeof(text, holder)
    assert sizer.asizesof(holder) == (0,)
    assert sizer.sized == 2 and sizer.seen == 5 and sizer.missed == 0
    sizer.reset()
    assert sizer.total == 0


def test_an_asizer_leaves_out_what_it_is_told() -> None:
    big, small = "x" * 1000, [1]
    sizer = asizeof.Asizer()
    sizer.exclude_types(str)
    assert sizer.asizeof([big, small]) < 1000 and sizer.excluded == (str,)
    sizer = asizeof.Asizer()
    sizer.exclude_refs(big)
    assert sizer.asizeof([big]) < 1000 < sizer.asizeof(big)
    sizer = asizeof.Asizer()
    sizer.exclude_objs(big)
    assert sizer.asizeof(big) == 0 == sizer.asizeof(big)


def test_statistics() -> None:
    stream = io.StringIO()
    total = asizeof.asizeof(["x" * 3000, Session(data="y" * 2000)], stats=3, stream=stream)
    lines = [line.strip() for line in stream.getvalue().splitlines()]
    assert lines[1].startswith("asizeof((['" + "x" * 35 + "....")
    assert lines[2] == "%d bytes or %.1f KiB" % (total, total / 1024)
    assert "8 byte aligned" in lines and "1 object given" in lines
    largest = [line for line in lines if line.startswith("%d bytes" % total) and ": class list:" in line]
    assert largest and largest[0].endswith(", ix 0")
    profiles = "profiles:  total (% of grand total), average, and largest flat size:  largest object"
    assert any(line.endswith(profiles) for line in lines)
    assert any("class %s.Session" % __name__ in line and "object" in line for line in lines)
    assert any("dynamic type" in line for line in lines)


def test_statistics_of_each() -> None:
    stream = io.StringIO()
    asizeof.asizesof([1], [2], stats=1, stream=stream)
    assert "asizesof(..., stats=1, stream=" in stream.getvalue()
    stream = io.StringIO()
    asizeof.asized([1], stats=1, stream=stream)
    assert "0: size " in stream.getvalue()


def test_what_is_accepted_and_changes_nothing() -> None:
    session = Session(data=1)
    assert asizeof.asizeof(session, derive=True, infer=True) == asizeof.asizeof(session)
    assert asizeof.adict(dict) and not asizeof.adict(Session)
    with pytest.raises(TypeError):
        asizeof.adict(5)  # type: ignore[arg-type]
    before = asizeof.amapped(3)
    assert asizeof.amapped(before) == 3


# What Pympler got wrong.


def test_no_dict_is_left_behind() -> None:
    sessions = [Session(number=number) for number in range(2000)]
    asizeof.asizeof(sessions)
    before = live_blocks()
    asizeof.asizeof(sessions)
    asizeof.asized(sessions[0], detail=3)
    list(asizeof.refs(sessions[1]))
    assert live_blocks() < before + 500
    assert len(sessions) == 2000


def test_a_list_of_many_nodes() -> None:
    length = 200_000
    head = chain(length)
    each = asizeof.flatsize(head, align=8)
    assert asizeof.asizeof(head) >= each * length
    assert asizeof.asizeof(head, limit=100) <= each * 101 + 16
    unlink(head)


def test_deep_parts_are_no_recursion() -> None:
    head = chain(3000)
    sized = asizeof.asized(head, detail=5, limit=sys.maxsize)
    assert sized.size == asizeof.asizeof(head)
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert asizeof.asizeof(deep) == asizeof.asizeof([[]]) + 4999 * (asizeof.asizeof([[]]) - asizeof.asizeof([]))
    unlink(head)
    while deep:
        deep = deep[0]


def test_all_of_a_deep_structure_counts() -> None:
    """Pympler's default ends at 100 references, and says nothing of it."""
    head = chain(500)
    assert asizeof.asizeof(head) > 500 * 32
    unlink(head)


def test_one_that_raises_or_lies_ends_nothing() -> None:
    liar = LyingDict(key=["value" * 100])
    assert asizeof.asizeof([liar]) > 500
    lying: Any = object.__new__(Lying)  # type: ignore[arg-type]
    assert asizeof.asizeof([lying]) > 0
    stream = io.StringIO()
    asizeof.asizeof([liar, lying], stats=3, above=0, stream=stream)
    assert "LyingDict object at 0x" in stream.getvalue()
    assert "LyingDict object at 0x" in asizeof.asized([liar], detail=2).format()


def test_a_size_that_is_made_up_does_not_count() -> None:
    class Boaster:
        def __sizeof__(self) -> int:
            return 10**9

    assert asizeof.asizeof(Boaster()) < 10_000


def test_what_c_code_and_functions_hold_counts() -> None:
    def outer(data: str) -> Any:
        def inner() -> str:
            return data

        return inner

    def suspended(data: str) -> Any:
        yield data

    big = "x" * 100_000
    generator = suspended(big + "y")
    next(generator)
    for holder in (
        collections.deque([big]),
        outer(big),
        functools.partial(print, big),
        generator,
        memoryview(big.encode()),
        map(str, [big]),
    ):
        assert asizeof.asizeof(holder) > 100_000, holder
    generator.close()


ARRAYS = """
import numpy
from unfreed.compat.pympler import asizeof
array = numpy.zeros(100_000)
assert 800_000 < asizeof.asizeof(array) < 801_000
assert 800_000 < asizeof.asizeof(array[:1]) < 801_000, "a view keeps all of it"
assert asizeof.asizeof(array, array[:1], array.T) < 801_000
assert asizeof.asizeof(numpy.broadcast_to(numpy.float64(1), (10**9,))) < 1000
assert asizeof.asizeof(numpy.array(["x" * 1000, "y" * 1000], dtype=object)) > 2000
assert 90_000 < asizeof.asizeof(numpy.ma.masked_array(numpy.zeros(10_000), mask=False))
assert asizeof.leng(array) == 100_000 and asizeof.itemsize(array) == 8
"""


@pytest.mark.skipif(importlib.util.find_spec("numpy") is None, reason="needs numpy")
def test_arrays_of_numpy() -> None:
    """In a process of its own: numpy's heap would make all looks of the tests after it longer."""
    subprocess.run([sys.executable, "-c", ARRAYS], check=True)


def test_weak_references_hold_nothing() -> None:
    """Pympler counts what they point to."""
    session = Session(data="x" * 1000)
    assert asizeof.asizeof(weakref.ref(session)) < 200 < asizeof.asizeof(session)


def test_nothing_is_kept_alive() -> None:
    session = Session(data=1)
    gone = weakref.ref(session)
    sizer = asizeof.Asizer()
    sizer.asizeof(session, stats=3, above=0)
    sizer.asized(session, detail=3)
    asizeof.asizeof(session, stats=3, stream=io.StringIO())
    del session
    assert gone() is None
