"""What tests of the names people know have in common."""

from __future__ import annotations

import pytest
import unfreed


@pytest.fixture(autouse=True)
def nothing_is_free() -> None:
    """Many measure resident memory: what earlier tests freed, malloc would hand out again without any growth."""
    unfreed.trim()
