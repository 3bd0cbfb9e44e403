# /// not-leak
# ///
"""Attributes of modules and instances that are computed at first use, then found again."""

import functools
import sys
import time

THIS = sys.modules[__name__]


class Settings:
    @functools.cached_property
    def table(self):
        return {n: "value %d" % n for n in range(2000)}


SETTINGS = [Settings() for _ in range(30)]


def translations(language):
    name = "translations_%d" % language
    if not hasattr(THIS, name):
        setattr(THIS, name, {n: "text %d in %d" % (n, language) for n in range(2000)})
    return getattr(THIS, name)


def main():
    begin = time.monotonic()
    while time.monotonic() < begin + 10:
        seen = min(29, int((time.monotonic() - begin) * 10))
        assert translations(seen)[5]
        assert SETTINGS[seen].table[7]
        time.sleep(0.02)


main()
