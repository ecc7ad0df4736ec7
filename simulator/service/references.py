"""The reference pass of a cycle: which manager and members to write for an object that took part. Source: ENG-220."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from entra_sim.simulator.engine.references import MemberChanges
from entra_sim.simulator.engine.references import ReferenceOutcome
from entra_sim.simulator.engine.references import set_manager
from entra_sim.simulator.engine.references import write_members
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.driving import drive
from entra_sim.simulator.service.observing import CycleObserver
from entra_sim.simulator.store.jobs import PendingReference

NOTHING_TO_WRITE = ReferenceOutcome(draft=None)


class ReferencePass:
    """Writes and records the references of one object at a time."""

    def __init__(
        self,
        core: Core,
        job: SynchronizationJob,
        application: Application,
        observer: CycleObserver,
        run: Run,
    ) -> None:
        self._core = core
        self._job = job
        self._application = application
        self._observer = observer
        self._run = run
        self._members: MemberChanges | None = None

    def write(self, pending: PendingReference, send: Callable[[Call], Reply]) -> ReferenceOutcome:
        """Send what differs; returns what became of it."""
        jobs = self._core.jobs
        entry = jobs.get_entry(self._job.job_id, pending.object_type, pending.source_anchor)
        if entry is None:
            return NOTHING_TO_WRITE
        source = self._observer.observe(pending.object_type, [pending.source_anchor])[0]
        source = replace(source, change_kind=pending.change_kind)
        escrow = jobs.get_escrows(self._job.job_id, pending.object_type, [pending.source_anchor])
        subject = intend(source, entry, self._run, escrow=escrow.get(pending.source_anchor))
        if pending.object_type == "User":
            return self._write_manager(subject, entry, pending.held, send)
        self._members = self._observer.member_changes(source)
        if self._members.is_empty:
            return NOTHING_TO_WRITE
        return drive(write_members(subject, entry, self._members, self._run), send)

    def _write_manager(
        self, subject: Subject, entry: SyncEntry, held: str | None, send: Callable[[Call], Reply]
    ) -> ReferenceOutcome:
        """Write the manager; one that is not linked or out of scope is left out silently. Source: ENG-221, ENG-224."""
        manager_id = subject.source.manager_id
        target = self._run.target_of("User", manager_id) if manager_id else None
        if manager_id is None or target is None:
            return NOTHING_TO_WRITE
        return drive(set_manager(subject, entry, held, (manager_id, target), self._run), send)

    def record(self, pending: PendingReference, outcome: ReferenceOutcome) -> None:
        """Store what was exported, the escrow, and that this object is done; inside the caller's transaction."""
        jobs, job_id = self._core.jobs, self._job.job_id
        if pending.object_type == "Group" and self._members is not None:
            added = [(member, self._members.added[member]) for member in outcome.added]
            jobs.save_exported_members(job_id, pending.source_anchor, added, outcome.removed)
        if outcome.escrow is not None:
            jobs.save_escrow(job_id, outcome.escrow)
        elif outcome.error is None:
            waiting = jobs.get_escrows(job_id, pending.object_type, [pending.source_anchor])
            found = waiting.get(pending.source_anchor)
            if found is not None and found.is_reference:
                jobs.delete_escrow(job_id, pending.object_type, pending.source_anchor)
        else:
            jobs.delete_escrow(job_id, pending.object_type, pending.source_anchor)
        jobs.delete_pending(job_id, pending.object_type, pending.source_anchor)
        self._members = None
