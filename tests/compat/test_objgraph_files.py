"""Files that `unfreed.compat.objgraph` draws into: forms, names, Graphviz where it is, notebooks."""

from __future__ import annotations

import builtins
import io
import os
import re
import stat
import struct
import sys
import xml.etree.ElementTree
import zlib
from pathlib import Path

import pytest
from unfreed.compat import objgraph
from unfreed.compat.objgraph import pictures

from test_objgraph import Drawn, Finalized, Session

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 9), (3, 12)),
    reason="run on CPython 3.9 and 3.12: it is Python over what test_api.py tests everywhere",
)


@pytest.fixture
def no_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures.shutil, "which", lambda name: None)


def pixels(image: bytes) -> tuple[int, int, bytes]:
    """Width, height and the bytes of a PNG's rows."""
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, start = {}, 8
    while start < len(image):
        length, kind = struct.unpack(">I4s", image[start : start + 8])
        data = image[start + 8 : start + 8 + length]
        (check,) = struct.unpack(">I", image[start + 8 + length : start + 12 + length])
        assert check == zlib.crc32(kind + data)
        chunks[kind] = data
        start += 12 + length
    width, height, depth, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colours) == (8, 6)
    return width, height, zlib.decompress(chunks[b"IDAT"])


def test_pictures_without_graphviz(no_graphviz: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaf = Session()
    top = {"first <&>": leaf, "second": [leaf, Finalized()], **{str(number): number for number in range(20)}}
    for form in ("svg", "png", "dot"):
        file = str(tmp_path / ("picture." + form))
        assert objgraph.show_refs([top], filename=file, highlight=lambda one: one is leaf, max_depth=2) is None
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"Graph written to .*\.dot \(\d+ nodes\)$", lines[0])
    assert lines[1] == "Image generated as %s" % (tmp_path / "picture.svg")
    assert lines[3] == "Image generated as %s" % (tmp_path / "picture.png")
    assert lines[4].startswith("Graph written to %s (" % (tmp_path / "picture.dot"))
    assert len(lines) == 5
    drawing = xml.etree.ElementTree.parse(str(tmp_path / "picture.svg"))
    names = {"svg": "http://www.w3.org/2000/svg"}
    texts = [each.text for each in drawing.iterfind(".//svg:text", names)]
    assert "Session" in texts and "first <&>" in " ".join(filter(None, texts)) and "second" in texts
    assert "__del__" in texts and "12 more" in texts
    drawn = Drawn((tmp_path / "picture.dot").read_text())
    assert len(drawing.findall(".//svg:path", names)) == len(drawn.edges)
    # The blue of what is highlighted, and the red of a finalizer.
    boxes = drawing.findall(".//svg:rect", names)
    assert "#5487d2" in {each.get("fill") for each in boxes}
    assert "#ff0000" in {each.get("stroke") for each in boxes}
    width, height, rows = pixels((tmp_path / "picture.png").read_bytes())
    assert len(rows) == height * (1 + 4 * width)


def test_without_a_name_a_picture_lies_beside_its_text(
    no_graphviz: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pictures.tempfile, "tempdir", str(tmp_path))
    objgraph.show_refs([[]], max_depth=0)
    written, chosen, made = capsys.readouterr().out.splitlines()
    assert chosen == "Graph viewer (xdot) not found, generating a png instead"
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".dot", ".png"]
    assert made.split()[-1] in map(str, tmp_path.iterdir())
    pixels(Path(made.split()[-1]).read_bytes())
    objgraph.show_refs([[]], max_depth=0, filename=str(tmp_path / "picture.pdf"))
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "Image renderer (dot) not found, not doing anything else"
    assert said.err == "hint: without Graphviz there are .svg, .png and .dot\n"
    assert not (tmp_path / "picture.pdf").exists()


def test_graphviz_draws_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dot = tmp_path / "dot"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for code, said in ((0, "Image generated as "), (3, "dot failed (exit code 3) while executing ")):
        dot.write_text("#!/bin/sh\necho $@ > %s\nexit %d\n" % (tmp_path / "asked", code))
        dot.chmod(dot.stat().st_mode | stat.S_IEXEC)
        picture = tmp_path / "picture.svg"
        objgraph.show_refs([[]], max_depth=0, filename=str(picture))
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].startswith(said)
        asked = (tmp_path / "asked").read_text().split()
        assert asked[:2] == ["-Tsvg", "-o%s" % picture]
        # What fails is drawn without it.
        assert picture.exists() == (code != 0)


def test_a_file_and_a_name_are_too_much() -> None:
    with pytest.raises(ValueError, match="both output and filename"):
        objgraph.show_refs([[]], max_depth=0, filename="name.svg", output=io.StringIO())


def test_a_notebook_shows_the_picture_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class ZMQInteractiveShell:
        pass

    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    picture = objgraph.show_chain([[]])
    assert picture is not None
    assert xml.etree.ElementTree.fromstring(picture._repr_svg_()).tag.endswith("svg")


def test_a_long_text_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    text = "x" * 30_000_000
    tracemalloc.start()
    try:
        assert objgraph._short_repr(text) == "'" + "x" * 39
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
