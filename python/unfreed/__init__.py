"""Finds memory leaks in Python programs and explains them. The command is `unfreed run app.py`.

Importing this package costs next to nothing: every recorded program does it.
"""

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "census",
    "cycles",
    "diff",
    "duplicates",
    "expect_dead",
    "follow",
    "garbage",
    "get_objects",
    "get_referents",
    "get_referrers",
    "growth",
    "instances",
    "mark",
    "memory_usage",
    "no_leaks",
    "paths",
    "profile",
    "referents",
    "referrers",
    "resources",
    "retained",
    "show_held",
    "show_holders",
    "sizeof",
    "snapshot",
    "suspects",
    "track",
    "trim",
    "watch",
    "why_alive",
]

TYPE_CHECKING = False  # As `typing` has it, without importing `typing` into every program.
if TYPE_CHECKING:
    import os
    from typing import Any, Callable, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])

    from unfreed._dead import ExpectDead
    from unfreed._follow import Following
    from unfreed._heap import Snapshot
    from unfreed._live import (
        census,
        cycles,
        diff,
        duplicates,
        garbage,
        get_objects,
        get_referents,
        get_referrers,
        growth,
        instances,
        memory_usage,
        paths,
        referents,
        referrers,
        retained,
        show_held,
        show_holders,
        sizeof,
        suspects,
        trim,
        why_alive,
    )
    from unfreed._no_leaks import NoLeaks
    from unfreed._resources import resources
    from unfreed._track import Track
    from unfreed._watch import Watch


def snapshot(path: "str | os.PathLike[str] | None" = None, fork: bool = False) -> "Snapshot":
    """Writes a snapshot of the whole heap of this process, for `unfreed heap FILE` to ask.

    `path` is the file, written over if it is there; without it, `heap-PID.unfreed` (then
    `heap-PID-2.unfreed`, …) in the current folder. The program stands still for about 0.3 µs an object.
    Nothing of it changes: no reference count, no `__dict__`, no state of the collector. It may be called from
    any thread, from `__del__` and from signal handlers; as everything that imports, not there for the first time.

    With `fork`, for huge heaps, a copy of the process takes it: the program stands still for the fork alone, about
    0.1 s for each GiB, and other threads go on until the call returns with the file written. Where there is too little
    memory for a copy it is taken in place, and a `RuntimeWarning` says so.

    Raises `OSError` when the file cannot be written, and `RuntimeError` when there is no snapshot: a
    collection is in progress, too little memory is left, or the interpreter is unknown.

    >>> taken = unfreed.snapshot("now.unfreed")
    >>> taken.objects > 1000
    True
    """
    from unfreed import _heap

    return _heap.snapshot(path, fork)


def no_leaks(rounds: "int | None" = None) -> "NoLeaks":
    """Lets nothing be left behind, by a function that is called again and again or by a block.

    As a decorator, each call of the function is followed by more with the same arguments, in warm-up and then
    measured rounds (their number may be fixed); when every call leaves something behind, `LeakError` (an
    `AssertionError`) says what, who holds it and where it was made.

    As a context manager, the block runs once, and may not leave behind descriptors, threads or objects of classes of
    yours, except what local variables lead to.

    >>> @unfreed.no_leaks()
    ... def test_sessions(): ...
    >>> with unfreed.no_leaks():
    ...     serve_one_request()
    """
    from unfreed._no_leaks import NoLeaks

    return NoLeaks(rounds)


def mark(name: str) -> None:
    """Names this moment in the recording of this process; does nothing in one that is not recorded.

    The report lists marks among its notes, with the seconds since the start of the recording, and plots of memory over
    time show them.

    >>> unfreed.mark("warm")
    """
    from unfreed import _native

    _native._mark(name)


def track() -> "Track":
    """Says what a block of code, or each call of a function, allocates, keeps and frees, by site, to the byte.

    As a context manager it gives a `Tracked`, filled when the block ends; as a decorator it keeps the newest one in the
    attribute `tracked` of the function; generator functions and coroutine functions count with their whole life. Every
    allocation of Python's allocators in all threads counts; the code runs two to three times as long. Parts may be
    nested.

    Where this process is recorded already (`unfreed run`) or cannot be, the code runs as always, standard error says so
    once, and only figures that are asked for raise `RuntimeError`. Raises `TypeError` for an async generator, a class, a
    `classmethod` or a `staticmethod`.

    >>> with unfreed.track() as tracked:
    ...     rows = [str(number) for number in range(1000)]
    >>> print(tracked)
    """
    from unfreed._track import Track

    return Track()


def follow() -> "Following":
    """Follows every allocation from here on, so that `census`, `growth` and `diff` can tell by `site` which lines made what is
    alive, and `resources` which lines opened what is open. What is older has no line.

    The program takes two to three times as long until `stop()` of what this returns, or the end of the block. Forked
    children are not followed. Where `unfreed run` records this process, its lines are there already and this does
    nothing.

    Raises `RuntimeError` where the interpreter cannot be followed.

    >>> following = unfreed.follow()
    >>> rows = load()
    >>> print(unfreed.census(by="site"))
    >>> following.stop()
    """
    from unfreed._follow import Following

    return Following()


def watch(cls: type) -> "Watch":
    """Follows the instances of a class: how many are alive, who made them, which came and went between two looks.

    Neither the class nor its instances are touched or kept alive. Every allocation is followed until `stop()`, or the end
    of the block: the program takes two to three times as long. Subclasses count.

    Raises `RuntimeError` when this process is recorded already (`unfreed run`) or cannot be, and `TypeError` for what is
    no class.

    >>> with unfreed.watch(Session) as watched:
    ...     serve_requests()
    ...     print(watched.look())
    """
    from unfreed._watch import Watch

    return Watch(cls)


def profile(function: "Function") -> "Function":
    """Tells line by line what a function allocates, frees and keeps, from every real allocation.

    A decorator for functions, generator functions and coroutine functions. The table goes to standard error when the
    program ends; until then the attribute `profile` of the function has it (`repr`, `lines`, `to_dict`). A line counts
    with all that it calls; nested functions and comprehensions have lines of their own.

    In a process that `unfreed run` records already the function runs as always, and standard error says so once. Raises
    `TypeError` for what has no lines to tell of, and for an async generator, a class, a `classmethod` or a
    `staticmethod`: decorate the function in it.

    >>> @unfreed.profile
    ... def load(path): ...
    """
    from unfreed import _profile

    return _profile.profile(function)


def expect_dead(*values: object) -> "ExpectDead":
    """Objects that have to be gone when a block ends; else `StillAlive` (an `AssertionError`) says who holds them.

    >>> with unfreed.expect_dead(session):
    ...     session.close()
    ...     del session
    """
    from unfreed._dead import ExpectDead

    return ExpectDead(*values)


def load_ipython_extension(ipython: object) -> None:
    """`%load_ext unfreed`: the magics `%unfreed`, `%memit` and `%mprun`, and those of cells with `%%`."""
    from unfreed import _magics

    _magics.register(ipython)


def __dir__() -> "list[str]":
    """With the questions that `__getattr__` brings."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    """Questions to the living heap come from `unfreed._live` when the first of them is asked."""
    if name not in __all__:
        raise AttributeError("module 'unfreed' has no attribute %r" % name)
    if name == "resources":
        # Apart: it imports what has resources, which a program without them is spared.
        from unfreed import _resources

        return _resources.resources
    from unfreed import _live

    return getattr(_live, name)
