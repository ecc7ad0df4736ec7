"""The plan's list equals what a real run of the change against mock Tapt does, object by object.

`ENTRA_SIM_PLAN_EXAMPLES=2000 pytest tests/plan/test_plan_is_the_truth.py` runs longer.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

from plan_worlds import START
from plan_worlds import Case
from plan_worlds import RealRun
from plan_worlds import Truth
from plan_worlds import cases

from entra_sim.simulator.planning.building import Question
from entra_sim.simulator.planning.building import make_plan
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.planning.model import Plan

EXAMPLES = int(os.environ.get("ENTRA_SIM_PLAN_EXAMPLES", "25"))
PHASES = tuple(phase for phase in Phase if phase is not Phase.shrink or "ENTRA_SIM_NO_SHRINK" not in os.environ)
LENIENT = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
QUIET = (Kind.LEFT_ALONE, Kind.UNCHANGED)


def compared(plan: Plan, truth: Truth) -> list[str]:
    """Return where plan and truth differ."""
    differing = []
    planned = {(line.object_type, line.object_id): line for line in plan.objects}
    for key in sorted({*planned, *truth.kinds}):
        line = planned.get(key)
        real = truth.kinds.get(key)
        if line is None or real is None:
            is_quiet = line.kind in QUIET and not line.changes if line is not None else real in QUIET
            if not is_quiet:
                differing.append(f"{key}: planned {line and line.kind}, real {real}")
            continue
        if line.kind is not real:
            differing.append(f"{key}: planned {line.kind} ({line.reason}), real {real}")
        changes = tuple((item.attribute, item.old, item.new) for item in line.changes)
        if changes != truth.changes[key]:
            differing.append(f"{key}: planned {changes}, real {truth.changes[key]}")
    return differing


@pytest.mark.rule("ENG-125", "ENG-153", "ENG-186", "ENG-301", "ENG-303")
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=LENIENT, phases=PHASES, derandomize=EXAMPLES < 100
)
@given(case=cases())
def test_the_plan_is_what_the_change_does(case: Case) -> None:
    plan = make_plan(Question(image=case.image, now=case.now, change=case.change, at=START))
    real = RealRun(case.image)
    with real.world:
        real.settle(case.now, with_schema=True)
        real.start()
        rules = (case.now.document["synchronizationRules"], case.change.document["synchronizationRules"])

        def carry_out() -> None:
            real.settle(case.change, with_schema=rules[0] != rules[1])
            if plan.is_initial and rules[0] == rules[1]:
                real.simulator.provisioning.restart(real.application)

        truth = real.truth(carry_out)
        assert compared(plan, truth) == []
        if truth.requests:
            assert (plan.is_initial, dict(plan.requests)) == (truth.is_initial, truth.requests)
        assert (plan.verdict.is_on and plan.verdict.trips and plan.verdict.removal_count > 0) == truth.holds
