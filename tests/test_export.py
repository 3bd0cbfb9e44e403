"""Allocation stacks in the forms of other tools, pages and pictures, and two recordings compared."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from programs.runs import clean_environment, unfreed

pytestmark = pytest.mark.any_python

LEAKY = """
STORE = {}
def make(size):
    return bytes(size)
def keep():
    STORE[len(STORE)] = make(600)
def keep_more():
    STORE[len(STORE)] = make(2600)
def keep_nothing():
    make(600)
"""
THREADED = """
import threading, time
KEPT = []
def ingest():
    for _ in range(40):
        KEPT.append([bytes(1000) for _ in range(50)])
        time.sleep(0.05)
def clean():
    KEPT.append([bytes(1000) for _ in range(1000)])
threads = [threading.Thread(target=one) for one in (ingest, ingest, clean)]
for thread in threads:
    thread.start()
KEPT.append([bytes(1000) for _ in range(1000)])
for thread in threads:
    thread.join()
time.sleep(0.5)
"""
SCHEMAS = Path(__file__).parent.parent / "fixtures" / "schemas"


def call(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        unfreed(*words), cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of three checks of one function in three versions."""
    folder = tmp_path_factory.mktemp("export")
    for function in ("keep", "keep_more", "keep_nothing"):
        (folder / "store.py").write_text(LEAKY.replace("def %s()" % function, "def work()"))
        done = call(folder, "check", "--quiet", "-o", function + ".unfreed", "store.py::work")
        assert done.returncode in (0, 23), done
    return folder


def test_pprof_is_what_its_schema_reads(folder: Path, tmp_path: Path) -> None:
    protoc = pytest.importorskip("grpc_tools.protoc")
    assert protoc.main(["protoc", "-I%s" % SCHEMAS, "--python_out=%s" % tmp_path, "profile.proto"]) == 0
    assert call(folder, "export", "keep.unfreed", "--pprof", "stacks.pb.gz").returncode == 0
    sys.path.insert(0, str(tmp_path))
    try:
        schema: Any = importlib.import_module("profile_pb2")
    finally:
        sys.path.remove(str(tmp_path))
    profile = schema.Profile()
    profile.ParseFromString(gzip.decompress((folder / "stacks.pb.gz").read_bytes()))
    texts = profile.string_table
    assert texts[profile.default_sample_type] == "inuse_space" == texts[profile.sample_type[-1].type]
    functions = {one.id: texts[one.name] for one in profile.function}
    lines = {one.id: (functions[one.line[0].function_id], one.line[0].line) for one in profile.location}
    largest = max(profile.sample, key=lambda sample: sample.value[-1])
    assert [lines[one] for one in largest.location_id][:2] == [("make", 4), ("work", 6)]


def test_collapsed_stacks_begin_outside(folder: Path) -> None:
    done = call(folder, "export", "keep.unfreed", "--collapsed", "-")
    sums = {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in done.stdout.splitlines()}
    largest = max(sums, key=lambda stack: sums[stack])
    assert [frame.split(" ")[0] for frame in largest.split(";")[-2:]] == ["work", "make"]


def test_speedscope_profiles_add_up(folder: Path) -> None:
    assert call(folder, "export", "keep.unfreed", "--speedscope", "stacks.json").returncode == 0
    file = json.loads((folder / "stacks.json").read_text())
    frames = file["shared"]["frames"]
    for profile in file["profiles"]:
        assert profile["endValue"] == sum(profile["weights"]) and len(profile["weights"]) == len(profile["samples"])
        assert all(0 <= index < len(frames) for sample in profile["samples"] for index in sample)
    made = [frame for frame in frames if frame["name"] == "make"]
    assert [(Path(frame["file"]).name, frame["line"]) for frame in made] == [("store.py", 4)], made


def test_csv_has_a_row_for_each_stack(folder: Path) -> None:
    done = call(folder, "export", "keep.unfreed", "--csv", "-")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    first = max(rows, key=lambda row: int(row["inuse_space"]))
    assert (first["function"], first["line"]) == ("make", "4") and int(first["alloc_space"]) >= int(
        first["inuse_space"]
    )


def test_an_export_needs_a_form(folder: Path) -> None:
    assert call(folder, "export", "keep.unfreed").returncode == 2


def test_compare_judges_a_fix(folder: Path) -> None:
    done = call(folder, "compare", "keep.unfreed", "keep_nothing.unfreed")
    assert done.returncode == 0 and done.stdout.startswith("gone: 1 gone\n"), done
    done = call(folder, "compare", "keep_more.unfreed", "keep.unfreed")
    assert done.returncode == 0 and done.stdout.startswith("better: 1 better\n"), done


def test_compare_fails_for_what_got_worse(folder: Path) -> None:
    done = call(folder, "compare", "keep.unfreed", "keep_more.unfreed", "--json", "-")
    comparison = json.loads(done.stdout)
    (changed,) = [one for one in comparison["changes"] if one["severity"] == "leak"]
    assert done.returncode == 23 and comparison["verdict"] == changed["change"] == "worse"
    assert changed["rate_after"] > 3 * changed["rate_before"] > 0 and changed["confidence"] > 0.9
    assert call(folder, "compare", "keep_nothing.unfreed", "keep.unfreed").returncode == 23


def test_a_page_is_one_file_that_loads_nothing(folder: Path) -> None:
    assert call(folder, "report", "keep.unfreed", "--html", "page.html").returncode == 0
    page = (folder / "page.html").read_text()
    assert "growing container store.STORE" in page and "default-src &#39;none&#39;" not in page
    assert "default-src 'none'" in page
    for word in ("src=", "href=", "@import", "url(", "fetch("):
        assert word not in page, word
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    name, _, values, children = data["tree"]
    assert values[0] > 0 and values[1] > 0 and children and len(values) == len(data["measures"])


def test_names_of_a_program_do_not_become_markup(folder: Path) -> None:
    (folder / "nasty.py").write_text(
        "class Nasty: pass\nNasty.__qualname__ = Nasty.__name__ = '</script><img src=x>'\nSTORE = []\ndef work():\n    STORE.append(Nasty())\n"
    )
    assert call(folder, "check", "--quiet", "-o", "nasty.unfreed", "nasty.py::work").returncode == 23
    assert call(folder, "report", "nasty.unfreed", "--html", "nasty.html").returncode == 0
    page = (folder / "nasty.html").read_text()
    assert "<img" not in page and "&lt;img src=x&gt;" in page


@pytest.mark.parametrize("figure", ["live", "leaked", "allocated"])
def test_a_flame_graph_is_a_picture(folder: Path, figure: str) -> None:
    done = call(folder, "report", "keep.unfreed", "--flame", "flame.svg", "--of", figure)
    assert done.returncode == 0 and done.stdout == ""
    titles = [
        element.text or ""
        for element in ElementTree.parse(str(folder / "flame.svg")).iter("{http://www.w3.org/2000/svg}title")
    ]
    assert any(title.startswith("make ") for title in titles)


@pytest.fixture(scope="module")
def threaded(folder: Path) -> Path:
    """A recording of a program with threads that keep what they allocate."""
    (folder / "threaded.py").write_text(THREADED)
    done = call(folder, "run", "--quiet", "--sample", "4KiB", "--epoch", "0.3", "-o", "threaded.unfreed", "threaded.py")
    assert done.returncode == 0, done
    return folder


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("nothing", ["ingest "]),
        ("thread", ["main thread ", "threads running ingest ", "threads running clean "]),
        ("birth", ["from the first quarter of the run ", "from the last quarter "]),
    ],
)
def test_a_flame_graph_is_told_apart(threaded: Path, split: str, said: list[str]) -> None:
    done = call(threaded, "report", "threaded.unfreed", "--flame", "split.svg", "--by", split)
    assert done.returncode == 0, done
    groups = ElementTree.parse(str(threaded / "split.svg")).getroot().findall("{http://www.w3.org/2000/svg}g")
    titles = [group[0].text or "" for group in groups]
    # The second row: what is next to the root.
    second = sorted({float(group[1].attrib["y"]) for group in groups})[1]
    rows = {group[0].text: float(group[1].attrib["width"]) for group in groups if float(group[1].attrib["y"]) == second}
    for name in said:
        assert any(title.startswith(name) for title in titles), titles
        assert split == "nothing" or any(title.startswith(name) for title in rows if title), rows
    # What is told apart adds up to the whole.
    assert sum(rows.values()) == pytest.approx(1200, rel=0.02)


def test_when_something_was_born_is_known_of_what_is_live(threaded: Path) -> None:
    done = call(threaded, "report", "threaded.unfreed", "--flame", "x.svg", "--by", "birth", "--of", "peak")
    assert done.returncode == 2 and "--by birth is of --of live" in done.stderr, done
    assert not (threaded / "x.svg").exists()


def test_a_page_has_the_threads(threaded: Path) -> None:
    assert call(threaded, "report", "threaded.unfreed", "--html", "threads.html").returncode == 0
    page = (threaded / "threads.html").read_text()
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    names = {child[0] for child in data["threads"][3]}
    assert {"main thread", "threads running ingest", "threads running clean"} <= names
    assert data["threads"][2] == data["tree"][2]


def test_a_plot_is_svg_or_png(folder: Path) -> None:
    assert call(folder, "report", "keep.unfreed", "--plot", "plot.svg").returncode == 0
    assert ElementTree.parse(str(folder / "plot.svg")).getroot().tag.endswith("svg")
    assert call(folder, "report", "keep.unfreed", "--plot", "plot.png").returncode == 0
    assert (folder / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert call(folder, "report", "keep.unfreed", "--plot", "plot.txt").returncode == 24
