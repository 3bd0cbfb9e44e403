"""Stacks of Python that the recording takes without the recorder: of what is followed for a few calls only."""

import linecache
from types import CodeType, FrameType
from typing import Optional, Sequence, Tuple

MOST_PLACES = 100
MOST_FRAMES = 64

Line = Tuple[CodeType, int]
"""A line that runs: the code, and the number."""


def of(frame: "Optional[FrameType]", until: str, line: int = 0) -> "list[Line]":
    """The lines of a frame and of those that called it, innermost first, as far as the first one in the file `until`.
    `line` is the frame's own where it is another than that which runs."""
    stack: "list[Line]" = []
    while frame is not None and frame.f_code.co_filename != until and len(stack) < MOST_FRAMES:
        stack.append((frame.f_code, line or frame.f_lineno or 0))
        frame, line = frame.f_back, 0
    return stack


def described(stack: "Sequence[Line]") -> "list[tuple[str, str, int, str]]":
    """File, function, line and its text, of each line."""
    return [_described(code, number) for code, number in stack]


def _described(code: CodeType, number: int) -> "tuple[str, str, int, str]":
    name = getattr(code, "co_qualname", code.co_name)
    text = linecache.getline(code.co_filename, number).strip()
    return code.co_filename, name, number, text[:200]
