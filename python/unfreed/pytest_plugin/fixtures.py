"""The fixtures that tests may ask for, with or without `--unfreed`."""

from __future__ import annotations

from typing import Callable

import pytest

from unfreed._dead import ExpectDead, Expected

EXPECTED_DEAD = pytest.StashKey["list[Expected]"]()
"""What has to be gone when the test has ended."""


class Unfreed:
    """The fixture `unfreed`: what the module of this name offers to blocks of code in a test."""

    def no_leaks(self) -> object:
        """A block that may leave nothing of yours behind: `with unfreed.no_leaks():`."""
        from unfreed._no_leaks import NoLeaks

        return NoLeaks()

    def expect_dead(self, *values: object) -> ExpectDead:
        """A block at whose end the objects have to be gone: `with unfreed.expect_dead(session):`."""
        return ExpectDead(*values)


@pytest.fixture
def unfreed() -> Unfreed:
    """Checks blocks of code: `with unfreed.no_leaks():`."""
    return Unfreed()


@pytest.fixture
def expect_dead(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Says that an object has to be gone when the test has ended: `expect_dead(session)`."""
    stash = request.node.stash

    def expect(*values: object) -> None:
        stash.setdefault(EXPECTED_DEAD, []).extend(Expected(value) for value in values)

    return expect
