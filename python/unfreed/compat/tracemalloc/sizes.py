"""Sizes as tracemalloc prints them."""

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
"""Each 1024 of the one before."""


def format_size(size: float, sign: bool = False) -> str:
    """Bytes for people: `15.6 KiB`; with a sign where it is a difference."""
    plus = "+" if sign else ""
    for unit in UNITS:
        if unit != "B" and abs(size) < 100:
            return "%{}.1f %s".format(plus) % (size, unit)
        if abs(size) < 10 * 1024 or unit == UNITS[-1]:
            break
        size /= 1024
    return "%{}.0f %s".format(plus) % (size, unit)
