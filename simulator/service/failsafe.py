"""A mistake in our own code, or in somebody's mapping, must not lose another object's record."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from entra_sim.simulator.engine.failures import error_information
from entra_sim.simulator.engine.failures import escrow_after
from entra_sim.simulator.engine.reconcile import Outcome
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.errors import MappingFailed
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import Status

_LOG = logging.getLogger(__name__)


def contained(subject: Subject, run: Run, work: Callable[[], Outcome]) -> Outcome:
    """Return the outcome of the work; whatever breaks inside becomes a failure InternalError of this object alone.

    Source: ENG-442 (InternalError: fault inside the service; again in 40 min).
    """
    try:
        return work()
    except Exception as broken:
        _LOG.exception("object.broken type=%s id=%s", subject.source.object_type, subject.source.object_id)
        error = MappingFailed(f"A fault inside the service ({type(broken).__name__}: {broken}).")
        recorder = Recorder(subject.source)
        recorder.imported()
        recorder.export_failed("EntrySynchronizationError", "process", error.code)
        waiting = escrow_after(error, subject, run, "Update")
        information = replace(error_information(error, subject.escrow, waiting), category="failure")
        draft = recorder.draft(Action.OTHER, Status.FAILURE, rules=("ENG-442",), error=information)
        return Outcome(draft=draft, entry=subject.entry, escrow=waiting, error=error)
