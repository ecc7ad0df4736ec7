"""States of a synchronization job. Theory first, then the table.

A job is made without credentials (NotConfigured); saving them gives NotRun; Start makes it Active and runs an initial
cycle. Stop pauses it and keeps everything. The health rules send it to Quarantine, from which a healthy attempt, a
restart or Start bring it back; after 28 days the schedule is disabled. Restart provisioning makes any configured job
Active. Source: ENG-122, ENG-285 to ENG-287.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.model.job import JobStatus


class JobEvent(StrEnum):
    """What can happen to a job."""

    CREDENTIALS_SAVED = "credentials saved"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    CYCLE_DONE = "cycle done"
    ENTER_QUARANTINE = "enter quarantine"
    LEAVE_QUARANTINE = "leave quarantine"
    QUARANTINE_OVER = "quarantine over"


_NC, _NR, _A, _P, _Q = (
    JobStatus.NOT_CONFIGURED,
    JobStatus.NOT_RUN,
    JobStatus.ACTIVE,
    JobStatus.PAUSED,
    JobStatus.QUARANTINE,
)

TRANSITIONS: Mapping[tuple[JobStatus, JobEvent], JobStatus] = {
    (_NC, JobEvent.CREDENTIALS_SAVED): _NR,
    (_NR, JobEvent.CREDENTIALS_SAVED): _NR,
    (_NR, JobEvent.START): _A,
    (_NR, JobEvent.STOP): _NR,
    (_NR, JobEvent.RESTART): _A,
    (_A, JobEvent.CREDENTIALS_SAVED): _A,
    (_A, JobEvent.START): _A,
    (_A, JobEvent.STOP): _P,
    (_A, JobEvent.RESTART): _A,
    (_A, JobEvent.CYCLE_DONE): _A,
    (_A, JobEvent.ENTER_QUARANTINE): _Q,
    (_A, JobEvent.LEAVE_QUARANTINE): _A,
    (_P, JobEvent.CREDENTIALS_SAVED): _P,
    (_P, JobEvent.START): _A,
    (_P, JobEvent.STOP): _P,
    (_P, JobEvent.RESTART): _A,
    (_P, JobEvent.CYCLE_DONE): _P,
    (_P, JobEvent.ENTER_QUARANTINE): _P,
    (_P, JobEvent.LEAVE_QUARANTINE): _P,
    (_Q, JobEvent.CREDENTIALS_SAVED): _Q,
    (_Q, JobEvent.START): _A,
    (_Q, JobEvent.STOP): _P,
    (_Q, JobEvent.RESTART): _A,
    (_Q, JobEvent.CYCLE_DONE): _Q,
    (_Q, JobEvent.ENTER_QUARANTINE): _Q,
    (_Q, JobEvent.LEAVE_QUARANTINE): _A,
    (_Q, JobEvent.QUARANTINE_OVER): _Q,
}

_WHY = {
    JobEvent.START: "Save the admin credentials (Tenant URL and Secret Token) first.",
    JobEvent.RESTART: "Save the admin credentials (Tenant URL and Secret Token) first.",
    JobEvent.STOP: "It has never been started.",
}


def transition(status: JobStatus, event: JobEvent) -> JobStatus:
    """Return the state after an event.

    Raises:
        StateConflict: the table has no such pair; the sentence says what to do first.
    """
    try:
        return TRANSITIONS[(status, event)]
    except KeyError:
        remedy = _WHY.get(event, "")
        raise StateConflict(f"A job in state {status} cannot be changed by '{event}'. {remedy}".strip()) from None
