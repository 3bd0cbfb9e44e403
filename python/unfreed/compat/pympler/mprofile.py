"""How many bytes all objects have when functions are called and return."""

import __main__
import sys
from types import FrameType
from typing import Any, Optional

from unfreed.compat.pympler import muppy

Codepoint = tuple[Optional[str], Optional[str], Optional[int]]
"""File, function and line; `None` stands for any."""


class MProfiler:
    """Measures at the `codepoints` and `events` (`call`, `return`, …) that are given, or at all.

    `memories` has for each place `[number of measurements, the least bytes, the most]`. Every measurement looks at the
    whole heap: `unfreed.profile` tells what lines allocate, at much less cost.
    """

    def __init__(
        self, codepoints: "Optional[list[Codepoint]]" = None, events: "Optional[list[str]]" = None
    ) -> None:
        self.memories: dict[Codepoint, list[int]] = {}
        self.codepoints = codepoints
        self.events = events

    def codepoint_included(self, codepoint: Codepoint) -> bool:
        """Whether a place is one of those to measure at."""
        if self.codepoints is None:
            return True
        return any(
            all(wanted is None or wanted == there for wanted, there in zip(one, codepoint)) for one in self.codepoints
        )

    def profile(self, frame: FrameType, event: str, arg: Any) -> None:
        """What `sys.setprofile` calls."""
        if self.events is not None and event not in self.events:
            return
        code = frame.f_code
        codepoint: Codepoint = (code.co_filename, code.co_name, code.co_firstlineno)
        if not self.codepoint_included(codepoint):
            return
        size = muppy.get_size(muppy.get_objects())
        number, least, most = self.memories.get(codepoint, [0, size, size])
        self.memories[codepoint] = [number + 1, min(least, size), max(most, size)]

    def run(self, cmd: str) -> "MProfiler":
        """Executes statements as `__main__` would, and measures. What profiled before goes on afterwards."""
        before = sys.getprofile()
        sys.setprofile(self.profile)
        try:
            exec(cmd, __main__.__dict__)
        finally:
            sys.setprofile(before)
        return self
