"""The reference pass of a cycle: which manager and members to write for the objects that took part. Source: ENG-220."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace

from entra_sim.simulator.engine.references import MemberChanges
from entra_sim.simulator.engine.references import ReferenceOutcome
from entra_sim.simulator.engine.references import set_manager
from entra_sim.simulator.engine.references import write_members
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.failsafe import contained_reference
from entra_sim.simulator.service.observing import CycleObserver
from entra_sim.simulator.store.progress import PendingReference

ReferenceExchange = Generator[Call, Reply, ReferenceOutcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceWork:
    """The references of one object on their way. `members` is None for a user's manager."""

    pending: PendingReference
    exchange: ReferenceExchange
    members: MemberChanges | None
    escrow: EscrowEntry | None


class ReferencePass:
    """Gives the references that are to be written, page by page, and records what became of them."""

    def __init__(self, core: Core, job: SynchronizationJob, observer: CycleObserver, run: Run) -> None:
        self._core = core
        self._job_id = job.job_id
        self._observer = observer
        self._run = run

    def works(self) -> Iterator[ReferenceWork]:
        """Yield the work on every object that takes part: users, then groups, in feed order."""
        for object_type in ("User", "Group"):
            after = ""
            size = self._core.settings.page_size
            while page := self._core.progress.list_pending(self._job_id, object_type, after, size):
                after = page[-1].source_anchor
                yield from self._page(object_type, page)

    def _page(self, object_type: str, page: list[PendingReference]) -> Iterator[ReferenceWork]:
        anchors = [pending.source_anchor for pending in page]
        entries = self._core.jobs.get_entries(self._job_id, object_type, anchors)
        escrows = self._core.jobs.get_escrows(self._job_id, object_type, anchors)
        sources = self._observer.observe(object_type, anchors)
        for pending, source in zip(page, sources, strict=True):
            entry, escrow = entries.get(pending.source_anchor), escrows.get(pending.source_anchor)
            yield self._work(pending, source, entry, escrow)

    def _work(
        self, pending: PendingReference, source: SourceObject, entry: SyncEntry | None, escrow: EscrowEntry | None
    ) -> ReferenceWork:
        is_written = self._run.mapping(pending.object_type).mapping.updates  # each reference is an update (ENG-110)
        if entry is None or not is_written:
            return ReferenceWork(pending=pending, exchange=_nothing(), members=None, escrow=escrow)
        source = replace(source, change_kind=pending.change_kind)
        subject = intend(source, entry, self._run, escrow=escrow)
        members = None
        if pending.object_type == "User":
            exchange = self._manager(subject, entry, pending.held)
        else:
            members = self._observer.member_changes(source)
            exchange = _nothing() if members.is_empty else write_members(subject, entry, members, self._run)
        contained = contained_reference(subject, self._run, exchange)
        return ReferenceWork(pending=pending, exchange=contained, members=members, escrow=escrow)

    def _manager(self, subject: Subject, entry: SyncEntry, held: str | None) -> ReferenceExchange:
        """Write the manager; one that is not linked or out of scope is left out silently.

        Source: ENG-225, ENG-221, ENG-224.
        """
        manager_id = subject.source.manager_id
        target = self._run.target_of("User", manager_id) if manager_id else None
        if manager_id is None or target is None:
            return _nothing()
        return set_manager(subject, entry, held, (manager_id, target), self._run)

    def record(self, work: ReferenceWork, outcome: ReferenceOutcome, *, keeps_escrow: bool = True) -> None:
        """Store what was exported, the escrow, and that this object is done; inside the caller's transaction."""
        jobs, pending = self._core.jobs, work.pending
        if work.members is not None and (outcome.added or outcome.removed):
            added = [(member, work.members.added[member]) for member in outcome.added]
            jobs.save_exported_members(self._job_id, pending.source_anchor, added, outcome.removed)
        if work.members is not None:
            jobs.forget_withdrawn(self._job_id, pending.source_anchor)
        if outcome.escrow is not None and keeps_escrow:
            jobs.save_escrow(self._job_id, outcome.escrow)
        elif work.escrow is not None and (work.escrow.is_reference or outcome.error is not None):
            jobs.delete_escrow(self._job_id, pending.object_type, pending.source_anchor)
        self._core.progress.delete_pending(self._job_id, pending.object_type, pending.source_anchor)


def _nothing() -> ReferenceExchange:
    return ReferenceOutcome(draft=None)
    yield  # pragma: no cover
