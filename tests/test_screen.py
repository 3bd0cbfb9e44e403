"""Whether code grows with its runs: the cheap look of `unfreed._screen`, which decides what is worth judging."""

from __future__ import annotations

from typing import Callable

import pytest

from unfreed._screen import grows


def swinging(period: int, loses_every: int = 0) -> Callable[[], None]:
    """Code that keeps more and more, and lets go of it after so many runs; maybe but for one object now and then."""
    pool: list[bytearray] = []
    lost: list[object] = []
    runs = 0

    def run() -> None:
        nonlocal runs
        runs += 1
        pool.append(bytearray(100))
        if len(pool) == period:
            pool.clear()
        if loses_every and runs % loses_every == 0:
            lost.append(object())

    return run


@pytest.mark.parametrize("period", [1, 4, 9, 20, 28])
def test_what_goes_up_and_down_does_not_grow(period: int) -> None:
    assert grows(swinging(period), None) is None


@pytest.mark.parametrize("period", [4, 9, 20, 28])
@pytest.mark.parametrize("loses_every", [1, 4, 10])
def test_what_goes_up_and_down_hides_no_loss(period: int, loses_every: int) -> None:
    assert grows(swinging(period, loses_every), None) is not None


def test_what_was_built_up_and_torn_down_at_the_start_hides_no_loss() -> None:
    start = [bytearray(100) for _ in range(500)]
    swings = swinging(20, 5)
    runs = 0

    def run() -> None:
        nonlocal runs
        runs += 1
        if 3 < runs < 10:
            del start[-30:]
        swings()

    assert grows(run, None) is not None
