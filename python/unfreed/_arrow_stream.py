"""Where the buffers of an Arrow C stream are: reads the structs of the specification (arrow.apache.org/docs/format,
"C data interface" and "C stream interface"), copies nothing, and releases what it was given."""

import ctypes
from collections.abc import Iterator
from typing import Any

Range = tuple[int, int]
"""Start and length of a buffer, in bytes."""


class Unreadable(ValueError):
    """A stream of a format that is not known here, or one that fails."""


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)),
    ("get_last_error", ctypes.c_void_p),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]

# Bits of one value.
_WIDTHS = {
    "b": 1, "c": 8, "C": 8, "s": 16, "S": 16, "i": 32, "I": 32, "l": 64, "L": 64, "e": 16, "f": 32, "g": 64,
    "tdD": 32, "tdm": 64, "tts": 32, "ttm": 32, "ttu": 64, "ttn": 64, "tiM": 32, "tiD": 64, "tin": 128,
}  # fmt: skip
# Bytes of an offset: of texts and bytes, of lists.
_TEXTS = {"u": 4, "z": 4, "U": 8, "Z": 8}
_LISTS = {"+l": 4, "+L": 8}
_VIEW = 16


def ranges(capsule: Any) -> "list[Range]":
    """The buffers of all arrays of the stream. Raises `Unreadable`."""
    stream = _Stream.from_address(_pointer_of(capsule, b"arrow_array_stream"))
    schema = _Schema()
    found: list[Range] = []
    if stream.get_schema(ctypes.addressof(stream), ctypes.addressof(schema)) != 0:
        raise Unreadable("no schema")
    try:
        while True:
            array = _Array()
            if stream.get_next(ctypes.addressof(stream), ctypes.addressof(array)) != 0:
                raise Unreadable("no array")
            if not array.release:
                return found
            try:
                found += _of_array(schema, array)
            finally:
                array.release(ctypes.addressof(array))
    finally:
        if schema.release:
            schema.release(ctypes.addressof(schema))


def _of_array(schema: Any, array: Any) -> "Iterator[Range]":
    lengths = _lengths(schema.format.decode(), array)
    for index, length in enumerate(lengths):
        address = array.buffers[index] if index < array.n_buffers else None
        if address and length > 0:
            yield address, length
    for index in range(array.n_children):
        yield from _of_array(schema.children[index].contents, array.children[index].contents)
    if array.dictionary:
        yield from _of_array(schema.dictionary.contents, array.dictionary.contents)


def _lengths(format_: str, array: Any) -> "list[int]":
    """Bytes of each buffer of an array."""
    values = array.offset + array.length
    nulls = (values + 7) // 8
    kind, _, parameter = format_.partition(":")
    if kind == "n":
        return []
    if kind in _TEXTS:
        width = _TEXTS[kind]
        return [nulls, (values + 1) * width, _offset(array, width, values)]
    if kind in ("vu", "vz"):
        return [nulls, values * _VIEW, *_behind_views(array)]
    if kind in _LISTS:
        return [nulls, (values + 1) * _LISTS[kind]]
    if kind in ("+s", "+w"):
        return [nulls]
    return [nulls, (values * _bits(kind, parameter) + 7) // 8]


def _bits(kind: str, parameter: str) -> int:
    if kind == "w":
        return 8 * int(parameter)
    if kind == "d":
        parts = parameter.split(",")
        return int(parts[2]) if len(parts) > 2 else 128
    bits = _WIDTHS.get(kind, 64 if kind.startswith(("ts", "tD")) else 0)
    if bits == 0:
        raise Unreadable(kind)
    return bits


def _offset(array: Any, width: int, index: int) -> int:
    if not array.buffers[1]:
        return 0
    number = ctypes.c_int32 if width == 4 else ctypes.c_int64
    return int(number.from_address(array.buffers[1] + index * width).value)


def _behind_views(array: Any) -> "list[int]":
    """The buffers of long texts, whose lengths the last buffer has, and that one."""
    count = max(0, array.n_buffers - 3)
    lengths = array.buffers[array.n_buffers - 1]
    if count == 0 or not lengths:
        return []
    return [*(ctypes.c_int64 * count).from_address(lengths), 8 * count]
