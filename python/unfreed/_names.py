"""Names that the interpreter itself keeps alive: lets go of those in its cache of attributes, counts those that are
interned for ever.

Up to 3.12, each look-up of an attribute by C code under a name of its own (`PyObject_GetAttrString`) leaves that name
in the cache: a few blocks with every call, until its 4096 entries are taken. That looks like a leak for long.
"""

import sys
from typing import Callable, Optional

_clear: "Optional[Callable[[], object]]" = None
if sys.version_info < (3, 13):
    _clear = getattr(sys, "_clear_type_cache", None)


def let_go() -> None:
    """Empties that cache; it fills again as attributes are looked up."""
    if _clear is not None:
        _clear()


def interned_for_ever() -> int:
    """Strings that nothing will ever free: 3.12 keeps each that is interned, such as parts of paths."""
    if sys.version_info[:2] != (3, 12):
        return 0
    count: int = sys.getunicodeinternedsize()  # type: ignore[attr-defined,unused-ignore]
    return count
