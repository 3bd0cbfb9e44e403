"""Starts the agent in a program that `unfreed run` launched.

`unfreed_boot.pth` imports this at the start of the interpreter, before any line of the program, when
the environment names a recording. Whatever goes wrong in here, the program runs on.
"""

import os
import sys

TYPE_CHECKING = False  # As `typing` has it, without importing `typing` into every program.
if TYPE_CHECKING:
    from collections.abc import Callable


def _start() -> None:
    from unfreed import _native

    refusal = _native._start_agent([os.path.dirname(os.__file__)], _site_folders())
    if refusal is not None:
        _say(refusal)
    elif _native._is_recording():
        _stop_at_exit(_native._stop_agent)
        os.register_at_fork(
            before=_native._before_fork,
            after_in_parent=_native._after_fork_in_parent,
            after_in_child=_after_fork_in_child,
        )


def _stop_at_exit(stop: "Callable[[], None]") -> None:
    """Registered before anything of the program, so it runs after everything of the program."""
    loaded = "atexit" in sys.modules
    import atexit

    atexit.register(stop)
    if not loaded and sys.version_info >= (3, 10):
        # What is registered belongs to the interpreter from 3.10 on, to the module before.
        del sys.modules["atexit"]


def _site_folders() -> "list[str]":
    """Folders of third-party packages. `site` is being imported and knows them by now."""
    site = sys.modules["site"]
    folders = list(site.getsitepackages())
    if site.ENABLE_USER_SITE and site.USER_SITE:
        folders.append(site.USER_SITE)
    return folders


def _after_fork_in_child() -> None:
    try:
        from unfreed import _native

        # Forks that only call exec are not worth a file; workers are, however short their lives.
        is_worker = "multiprocessing.util" in sys.modules
        refusal = _native._after_fork_in_child(is_worker)
        if refusal is not None:
            _say(refusal)
        elif is_worker:
            _stop_with_multiprocessing()
    except Exception as error:
        _say(f"{type(error).__name__}: {error}")


def _stop_with_multiprocessing() -> None:
    """Children forked by multiprocessing leave through `os._exit`, past `atexit`.

    They run the finalizers of `multiprocessing.util` instead, after forgetting those they inherited;
    so this asks to be called once they have. Their own forks inherit the request.
    """
    global _asked_multiprocessing
    if not _asked_multiprocessing:
        from multiprocessing import util

        util.register_after_fork(_add_finalizer, _call)
        _asked_multiprocessing = True


_asked_multiprocessing = False


def _call(function: "Callable[[], None]") -> None:
    function()


def _add_finalizer() -> None:
    from multiprocessing import util

    from unfreed import _native

    # The least of all priorities in use: after every finalizer of the program.
    util.Finalize(None, _native._stop_agent, exitpriority=-1000)


def _say(reason: str) -> None:
    message = f"unfreed: {reason}; the program runs without it\n"
    try:
        os.write(2, message.encode("utf-8", "replace"))
    except OSError:
        pass


def _boot() -> None:
    problem: "str | None" = None
    try:
        _start()
    except ImportError as error:
        if error.name == "unfreed._native":
            problem = "the unfreed on this path was installed for another version of Python"
        elif "interpreter" not in str(error):
            problem = str(error)
        # Else a second interpreter in the process: the first one's agent sees its allocations.
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    if problem is not None:
        _say(problem)


_boot()
