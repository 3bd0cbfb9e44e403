"""The recording alone gives the same verdict again; cut, damaged, newer or foreign files give one clear message."""

from __future__ import annotations

import json
import random
import re
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from programs.headers import HERE, Program, read_header
from programs.runs import Outcome, Pool, call_unfreed

PATH = HERE / "leaks" / "dict_sessions.py"
LEAKY = Program(PATH, read_header(PATH))
HEADER_BYTES = 16
NOT_USABLE = 24


@pytest.fixture
def outcome(program: Program, pool: Pool) -> Outcome:
    """The run whose recording is tried."""
    outcome = pool.outcome(program.run())
    assert outcome.returncode == 0, str(outcome)
    return outcome


def report_json(recording: Path, folder: Path) -> dict[str, Any]:
    """The JSON report of a recording that can be read."""
    json_file = folder / "again.json"
    done = call_unfreed("report", recording, "--json", json_file)
    assert done.returncode == 0, str(done)
    report: dict[str, Any] = json.loads(json_file.read_text())
    return report


def assert_refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    """One clear message that holds `words`, perhaps a hint, and the documented exit code."""
    assert done.returncode == NOT_USABLE, str(done)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("hint")]
    assert len(lines) == 1 and re.search(words, lines[0]), str(done)
    assert "panicked" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("program", [LEAKY], ids=["leaky"])
class TestRecording:
    """What can be done with the recording of a run that has ended."""

    def test_same_report_again(self, outcome: Outcome, tmp_path: Path) -> None:
        assert report_json(outcome.recording, tmp_path) == outcome.report

    def test_same_report_without_the_program(self, outcome: Outcome, tmp_path: Path) -> None:
        elsewhere = tmp_path / "renamed"
        elsewhere.write_bytes(outcome.recording.read_bytes())
        assert report_json(elsewhere, tmp_path)["findings"] == outcome.report["findings"]

    def test_terminal_report_fits_and_has_no_colours_in_a_file(self, outcome: Outcome) -> None:
        done = call_unfreed("report", outcome.recording)
        assert done.returncode == 0, str(done)
        assert "SESSIONS" in done.stdout and "dict_sessions.py" in done.stdout
        assert "\x1b" not in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 100
        first = "\n".join(done.stdout.splitlines()[:12])
        assert first in outcome.stderr, "the run printed another report"

    def test_cut_anywhere(self, outcome: Outcome, tmp_path: Path) -> None:
        whole = outcome.recording.read_bytes()
        chosen = random.Random(1)
        cuts = sorted(
            {
                HEADER_BYTES,
                len(whole) - 1,
                *(chosen.randrange(HEADER_BYTES, len(whole)) for _ in range(25)),
            }
        )
        seconds: list[float] = []
        for cut in cuts:
            path = tmp_path / "cut.unfreed"
            path.write_bytes(whole[:cut])
            json_file = tmp_path / "cut.json"
            done = call_unfreed("report", path, "--json", json_file)
            assert "panicked" not in done.stderr, "%d: %s" % (cut, done)
            if done.returncode != 0:
                assert_refused(done, "process|cut")
                assert not seconds, "cut at %d it cannot be read, but cut earlier it could" % cut
                continue
            seconds.append(json.loads(json_file.read_text())["program"]["seconds"])
        assert seconds == sorted(seconds), "a longer prefix tells less"
        assert seconds[-1] > outcome.report["program"]["seconds"] - 2
        assert len(seconds) > 20, "hardly any prefix can be read: %s" % cuts

    def test_damaged_anywhere(self, outcome: Outcome, tmp_path: Path) -> None:
        whole = outcome.recording.read_bytes()
        chosen = random.Random(2)
        for _ in range(15):
            damaged = bytearray(whole)
            damaged[chosen.randrange(HEADER_BYTES, len(whole))] ^= 1 << chosen.randrange(8)
            path = tmp_path / "damaged.unfreed"
            path.write_bytes(damaged)
            done = call_unfreed("report", path)
            assert done.returncode in (0, NOT_USABLE), str(done)
            assert "panicked" not in done.stderr, str(done)
            assert re.search("damaged|cut", done.stdout + done.stderr), (
                "the damage is not mentioned: %s" % done
            )

    def test_newer_version(self, outcome: Outcome, tmp_path: Path) -> None:
        fields = bytearray(outcome.recording.read_bytes()[:12])
        fields[8:10] = (int.from_bytes(fields[8:10], "little") + 1).to_bytes(2, "little")
        newer = tmp_path / "newer.unfreed"
        newer.write_bytes(
            fields
            + zlib.crc32(fields).to_bytes(4, "little")
            + outcome.recording.read_bytes()[HEADER_BYTES:]
        )
        assert_refused(call_unfreed("report", newer), "newer unfreed")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"UNFR", "cut", id="four bytes"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(100), "not an unfreed recording", id="a picture"),
        pytest.param(b"line of text\n" * 1000, "not an unfreed recording", id="a text"),
        pytest.param(bytes(100_000), "not an unfreed recording", id="zeros"),
    ],
)
def test_not_a_recording(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "file.unfreed"
    path.write_bytes(content)
    assert_refused(call_unfreed("report", path), words)


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing.unfreed", "No such file|not found"), (".", "no recording")],
    ids=["missing", "empty folder"],
)
def test_nothing_there(name: str, words: str, tmp_path: Path) -> None:
    assert_refused(call_unfreed("report", tmp_path / name), words)
