"""`python -m unfreed.compat.memory_profiler`: a program, with `profile` as a name that it has everywhere."""

import argparse
import builtins
import os
import runpy
import sys
from typing import Any, List, Optional, Sequence, Union

from unfreed.compat.memory_profiler.backends import NAMES, choose_backend
from unfreed.compat.memory_profiler.following import counts, follow, leave
from unfreed.compat.memory_profiler.lines import LineProfiler
from unfreed.compat.memory_profiler.table import show_results
from unfreed.compat.memory_profiler.timestamps import TimeStamper

VERSION = "0.61.0"
"""Of the package whose names these are."""


def exec_with_profiler(filename: str, profiler: Any, backend: str, passed_args: "Sequence[str]" = ()) -> None:
    """Runs a script as `python FILE ARGS…` would, with `profile` as a built-in name for the profiler."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(filename)))
    _run(lambda: runpy.run_path(filename, {"profile": profiler}, "__main__"), filename, profiler, backend, passed_args)


def run_module_with_profiler(module: str, profiler: Any, backend: str, passed_args: "Sequence[str]" = ()) -> None:
    """Runs a module as `python -m MODULE ARGS…` would, with `profile` as a built-in name for the profiler."""
    sys.path.insert(0, os.getcwd())
    _run(
        lambda: runpy.run_module(module, {"profile": profiler}, "__main__", alter_sys=True),
        module,
        profiler,
        backend,
        passed_args,
    )


def _run(program: Any, name: str, profiler: Any, backend: str, passed_args: "Sequence[str]") -> None:
    builtins.profile = profiler  # type: ignore[attr-defined]
    sys.argv = [name, *passed_args]
    followed = counts(choose_backend(backend)) and isinstance(profiler, LineProfiler)
    if followed:
        # From the begin, so that a line that frees what any other made has its figure.
        follow()
    try:
        program()
    finally:
        if followed:
            leave()


def _find_script(name: str) -> str:
    """The path of a script, in the current folder or in one of PATH; ends the program if there is none."""
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    for path in [name, *(os.path.join(folder, name) for folder in folders)]:
        if os.path.isfile(path):
            return path
    sys.stderr.write("Could not find script %s\n" % name)
    raise SystemExit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(usage="python -m unfreed.compat.memory_profiler script_file.py")
    parser.add_argument("--version", action="version", version=VERSION)
    parser.add_argument("--pdb-mmem", dest="max_mem", metavar="MAXMEM", type=float, help="not supported")
    parser.add_argument("--precision", type=int, default=3, help="digits of MiB behind the point (default: 3)")
    parser.add_argument("-o", dest="out_filename", metavar="FILE", help="append the results to a file")
    parser.add_argument("--timestamp", action="store_true", help="print when functions ran instead of their lines")
    parser.add_argument("--include-children", action="store_true", help="add the memory of child processes")
    parser.add_argument("--backend", choices=NAMES, default="psutil", help="what is measured; see docs/compat.md")
    parser.add_argument("program", nargs=argparse.REMAINDER, help="a script or a module, and its arguments")
    return parser


def main(argv: "Optional[List[str]]" = None) -> None:
    """Runs the program in `argv` and prints its tables when it has ended, however it ended."""
    parser = _parser()
    typed = parser.parse_args(argv)
    if typed.max_mem is not None:
        parser.error("--pdb-mmem is not supported: use a conditional breakpoint on unfreed.memory_usage()")
    if not typed.program:
        print("A program to run must be provided. Use -h for help")
        raise SystemExit(1)
    target, *words = typed.program
    profiler: Union[TimeStamper, LineProfiler]
    if typed.timestamp:
        profiler = TimeStamper(choose_backend(typed.backend), include_children=typed.include_children)
    else:
        profiler = LineProfiler(backend=typed.backend, include_children=typed.include_children)
    try:
        if target.endswith(".py"):
            exec_with_profiler(_find_script(target), profiler, typed.backend, words)
        else:
            run_module_with_profiler(target, profiler, typed.backend, words)
    finally:
        _show(profiler, typed.out_filename, typed.precision)


def _show(profiler: "Union[TimeStamper, LineProfiler]", path: Optional[str], precision: int) -> None:
    out = sys.stdout if path is None else open(path, "a")
    try:
        if isinstance(profiler, TimeStamper):
            profiler.show_results(stream=out)
        else:
            show_results(profiler, precision=precision, stream=out)
    finally:
        if path is not None:
            out.close()
