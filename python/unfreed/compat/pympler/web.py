"""Pympler's web pages have no counterpart that runs in the program: unfreed writes its report as a page of its own."""

from typing import Any, NoReturn

_INSTEAD = (
    "unfreed has no web server in the program. `unfreed run --html report.html app.py` writes a page with what leaks "
    "and why; in the program, `unfreed.garbage()`, `unfreed.resources()` and `classtracker_stats.HtmlStats` tell what "
    "the pages did."
)


def start_profiler(
    host: str = "localhost",
    port: int = 8090,
    tracker: Any = None,
    stats: Any = None,
    debug: bool = False,
    **kwargs: Any,
) -> NoReturn:
    """Raises `NotImplementedError`, which says what to use instead."""
    raise NotImplementedError(_INSTEAD)


def start_in_background(**kwargs: Any) -> NoReturn:
    """Raises `NotImplementedError`, which says what to use instead."""
    raise NotImplementedError(_INSTEAD)
