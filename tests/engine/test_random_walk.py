"""The random walk: a short one always, a long one with `python -m pytest tests/engine --walk-steps 20000`."""

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import seed
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from walk import Walk

STEPS_EACH = 40
SHORT_EXAMPLES = 12


@pytest.mark.rule("ENG-014", "ENG-080", "ENG-151", "ENG-176", "ENG-270")
def test_whatever_happens_both_sides_agree_at_rest(request: pytest.FixtureRequest) -> None:
    steps = int(request.config.getoption("--walk-steps", default=0) or 0)
    number = int(request.config.getoption("--walk-seed", default=0) or 0)
    chosen = settings(
        max_examples=max(steps // STEPS_EACH, 1) if steps else SHORT_EXAMPLES,
        stateful_step_count=STEPS_EACH,
        deadline=None,
        database=None,
        derandomize=not steps,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    walk = seed(number)(Walk) if steps else Walk
    try:
        run_state_machine_as_test(walk, settings=chosen)
    except BaseException:
        sys.stderr.write(f"\nthe walk of {steps or SHORT_EXAMPLES * STEPS_EACH} steps failed with seed {number}\n")
        raise
