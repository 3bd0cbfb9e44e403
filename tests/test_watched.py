"""`--watch module.Class`: how many instances live when, who made those that live, and how old they are."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from programs.runs import clean_environment, unfreed

PROGRAM = """
import time

class Session:
    def __init__(self, number):
        self.number = number

class Special(Session):
    __slots__ = ()

class Base:
    pass

class Derived(Base):
    pass

KEPT = []

def login():
    KEPT.append(Session(len(KEPT)))

def promote():
    KEPT.append(Special(len(KEPT)))

def derive():
    KEPT.append(Derived())

for _ in range(2000):
    login()
time.sleep(1.5)
for _ in range(1000):
    promote()
derive()
del KEPT[:500]
time.sleep(1.5)
assert "__new__" not in vars(Session) and "__init__" not in vars(Special) and type(Session) is type
time.sleep(1)
"""
ALIVE = 2000 - 500 + 1000
OPTIONS = ("--quiet", "--epoch", "0.3", "--snapshot-budget", "50")


def call(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        unfreed(*words), cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of one program: watched, watched by samples, and not watched."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "shop.py").write_text(PROGRAM)
    watch = ("--watch", "Session", "--watch", "__main__.Base", "--watch", "shop.Nothing")
    call(folder, "run", *OPTIONS, "-o", "every.unfreed", *watch, "shop.py")
    call(folder, "run", *OPTIONS, "-o", "sampled.unfreed", *watch, "--sample", "1KiB", "shop.py")
    call(folder, "run", *OPTIONS, "-o", "plain.unfreed", "--sample", "1KiB", "shop.py")
    return folder


def watched_in(folder: Path, recording: str, *words: str) -> "list[dict[str, Any]]":
    told: "list[dict[str, Any]]" = json.loads(call(folder, "report", recording, *words, "--json", "-").stdout)["watched"]
    return told


def test_every_instance_is_known_by_who_made_it_and_when(folder: Path) -> None:
    sessions, bases, nothing = watched_in(folder, "every.unfreed")
    assert sessions["class"] == "Session" and sessions["exact"] and sessions["alive"] == ALIVE
    made = {one["frame"]["function"]: one for one in sessions["origins"]}
    assert {name: one["alive"] for name, one in made.items()} == {"login": 1500, "promote": 1000}
    assert made["login"]["frame"]["source"] == "KEPT.append(Session(len(KEPT)))"
    assert made["login"]["oldest_epochs"] > made["promote"]["oldest_epochs"]
    looks = sessions["looks"]
    assert sum(one["born"] for one in looks) == 3000 and sum(one["died"] for one in looks) == 500
    assert [one["alive"] for one in looks if one["alive"]][0] == 2000 and looks[-1]["alive"] == ALIVE
    assert sum(one["alive"] for one in sessions["ages"]) == ALIVE and sessions["unknown"] == 0
    assert len(sessions["ages"]) >= 2 and sessions["bytes"] >= ALIVE * 32
    # Of a class without instances of its own, those of the ones that derive from it count.
    assert bases["alive"] == 1 and bases["origins"][0]["frame"]["function"] == "derive"
    assert nothing["alive"] == 0 and not nothing["origins"]


def test_samples_make_estimates_of_who_made_what_is_counted(folder: Path) -> None:
    sessions = watched_in(folder, "sampled.unfreed")[0]
    assert not sessions["exact"] and sessions["alive"] == ALIVE
    made = {one["frame"]["function"]: one["alive"] for one in sessions["origins"]}
    assert sum(made.values()) == pytest.approx(ALIVE, abs=len(made))
    # Some 100 samples and 70: within four standard deviations.
    assert made["login"] == pytest.approx(1500, rel=0.4) and made["promote"] == pytest.approx(1000, rel=0.5)


def test_a_recording_can_be_asked_later(folder: Path) -> None:
    assert watched_in(folder, "plain.unfreed") == []
    (sessions,) = watched_in(folder, "plain.unfreed", "--watch", "__main__.Session")
    assert sessions["alive"] == ALIVE and not sessions["exact"]


def test_reports_tell(folder: Path) -> None:
    text = call(folder, "report", "every.unfreed").stdout
    assert "Watched Session: 2500 alive" in text and "1500 shop.py:" in text, text
    assert "Watched shop.Nothing: no instance at " in text, text
    call(folder, "report", "every.unfreed", "--html", "page.html")
    page = (folder / "page.html").read_text()
    assert "Watched <code>Session</code>" in page and "2500 alive" in page


def test_what_names_no_class_is_refused(folder: Path) -> None:
    done = subprocess.run(unfreed("run", "--watch", "a class", "shop.py"), cwd=folder, capture_output=True, text=True)
    assert done.returncode == 2 and "expected a class such as app.models.Session" in done.stderr
