"""Objects whose blocks come from free lists: each tick some are made and dropped by `temporary`, then as many are made
by `keep`, which gets the blocks of those.

    python free_lists.py SECONDS
"""

from __future__ import annotations

import contextvars
import sys
import time
from typing import Any, Callable

AT_ONCE = 12
"""Objects of each kind in a tick: fewer than any free list holds, but for those that hold one."""


class Owner:
    def method(self) -> None: ...


async def letters() -> Any:
    yield "a"


OWNER = Owner()
MAKERS: dict[str, Callable[[int], object]] = {
    "float": lambda number: number * 1.5,
    "int": lambda number: number + (1 << 29),
    "tuple": lambda number: (number, None),
    "list": lambda number: [None, None],
    "dict": lambda number: {number: None},
    "slice": lambda number: slice(number),
    "range": lambda number: range(number, number + 9),
    "range_iterator": lambda number: iter(range(9)),
    "list_iterator": lambda number: iter(MADE),
    "tuple_iterator": lambda number: iter(PAIR),
    "method": lambda number: OWNER.method,
    "builtin": lambda number: MADE.append,
    "context": lambda number: contextvars.copy_context(),
    "frame": lambda number: sys._getframe(),
    "asend": lambda number: letters().asend(None),
    "coroutine": lambda number: letters().__anext__(),
}
KEPT: dict[str, list[object]] = {kind: [] for kind in MAKERS}
MADE: list[object] = [None]
PAIR = (None, None)


def temporary(maker: Callable[[int], object]) -> None:
    made = [maker(number) for number in range(AT_ONCE)]
    del made


def keep(maker: Callable[[int], object], store: list[object]) -> None:
    for number in range(AT_ONCE):
        store.append(maker(number))


def main() -> None:
    stop = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < stop:
        for kind, maker in MAKERS.items():
            temporary(maker)
            keep(maker, KEPT[kind])
        time.sleep(0.005)


main()
