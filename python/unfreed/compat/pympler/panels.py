"""Pympler's panel for Django's debug toolbar has no counterpart."""

from typing import Any, NoReturn


class MemoryPanel:
    """Cannot be made: raises `NotImplementedError`, which says what to use instead."""

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises `NotImplementedError`."""
        raise NotImplementedError(
            "unfreed has no panel for Django's debug toolbar; `unfreed run` follows requests of a server, and "
            "`classtracker.ClassTracker` counts the objects of a model"
        )
