"""Real leaks in released packages: does `unfreed check` name each, and stay silent about the fixed releases?

    python benchmarks/corpus.py [--corpus DIR] [--wheels DIR] [--runs N] [CASE ...]

The corpus is a folder with `cases.toml`, `drivers/` and `make_venvs.sh` (see there); its environments have to be made
first. The wheel of each environment's Python is taken from `--wheels` (`cargo xtask wheels` makes them) and installed
there. Prints a line for each run and exits with 1 unless every leaky release is named in the first three findings with
all words of its culprit, and no other one has a finding of severity `leak`. Runs on Python 3.11 or later.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

SLOWEST = 60.0
"""Seconds that a case may take."""
FIRST = 3
"""Findings among which the leak has to be."""


def main() -> int:
    arguments = argparse.ArgumentParser(description="Runs unfreed check over the corpus.")
    arguments.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    arguments.add_argument("--wheels", type=Path, default=Path("dist/release"))
    arguments.add_argument("--runs", type=int, default=1)
    arguments.add_argument("--keep", type=Path, help="keep reports and recordings in this folder")
    arguments.add_argument("cases", nargs="*")
    chosen = arguments.parse_args()
    corpus = chosen.corpus.resolve()
    sys.path.insert(0, str(corpus))
    import measure  # type: ignore[import-not-found]

    cases = tomllib.loads((corpus / "cases.toml").read_text())["case"]
    passed = failed = 0
    for case in cases:
        if chosen.cases and case["id"] not in chosen.cases:
            continue
        for side in ("leaky", "fixed", "control"):
            if side not in case:
                continue
            version = case[side].get("python", case["python"])
            name = measure.venv_name(version, case[side]["requirements"])
            python = Path(measure.venv_root()) / name / "bin" / "python"
            install(python, version, chosen.wheels)
            for _ in range(chosen.runs):
                good = run(case, side, python, corpus, chosen.keep)
                passed, failed = passed + good, failed + (not good)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


def install(python: Path, version: str, wheels: Path) -> None:
    minor = ".".join(version.split(".")[:2])
    wheel = max((wheels / minor).glob("*.whl"), key=lambda path: path.stat().st_mtime)
    marker = python.parent / "unfreed-wheel"
    stamp = "%s %s" % (wheel.resolve(), wheel.stat().st_mtime_ns)
    if marker.exists() and marker.read_text() == stamp:
        return
    command = [str(python), "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps"]
    subprocess.run([*command, "--disable-pip-version-check", str(wheel)], check=True)
    marker.write_text(stamp)


def run(case: "dict[str, Any]", side: str, python: Path, corpus: Path, keep: "Path | None") -> bool:
    with tempfile.TemporaryDirectory() as folder:
        into = keep or Path(folder)
        into.mkdir(parents=True, exist_ok=True)
        report = into / ("%s-%s.json" % (case["id"], side))
        command = [str(python.parent / "unfreed"), "check", "%s::round_" % (corpus / case["driver"]), "--setup", "setup"]
        command += ["--json", str(report)]
        if keep:
            command += ["-o", str(into / ("%s-%s.unfreed" % (case["id"], side)))]
        env = dict(os.environ, **case.get("env", {}), **case[side].get("env", {}))
        report.unlink(missing_ok=True)
        began = time.monotonic()
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        if keep:
            (into / ("%s-%s.txt" % (case["id"], side))).write_text(done.stdout + done.stderr)
        if not report.exists():
            print("FAIL  %-24s %-8s no report, exit %d\n%s" % (case["id"], side, done.returncode, done.stderr[-2000:]))
            return False
        findings = json.loads(report.read_text())["findings"]
    wrong = judge(case, side, findings)
    if seconds > SLOWEST:
        wrong = "took too long"
    print("%s  %-24s %-8s %5.1f s  exit %d  %s" % ("FAIL" if wrong else "ok  ", case["id"], side, seconds, done.returncode, wrong))
    for finding in findings[:FIRST]:
        if wrong or side == "leaky":
            print("        %-7s %-10s %s" % (finding["severity"], finding["kind"], finding["title"]))
    sys.stdout.flush()
    return not wrong


def judge(case: "dict[str, Any]", side: str, findings: "list[dict[str, Any]]") -> str:
    """What is wrong with the findings; empty when nothing is."""
    if side != "leaky":
        leaks = [finding["title"] for finding in findings if finding["severity"] == "leak"]
        return "a leak was reported: %s" % leaks[0] if leaks else ""
    wrong = "no finding"
    for finding in findings[:FIRST]:
        if finding["severity"] == "note":
            continue
        text = json.dumps(finding).lower()
        missing = [words for words in case["culprit"] if not any(word.lower() in text for word in words.split("|"))]
        if not missing:
            return ""
        wrong = "not named: %s" % ", ".join(missing)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
