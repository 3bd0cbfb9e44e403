"""Pictures of chains of holders: as `unfreed heap FILE picture` draws them."""

import os
from typing import TYPE_CHECKING, Any, Optional

from unfreed import _drawings
from unfreed._answers import Picture
from unfreed._drawings import Box, Colour, Reference, Text

if TYPE_CHECKING:
    from unfreed._answers import Chain, Row

_INK: Colour = (0x1F, 0x29, 0x33)
_SOFT: Colour = (0x52, 0x60, 0x6D)
_LINES: Colour = (0x9A, 0xA5, 0xB1)
_WHITE: Colour = (0xFF, 0xFF, 0xFF)
_FOCUS: Colour = (0x1D, 0x4E, 0x89)
_ROOT: Colour = (0xE4, 0xE7, 0xEB)
_ALARM: Colour = (0xC0, 0x24, 0x1F)
_ALARM_PALE: Colour = (0xFD, 0xEC, 0xEA)
#: Letters of a name and of a reference's label.
_NAME, _LABEL = 44, 26
#: Steps that are drawn of a longer chain, half of them from each end.
_STEPS = 24


def drawn(chain: "Chain", path: "str | os.PathLike[str] | None") -> Picture:
    """See `Chain.draw`."""
    boxes, references = _graph(chain)
    title = _cut(str(chain), 3 * _NAME)
    if path is not None:
        form = "png" if os.fspath(path).lower().endswith(".png") else "svg"
        with open(path, "wb") as file:
            file.write(_drawings.graph(boxes, references, form, title))
    return Picture(_drawings.graph(boxes, references, "svg", title).decode())


def _graph(chain: "Chain") -> "tuple[list[Box], list[Reference]]":
    steps: "list[Optional[Row]]" = list(chain.steps)
    if len(steps) > _STEPS:
        # The middle of a long list says the same again and again.
        steps[_STEPS // 2 : -_STEPS // 2] = [None]
    left_out = len(chain.steps) - _STEPS
    boxes = [_box(step, step is steps[-1], left_out) for step in steps]
    references = [
        _reference(number, step, steps[number + 1]) for number, step in enumerate(steps[:-1])
    ]
    if boxes and chain.root:
        boxes[0].lines.append(Text(_cut(chain.root, _NAME), boxes[0].lines[0].colour))
        if len(boxes) > 1:
            boxes[0].fill = _ROOT
    return boxes or [Box([Text(_cut(repr(chain).split("\n")[-1].strip(), 3 * _NAME), _INK)], _WHITE, _LINES)], references


def _box(step: "Optional[Row]", is_asked: bool, left_out: int) -> Box:
    if step is None:
        return Box([Text("… %s more holders …" % format(left_out, ","), _SOFT)], _WHITE, _LINES)
    is_over = _is_over(step)
    fill = _FOCUS if is_asked else _ALARM_PALE if is_over else _WHITE
    lines = [Text(_cut(step["type_name"], _NAME), _WHITE if is_asked else _INK, strong=True)]
    if step["reason"]:
        lines.append(Text(_cut(step["reason"], _NAME), _WHITE if is_asked else _ALARM if is_over else _SOFT))
    return Box(lines, fill, _ALARM if is_over else _FOCUS if is_asked else _LINES, 2.0 if is_over else 1.2)


def _reference(number: int, step: "Optional[Row]", held: "Optional[Row]") -> Reference:
    label = _cut(step["reference"], _LABEL) if step is not None else ""
    is_suspect = step is not None and bool(step.get("suspect"))
    colour = _ALARM if is_suspect or _is_over(held) else _LINES
    return Reference(number, number + 1, label, colour, _INK, 2.0 if colour is _ALARM else 1.2)


def _is_over(step: "Optional[Any]") -> bool:
    return step is not None and step.get("over") == "yes"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
