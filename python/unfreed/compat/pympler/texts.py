"""How Pympler writes bytes, seconds and objects: what it has in `util.stringutils`."""

from typing import Any, Optional, Union

_UNITS = ("KB", "MB", "GB", "TB")
_REPRESENTED = 0.8
"""The share of a shortened text that is its beginning."""


def safe_repr(obj: Any, clip: Optional[int] = None) -> str:
    """Its `repr`, of at most `clip` characters, with the middle left out; `N/A` when that raises.

    >>> safe_repr('x' * 300, clip=20)
    "'xxxxxxxxxxxxxxx..x'"
    """
    try:
        text = repr(obj)
    except Exception:
        return "N/A"
    if not clip or len(text) <= clip:
        return text
    head = int(clip * _REPRESENTED)
    tail = clip - 2 - head
    return text[:head] + ".." + (text[-tail:] if tail > 0 else "")


def trunc(obj: str, max: int, left: bool = False) -> str:
    """A text of at most `max` characters; what is too long ends, or with `left` begins, with `...`."""
    text = str(obj)
    if len(text) <= max:
        return text
    kept = max - 3
    return "..." + text[len(text) - kept :] if left else text[:kept] + "..."


def pp(i: Union[int, float], base: int = 1024) -> str:
    """Bytes, ten characters wide. Numbers below zero are never scaled.

    >>> pp(5000), pp(5)
    ('   4.88 KB', '   5     B')
    """
    if i <= base:
        return "%4d     B" % i
    value = float(i)
    unit = ""
    for unit in _UNITS:
        value /= base
        if value <= base:
            break
    return "%7.2f %s" % (value, unit)


def pp_timestamp(t: Optional[float]) -> str:
    """Seconds as `hours:minutes:seconds`; nothing for `None`.

    >>> pp_timestamp(3600.25)
    '01:00:00.25'
    """
    if t is None:
        return ""
    minutes, seconds = divmod(t, 60)
    hours, minutes = divmod(int(minutes), 60)
    return "%02d:%02d:%05.2f" % (hours, minutes, seconds)
