"""The work of one cycle, object by object. Each object's record, link, escrow and the cycle's position are one
transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from functools import partial

from entra_sim.simulator.engine import guard
from entra_sim.simulator.engine.escrow import passes_absolute_threshold
from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.reconcile import Reconciliation
from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.engine.references import ReferenceOutcome
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleCounts
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import Phase
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.service import cycle_end
from entra_sim.simulator.service.claims import Key
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.driving import Line
from entra_sim.simulator.service.driving import Task
from entra_sim.simulator.service.driving import run_tasks
from entra_sim.simulator.service.failsafe import contained
from entra_sim.simulator.service.observing import CycleObserver
from entra_sim.simulator.service.position import Position
from entra_sim.simulator.service.records import log_entry
from entra_sim.simulator.service.recovery import Unclear
from entra_sim.simulator.service.references import ReferencePass
from entra_sim.simulator.service.references import ReferenceWork
from entra_sim.simulator.service.runs import CompiledSchema
from entra_sim.simulator.store.progress import CreateIntent
from entra_sim.simulator.store.progress import PendingReference

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
        *,
        should_stop: Callable[[], bool],
        core: Core,
        compiled: CompiledSchema,
        job: SynchronizationJob,
        application: Application,
        observer: CycleObserver,
        run: Run,
        lines: Sequence[Line],
        unclear: Unclear,
        is_lifted: bool = False,
    ) -> None:
        assert job.cycle is not None
        self._asked_to_stop = should_stop
        self._core = core
        self._compiled = compiled
        self._job = job
        self._application = application
        self._observer = observer
        self._run = run
        self._lines = lines
        self._unclear = unclear
        self._is_lifted = is_lifted
        self._cycle: Cycle = job.cycle
        self._position = Position("")
        self._tenant_id = core.tenant_id
        self._is_deleted = False
        self._claimed: set[Key] = set()

    def work(self) -> CycleResult:
        """Carry out what is left of the cycle."""
        try:
            return self._work()
        finally:
            try:
                self._core.database.commit_waiting()
            finally:
                for key in self._claimed:  # left over only when something broke
                    self._core.claims.give_back(key)

    def _work(self) -> CycleResult:
        if not self._cycle.counts.imported and self._cycle.phase is Phase.USERS:
            self._guard()
        is_over = all(self._work_phase(phase) for phase in _PHASES) and self._work_references()
        if self._is_deleted:  # what was written since goes too (ENG-322)
            self._core.jobs.delete(self._job.job_id)
        if not is_over:
            return self._result(is_finished=False)
        reason = cycle_end.close(
            self._core, self._application, self._job.job_id, self._cycle, is_lifted=self._is_lifted
        )
        return self._result(is_finished=True, reason=reason)

    def _result(self, *, is_finished: bool, reason: str = "") -> CycleResult:
        return CycleResult(
            application_name=self._application.name,
            kind=self._cycle.kind,
            counts=self._cycle.counts,
            was_idle=False,
            is_finished=is_finished,
            quarantine_reason=reason,
        )

    def _should_stop(self) -> bool:
        return self._is_deleted or self._asked_to_stop()

    def _look_up_job(self) -> None:
        """Notice that the job was deleted meanwhile: then nothing more is sent."""
        self._is_deleted = not self._core.jobs.exists(self._job.job_id)

    # -- guard ---------------------------------------------------------------------------------------------------

    def _guard(self) -> None:
        """Count the removals of the whole cycle before anything is sent; too many are all held.

        Those that were held before are not counted again, released or not. Source: ENG-300 to ENG-304.
        """
        configuration = self._job.configuration
        if not configuration.prevents_accidental_deletion:
            return
        count = 0
        for phase in _PHASES:
            if not self._run.mapping(_TYPES[phase]).mapping.is_enabled:
                continue
            for page in self._observer.pages(_TYPES[phase], ""):
                fresh = [item for item in self._intend(phase, page) if item.key not in self._observer.held]
                count += guard.removal_count(fresh)
        if guard.trips(count, configuration.deletion_threshold, self._core.settings):
            self._cycle = replace(self._cycle, holds_removals=True)

    def _is_held(self, subject: Subject) -> bool:
        """Return whether a removal is held back: Q-18 says whether all of the cycle are, or what passes the number.

        Source: ENG-304 to ENG-306, ENG-317: what is released are those that were held.
        """
        configuration, cycle = self._job.configuration, self._cycle
        if subject.key in self._observer.held:
            return configuration.prevents_accidental_deletion and not cycle.releases_removals
        if not cycle.holds_removals:
            return False
        if self._core.settings.hold_surplus_only and cycle.let_go_count < configuration.deletion_threshold:
            self._cycle = replace(cycle, let_go_count=cycle.let_go_count + 1)
            return False
        return True

    # -- users, groups -------------------------------------------------------------------------------------------

    def _work_phase(self, phase: Phase) -> bool:
        """Work through one kind of objects; returns False when the process asked to stop.

        Source: ENG-141, WIRE-039, ENG-146, ENG-215.
        """
        order = list(Phase)
        if order.index(self._cycle.phase) > order.index(phase):
            return True
        core, kind = self._core, _TYPES[phase]
        if self._cycle.phase is not phase:
            self._cycle = replace(self._cycle, phase=phase, last_object_id="")
        if not self._run.mapping(kind).mapping.is_enabled:
            return True
        self._position = Position(self._cycle.last_object_id)
        done = core.progress.done_ahead(self._job.job_id, kind)
        if not run_tasks(self._tasks(phase, done), self._lines, self._should_stop):
            return False
        core.progress.clear_done_ahead(self._job.job_id)
        return not self._is_deleted

    def _tasks(self, phase: Phase, done: set[str]) -> Iterator[Task]:
        for page in self._observer.pages(_TYPES[phase], self._position.last):
            self._look_up_job()
            if self._is_deleted:
                return
            with self._core.database.atomic(may_wait=True):
                self._core.progress.clear_linked_intents(self._job.job_id)
                self._core.tally.catch_up(self._cycle.cycle_id)
            for subject in self._intend(phase, [object_id for object_id in page if object_id not in done]):
                yield self._task(subject)

    def _intend(self, phase: Phase, page: list[str]) -> list[Subject]:
        """Observe a page and decide about each object; pure but for the reading. Source: ENG-278."""
        core, job, kind = self._core, self._job, _TYPES[phase]
        sources = self._observer.observe(kind, page)
        entries = core.jobs.get_entries(job.job_id, kind, page)
        escrows = core.jobs.get_escrows(job.job_id, kind, page)
        subjects = []
        for source in sources:
            changes = self._observer.member_changes(source) if kind == "Group" else None
            subjects.append(
                intend(
                    source,
                    entries.get(source.object_id),
                    self._run,
                    escrow=escrows.get(source.object_id),
                    has_member_changes=changes is not None and not changes.is_empty,
                    unresolved_members=changes.unresolved if changes is not None else (),
                    unclear=self._unclear.get((kind, source.object_id)),
                    is_incremental=self._cycle.kind is CycleKind.INCREMENTAL,
                )
            )
        return subjects

    def _task(self, subject: Subject) -> Task:
        """Return one object's way through the engine. Source: WIRE-130, ENG-270: a failure never ends a cycle."""
        began_at = self._core.clock.now()
        self._claim(subject)
        self._position.start(subject.source.object_id)
        is_held = subject.removes and self._is_held(subject)
        work = Reconciliation(subject, self._run)
        exchange = guard.held_back(subject, self._run) if is_held else work.exchange()

        def key() -> str:
            if subject.intent.kind is not IntentKind.PROVISION or work.asked is None:
                return ""
            return f"{subject.source.object_type} {work.asked[0]} {work.asked[1].casefold()}"

        def before(call: Call) -> None:
            if call.method == "POST" and work.asked is not None:
                self._note_create(subject, *work.asked)
            if work.in_doubt is not None:
                with self._core.database.atomic(may_wait=True):
                    self._core.jobs.save_entry(self._job.job_id, work.in_doubt)

        def finish(outcome: Outcome, sequences: tuple[int, ...]) -> None:
            self._record(subject, work.in_doubt or subject.entry, outcome, began_at, sequences)
            self._give_back(subject)

        return Task(key=key, exchange=contained(subject, self._run, exchange), before=before, finish=finish)

    def _claim(self, subject: Subject) -> None:
        key = (self._job.job_id, *subject.key)
        self._core.claims.take(key)
        self._claimed.add(key)

    def _give_back(self, subject: Subject) -> None:
        key = (self._job.job_id, *subject.key)
        self._core.claims.give_back(key)
        self._claimed.discard(key)

    def _note_create(self, subject: Subject, attribute: str, value: str) -> None:
        source = subject.source
        intent = CreateIntent(
            object_type=source.object_type, source_anchor=source.object_id, attribute=attribute, value=value
        )
        self._core.progress.note_intent(self._job.job_id, intent)

    def _record(
        self,
        subject: Subject,
        stored: SyncEntry | None,
        outcome: Outcome,
        began_at: datetime,
        sequences: tuple[int, ...],
    ) -> None:
        """Store link, escrow, log record and position of one object in one transaction; `stored` is the link so far."""
        core, job_id = self._core, self._job.job_id
        kind, object_id = subject.key
        with core.database.atomic(may_wait=True):
            if outcome.entry is None:
                if subject.entry is not None:
                    core.jobs.delete_entry(job_id, kind, object_id)
                    self._count_gone(kind)
            elif outcome.entry != stored:
                core.jobs.save_entry(job_id, outcome.entry)
            if not self._position.finish(object_id):
                core.progress.save_done_ahead(job_id, kind, object_id)
            self._count(subject, outcome)
            is_noted = outcome.held_resource is not None and self._note_reference(subject, outcome)
            self._record_escrow(subject, outcome, is_noted)
            self._record_held(subject, outcome)
            is_kept = outcome.error is None or not self._cycle.is_pruned
            if outcome.draft is not None and is_kept:
                self._log(outcome.draft, began_at, sequences)
            is_known = outcome.entry is None and subject.intent.kind is IntentKind.PROVISION
            if is_known and sequences and subject.unclear is None:  # those with a link are cleared page by page
                core.progress.delete_intent(job_id, kind, object_id)
            core.progress.save_cycle(job_id, self._cycle)
            core.progress.forget_intent(job_id, kind, object_id)

    def _record_escrow(self, subject: Subject, outcome: Outcome, is_noted: bool) -> None:
        """Keep or drop the escrow; one of a reference stays while the reference pass is going to look at it.

        Source: ENG-273, ENG-277.
        """
        core, job_id = self._core, self._job.job_id
        if outcome.error is not None and self._is_too_many():
            core.jobs.clear_escrows(job_id)
        elif outcome.escrow is not None:
            core.jobs.save_escrow(job_id, outcome.escrow)
        elif subject.escrow is not None and not (subject.escrow.is_reference and is_noted):
            core.jobs.delete_escrow(job_id, *subject.key)

    def _is_too_many(self) -> bool:
        """Return whether single failures are not kept any more: an initial cycle with too many.

        Source: ENG-145.
        Assumed: the thresholds that are plain numbers, because a share is known only at the end; a share that is too
        large quarantines the job, as after every other cycle.
        """
        if self._cycle.kind is CycleKind.INITIAL and not self._cycle.is_pruned:
            is_pruned = passes_absolute_threshold(self._cycle.counts, self._core.settings)
            self._cycle = replace(self._cycle, is_pruned=is_pruned)
        return self._cycle.is_pruned

    def _record_held(self, subject: Subject, outcome: Outcome) -> None:
        core, job_id = self._core, self._job.job_id
        if outcome.draft is not None and outcome.draft.action is Action.STAGED_DELETE:
            core.jobs.save_held(job_id, *subject.key, core.clock.now())
        elif subject.key in self._observer.held:
            core.jobs.delete_held(job_id, *subject.key)

    def _note_reference(self, subject: Subject, outcome: Outcome) -> bool:
        """Note that the reference pass has to look at the object; returns whether it has."""
        source = subject.source
        held = None
        if outcome.entry is None:
            return False
        if source.object_type == "User":
            rows = [item for item in self._run.user.reference_rows if item.direct == "manager"]
            if not rows or source.manager_id is None:
                return False
            assert outcome.held_resource is not None
            found = rows[0].path.read(outcome.held_resource)
            held = None if found is None else str(found)
        elif not any(item.direct == "members" for item in self._run.group.reference_rows):
            return False
        pending = PendingReference(
            object_type=source.object_type,
            source_anchor=source.object_id,
            held=held,
            change_kind=source.change_kind or "Update",
        )
        self._core.progress.save_pending(self._job.job_id, pending)
        return True

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
            tenant_id=self._tenant_id,
        )

    def _count_gone(self, kind: str) -> None:
        cycle = self._cycle
        if kind == "User":
            self._cycle = replace(cycle, gone_users=cycle.gone_users + 1)
        else:
            self._cycle = replace(cycle, gone_groups=cycle.gone_groups + 1)

    def _count(self, subject: Subject, outcome: Outcome) -> None:
        """Count one object. Source: ENG-360."""
        counts = self._cycle.counts
        wants_export = subject.intent.kind is not IntentKind.SKIP and subject.intent.kind is not IntentKind.NOTHING
        counted = CycleCounts(  # all fields: `replace` takes several times as long
            imported=counts.imported + 1,
            imported_deltas=counts.imported_deltas + (self._cycle.kind is CycleKind.INCREMENTAL),
            imported_reference_deltas=counts.imported_reference_deltas,
            entitled=counts.entitled + subject.source.is_entitled,
            entitled_for_provisioning=counts.entitled_for_provisioning + (not subject.is_soft_deleted),
            tried=counts.tried + wants_export,
            exports=counts.exports + (wants_export and (outcome.is_exported or outcome.error is not None)),
            exported=counts.exported + outcome.is_exported,
            escrowed=counts.escrowed + (outcome.escrow is not None),
            failed=counts.failed + (outcome.error is not None),
            failed_references=counts.failed_references,
        )
        self._cycle = self._cycle.advanced(self._position.last, counted)

    # -- references ----------------------------------------------------------------------------------------------

    def _work_references(self) -> bool:
        """Write managers and members, after both ends exist; returns False when asked to stop. Source: ENG-220."""
        self._cycle = replace(self._cycle, phase=Phase.REFERENCES, last_object_id="")
        return run_tasks(self._reference_tasks(), self._lines, self._should_stop) and not self._is_deleted

    def _reference_tasks(self) -> Iterator[Task]:
        references = ReferencePass(self._core, self._job, self._observer, self._run)
        for number, work in enumerate(references.works(), 1):
            if number % self._core.settings.page_size == 0:
                with self._core.database.atomic(may_wait=True):
                    self._core.tally.catch_up(self._cycle.cycle_id)
            began_at = self._core.clock.now()
            finish = partial(self._record_reference, references, work, began_at)
            yield Task(key=lambda: "", exchange=work.exchange, before=lambda call: None, finish=finish)

    def _record_reference(
        self,
        references: ReferencePass,
        work: ReferenceWork,
        began_at: datetime,
        outcome: ReferenceOutcome,
        sequences: tuple[int, ...],
    ) -> None:
        with self._core.database.atomic(may_wait=True):
            counts = self._cycle.counts
            self._cycle = replace(
                self._cycle,
                counts=replace(
                    counts,
                    imported_reference_deltas=counts.imported_reference_deltas + 1,
                    exports=counts.exports + (outcome.is_exported or outcome.error is not None),
                    exported=counts.exported + outcome.is_exported,
                    escrowed=counts.escrowed + (outcome.escrow is not None),
                    failed_references=counts.failed_references + (outcome.error is not None),
                ),
            )
            is_dropped = outcome.error is not None and self._is_too_many()
            references.record(work, outcome, keeps_escrow=not is_dropped)
            if is_dropped:
                self._core.jobs.clear_escrows(self._job.job_id)
            elif outcome.draft is not None:
                self._log(outcome.draft, began_at, sequences)
            self._core.progress.save_cycle(self._job.job_id, self._cycle)
