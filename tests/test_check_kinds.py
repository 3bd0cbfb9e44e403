"""`unfreed check`: what may be called: functions, methods, generators, coroutines, cases of unittest, scripts; what may not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from test_check import AT_ONCE, CHECKED_FAILED, CLEAN, FOUND, USAGE, Checked, check

pytestmark = pytest.mark.any_python


def test_a_module_and_an_async_function(tmp_path: Path) -> None:
    source = "kept = []\nasync def grow():\n    kept.append(object())\n"
    (tmp_path / "checked_module.py").write_text(source)
    said = check("checked_module:grow", module_path=(tmp_path,))
    assert said.code == FOUND and "checked_module.kept" in said.leaks[0]["title"], said.shown


KINDS = """
import asyncio, unittest
kept = []

class Shop:
    def __init__(self):
        self.name = "corner"
    def sell(self):
        kept.append([self.name])
    def tidy(self):
        return [self.name]
    async def sell_later(self):
        await asyncio.sleep(0)
        kept.append([self.name])
    def each(self):
        yield self.name
        kept.append([self.name])
    def __call__(self):
        yield 1
        kept.append([1])
    def priced(self, price):
        pass

class Needs:
    def __init__(self, town):
        pass
    def sell(self):
        pass

shop = Shop()

async def generates_later():
    yield await asyncio.sleep(0)
    kept.append([1])

class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shop = Shop()
    def setUp(self):
        self.shop.name += "!"[:0]
    def test_keeps(self):
        self.shop.sell()
    def test_tidy(self):
        with self.subTest(1):
            self.assertTrue(self.shop)
    def test_fails(self):
        self.assertEqual(1, 2)
    def test_skips(self):
        self.skipTest("not here")

class Later(unittest.IsolatedAsyncioTestCase):
    async def test_keeps(self):
        await asyncio.sleep(0)
        kept.append([1])

def ends():
    raise SystemExit(3)
"""
SELLS = "Shop.sell Shop.sell_later Shop.each shop generates_later Case.test_keeps Later.test_keeps".split()
TIDY = ["Shop.tidy", "Case.test_tidy"]
REFUSED = {
    "Shop.priced": "Shop.priced needs arguments (missing a required argument: 'price')",
    "Needs.sell": "an instance of Needs needs arguments (missing a required argument: 'town')",
    "Case.test_skips": "Case.test_skips is skipped: not here",
}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The checks of functions of the module above, several at once."""
    path = tmp_path_factory.mktemp("kinds") / "kinds.py"
    path.write_text(KINDS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = [*SELLS, *TIDY, *REFUSED, "Case.test_fails", "ends"]
        started = {name: pool.submit(check, "%s::%s" % (path, name)) for name in names}
        yield lambda name: started[name].result()


@pytest.mark.parametrize("name", SELLS)
def test_a_call_is_one_of_its_kind_to_the_end(name: str, kinds: Any) -> None:
    said: Checked = kinds(name)
    assert said.code == FOUND and "kinds.kept" in said.leaks[0]["title"], said.shown
    assert 0.99 <= said.leaks[0]["growth"]["objects_per_second"] <= 1.01, said.shown


@pytest.mark.parametrize("name", TIDY)
def test_an_object_for_each_call_is_no_leak(name: str, kinds: Any) -> None:
    said: Checked = kinds(name)
    assert said.code == CLEAN, said.shown


@pytest.mark.parametrize("name", REFUSED)
def test_what_takes_arguments_is_refused_before_any_round(name: str, kinds: Any) -> None:
    said: Checked = kinds(name)
    assert said.code == USAGE and REFUSED[name] in said.shown and "Traceback" not in said.shown, said.shown


def test_a_test_that_fails_is_shown_as_it_failed(kinds: Any) -> None:
    said: Checked = kinds("Case.test_fails")
    assert said.code == CHECKED_FAILED and "AssertionError: 1 != 2" in said.shown, said.shown


def test_a_program_that_ends_itself_is_not_taken_for_a_refusal(kinds: Any) -> None:
    said: Checked = kinds("ends")
    assert said.code == CHECKED_FAILED and "ended with code 3 while it was called" in said.shown, said.shown


ASYNC = """
import asyncio, collections

seen = collections.deque(maxlen=10)

async def prepare():
    global queue, worker
    queue = asyncio.Queue()
    worker = asyncio.create_task(work())

async def work():
    while True:
        seen.append(await queue.get())

async def asked():
    # In the loop of `prepare`, as all calls.
    await queue.put(1)
    assert not worker.done()

async def finish():
    worker.cancel()
    assert seen

async def watches():
    asyncio.create_task(asyncio.sleep(3600))

async def is_soon_over():
    asyncio.create_task(asyncio.sleep(0.01))
    asyncio.get_running_loop().call_soon(seen.append, 2)
"""


@pytest.mark.parametrize("name", ["asked", "watches", "is_soon_over"])
def test_calls_share_an_event_loop_in_which_tasks_stay(name: str, tmp_path: Path) -> None:
    (tmp_path / "later.py").write_text(ASYNC)
    teardown = "finish" if name == "asked" else "prepare"
    said = check("%s::%s" % (tmp_path / "later.py", name), "--setup", "prepare", "--teardown", teardown)
    if name == "watches":
        assert said.code == FOUND and "later.py" in said.shown and "watches()" in said.shown, said.shown
        assert any("Task" in one["type_name"] for one in said.leaks[0]["filled_with"]), said.shown
    else:
        assert said.code == CLEAN, said.shown
    assert "never retrieved" not in said.shown and "pending" not in said.shown, said.shown


def test_a_script_as_a_whole(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import json, sys\njson.kept = getattr(json, 'kept', []) + [sys.argv[1:]]\n")
    said = check(str(script), "--command", "word")
    assert said.code == FOUND and "json.kept" in said.leaks[0]["title"], said.shown
