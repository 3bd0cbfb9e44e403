"""Objects that have to be gone: `unfreed.expect_dead`."""

import gc
import weakref
from typing import Optional

from unfreed._classes import full_name
from unfreed._holders import held_by


class StillAlive(AssertionError):
    """An object that should be gone is not; the message says who holds it."""


class Expected:
    """An object that should be gone when it is asked for, without being held."""

    def __init__(self, value: object) -> None:
        self._kind = full_name(type(value))
        try:
            self._reference = weakref.ref(value)
        except TypeError:
            raise TypeError(
                "a %s cannot be watched, since it takes no weak references; watch the object that holds it"
                % self._kind
            ) from None

    def why_alive(self) -> Optional[str]:
        """`None` when it is gone, else what holds it. The collector gets its chance before."""
        while self._reference() is not None and gc.collect() > 0:
            pass
        value = self._reference()
        if value is None:
            return None
        path = held_by(value)
        if path is None:
            path = "nothing that Python can see: C code, or a running function that lost its frame"
        return "%s is still alive\nheld by  %s" % (self._kind, path)


class ExpectDead:
    """What `unfreed.expect_dead` returns: a block at whose end the objects have to be gone."""

    def __init__(self, *values: object) -> None:
        self._expected = [Expected(value) for value in values]

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: Optional[type], *_: object) -> None:
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raises `StillAlive` when one of them is alive."""
        alive = [text for one in self._expected for text in [one.why_alive()] if text is not None]
        if alive:
            raise StillAlive("\n\n".join(alive))
