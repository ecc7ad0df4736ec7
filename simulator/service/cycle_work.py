"""The work of one cycle, object by object. Each object's record, link, escrow and the cycle's position are one
transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime

from entra_sim.simulator.engine import guard
from entra_sim.simulator.engine.escrow import threshold_verdict
from entra_sim.simulator.engine.job_machine import JobEvent
from entra_sim.simulator.engine.job_machine import transition
from entra_sim.simulator.engine.reconcile import Outcome
from entra_sim.simulator.engine.reconcile import reconcile
from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.engine.schedule import next_cycle_at
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleCounts
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import Execution
from entra_sim.simulator.model.job import Phase
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.model.operation import Status
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.service import health
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.driving import drive
from entra_sim.simulator.service.failsafe import contained
from entra_sim.simulator.service.observing import CycleObserver
from entra_sim.simulator.service.records import log_entry
from entra_sim.simulator.service.references import ReferencePass
from entra_sim.simulator.service.runs import RunBuilder
from entra_sim.simulator.store.jobs import PendingReference
from entra_sim.simulator.transport.base import Transport

_PHASES = (Phase.USERS, Phase.GROUPS)
_TYPES = {Phase.USERS: "User", Phase.GROUPS: "Group"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleResult:
    """What a cycle did, for progress lines and summaries. `was_idle`: there was nothing to do."""

    application_name: str
    kind: CycleKind
    counts: CycleCounts
    was_idle: bool
    is_finished: bool
    quarantine_reason: str = ""


class CycleWork:
    """The state of one cycle while it runs."""

    def __init__(
        self,
        should_stop: Callable[[], bool],
        core: Core,
        builder: RunBuilder,
        job: SynchronizationJob,
        application: Application,
        observer: CycleObserver,
        transport: Transport,
    ) -> None:
        assert job.cycle is not None
        self._should_stop = should_stop
        self._core = core
        self._builder = builder
        self._job = job
        self._application = application
        self._observer = observer
        self._transport = transport
        self._cycle = job.cycle
        was_run_before = job.last_execution is not None or bool(core.jobs.count_entries(job.job_id))
        by_filter = self._cycle.kind is CycleKind.INITIAL and was_run_before
        self._run: Run = builder.run(job, looks_up_by_filter=by_filter)
        self._compiled = builder.schema(job.job_id)
        self._began_at = core.clock.now()

    def work(self) -> CycleResult:
        if not self._cycle.last_object_id and self._cycle.phase is Phase.USERS:
            self._guard()
        for phase in _PHASES:
            if not self._work_phase(phase):
                return self._result(is_finished=False)
        if not self._work_references():
            return self._result(is_finished=False)
        return self._finish()

    def _result(self, *, is_finished: bool, reason: str = "") -> CycleResult:
        return CycleResult(
            application_name=self._application.name,
            kind=self._cycle.kind,
            counts=self._cycle.counts,
            was_idle=False,
            is_finished=is_finished,
            quarantine_reason=reason,
        )

    # -- guard ---------------------------------------------------------------------------------------------------

    def _guard(self) -> None:
        """Count the removals of the whole cycle before anything is sent; too many are all held. Source: ENG-300-303."""
        configuration = self._job.configuration
        if not configuration.prevents_accidental_deletion or self._cycle.releases_removals:
            return
        held = set(self._core.jobs.list_held(self._job.job_id))
        count = 0
        for phase in _PHASES:
            for page in self._observer.pages(_TYPES[phase], ""):
                subjects = self._intend(phase, page)
                fresh = [item for item in subjects if (item.source.object_type, item.source.object_id) not in held]
                count += guard.removal_count(fresh)
        if guard.trips(count, configuration.deletion_threshold, self._core.settings):
            self._cycle = replace(self._cycle, holds_removals=True)

    # -- users, groups -------------------------------------------------------------------------------------------

    def _work_phase(self, phase: Phase) -> bool:
        """Work through one kind of objects; returns False when the process asked to stop."""
        order = list(Phase)
        if order.index(self._cycle.phase) > order.index(phase):
            return True
        if self._cycle.phase is not phase:
            self._cycle = replace(self._cycle, phase=phase, last_object_id="")
        if not self._run.mapping(_TYPES[phase]).mapping.is_enabled:
            return True
        recovered = self._core.jobs.in_flight(self._job.job_id, _TYPES[phase])
        for page in self._observer.pages(_TYPES[phase], self._cycle.last_object_id):
            with self._core.database.atomic():
                self._core.jobs.save_in_flight(self._job.job_id, _TYPES[phase], page)
            for subject in self._intend(phase, page, recovered):
                if self._should_stop():
                    return False
                self._work_object(subject)
        return True

    def _intend(self, phase: Phase, page: list[str], recovered: set[str] | None = None) -> list[Subject]:
        """Observe a page and decide about each object; pure but for the reading."""
        core, job, kind = self._core, self._job, _TYPES[phase]
        sources = self._observer.observe(kind, page)
        entries = core.jobs.get_entries(job.job_id, kind, page)
        escrows = core.jobs.get_escrows(job.job_id, kind, page)
        subjects = []
        for source in sources:
            entry = entries.get(source.object_id)
            changes = self._observer.member_changes(source) if kind == "Group" else None
            subjects.append(
                intend(
                    source,
                    entry,
                    self._run,
                    escrow=escrows.get(source.object_id),
                    is_recovered=source.object_id in (recovered or ()) and entry is None,
                    has_member_changes=changes is not None and not changes.is_empty,
                    unresolved_members=changes.unresolved if changes is not None else (),
                )
            )
        return subjects

    def _work_object(self, subject: Subject) -> None:
        """Carry out one intent and record it. Source: ENG-270: a failure never ends the cycle."""
        began_at = self._core.clock.now()
        if subject.intent.is_removal and self._is_held(subject):
            self._record(subject, _held(subject, self._run), began_at, ())
            return
        sequences: list[int] = []
        outcome = contained(subject, self._run, lambda: drive(reconcile(subject, self._run), self._sender(sequences)))
        self._record(subject, outcome, began_at, tuple(sequences))

    def _sender(self, sequences: list[int]) -> Callable[[Call], Reply]:
        def send(call: Call) -> Reply:
            reply = self._transport.send(call)
            if self._core.exchanges:
                sequences.append(self._core.exchanges[-1].sequence)
            return reply

        return send

    def _is_held(self, subject: Subject) -> bool:
        if self._cycle.releases_removals:
            return False
        if self._cycle.holds_removals:
            return True
        key = (subject.source.object_type, subject.source.object_id)
        return self._job.configuration.prevents_accidental_deletion and key in self._observer.held

    def _record(self, subject: Subject, outcome: Outcome, began_at: datetime, sequences: tuple[int, ...]) -> None:
        """Store link, escrow, log record and position of one object in one transaction."""
        core, job = self._core, self._job
        source = subject.source
        with core.database.atomic():
            if outcome.entry is None:
                if subject.entry is not None:
                    core.jobs.delete_entry(job.job_id, source.object_type, source.object_id)
            elif outcome.entry != subject.entry:
                core.jobs.save_entry(job.job_id, outcome.entry)
            self._record_escrow(subject, outcome)
            is_held = outcome.draft is not None and outcome.draft.action is Action.STAGED_DELETE
            if is_held:
                core.jobs.save_held(job.job_id, source.object_type, source.object_id, core.clock.now())
            elif (source.object_type, source.object_id) in self._observer.held:
                core.jobs.delete_held(job.job_id, source.object_type, source.object_id)
            if outcome.held_resource is not None and outcome.entry is not None:
                self._note_reference(subject, outcome)
            if outcome.draft is not None:
                self._log(outcome.draft, began_at, sequences)
            core.jobs.delete_in_flight(job.job_id, source.object_type, source.object_id)
            self._count(subject, outcome)
            self._cycle = replace(self._cycle, last_object_id=source.object_id)
            self._job = replace(job, cycle=self._cycle)
            core.jobs.save(self._job)

    def _record_escrow(self, subject: Subject, outcome: Outcome) -> None:
        core, job, source = self._core, self._job, subject.source
        if outcome.escrow is not None:
            core.jobs.save_escrow(job.job_id, outcome.escrow)
        elif subject.escrow is not None:
            waits_for_references = subject.escrow.is_reference and outcome.held_resource is not None
            if not waits_for_references:
                core.jobs.delete_escrow(job.job_id, source.object_type, source.object_id)

    def _note_reference(self, subject: Subject, outcome: Outcome) -> None:
        source = subject.source
        held = None
        if source.object_type == "User":
            rows = [item for item in self._run.user.reference_rows if item.direct == "manager"]
            if not rows or source.manager_id is None:
                return
            assert outcome.held_resource is not None
            found = rows[0].path.read(outcome.held_resource)
            held = None if found is None else str(found)
        elif not any(item.direct == "members" for item in self._run.group.reference_rows):
            return
        pending = PendingReference(
            object_type=source.object_type,
            source_anchor=source.object_id,
            held=held,
            change_kind=source.change_kind or "Update",
        )
        self._core.jobs.save_pending(self._job.job_id, pending)

    def _log(self, draft: LogDraft, began_at: datetime, sequences: tuple[int, ...]) -> None:
        log_entry(
            self._core,
            self._job,
            self._application,
            self._compiled,
            draft,
            cycle_id=self._cycle.cycle_id,
            began_at=began_at,
            request_sequences=sequences,
        )

    def _count(self, subject: Subject, outcome: Outcome) -> None:
        """Count one object. Source: ENG-360."""
        counts = self._cycle.counts
        wants_export = subject.intent.kind not in {IntentKind.SKIP, IntentKind.NOTHING}
        self._cycle = replace(
            self._cycle,
            counts=replace(
                counts,
                imported=counts.imported + 1,
                imported_deltas=counts.imported_deltas + (self._cycle.kind is CycleKind.INCREMENTAL),
                entitled=counts.entitled + subject.source.is_entitled,
                entitled_for_provisioning=counts.entitled_for_provisioning + (not subject.is_soft_deleted),
                tried=counts.tried + wants_export,
                exports=counts.exports + (wants_export and (outcome.is_exported or outcome.error is not None)),
                exported=counts.exported + outcome.is_exported,
                escrowed=counts.escrowed + (outcome.escrow is not None),
                failed=counts.failed + (outcome.error is not None),
            ),
        )

    # -- references ----------------------------------------------------------------------------------------------

    def _work_references(self) -> bool:
        """Write managers and members, after both ends exist; returns False when asked to stop. Source: ENG-220."""
        self._cycle = replace(self._cycle, phase=Phase.REFERENCES, last_object_id="")
        references = ReferencePass(self._core, self._job, self._application, self._observer, self._run)
        while True:
            page = self._core.jobs.list_pending(self._job.job_id, self._core.settings.page_size)
            if not page:
                return True
            for pending in page:
                if self._should_stop():
                    return False
                self._work_reference(references, pending)

    def _work_reference(self, references: ReferencePass, pending: PendingReference) -> None:
        began_at = self._core.clock.now()
        sequences: list[int] = []
        outcome = references.write(pending, self._sender(sequences))
        core, job = self._core, self._job
        with core.database.atomic():
            references.record(pending, outcome)
            if outcome.draft is not None:
                self._log(outcome.draft, began_at, tuple(sequences))
            counts = self._cycle.counts
            self._cycle = replace(
                self._cycle,
                counts=replace(
                    counts,
                    imported_reference_deltas=counts.imported_reference_deltas + 1,
                    exported=counts.exported + outcome.is_exported,
                    escrowed=counts.escrowed + (outcome.escrow is not None),
                    failed_references=counts.failed_references + (outcome.error is not None),
                ),
            )
            self._job = replace(job, cycle=self._cycle)
            core.jobs.save(self._job)

    # -- the end -------------------------------------------------------------------------------------------------

    def _finish(self) -> CycleResult:
        core, job, cycle = self._core, self._job, self._cycle
        failures = cycle.counts.failed + cycle.counts.failed_references
        with core.database.atomic():
            core.jobs.clear_progress(job.job_id)
            job = finish(core, job, cycle, state="EntryLevelErrors" if failures else "Succeeded")
            reason = self._verdict(cycle)
            if reason is not None:
                job = health.enter(core, job, self._application, reason)
            elif job.quarantine is not None:
                job = health.leave(core, job, self._application)
            core.jobs.save(job)
        self._job = job
        return self._result(is_finished=True, reason="" if reason is None else str(reason))

    def _verdict(self, cycle: Cycle) -> QuarantineReason | None:
        """Return the reason for quarantine at the end of a cycle, or None. Source: ENG-280, ENG-303."""
        core = self._core
        if core.jobs.list_held(self._job.job_id):
            return QuarantineReason.TOO_MANY_DELETES
        failures = cycle.counts.failed + cycle.counts.failed_references
        untried = max(core.jobs.count_escrows(self._job.job_id) - failures, 0)
        return threshold_verdict(cycle.counts, untried, core.settings)


def finish(core: Core, job: SynchronizationJob, cycle: Cycle, *, state: str) -> SynchronizationJob:
    """Return the job after a finished cycle: watermark, executions, steady state, next start.

    Source: ENG-124, ENG-156, ENG-360 to ENG-362.
    """
    now = core.clock.now()
    execution = Execution(
        cycle_id=cycle.cycle_id,
        kind=cycle.kind,
        state=state,
        began_at=cycle.began_at,
        ended_at=now,
        counts=cycle.counts,
    )
    succeeded = state == "Succeeded"
    with_exports = succeeded and cycle.counts.exported > 0
    all_failed = cycle.counts.tried > 0 and cycle.counts.failed >= cycle.counts.tried
    return replace(
        job,
        status=transition(job.status, JobEvent.CYCLE_DONE),
        cycle=None,
        watermark=cycle.upper_sequence,
        releases_removals=False,
        next_cycle_at=next_cycle_at(cycle.began_at, now, core.settings, core.chance.random)
        if job.is_due_by_schedule
        else None,
        last_execution=execution,
        last_successful_execution=execution if succeeded else job.last_successful_execution,
        last_successful_execution_with_exports=(
            execution if with_exports else job.last_successful_execution_with_exports
        ),
        complete_failure_count=job.complete_failure_count + 1 if all_failed else 0,
        steady_state_first_at=job.steady_state_first_at or now,
        steady_state_last_at=now,
    )


def _held(subject: Subject, run: Run) -> Outcome:
    """Return the outcome of a removal that is held back. Source: ENG-303."""
    recorder = Recorder(subject.source)
    recorder.imported()
    if subject.entry is not None:
        recorder.target_id = subject.entry.target_anchor
        recorder.target_display_name = subject.entry.display_name
    if subject.source.presence is not Presence.HARD_DELETED:
        recorder.scoped(subject.scoping_facts(run))
    text = "Held by accidental deletion prevention until an administrator allows deletes"
    recorder.step("EntrySynchronizationStagedDelete", "processing", "skipped", text)
    draft = recorder.draft(
        Action.STAGED_DELETE, Status.SKIPPED, rules=(*subject.intent.rules, "ENG-201", "ENG-303"), explanation=text
    )
    return Outcome(draft=draft, entry=subject.entry, escrow=subject.escrow)
