"""Runs the tests of a package whose names `unfreed.compat` has, with the package and with unfreed in its place.

    python benchmarks/compat_suites.py objgraph tracemalloc

The Python that runs this needs unfreed and pip; for tracemalloc it needs the standard library's tests, other sources
come from PyPI. Printed are how many of its own tests pass with either, each test that passes with the original only,
with the last line of its failure, and each that passes with unfreed's only. Nothing is asserted: read the list, and
`docs/compat.md` for the reasons.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

Results = dict[str, str]
"""By test: `passed`, `skipped`, or the last line of its failure."""

#: Runs unittest's tests in the folder that it is started in, and writes what came of each. A test that leaves another
#: folder, or another stdout, behind does not fail those after it.
RUNNER = """
import importlib, json, os, sys, unittest
sys.path.insert(0, os.getcwd())
replaced, replacement, tests, suite, results = sys.argv[1:]
if replacement:
    sys.modules[replaced] = importlib.import_module(replacement)
folder, stdout = os.getcwd(), sys.stdout

class Result(unittest.TestResult):
    told = {}
    def startTest(self, test):
        os.chdir(folder)
        sys.stdout = stdout
        self.told[test.id()] = 'passed'
        super().startTest(test)
    def _say(self, test, error):
        lines = self._exc_info_to_string(error, test).strip().splitlines()
        self.told[test.id()] = lines[-1] if lines else 'failed'
    def addError(self, test, error):
        self._say(test, error)
    def addFailure(self, test, error):
        self._say(test, error)
    def addSubTest(self, test, part, error):
        # Examples of a document are parts of one test since 3.15.
        if error is not None:
            self._say(test, error)
    def addSkip(self, test, reason):
        self.told[test.id()] = 'skipped'

sys.argv = [tests]
module = importlib.import_module(tests)
getattr(module, suite)().run(Result())
with open(results, 'w') as file:
    json.dump(Result.told, file)
"""


def source(requirement: str, folder: Path) -> Path:
    """The unpacked source of a package."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
    subprocess.run([*pip, "--no-binary", ":all:", "--dest", str(folder), requirement], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else packed.extractall(folder)
    return folder / archive.name[: -len(".tar.gz")]


def run(folder: Path, replaced: str, replacement: str, tests: str, suite: str) -> Results:
    """What came of each test, in a process of its own."""
    results = folder / "results.json"
    words = [replaced, replacement, tests, suite, str(results)]
    ended = subprocess.run([sys.executable, "-c", RUNNER, *words], cwd=folder, capture_output=True, text=True)
    if not results.exists():
        raise SystemExit("the tests of %s did not run:\n%s" % (replaced, ended.stderr))
    told: Results = json.loads(results.read_text())
    results.unlink()
    return told


def objgraph(folder: Path) -> tuple[Results, Results]:
    """Unit tests and the documents' examples: `test_suite()` of `tests.py`."""
    where = source("objgraph==3.7.0", folder)
    runs = [run(where, "objgraph", name, "tests", "test_suite") for name in ("", "unfreed.compat.objgraph")]
    return runs[0], runs[1]


#: The tests of a module of the standard library. Some expect to be called as deep as its own runner calls them.
STANDARD_SUITE = """
import unittest
import test.test_%s as tests

class Deep(unittest.TestSuite):
    def run(self, result, debug=False, depth=10):
        return self.run(result, debug, depth - 1) if depth else super().run(result, debug)

def suite():
    loader = unittest.TestLoader()
    loader.suiteClass = Deep
    return loader.loadTestsFromModule(tests)
"""


def tracemalloc(folder: Path) -> tuple[Results, Results]:
    """`test.test_tracemalloc` of the Python that runs this."""
    (folder / "standard_suite.py").write_text(STANDARD_SUITE % "tracemalloc")
    replacements = ("", "unfreed.compat.tracemalloc")
    runs = [run(folder, "tracemalloc", name, "standard_suite", "suite") for name in replacements]
    return runs[0], runs[1]


def memory_profiler(folder: Path) -> tuple[Results, Results]:
    """Scripts and unit tests of its folder `test`."""
    from compat_memory_profiler import results

    where = source("memory_profiler==0.61.0", folder)
    return results(where, False), results(where, True)


#: Finds Pympler's tests, and puts each of its modules that unfreed has in its place. `pympler.util` stays: what the
#: tests compare lists with comes from there. The pages come last, since their server stays.
PYMPLER_SUITE = """
import importlib, pkgutil, sys, unittest
original = sys.modules.pop('pympler', None)
sys.path.insert(0, '..')
import pympler.util.compat, pympler.util.stringutils
if original is not None:
    kept = {name: module for name, module in sys.modules.items() if name.startswith('pympler.util')}
    sys.modules['pympler'] = original
    original.util = kept['pympler.util']
    for each in pkgutil.iter_modules(original.__path__):
        module = importlib.import_module(original.__name__ + '.' + each.name)
        sys.modules['pympler.' + each.name] = module

NAMES = ['asizeof.test_asizeof', 'muppy.test_mprofile', 'muppy.test_muppy', 'muppy.test_refbrowser',
    'muppy.test_summary', 'muppy.test_tracker', 'test_process', 'tracker.test_classtracker', 'tracker.test_stats',
    'gui.test_garbage', 'gui.test_web']

def suite():
    return unittest.defaultTestLoader.loadTestsFromNames(NAMES)
"""


def pympler(folder: Path) -> tuple[Results, Results]:
    """The unit tests of each of its folders."""
    where = source("Pympler==1.1", folder) / "test"
    (where / "all_of_them.py").write_text(PYMPLER_SUITE)
    runs = [run(where, "pympler", name, "all_of_them", "suite") for name in ("", "unfreed.compat.pympler")]
    return runs[0], runs[1]


PACKAGES = {
    "objgraph": objgraph,
    "tracemalloc": tracemalloc,
    "memory_profiler": memory_profiler,
    "pympler": pympler,
}


def count(results: Results) -> str:
    """`49 of 55 pass`."""
    ran = [result for result in results.values() if result != "skipped"]
    return "%d of %d pass" % (ran.count("passed"), len(ran))


def show(package: str, original: Results, ours: Results) -> None:
    """Counts and differences."""
    print("%s on CPython %s" % (package, sys.version.split()[0]))
    print("  with the original:  %s" % count(original))
    print("  with unfreed's:     %s" % count(ours))
    for title, passed, failed in (("original", original, ours), ("unfreed's", ours, original)):
        print("passes with %s only:" % title)
        for test, result in sorted(passed.items()):
            if result == "passed" and failed.get(test) not in ("passed", "skipped"):
                print("  %s\n      %s" % (test, failed.get(test, "did not run")))


def main() -> None:
    """Runs the packages that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", choices=[*PACKAGES, []], help="default: all")
    for package in parser.parse_args().packages or PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            show(package, *PACKAGES[package](Path(folder)))


if __name__ == "__main__":
    main()
