"""Runs the sessions of a page of the docs as if they stood in a program `app.py`: its path, and what differs."""

from __future__ import annotations

import doctest
import sys
from typing import Any

page, program = sys.argv[1:]
space = vars(sys.modules["__main__"])


def compiled(source: str, filename: str, *more: Any) -> Any:
    """With a file's name: an example of doctest has one that no report shows."""
    return compile(source, program, *more)


doctest.compile = compiled  # type: ignore[attr-defined]
with open(page, encoding="utf-8") as file:
    test = doctest.DocTestParser().get_doctest(file.read(), {}, page, page, 0)
# Its own, so that variables are those of a module.
test.globs = space
space["__file__"] = program
failed, tried = doctest.DocTestRunner().run(test, clear_globs=False)
print("%d examples, %d failed" % (tried, failed))
sys.exit(failed > 0 or tried < 40)
