"""`pytest --unfreed`: repeats every test that passes, and fails those that leave something behind with every run.

The one part of unfreed that imports pytest. Without the option it adds its marks and fixtures and stays out of the
way. How a test is repeated is in `repetition.py`, what its marks ask for in `wishes.py`, what is judged in
`unfreed._screen` and `unfreed._recorded`.
"""

from __future__ import annotations

import pytest

from unfreed.pytest_plugin import wishes
from unfreed.pytest_plugin.fixtures import EXPECTED_DEAD, expect_dead, unfreed

__all__ = ["expect_dead", "unfreed"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options.

    Those with a value are options of their own: an optional value would swallow the path in
    `pytest --unfreed tests`.
    """
    group = parser.getgroup("unfreed", "memory leaks")
    modes = {
        "--unfreed": ("all", "repeat every test that passes, and fail those that leak"),
        "--unfreed=session": ("session", "run the suite once, and say what its tests leave behind"),
        "--unfreed=marked": ("marked", "the same for tests marked with @pytest.mark.unfreed only"),
    }
    for name, (mode, text) in modes.items():
        group.addoption(name, dest="unfreed", action="store_const", const=mode, help=text)
    group.addoption(
        "--unfreed-longest",
        dest="unfreed_longest",
        type=float,
        default=3.0,
        metavar="SECONDS",
        help="a test that takes longer is not repeated unless it is marked (default: 3)",
    )
    group.addoption(
        "--unfreed-baseline",
        dest="unfreed_baseline",
        metavar="FILE",
        help="known leaks, which do not fail a test",
    )
    group.addoption(
        "--unfreed-write-baseline",
        dest="unfreed_write_baseline",
        metavar="FILE",
        help="write down the leaks that are found",
    )
    parser.addini(
        "unfreed_allow",
        "leaks that are known: ids, or regular expressions for what the report says",
        type="linelist",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marks, and what repeats tests if that is asked for."""
    for line in wishes.MARKS:
        config.addinivalue_line("markers", line)
    mode = config.getoption("unfreed", None)
    if mode == "session":
        from unfreed.pytest_plugin.session import Session

        config.pluginmanager.register(Session(config), "unfreed-session")
    elif mode is not None:
        from unfreed.pytest_plugin.examination import Examiner

        config.pluginmanager.register(Examiner(config, mode), "unfreed-examiner")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> object:
    """Looks for what should be gone, once everything of the test is."""
    result = yield
    expected = item.stash.get(EXPECTED_DEAD, None)
    if expected:
        if isinstance(item, pytest.Function):
            # pytest keeps the values of fixtures for a moment longer.
            item._initrequest()
        alive = [text for one in expected for text in [one.why_alive()] if text is not None]
        expected.clear()
        if alive:
            pytest.fail("\n\n".join(alive), pytrace=False)
    return result
