"""What continuous integration reads: JUnit, SARIF, annotations; what a baseline and suppressions let pass."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from programs.runs import clean_environment, unfreed

pytestmark = pytest.mark.any_python

LEAKY = """
STORE = {}
def keep():
    STORE[len(STORE)] = [object()]
OTHER = {}
def keep_other():
    OTHER[len(OTHER)] = [object()]
def keep_both():
    keep()
    keep_other()
def keep_nothing():
    [object()]
"""


def call(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = clean_environment()
    environment.pop("GITHUB_WORKSPACE", None)
    return subprocess.run(unfreed(*words), cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with recordings of three checks."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "shop.py").write_text(LEAKY)
    for function, code in (("keep", 23), ("keep_both", 23), ("keep_nothing", 0)):
        done = call(folder, "check", "-o", function + ".unfreed", "shop.py::" + function)
        assert done.returncode == code, done
    return folder


def test_junit_has_a_case_for_each_finding(folder: Path) -> None:
    done = call(folder, "report", "keep.unfreed", "--junit", "junit.xml", "--fail-on", "leak")
    assert done.returncode == 23
    suites = ElementTree.parse(str(folder / "junit.xml")).getroot()
    assert (suites.tag, suites.get("tests"), suites.get("failures")) == ("testsuites", "1", "1")
    (suite,) = suites
    (case,) = suite
    assert suite.get("name") == "shop.py::keep" and case.get("file") == "shop.py"
    failure = case.find("failure")
    assert failure is not None and "STORE" in (failure.get("message") or "")


def test_junit_of_a_clean_run_has_one_case_that_passed(folder: Path) -> None:
    done = call(folder, "report", "keep_nothing.unfreed", "--junit", "-")
    case = ElementTree.fromstring(done.stdout).find("testsuite/testcase")
    assert case is not None and list(case) == []


def test_sarif_points_at_the_line(folder: Path) -> None:
    done = call(folder, "report", "keep.unfreed", "--sarif", "-")
    (result,) = json.loads(done.stdout)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "shop.py", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 4


def test_annotations_are_all_of_stdout(folder: Path) -> None:
    done = call(folder, "check", "--github", "--quiet", "shop.py::keep")
    assert done.returncode == 23
    (line,) = done.stdout.splitlines()
    assert line.startswith("::error file=shop.py,line=4,title=unfreed%3A growing container"), line


def test_a_baseline_lets_the_known_pass_and_tells_what_is_new(folder: Path) -> None:
    assert call(folder, "baseline", "keep.unfreed", "-o", "known.json").returncode == 0
    known = json.loads((folder / "known.json").read_text())["findings"]
    assert [one["program"] for one in known] == ["shop.py::keep"]
    words = ("report", "keep.unfreed", "--baseline", "known.json", "--fail-on", "leak")
    passed = call(folder, *words)
    assert passed.returncode == 0 and "Known: growing container" in passed.stdout, passed
    failed = call(folder, "report", "keep_both.unfreed", *words[2:])
    assert failed.returncode == 23 and "new: not in the baseline" in failed.stdout, failed
    report = json.loads(call(folder, "report", "keep_both.unfreed", *words[2:], "--json", "-").stdout)
    assert sorted(one["known"]["status"] for one in report["findings"] if one["severity"] != "note") == ["known", "new"]


def test_what_is_gone_is_fixed(folder: Path) -> None:
    known = {
        "baseline_version": "1.0",
        "findings": [{"program": "shop.py::keep", "id": "0" * 12, "title": "growing container OLD"}],
    }
    (folder / "old.json").write_text(json.dumps(known))
    done = call(folder, "report", "keep.unfreed", "--baseline", "old.json")
    assert "Fixed: growing container OLD (id 000000000000) is gone" in done.stdout, done
    done = call(folder, "report", "keep_both.unfreed", "--baseline", "old.json")
    assert "Fixed" not in done.stdout, done


def test_suppressions_have_reasons(folder: Path) -> None:
    project = folder / "inside" / "pyproject.toml"
    project.parent.mkdir()
    project.write_text('[[tool.unfreed.suppress]]\nkind = "container"\nmatches = "*shop.STORE"\nreason = "see #12"\n')
    words = ("report", "../keep_both.unfreed", "--fail-on", "leak")
    done = call(project.parent, *words)
    assert done.returncode == 23 and "Suppressed: growing container shop.STORE" in done.stdout, done
    assert "see #12" in done.stdout
    project.write_text('[[tool.unfreed.suppress]]\nkind = "container"\nmatches = "*shop.STORE"\n')
    done = call(project.parent, *words)
    assert done.returncode == 24 and "reason" in done.stderr and not done.stdout, done


def test_a_broken_baseline_is_an_error_before_anything_runs(folder: Path) -> None:
    (folder / "broken.json").write_text("{}")
    done = call(folder, "run", "--baseline", "broken.json", "-c", "print('ran')")
    assert done.returncode == 24 and done.stdout == "" and "cannot use the baseline" in done.stderr, done
