"""What objects hold whose types the collector knows nothing of."""

from __future__ import annotations

import codecs
import datetime
import gc
import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest

import unfreed
from programs.extension import folder_with
from programs.headers import HERE
from programs.runs import clean_environment, unfreed as command

PROGRAM = HERE / "check_hidden.py"


class Zone(datetime.tzinfo):
    """One that the collector tracks."""


def checked(function: str) -> "dict[str, Any]":
    environment = dict(clean_environment(), PYTHONPATH=os.pathsep.join([str(HERE), str(folder_with("losses"))]))
    words = command("check", "--json", "-", "%s::%s" % (PROGRAM, function))
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)
    report: "dict[str, Any]" = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("function, holder", [("unseen", "Keeper"), ("behind", "Keeper"), ("left_out", "Forgetful")])
def test_a_cycle_that_the_collector_cannot_see_is_a_leak_and_says_why(function: str, holder: str) -> None:
    (leak,) = [one for one in checked(function)["findings"] if one["severity"] == "leak"]
    assert leak["kind"] == "cycle" and leak["title"] == "reference cycles of Item, %s that nothing frees" % holder, leak
    assert "%s › C field → " % holder in leak["summary"] and "Item.holder → " in leak["summary"]
    assert "%s does not show the garbage collector what it holds" % holder in leak["summary"]
    objects = 2 if sys.version_info >= (3, 11) else 3
    assert leak["growth"]["objects_per_second"] == pytest.approx(objects, rel=0.01), "an Item, its dict, its holder"
    assert leak["advice"]["rule"] == "cycles_unseen" and "tp_traverse" in leak["advice"]["text"]
    assert {at["frame"]["function"] for at in leak["allocated_at"]} == {function}


@pytest.mark.parametrize("function, severities", [("seen", ["warning"]), ("borrowed", []), ("kept_in_turn", [])])
def test_what_the_collector_frees_or_nobody_holds_is_none(function: str, severities: "list[str]") -> None:
    findings = checked(function)["findings"]
    assert [one["severity"] for one in findings] == severities, findings


def test_what_a_hidden_field_holds_is_held_by_its_object() -> None:
    sys.path.insert(0, str(folder_with("losses")))
    try:
        import losses  # type: ignore[import-not-found,unused-ignore]
    finally:
        sys.path.pop(0)
    zone = Zone()
    item, lent = {"of": zone}, {"of": zone}
    holders = [losses.Keeper(item), losses.Keeper(lent, True), datetime.datetime(2026, 1, 1, tzinfo=zone)]
    assert any(one is holders[0] for one in unfreed.get_referrers(item))
    assert any(one is holders[2] for one in unfreed.get_referrers(zone))
    assert str(unfreed.referents(holders[0])).count("C field") == 1
    # Asked without handing it over: what is on the stack of a caller counts as held by nobody up to 3.10.
    assert str(unfreed.referents(holders[1])).count("C field") == 0, lent


def test_the_decoder_of_a_text_file_is_held_by_the_file() -> None:
    """Up to 3.11 the collector does not know what lies between them."""
    file = io.TextIOWrapper(io.BytesIO(b"one\n"), encoding="utf-8")
    file.readline()
    decoders = [one for one in gc.get_objects() if issubclass(type(one), codecs.IncrementalDecoder)]
    holders = [holder for decoder in decoders for holder in unfreed.get_referrers(decoder)]
    held = [any(found is file for found in unfreed.get_referrers(holder)) for holder in holders]
    assert any(held), holders
