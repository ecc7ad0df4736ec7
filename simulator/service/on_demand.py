"""Provision on demand: one user, or one group with picked members, now and in the default dialect (ENG-250)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime

from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.probe import probe
from entra_sim.simulator.engine.reconcile import Reconciliation
from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.engine.references import MemberChanges
from entra_sim.simulator.engine.references import ReferenceOutcome
from entra_sim.simulator.engine.references import set_manager
from entra_sim.simulator.engine.references import write_members
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.service.applications import ApplicationKey
from entra_sim.simulator.service.applications import ApplicationService
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.directory import DirectoryService
from entra_sim.simulator.service.driving import Line
from entra_sim.simulator.service.driving import drive
from entra_sim.simulator.service.driving import open_transport
from entra_sim.simulator.service.failsafe import contained
from entra_sim.simulator.service.failsafe import contained_reference
from entra_sim.simulator.service.records import log_entry
from entra_sim.simulator.service.recovery import clear_up
from entra_sim.simulator.service.runs import RunBuilder
from entra_sim.simulator.service.scope import Scope
from entra_sim.simulator.store.progress import CreateIntent

MAX_MEMBERS = 5
"""Source: ENG-250, ENG-460."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemandResult:
    """What the page shows. `result` is Success, Skipped, Warning or Failure; `entries` are the log records it made.

    Source: ENG-251, ENG-255.
    """

    result: str
    action: str
    code: str
    message: str
    entries: tuple[ProvisioningLogEntry, ...]


_GRAVEST = ("Failure", "Warning", "Success", "Skipped")
"""Of several records, the page speaks of the gravest. Source: ENG-255."""

ON_DEMAND = "on demand"
"""The kind of a run that somebody asked for, beside those of cycles."""


class OnDemandService:
    """Runs one object through the engine beside the schedule: no watermark, no escrow, no roles."""

    def __init__(
        self, core: Core, applications: ApplicationService, directory: DirectoryService, builder: RunBuilder
    ) -> None:
        self._core = core
        self._applications = applications
        self._directory = directory
        self._builder = builder

    def provision(self, key: ApplicationKey, principal_key: str, members: Sequence[str] = ()) -> OnDemandResult:
        """Provision a user, or a group with at most five picked members, now.

        Raises:
            NotFound: no such user or group.
            StateConflict: no credentials are saved, or the group mapping is disabled.
            UserInputError: too many members, or members for a user.
        Source: WIRE-041, ENG-253.
        """
        application = self._applications.get(key)
        job = self._core.jobs.get(application.job_id)
        assert job is not None
        self._builder.tenant_url(job)
        principal = self._directory.principal(principal_key)
        if isinstance(principal, User) and members:
            raise UserInputError("Members can be picked for a group only.")
        if len(members) > MAX_MEMBERS:
            raise UserInputError(f"At most {MAX_MEMBERS} members can be picked (ENG-250), not {len(members)}.")
        object_type = "User" if isinstance(principal, User) else "Group"
        if object_type == "Group" and not self._builder.schema(job.job_id).group.mapping.is_enabled:
            raise StateConflict("The group mapping is disabled; set 'Enabled' to Yes first.")
        transport = open_transport(self._core, application, job.configuration)
        try:
            refused = self._probe(job, transport)
            if refused is not None:
                return refused
            picked = [self._directory.principal(member).object_id for member in members]
            with self._core.claims.on((job.job_id, object_type, principal.object_id)):
                work = _OnDemandWork(self._core, self._builder, application, job, transport)
                return work.provision(object_type, principal.object_id, picked)
        finally:
            transport.close()

    def _probe(self, job: SynchronizationJob, transport: Line) -> OnDemandResult | None:
        compiled = self._builder.schema(job.job_id)
        try:
            drive(
                probe(
                    [compiled.user], [self._core.ids.new("probe")], "check the credentials before provision on demand"
                ),
                transport.send,
            )
        except TargetError as error:
            return OnDemandResult(
                result="Failure", action="Other", code=error.code, message=f"Test connection: {error}", entries=()
            )
        return None


class _OnDemandWork:
    """One run."""

    def __init__(
        self,
        core: Core,
        builder: RunBuilder,
        application: Application,
        job: SynchronizationJob,
        transport: Line,
    ) -> None:
        self._core = core
        self._builder = builder
        self._application = application
        self._job = job
        self._transport = transport
        self._scope = Scope(core, builder, job, application)
        self._run: Run = builder.run(job, looks_up_by_filter=True, is_on_demand=True)
        self._cycle_id = core.ids.new("cycle")
        self._sequences: list[int] = []
        self._unclear = clear_up(core, builder, job, application, self._run, transport, cycle_id=self._cycle_id)

    def provision(self, object_type: str, object_id: str, picked: Sequence[str]) -> OnDemandResult:
        core, job = self._core, self._job
        source = self._builder.observe(job, self._application, object_type, [object_id], with_roles=False)[0]
        entry = core.jobs.get_entry(job.job_id, object_type, object_id)
        escrow = core.jobs.get_escrows(job.job_id, object_type, [object_id]).get(object_id)
        changes = self._picked_members(source, picked)
        unclear = self._unclear.get((object_type, object_id))
        subject = intend(
            source,
            entry,
            self._run,
            unclear=unclear,
            has_member_changes=not changes.is_empty,
            unresolved_members=changes.unresolved,
        )
        began_at = core.clock.now()
        work = Reconciliation(subject, self._run)
        outcome = drive(contained(subject, self._run, work.exchange()), self._sender(work))
        entries = []
        with core.database.atomic():
            if outcome.entry is None and entry is not None:
                core.jobs.delete_entry(job.job_id, object_type, object_id)
                self._count_gone(object_type)
            elif outcome.entry is not None and outcome.entry != (work.in_doubt or entry):
                core.jobs.save_entry(job.job_id, outcome.entry)
            if outcome.error is None:  # what was held or waited is done with
                core.jobs.delete_held(job.job_id, object_type, object_id)
                if escrow is not None:
                    core.jobs.delete_escrow(job.job_id, object_type, object_id)
            if unclear is None:
                core.progress.delete_intent(job.job_id, object_type, object_id)
            if outcome.draft is not None:
                entries.append(self._log(outcome.draft, began_at))
        reference = self._references(subject, outcome, changes)
        if reference.draft is not None:
            entries.append(self._log(reference.draft, began_at))
        if entries:
            with core.database.atomic():
                core.tally.catch_up(self._cycle_id)
                core.tally.save_kind(self._cycle_id, ON_DEMAND)
        return _result(tuple(entries))

    def _count_gone(self, object_type: str) -> None:
        """Count a link that ended: the numbers of the portal never shrink. Source: ENG-363."""
        job = self._core.jobs.get(self._job.job_id)
        if job is None:
            return
        if object_type == "User":
            job = replace(job, gone_users=job.gone_users + 1)
        else:
            job = replace(job, gone_groups=job.gone_groups + 1)
        self._core.jobs.save(job)

    def _sender(self, work: Reconciliation) -> Callable[[Call], Reply]:
        """Return the way to the target that notes before what a crash must not lose: creates, links in doubt."""

        def send(call: Call) -> Reply:
            if call.method == "POST" and work.asked is not None:
                kind, object_id = work.subject.key
                attribute, value = work.asked
                intent = CreateIntent(object_type=kind, source_anchor=object_id, attribute=attribute, value=value)
                self._core.progress.save_intent(self._job.job_id, intent)
            if work.in_doubt is not None:
                self._core.jobs.save_entry(self._job.job_id, work.in_doubt)
            return self._send(call)

        return send

    def _send(self, call: Call) -> Reply:
        reply = self._transport.send(call)
        self._sequences.append(self._transport.sequence)
        return reply

    def _picked_members(self, source: SourceObject, picked: Sequence[str]) -> MemberChanges:
        """Return the picked members as additions; only they are written. Source: ENG-254 (h)."""
        wanted = [member for member in picked if member in source.member_ids]
        resolved = self._core.jobs.resolve_members(self._job.job_id, wanted)
        for outside in self._scope.outside(resolved, looks_at_all=True):
            del resolved[outside]
        unresolved = tuple(member for member in picked if member not in resolved)
        return MemberChanges(added=resolved, removed={}, unresolved=unresolved)

    def _references(self, subject: Subject, outcome: Outcome, changes: MemberChanges) -> ReferenceOutcome:
        """Write the manager if it is linked already, or the picked members. Source: ENG-254 (d), (h)."""
        nothing = ReferenceOutcome(draft=None)
        entry = outcome.entry
        if entry is None or outcome.held_resource is None:
            return nothing
        if not self._run.mapping(subject.source.object_type).mapping.updates:  # each reference is an update (ENG-110)
            return nothing
        if subject.source.object_type == "Group":
            if changes.is_empty:
                return nothing
            work = write_members(subject, entry, changes, self._run)
            written = drive(contained_reference(subject, self._run, work), self._send)
            added = [(member, changes.added[member]) for member in written.added]
            with self._core.database.atomic():
                self._core.jobs.save_exported_members(self._job.job_id, subject.source.object_id, added, ())
            return written
        manager_id = subject.source.manager_id
        target = self._run.target_of("User", manager_id) if manager_id else None
        rows = [item for item in self._run.user.reference_rows if item.direct == "manager"]
        if manager_id is None or target is None or not rows:
            return nothing
        held = rows[0].path.read(outcome.held_resource)
        shown = None if held is None else str(held)
        exchange = set_manager(subject, entry, shown, (manager_id, target), self._run)
        return drive(contained_reference(subject, self._run, exchange), self._send)

    def _log(self, draft: LogDraft, began_at: datetime) -> ProvisioningLogEntry:
        sequences, self._sequences = tuple(self._sequences), []
        return log_entry(
            self._core,
            self._job,
            self._application,
            self._builder.schema(self._job.job_id),
            draft,
            cycle_id=self._cycle_id,
            began_at=began_at,
            request_sequences=sequences,
            initiated_by="user",
        )


def _result(entries: tuple[ProvisioningLogEntry, ...]) -> OnDemandResult:
    if not entries:
        return OnDemandResult(
            result="Skipped", action=str(Action.OTHER), code="", message="There is nothing to do.", entries=()
        )
    shown = min(entries, key=lambda entry: _GRAVEST.index(entry.status))  # the first of the gravest
    message = shown.error.reason if shown.error else shown.explanation
    return OnDemandResult(result=shown.status, action=shown.action, code=shown.code, message=message, entries=entries)
