"""Functions that C code loses memory in, for `unfreed run --native`: `native_culprits.py NAME LIBRARY…` calls one for a
while. Libraries are given by path, extensions by the module path.
"""

from __future__ import annotations

import ctypes
import importlib
import mmap
import sys
import time
from typing import Any, Callable

SECONDS = 7.5


def extension() -> Any:
    return importlib.import_module("blocks")


def of_c() -> None:
    for _ in range(40):
        extension().lose_malloc()


def of_c_without_gil() -> None:
    for _ in range(80):
        extension().lose_without_gil()


def of_c_right() -> None:
    for _ in range(40):
        extension().lose_malloc_right()


def of_cpp() -> None:
    for _ in range(4):
        library.rows_parse(ctypes.c_size_t(100))


def of_cpp_right() -> None:
    for _ in range(4):
        library.rows_parse_right(ctypes.c_size_t(100))


def of_rust() -> None:
    for _ in range(4):
        library.tiles_render(ctypes.c_size_t(20_000))


def of_rust_right() -> None:
    for _ in range(4):
        library.tiles_render_right(ctypes.c_size_t(20_000))


def of_ctypes() -> None:
    libc.malloc(ctypes.c_size_t(20_000))


def of_mapping() -> None:
    for _ in range(4):
        extension().lose_mapping()


def of_growing_mapping() -> None:
    region = kept[-1] if kept else None
    size = grown[0]
    grown[0] = size + mmap.PAGESIZE * 8
    if region is None:
        region = libc.mmap(None, ctypes.c_size_t(size), 3, 0x22, -1, ctypes.c_long(0))
    kept[:] = [
        libc.mremap(
            ctypes.c_void_p(region), ctypes.c_size_t(size), ctypes.c_size_t(grown[0]), 1, None
        )
    ]


def of_owner() -> None:
    """Owned by capsules: the list that keeps them is the leak, not the library."""
    for _ in range(60):
        owners.append(extension().owned())


libc = ctypes.CDLL(None)
libc.malloc.restype = libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
library = ctypes.CDLL(sys.argv[2]) if len(sys.argv) > 2 else libc
kept: list[int] = []
grown = [mmap.PAGESIZE * 8]
owners: list[object] = []


def main() -> None:
    """Calls the function of the command line a hundred times a second."""
    function: Callable[[], None] = globals()[sys.argv[1]]
    stop = time.monotonic() + SECONDS
    while time.monotonic() < stop:
        function()
        time.sleep(0.01)


main()
