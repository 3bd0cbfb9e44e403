"""Every kind of leak that unfreed is to find: what grows, who holds it, which line made it, what to do."""

from __future__ import annotations

import pytest

from programs.expectations import complaints_about_leak, show
from programs.headers import Program, programs_in
from programs.runs import Pool


@pytest.mark.parametrize("program", programs_in("leaks"), ids=lambda program: program.name)
def test_leak_is_found_and_explained(program: Program, pool: Pool) -> None:
    outcome = pool.outcome(program.run())
    assert outcome.returncode == 0, str(outcome)
    complaints = complaints_about_leak(program, outcome)
    if complaints:
        outcome = pool.outcome_alone(program.run())
        complaints = complaints_about_leak(program, outcome)
    assert not complaints, show(outcome, complaints)
