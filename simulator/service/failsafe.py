"""A mistake in our own code, or in somebody's mapping, must not lose another object's record."""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import replace

from entra_sim.simulator.engine.failures import error_information
from entra_sim.simulator.engine.failures import escrow_after
from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.record import SYNCHRONIZATION_ERROR
from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.references import ReferenceOutcome
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.errors import MappingFailed
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import Status
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply

_LOG = logging.getLogger(__name__)


def contained(subject: Subject, run: Run, work: Generator[Call, Reply, Outcome]) -> Generator[Call, Reply, Outcome]:
    """Return the outcome of the work; whatever breaks inside becomes a failure InternalError of this object alone.

    Source: ENG-442 (InternalError: fault inside the service; again in 40 min).
    """
    try:
        return (yield from work)
    except Exception as broken:
        error, draft, waiting = _fault(subject, run, broken, is_reference=False)
        return Outcome(draft=draft, entry=subject.entry, escrow=waiting, error=error)


def contained_reference(
    subject: Subject, run: Run, work: Generator[Call, Reply, ReferenceOutcome]
) -> Generator[Call, Reply, ReferenceOutcome]:
    """Return the outcome of a reference write; see `contained`."""
    try:
        return (yield from work)
    except Exception as broken:
        error, draft, waiting = _fault(subject, run, broken, is_reference=True)
        return ReferenceOutcome(draft=draft, escrow=waiting, error=error)


def _fault(
    subject: Subject, run: Run, broken: Exception, *, is_reference: bool
) -> tuple[MappingFailed, LogDraft, EscrowEntry | None]:
    _LOG.exception("object.broken type=%s id=%s", subject.source.object_type, subject.source.object_id)
    error = MappingFailed(f"A fault inside the service ({type(broken).__name__}: {broken}).")
    recorder = Recorder(subject.source)
    recorder.imported()
    recorder.failed(SYNCHRONIZATION_ERROR, "process", error.code)
    waiting = escrow_after(error, subject, run, "Update", is_reference=is_reference)
    information = replace(error_information(error, subject.escrow, waiting), category="failure")
    draft = recorder.draft(Action.OTHER, Status.FAILURE, rules=("ENG-442",), error=information)
    return error, draft, waiting
