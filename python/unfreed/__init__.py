"""Finds memory leaks in Python programs and explains them. The command is `unfreed run app.py`.

Importing this package costs next to nothing: every recorded program does it.
"""

__version__ = "0.1.0"

__all__ = ["__version__", "snapshot"]

TYPE_CHECKING = False  # As `typing` has it, without importing `typing` into every program.
if TYPE_CHECKING:
    import os

    from unfreed._heap import Snapshot


def snapshot(path: "str | os.PathLike[str] | None" = None) -> "Snapshot":
    """Writes a snapshot of the whole heap of this process, for `unfreed heap FILE` to ask.

    `path` is the file, written over if it is there; without it, `heap-PID.unfreed` (then
    `heap-PID-2.unfreed`, …) in the current folder. The program stands still for about 0.3 µs an object.
    Nothing of it changes: no reference count, no `__dict__`, no state of the collector.

    Raises `OSError` when the file cannot be written, and `RuntimeError` when there is no snapshot: a
    collection is in progress, too little memory is left, or the interpreter is unknown.

    >>> taken = unfreed.snapshot("now.unfreed")
    >>> taken.objects > 1000
    True
    """
    from unfreed import _heap

    return _heap.snapshot(path)
