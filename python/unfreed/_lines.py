"""`unfreed lines`: runs a program in this process and says what each of its own lines allocated, freed and kept.

Started as `python -m unfreed._lines TASK PROGRAM ARGS…`, where TASK is JSON of the command's (`json`: a file or null, `limit`). The
table goes to standard error: standard output is the program's.
"""

import json
import linecache
import os
import runpy
import site
import sys
import sysconfig
from typing import Any, NamedTuple

from unfreed._track import Track, Tracked, amount


class _Line(NamedTuple):
    file: str
    line: int
    allocated_bytes: int
    kept_bytes: int
    peak_bytes: int
    blocks: int

    def to_dict(self) -> "dict[str, Any]":
        return {
            **self._asdict(),
            "freed_bytes": self.allocated_bytes - self.kept_bytes,
            "text": linecache.getline(self.file, self.line).strip(),
        }


def run(program: "list[str]") -> "tuple[Tracked, int]":
    """Runs the program as `python` would, tracked from its first line to its last; returns its exit code, too."""
    tracked = Tracked()
    code = 0
    track = Track(lines=True)
    try:
        if program[0] == "-m":
            sys.argv = program[1:]
            sys.path[0] = os.getcwd()
            with track as tracked:
                runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = program
            sys.path[0] = os.path.dirname(os.path.abspath(program[0]))
            with track as tracked:
                runpy.run_path(program[0], run_name="__main__")
    except SystemExit as ended:
        code = _exit_code(ended.code)
    except BaseException as error:
        # As the interpreter would; our own frames are above the program's and are not its business.
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None and _is_outside(trace.tb_frame.f_code.co_filename):
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        code = 130 if isinstance(error, KeyboardInterrupt) else 1
    return tracked, code


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def lines(tracked: Tracked) -> "list[_Line]":
    """The lines of the program's own files, those that allocated most first. A line counts what it calls, too."""
    sums: dict[tuple[str, int], list[int]] = {}
    own: dict[str, bool] = {}
    for site_ in tracked.sites:
        # Once for each line of a stack, so that recursion counts a block once.
        for file, line in {(one.file, one.line) for one in site_.stack}:
            if file not in own:
                own[file] = not _is_outside(file)
            if own[file]:
                figures = sums.setdefault((file, line), [0, 0, 0])
                figures[0] += site_.allocated_bytes
                figures[1] += site_.kept_bytes
                figures[2] += site_.allocated_blocks
    peaks = tracked._peaks
    found = [
        _Line(file, line, size, kept, peaks.get((file, line), 0), blocks)
        for (file, line), (size, kept, blocks) in sums.items()
    ]
    return sorted(found, key=lambda one: (-one.allocated_bytes, one.file, one.line))


_OUTSIDE = [
    os.path.join(os.path.abspath(folder), "")
    for folder in (
        os.path.dirname(__file__),
        sysconfig.get_paths()["stdlib"],
        *(site.getsitepackages() if hasattr(site, "getsitepackages") else []),
    )
]


def _is_outside(file: str) -> bool:
    """Whether code is not the person's own: the interpreter's, a library's, unfreed's."""
    return file.startswith("<") or os.path.abspath(file).startswith(tuple(_OUTSIDE))


def show(found: "list[_Line]", limit: int) -> str:
    """The table: files in order, lines in order, with what each did."""
    shown = sorted(found[:limit], key=lambda one: (one.file, one.line))
    rows = ["%11s %11s %11s %11s %10s  %s" % ("allocated", "freed", "kept", "peak", "blocks", "line")]
    file = ""
    for one in shown:
        if one.file != file:
            file = one.file
            rows.append(os.path.relpath(file) if file.startswith(os.getcwd() + os.sep) else file)
        freed = one.allocated_bytes - one.kept_bytes
        text = linecache.getline(one.file, one.line).rstrip()
        figures = [amount(size) for size in (one.allocated_bytes, freed, one.kept_bytes, one.peak_bytes)]
        cells = "".join("%11s " % figure for figure in [*figures, format(one.blocks, ",")])
        rows.append("%s %5d  %s" % (cells, one.line, text))
    if len(found) > len(shown):
        rows.append("… and %d more lines; --limit N shows more, --json FILE has all" % (len(found) - len(shown)))
    return "\n".join(rows)


def main() -> int:
    """Runs the program and prints; returns the program's exit code."""
    task = json.loads(sys.argv[1])
    tracked, code = run(sys.argv[2:])
    if tracked.unfollowed is not None:
        # Said when the program began.
        return code
    found = lines(tracked)
    try:
        print(show(found, task["limit"]), file=sys.stderr)
        if task["json"]:
            with open(task["json"], "w") as file:
                json.dump({"lines": [one.to_dict() for one in found]}, file, indent=1)
    except OSError as error:
        print("unfreed: cannot write the lines: %s" % error, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
