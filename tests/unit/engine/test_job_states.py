"""States of a job: every pair of state and event is in this table, or refused."""

from __future__ import annotations

import itertools

import pytest

from entra_sim.simulator.engine.job_machine import JobEvent
from entra_sim.simulator.engine.job_machine import transition
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.model.job import JobStatus

STATES = {
    "NotConfigured": JobStatus.NOT_CONFIGURED,
    "NotRun": JobStatus.NOT_RUN,
    "Active": JobStatus.ACTIVE,
    "Paused": JobStatus.PAUSED,
    "Quarantine": JobStatus.QUARANTINE,
}

# event: state after it, in the order of STATES; "-" is refused.
TABLE = {
    "credentials saved": "NotRun NotRun Active Paused Quarantine",
    "start": "- Active Active Active Active",
    "stop": "- NotRun Paused Paused Paused",
    "restart": "- Active Active Active Active",
    "cycle done": "- - Active Paused Quarantine",
    "enter quarantine": "- - Quarantine Paused Quarantine",
    "leave quarantine": "- - Active Paused Active",
    "quarantine over": "- - - - Quarantine",
}
CELLS = [
    (state, event, after) for event, row in TABLE.items() for state, after in zip(STATES, row.split(), strict=True)
]


def test_every_pair_is_in_the_table() -> None:
    assert {cell[:2] for cell in CELLS} == set(itertools.product(STATES, (str(event) for event in JobEvent)))


@pytest.mark.rule("ENG-122", "ENG-285", "ENG-287")
@pytest.mark.parametrize(("state", "event", "after"), CELLS)
def test_transition(state: str, event: str, after: str) -> None:
    if after == "-":
        with pytest.raises(StateConflict, match=state):
            transition(STATES[state], JobEvent(event))
    else:
        assert str(transition(STATES[state], JobEvent(event))) == after


def test_starting_without_credentials_says_what_to_do() -> None:
    with pytest.raises(StateConflict, match="Tenant URL and Secret Token"):
        transition(JobStatus.NOT_CONFIGURED, JobEvent.START)
