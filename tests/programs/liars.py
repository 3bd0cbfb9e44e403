"""Objects that raise wherever they are asked, for tests that nobody asks them."""

from __future__ import annotations

from typing import Any


class Liar:
    """Raises wherever it is asked."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise RuntimeError("class")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __len__(self) -> int:
        raise RuntimeError("len")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    def __sizeof__(self) -> int:
        raise RuntimeError("sizeof")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("getattr")


class LyingDict(Liar, dict):  # type: ignore[type-arg,misc]
    """A dict that does, too."""

    def keys(self) -> Any:
        raise RuntimeError("keys")


class LyingMeta(type):
    """Makes classes that do."""

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(cls) -> int:
        raise RuntimeError("hash")

    def __repr__(cls) -> str:
        raise RuntimeError("repr")

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("name")

    @property
    def __flags__(cls) -> int:  # type: ignore[override]
        raise RuntimeError("flags")

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(name)


Lying = LyingMeta("Lying", (), {"__module__": "lies"})
