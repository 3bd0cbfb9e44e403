"""Builds C extensions and libraries of fixtures/native for the Python of the tests, each once a session."""

from __future__ import annotations

import functools
import subprocess
import sysconfig
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent.parent.parent / "fixtures" / "native"


@functools.lru_cache(maxsize=None)
def folder_with(name: str) -> Path:
    """The folder of the built extension `name`, to be put on the module path of a program."""
    folder = Path(tempfile.mkdtemp(prefix="unfreed-extension-"))
    target = folder / (name + sysconfig.get_config_var("EXT_SUFFIX"))
    include = sysconfig.get_path("include")
    source = SOURCES / (name + ".c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-g", "-I", include, str(source), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


@functools.lru_cache(maxsize=None)
def library(name: str) -> Path:
    """The library that is built of a source in C (`allocator.c`), C++ or Rust, for ctypes or to be preloaded."""
    source = SOURCES / name
    target = Path(tempfile.mkdtemp(prefix="unfreed-library-")) / ("lib%s.so" % source.stem)
    if source.suffix == ".rs":
        command = [
            "rustc",
            "--crate-type",
            "cdylib",
            "-C",
            "opt-level=1",
            "-g",
            "--edition",
            "2024",
        ]
        command += [str(source), "-o", str(target)]
    else:
        compiler = "cc" if source.suffix == ".c" else "c++"
        command = [compiler, "-shared", "-fPIC", "-O1", "-g", str(source), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return target
