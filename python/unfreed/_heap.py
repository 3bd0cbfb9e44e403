"""Snapshots of this process, on demand."""

import os
import site
import warnings
from typing import NamedTuple

from unfreed import _native
from unfreed._columns import buffers


class Snapshot(NamedTuple):
    """A snapshot that was written to a file."""

    path: str
    """The file: `unfreed heap FILE` answers questions about it."""
    objects: int
    """How many objects there are."""
    references: int
    """How many references they hold."""
    bytes: int
    """Bytes of all objects, headers and buffers included."""
    pause_seconds: float
    """How long the program stood still."""


def snapshot(path: "str | os.PathLike[str] | None" = None, fork: bool = False) -> Snapshot:
    """See `unfreed.snapshot`."""
    file = _free_name() if path is None else os.fspath(path)
    stdlib = [os.path.dirname(os.__file__)]
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
    taken = _native._snapshot(file, stdlib, _site_folders(), own, fork, buffers())
    objects, references, occupied, pause_seconds, not_forked = taken
    if not_forked is not None:
        # By default Python shows it once for each line that asks.
        warnings.warn("the snapshot was taken in place: %s" % not_forked, RuntimeWarning, stacklevel=3)
    return Snapshot(file, objects, references, occupied, pause_seconds)


def _free_name() -> str:
    name = "heap-%d.unfreed" % os.getpid()
    number = 1
    while os.path.exists(name):
        number += 1
        name = "heap-%d-%d.unfreed" % (os.getpid(), number)
    return name


def _site_folders() -> "list[str]":
    folders = list(site.getsitepackages())
    if site.ENABLE_USER_SITE and site.USER_SITE:
        folders.append(site.USER_SITE)
    return folders
