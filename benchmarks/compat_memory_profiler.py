"""memory_profiler's own tests for `compat_suites.py`: scripts that pass when they end well, and unit tests.

The package itself needs psutil; unfreed's does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = ("as", "func", "gen", "global", "loop", "loop_decorated", "mprofile", "nested", "precision_command_line")
"""Run as `python -m memory_profiler test_….py`, as the package's Makefile does."""
PLAIN = (
    *("async", "attributes", "exception", "import", "memory_usage", "precision_import", "stream_unicode"),
    "tracemalloc",
)
"""Run as `python test_….py`."""
UNIT_TESTS = (
    "exit_code.TestExitCode.test_exit_code_fail",
    "exit_code.TestExitCode.test_exit_code_success",
    "exit_code.TestExitCode.test_no_exit_code_success",
    "increment_display.TestIncrementDisplay.test_decr",
    "increment_display.TestIncrementDisplay.test_loop_count",
    "increment_display.TestIncrementDisplay.test_loop_incr",
    "increment_display.TestIncrementDisplay.test_normal_incr",
    "mprof.Test_function_labels.test",
)
TIMEOUT_SECONDS = 600

#: Stands for a module of the package: imported, it is unfreed's; run, it does what unfreed's does.
STAND_IN = """
import importlib, runpy, sys
if __name__ == "__main__":
    runpy.run_module("%s", run_name="__main__")
else:
    sys.modules[__name__] = importlib.import_module("%s")
"""


def commands() -> dict[str, list[str]]:
    """Words behind `python`, by the name of a test."""
    told = {"test_%s.py" % name: ["-m", "memory_profiler", "test_%s.py" % name] for name in (*COMMAND, "unicode")}
    told.update({"test_%s.py" % name: ["test_%s.py" % name] for name in PLAIN})
    told.update({"test_%s" % name: ["-m", "unittest", "test_%s" % name] for name in UNIT_TESTS})
    told["mprof run test_func.py"] = ["-m", "mprof", "run", "-E", "test_func.py"]
    return told


def results(source: Path, with_unfreed: bool) -> dict[str, str]:
    """What came of each test."""
    place = source
    if with_unfreed:
        place = source / "stand_in"
        place.mkdir()
        for name, module in (("memory_profiler", ""), ("mprof", ".mprof")):
            full = "unfreed.compat.memory_profiler" + module
            (place / (name + ".py")).write_text(STAND_IN % (full, full))
    paths = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    told = {}
    for test, words in commands().items():
        ended = subprocess.run(
            [sys.executable, *words],
            cwd=source / "test",
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        lines = [line for line in ended.stderr.splitlines() if not line.startswith("FAILED")]
        reasons = [line for line in lines if "Error" in line] or lines or ["exit code %d" % ended.returncode]
        told[test] = reasons[-1] if ended.returncode else "passed"
    return told
