"""Compares the JSON report of a run with what the program's header expects of it."""

from __future__ import annotations

import json
import re
from typing import Any

from programs.headers import Program
from programs.runs import Outcome

FINDINGS_TO_LOOK_AT = 3
PRINTED_RATE = re.compile(r"leaked=(\d+) seconds=([\d.]+)")


def complaints_about_leak(program: Program, outcome: Outcome) -> list[str]:
    """What the report fails to say about the program's leak, and what it says wrongly."""
    findings = outcome.report["findings"]
    tried = [
        complaints_about_finding(program, outcome, finding)
        for finding in findings[:FINDINGS_TO_LOOK_AT]
    ]
    complaints = min(tried, key=len) if tried else ["there is no finding at all"]
    for finding in findings:
        if finding["severity"] != "leak":
            continue
        if not is_about(program, finding):
            complaints = [*complaints, "blames something else: " + finding["title"]]
        for word in program.header.get("not_blamed", []):
            if holds_word(words_of(finding), word):
                complaints = [*complaints, "blames %s: %s" % (word, finding["title"])]
    return complaints


def complaints_about_finding(
    program: Program, outcome: Outcome, finding: dict[str, Any]
) -> list[str]:
    """What `finding` lacks to be the one that the header describes."""
    header, complaints = program.header, []
    for field in ("severity", "kind"):
        if finding[field] not in header[field].split("|"):
            complaints.append("%s is %s, not %s" % (field, finding[field], header[field]))
    words, advice = words_of(finding), json.dumps(finding["advice"])
    complaints += [
        "does not name " + word for word in header["names"] if not holds_word(words, word)
    ]
    complaints += [
        "advice lacks " + word for word in header["advice"] if not holds_word(advice, word)
    ]
    if header.get("marked_line", True) and not lines_of(finding) & program.marked_lines():
        complaints.append(
            "allocated_at has none of the marked lines %s" % sorted(program.marked_lines())
        )
    growth = finding["growth"]
    if growth["bytes"] <= 0 and growth["objects"] <= 0:
        complaints.append("gains neither bytes nor objects")
    if header.get("rate_printed"):
        printed = PRINTED_RATE.search(outcome.stdout)
        assert printed is not None, str(outcome)
        leaked, seconds = printed.groups()
        rate = int(leaked) / float(seconds)
        if not rate / 2 < growth["bytes_per_second"] < rate * 2:
            complaints.append("%.0f bytes/s, but it is %.0f" % (growth["bytes_per_second"], rate))
    return complaints


def complaints_about_no_leak(program: Program, outcome: Outcome) -> list[str]:
    """What is called a leak though it is none, and which note is missing."""
    header, report = program.header, outcome.report
    complaints = [
        "called a leak: " + finding["title"]
        for finding in report["findings"]
        if finding["severity"] == "leak"
    ]
    status = report["verdict"]["status"]
    wanted = (
        header["status"].split("|")
        if "status" in header
        else ["warning", "clean", "not_enough_evidence"]
    )
    if status not in wanted:
        complaints.append("the verdict is %s, not %s" % (status, " or ".join(wanted)))
    if "notes" in header:
        notes = [finding for finding in report["findings"] if finding["severity"] == "note"]
        if not any(
            note["kind"] == header["note_kind"]
            and all(holds_word(words_of(note), word) for word in header["notes"])
            for note in notes
        ):
            complaints.append(
                "no note of kind %s names %s" % (header["note_kind"], header["notes"])
            )
    return complaints


def is_about(program: Program, finding: dict[str, Any]) -> bool:
    """Whether a finding concerns the leak of the program, be it from another side."""
    words = program.header["names"] + program.header.get("also", [])
    return any(holds_word(words_of(finding), word) for word in words) or bool(
        lines_of(finding) & program.marked_lines()
    )


def holds_word(text: str, word: str) -> bool:
    """Whether `text` holds one of the alternatives of `word`, in whatever case."""
    return any(one.lower() in text.lower() for one in word.split("|"))


def words_of(finding: dict[str, Any]) -> str:
    """What a finding says about what grows and who holds it."""
    return json.dumps(
        [finding["title"], finding["summary"], finding["held_by"], finding["filled_with"]]
    )


def lines_of(finding: dict[str, Any]) -> set[tuple[str, int]]:
    """File and number of every line of the finding's stacks."""
    return {
        (frame["file"], frame["line"])
        for site in finding["allocated_at"]
        for frame in [site["frame"], *site["stack"]]
    }


def show(outcome: Outcome, complaints: list[str]) -> str:
    """The complaints and the findings, for people."""
    report = outcome.report
    lines = [
        "",
        *("* " + complaint for complaint in complaints),
        "",
        "%(status)s: %(sentence)s" % report["verdict"],
    ]
    for number, finding in enumerate(report["findings"], 1):
        held_by = finding["held_by"] or {"path": "nothing", "root": ""}
        growth = finding["growth"]
        lines += [
            "%d %s %s: %s" % (number, finding["severity"], finding["kind"], finding["title"]),
            "    %s" % finding["summary"],
            "    held by %s (%s)" % (held_by["path"], held_by["root"]),
            "    %d bytes, %d objects, %s, grew in %d of %d"
            % (
                growth["bytes"],
                growth["objects"],
                growth["trend"],
                growth["intervals_grown"],
                growth["intervals"],
            ),
            "    filled with "
            + ", ".join(
                "%(objects)d %(type_name)s" % filling for filling in finding["filled_with"]
            ),
        ]
        lines += [
            "    made at "
            + " < ".join("%(file)s:%(line)d %(function)s" % frame for frame in site["stack"])
            for site in finding["allocated_at"]
        ]
        lines.append("    advice %(rule)s: %(text)s" % finding["advice"])
    return "\n".join([*lines, "evidence %s" % json.dumps(report["evidence"]), str(outcome)])
