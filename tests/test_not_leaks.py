"""Programs whose memory grows for a while, goes up and down, or is large, and that have no leak."""

from __future__ import annotations

import pytest

from programs.expectations import complaints_about_no_leak, show
from programs.headers import Program, programs_in
from programs.runs import Pool


@pytest.mark.parametrize("program", programs_in("not_leaks"), ids=lambda program: program.name)
def test_nothing_is_called_a_leak(program: Program, pool: Pool) -> None:
    outcome = pool.outcome(program.run())
    assert outcome.returncode == 0, str(outcome)
    complaints = complaints_about_no_leak(program, outcome)
    if complaints:
        outcome = pool.outcome_alone(program.run())
        complaints = complaints_about_no_leak(program, outcome)
    assert not complaints, show(outcome, complaints)
