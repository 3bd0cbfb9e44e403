"""Seconds as they pass, also in a test that has frozen the clocks of `time`."""

import time


class _Kept:
    # Tools that freeze time replace names of modules; those of a class they let be.
    now = staticmethod(time.perf_counter)


def seconds() -> float:
    """Seconds since some moment, with fractions."""
    return _Kept.now()
