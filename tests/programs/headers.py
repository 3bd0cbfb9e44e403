"""Reads the header of a program: the comment block at its top that says what its run is expected to show.

The block starts with `# /// WORD`, ends with `# ///` and holds lines of the form `# key = value`, where a
value is a string, a list of strings, a table as Python writes it, or true or false. In words that a report must
contain, `a|b` means one of them.

    severity     leak programs: severity of the finding
    kind         leak programs: its kind
    names        words that the finding must contain
    also         words of other findings that belong to the same leak
    not_blamed   words that no leak may contain
    advice       words that the finding's advice must contain
    marked_line  false: no line is marked, the finding need not name one
    rate_printed true: the program prints `leaked=BYTES seconds=SECONDS` and the finding's rate must fit it
    notes        words that a finding of severity note must contain, and `note_kind` its kind
    status       what the verdict's status must be
    run          what follows `unfreed run`, when it is not the program's file
    arguments    what follows the program's file
    requires     distributions of tests/requirements.txt that the program imports
    pythons      versions it is for, as `>=3.12,<3.13`
    environment  variables to set
    extension    a C extension of fixtures/native that the program imports
    kept_in      worker programs: in how many processes each label of a `# KEPT` line is kept
    processes    how many processes are recorded, where there is more than one
    variants     arguments to run it with, each in its turn
    without_line whether as much is kept that no line of Python made

A line that takes part in a leak ends in `# LEAK`; the finding must name one of them. In a worker program a line that ends in
`# KEPT label` makes two megabytes that live to the end, and those that end in `# CALLS label` are its callers.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.metadata
import re
import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from programs.extension import folder_with
from programs.runs import Run

HERE = Path(__file__).parent
REQUIREMENTS = HERE.parent / "requirements.txt"
HEADER_LINE = re.compile(r"# (\w+) = (.*)")
WORDS = {"true": "True", "false": "False"}


@dataclasses.dataclass(frozen=True)
class Program:
    """A program with its header."""

    path: Path
    header: dict[str, Any] = dataclasses.field(compare=False)

    @property
    def name(self) -> str:
        """What the test is called."""
        return self.path.parent.name if self.path.name == "__main__.py" else self.path.stem

    @property
    def folder(self) -> Path:
        """Where the program is run."""
        return self.path.parent.parent if self.path.name == "__main__.py" else self.path.parent

    @property
    def command(self) -> tuple[str, ...]:
        """What follows `python`, and `unfreed run`."""
        return tuple(self.header.get("run") or [str(self.path), *self.header.get("arguments", [])])

    def run(self, under_unfreed: bool = True, options: tuple[str, ...] = ()) -> Run:
        """How the program is run."""
        environment = tuple(self.header.get("environment", {}).items())
        if "extension" in self.header:
            environment += (("PYTHONPATH", str(folder_with(self.header["extension"]))),)
        return Run(self.command, self.folder, under_unfreed, options, environment)

    def runs(self) -> list[Run]:
        """What to start before the test asks for it."""
        return [] if self.reason_to_skip() or self.missing() else [self.run()]

    def sources(self) -> list[Path]:
        """The files that the program consists of."""
        return (
            sorted(self.path.parent.rglob("*.py"))
            if self.path.name == "__main__.py"
            else [self.path]
        )

    def marked_lines(self) -> set[tuple[str, int]]:
        """File and number of the lines that end in `# LEAK`."""
        return {
            (str(source), number)
            for source in self.sources()
            for number, line in enumerate(source.read_text().splitlines(), 1)
            if line.endswith("# LEAK")
        }

    def reason_to_skip(self) -> str | None:
        """Why this Python cannot run the program; `None` when it can."""
        wanted: str | None = self.header.get("pythons")
        if wanted and ".".join(map(str, sys.version_info[:3])) not in SpecifierSet(wanted):
            return "for Python " + wanted
        for name in self.header.get("requires", []):
            if canonicalize_name(name) not in required_here():
                return "tests/requirements.txt has no %s for this Python" % name
        return None

    def missing(self) -> list[str]:
        """Distributions that tests/requirements.txt names for this Python and that are not installed."""
        return [name for name in self.header.get("requires", []) if not is_installed(name)]


def is_installed(name: str) -> bool:
    """Whether the distribution is there."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@functools.lru_cache(maxsize=1)
def required_here() -> set[str]:
    """Distributions that tests/requirements.txt names for this Python."""
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text().splitlines())
    wanted = [Requirement(line) for line in lines if line]
    return {
        canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate()
    }


def read_header(path: Path) -> dict[str, Any]:
    """The header of the program at `path`."""
    lines = path.read_text().splitlines()
    if not lines or not lines[0].startswith("# /// "):
        raise ValueError("%s: does not begin with a header" % path)
    header = {}
    for line in lines[1 : lines.index("# ///")]:
        match = HEADER_LINE.fullmatch(line)
        if match is None:
            raise ValueError("%s: not a header line: %s" % (path, line))
        header[match[1]] = ast.literal_eval(WORDS.get(match[2], match[2]))
    return header


def programs_in(folder: str) -> list[Program]:
    """The programs of a folder of this package, by name."""
    paths = [*(HERE / folder).glob("*.py"), *(HERE / folder).glob("*/__main__.py")]
    return sorted(
        (Program(path, read_header(path)) for path in paths), key=lambda program: program.name
    )
