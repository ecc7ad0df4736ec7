"""One object: match → diff → act, as a generator. `reply = yield call`; the outcome is its return value.

A cycle drives it with a transport, a unit test with a list of replies, a dry run stops before the first write. The
target's failures are data here: they end this object, never the cycle.
"""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from entra_sim.simulator.engine.diff import differences
from entra_sim.simulator.engine.failures import error_information
from entra_sim.simulator.engine.failures import escrow_after
from entra_sim.simulator.engine.failures import escrow_details
from entra_sim.simulator.engine.mapping import MappedValue
from entra_sim.simulator.engine.mapping import ObjectFlowIgnored
from entra_sim.simulator.engine.mapping import map_value
from entra_sim.simulator.engine.mapping import map_values
from entra_sim.simulator.engine.mapping import missing_required
from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.record import modified_by_create
from entra_sim.simulator.engine.record import modified_by_update
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.skips import action_off_text
from entra_sim.simulator.engine.skips import skip_text
from entra_sim.simulator.errors import DuplicateSourceEntries
from entra_sim.simulator.errors import DuplicateTargetEntries
from entra_sim.simulator.errors import SourceDataError
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import TargetObjectGone
from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.model.change import TargetValue
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.model.operation import SkipReason
from entra_sim.simulator.model.operation import Status
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.call import Reply

Exchange = Generator[Call, Reply, "Outcome"]
Resource = dict[str, Any]

_MODIFICATIONS = {
    IntentKind.PROVISION: ("Add", Action.CREATE),
    IntentKind.MAINTAIN: ("Update", Action.UPDATE),
    IntentKind.DISABLE: ("Update", Action.DISABLE),
    IntentKind.DELETE: ("Delete", Action.DELETE),
    IntentKind.SKIP: ("Update", Action.OTHER),
    IntentKind.NOTHING: ("Update", Action.OTHER),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one object.

    Args:
        draft: its log record, or None when nothing is logged.
        entry: the link as it is now; None when there is none.
        escrow: the failed change as it waits now; None clears a former one.
        error: the failure, if any.
        is_exported: a write succeeded.
        held_resource: what the target shows, for the reference pass; None when the object takes no part in it.
        is_given_up: the failure was the last of its life.
    """

    draft: LogDraft | None
    entry: SyncEntry | None
    escrow: EscrowEntry | None = None
    error: TargetError | SourceDataError | None = None
    is_exported: bool = False
    held_resource: Mapping[str, Any] | None = None
    is_given_up: bool = False


def reconcile(subject: Subject, run: Run) -> Exchange:
    """Carry out the decision about one object; yields calls, returns its Outcome, raises nothing a target can cause."""
    compiled = run.mapping(subject.source.object_type)
    names = sorted(compiled.source_attributes - {"members"})
    work = _Work(subject, run, Recorder(subject.source, mapped_names=names))
    if subject.intent.kind is IntentKind.NOTHING:
        entry = None if subject.source.presence is Presence.HARD_DELETED else subject.entry
        return Outcome(draft=None, entry=entry)
    if subject.escrow is not None:
        work.recorder.escrow_retry(escrow_details(subject.escrow))
    work.recorder.imported()
    try:
        return (yield from work.carry_out())
    except (TargetError, SourceDataError) as error:
        return work.failed(error)
    except ObjectFlowIgnored as marker:
        text = f"The mapping of '{marker}' gave IgnoreObjectFlow; the object is left alone."
        return work.skip(SkipReason.OBJECT_FLOW_IGNORED, Action.OTHER, ("ENG-094",), text)


class _Work:
    """The state of one reconciliation: what is known so far of link, target and record."""

    def __init__(self, subject: Subject, run: Run, recorder: Recorder) -> None:
        self.subject = subject
        self.run = run
        self.recorder = recorder
        self.compiled = run.mapping(subject.source.object_type)
        self.entry = subject.entry
        self.rules = list(subject.intent.rules)
        self.attempted: tuple[AttributeChange, ...] = ()
        self.export_step = ""
        source = subject.source
        self.attributes: dict[str, Any] = {**source.attributes, "IsSoftDeleted": subject.is_soft_deleted}
        if source.object_type == "Group":
            self.attributes.pop("IsSoftDeleted")

    @property
    def kind(self) -> str:
        return self.subject.source.object_type

    @property
    def who(self) -> str:
        return self.subject.source.reportable_identifier

    def carry_out(self) -> Exchange:
        intent = self.subject.intent
        if intent.kind is IntentKind.SKIP:
            return self._skip_as_decided()
        if intent.kind is IntentKind.PROVISION:
            return (yield from self._provision())
        if intent.kind is IntentKind.DELETE:
            return (yield from self._delete())
        return (yield from self._maintain())

    # -- match -------------------------------------------------------------------------------------------------

    def _match(self) -> Generator[Call, Reply, Resource | None]:
        """Ask by each matching attribute in precedence order; the first that finds something wins. Source: ENG-160."""
        asked = 0
        for item in self.compiled.matching:
            mapped = map_value(item, self.attributes, self.run.evaluation)
            if mapped is None:
                continue
            asked += 1
            why = Provenance(
                purpose=f"match {self.who} by {mapped.name}",
                rules=("ENG-160", "WIRE-032"),
                source=f"matching precedence {item.row.matching_priority}: {item.row.source_expression}",
            )
            reply = yield requests.match(self.kind, mapped.name, str(mapped.value), provenance=why)
            found = responses.read_list(reply)
            if len(found) > 1:
                raise DuplicateTargetEntries(
                    f"The lookup by {mapped.name} found {len(found)} resources where one was looked for.",
                    status=reply.status,
                )
            if found:
                self.rules.append("ENG-160")
                return found[0]
        if not asked:
            raise _NoMatchingValue
        return None

    def _read_linked(self, anchor: str) -> Generator[Call, Reply, Resource]:
        """Return the linked resource: by filter then id where Q-06 says so, else by id. Source: ENG-166, ENG-167."""
        by_filter = self.run.looks_up_by_filter or self.run.settings.linked_lookup_by_filter
        if by_filter:
            try:
                found = yield from self._match()
            except _NoMatchingValue:
                found = None
            if found is not None and found["id"] == anchor:
                return found
            self.rules.append("ENG-167")
        why = Provenance(purpose=f"read the linked {self.kind.lower()} {self.who}", rules=("ENG-166", "WIRE-035"))
        reply = yield requests.read(self.kind, anchor, provenance=why)
        return responses.read_resource(reply, target_id=anchor)

    def _found(self, resource: Resource) -> None:
        shown = {item.row.target_attribute_name: item.path.read(resource) for item in self.compiled.rows}
        self.recorder.found(resource, {name: value for name, value in shown.items() if value is not None})

    def _scoped(self) -> None:
        self.recorder.scoped(self.subject.scoping_facts(self.run))

    # -- create, take over ---------------------------------------------------------------------------------------

    def _provision(self) -> Exchange:
        try:
            found = yield from self._match()
        except _NoMatchingValue:
            names = ", ".join(str(item.row.source_expression) for item in self.compiled.matching)
            text = f"{self.kind} '{self.who}' has no value for a matching attribute ({names}); it is not exported."
            return self.skip(SkipReason.JOINING_VALUE_MISSING, Action.CREATE, ("ENG-161",), text)
        if found is None:
            self._scoped()
            return (yield from self._create())
        owner = self.run.source_of(self.kind, found["id"])
        if owner is not None and owner != self.subject.source.object_id:
            raise DuplicateSourceEntries(
                f"The target's '{found['id']}' is linked to another source object already ({owner})."
            )
        self._found(found)
        self._scoped()
        self.entry = self._link(found["id"])
        self.rules.append("ENG-165")
        if self.subject.is_recovered:
            return self._recovered(found)
        if not self.compiled.mapping.updates:
            return self.skip(
                SkipReason.ACTION_OFF, Action.UPDATE, ("ENG-110",), action_off_text(Action.UPDATE), resource=found
            )
        return (yield from self._apply(found, Action.UPDATE))

    def _link(self, anchor: str) -> SyncEntry:
        source = self.subject.source
        return SyncEntry(
            object_type=self.kind,
            source_anchor=source.object_id,
            target_anchor=anchor,
            display_name=str(source.attributes.get("displayName") or self.who),
        )

    def _recovered(self, found: Resource) -> Outcome:
        self.recorder.exported("EntryExportAdd", "was created in", {"Recovered": "True"})
        draft = self.recorder.draft(
            Action.CREATE,
            Status.SUCCESS,
            rules=(*self.rules, "ENG-170"),
            explanation="The create had reached the target before the process ended; it is linked now.",
        )
        return Outcome(draft=draft, entry=self.entry, is_exported=True, held_resource=found)

    def _create(self) -> Exchange:
        if not self.compiled.mapping.creates:
            self.recorder.not_found(f"Unable to find {self.kind} '{self.who}' in the target")
            text = action_off_text(Action.CREATE)
            return self.skip(SkipReason.ACTION_OFF, Action.CREATE, ("ENG-110",), text)
        values = yield from self._values(is_create=True)
        self.recorder.decided("Add", f"will be created in the target ({self.kind} is active, assigned and in scope)")
        missing = missing_required(self.compiled, values)
        if missing is not None:
            text = f"The required target attribute '{missing}' has no value; the {self.kind.lower()} is not created."
            return self.skip(
                SkipReason.VALIDATION, Action.CREATE, ("ENG-081",), text, details={"AttributeName": missing}
            )
        self.recorder.modified = modified_by_create(values)
        self.export_step = "EntryExportAdd"
        wire_values = [
            TargetValue(
                target_path=item.name,
                value=item.value,
                type=item.compiled.row.definition.type,
                multi_valued=item.compiled.row.definition.is_multivalued,
            )
            for item in values
        ]
        why = Provenance(purpose=f"create {self.who}", rules=("ENG-170", "WIRE-050"))
        created = responses.read_created((yield requests.create(self.kind, wire_values, provenance=why)))
        self.entry = self._link(created["id"])
        self.recorder.target_id = created["id"]
        self.recorder.target_display_name = self.who
        self.recorder.exported("EntryExportAdd", "was created in")
        draft = self.recorder.draft(Action.CREATE, Status.SUCCESS, rules=(*self.rules, "ENG-170"))
        return Outcome(draft=draft, entry=self.entry, is_exported=True, held_resource=created)

    def _values(self, *, is_create: bool) -> Generator[Call, Reply, list[MappedValue]]:
        """Evaluate the mappings. A generator, so that an expression that needs the target can ask it."""
        return map_values(self.compiled, self.attributes, self.run.evaluation, is_create=is_create)
        yield  # pragma: no cover

    # -- update, disable -----------------------------------------------------------------------------------------

    def _maintain(self) -> Exchange:
        assert self.entry is not None
        anchor = self.entry.target_anchor
        try:
            resource = yield from self._read_linked(anchor)
        except TargetObjectGone:
            if self.subject.intent.kind is IntentKind.MAINTAIN and self.run.settings.rematch_on_404:
                self.entry = None
                self.rules.append("WIRE-036")
                return (yield from self._provision())
            raise
        self._found(resource)
        self._scoped()
        return (yield from self._apply(resource, _MODIFICATIONS[self.subject.intent.kind][1]))

    def _apply(self, resource: Resource, action: Action) -> Exchange:
        """Write what differs in one PATCH, or record that nothing does. Source: ENG-153, ENG-154."""
        assert self.entry is not None
        values = yield from self._values(is_create=False)
        changes = differences(values, resource)
        disables = action is Action.DISABLE
        settled = self._settled(disables=disables)
        held = None if disables else resource
        if not changes:
            return self._redundant(settled, held)
        self.attempted = changes
        self.export_step = "EntryExportUpdateSoftDelete" if disables else "EntryExportUpdate"
        self.recorder.modified = modified_by_update(changes, values)
        names = ", ".join(change.target_path for change in changes)
        self.recorder.decided("Update", f"will be updated in the target ({names})")
        why = Provenance(
            purpose=f"{'disable' if disables else 'update'} {self.who}: {names}",
            rules=tuple(dict.fromkeys((*self.subject.intent.rules, "ENG-153"))),
            source="; ".join(
                f"{item.name} from {item.compiled.row.source_expression}"
                for item in values
                if item.name in {change.target_path for change in changes}
            ),
        )
        call = requests.update(self.kind, self.entry.target_anchor, changes, self.run.dialect, provenance=why)
        responses.accept_update((yield call))
        self.recorder.exported(self.export_step, "was updated in")
        draft = self.recorder.draft(action, Status.SUCCESS, rules=(*self.rules, "ENG-153"))
        return Outcome(draft=draft, entry=settled, is_exported=True, held_resource=held)

    def _settled(self, *, disables: bool) -> SyncEntry:
        assert self.entry is not None
        managed = self.subject.intent.managed_after
        source = self.subject.source
        return replace(
            self.entry,
            is_managed=self.entry.is_managed if managed is None else managed,
            is_disabled=disables,
            display_name=str(source.attributes.get("displayName") or self.who),
        )

    def _redundant(self, settled: SyncEntry, held: Mapping[str, Any] | None) -> Outcome:
        if held is not None and self._reference_will_be_written(held):
            return Outcome(draft=None, entry=settled, held_resource=held)
        if self.subject.unresolved_members:
            self.recorder.step(
                "EntrySynchronizationReferenceResolution",
                "referenceResolution",
                "warning",
                "Some members cannot be exported, because they are not linked or not in scope",
                {
                    "ErrorCode": "UnableToResolveReferenceAttributeValue",
                    "Members": ", ".join(self.subject.unresolved_members),
                },
            )
        text = f"The state of the {self.kind.lower()} in both systems already matches; nothing is sent."
        draft = self.recorder.skipped(
            SkipReason.REDUNDANT, Action.OTHER, rules=(*self.rules, "ENG-153", "ENG-256"), text=text
        )
        return Outcome(draft=draft, entry=settled, held_resource=held)

    def _reference_will_be_written(self, held: Mapping[str, Any]) -> bool:
        """Return whether the reference pass already has something to write, which is then the one record (ENG-227)."""
        if self.kind == "Group":
            return self.subject.has_member_changes
        manager_id = self.subject.source.manager_id
        target = self.run.target_of("User", manager_id) if manager_id else None
        rows = [item for item in self.compiled.reference_rows if item.direct == "manager"]
        return target is not None and any(item.path.read(held) != target for item in rows)

    # -- delete --------------------------------------------------------------------------------------------------

    def _delete(self) -> Exchange:
        assert self.entry is not None
        self.recorder.target_id = self.entry.target_anchor
        self.recorder.target_display_name = self.entry.display_name
        if self.subject.source.presence is not Presence.HARD_DELETED:
            self._scoped()
        self.recorder.decided("Delete", "will be deleted in the target", "processing")
        self.export_step = "EntryExportDelete"
        why = Provenance(purpose=f"delete {self.who}", rules=(*self.subject.intent.rules, "ENG-173"))
        reply = yield requests.delete(self.kind, self.entry.target_anchor, provenance=why)
        was_there = responses.accept_delete(reply)
        self.recorder.exported("EntryExportDelete", "was deleted in" if was_there else "was already gone in")
        draft = self.recorder.draft(Action.DELETE, Status.SUCCESS, rules=(*self.rules, "ENG-173"))
        return Outcome(draft=draft, entry=None, is_exported=True)

    # -- skip, fail ----------------------------------------------------------------------------------------------

    def _skip_as_decided(self) -> Outcome:
        intent = self.subject.intent
        if self.subject.source.presence is not Presence.HARD_DELETED:
            self._scoped()
        if self.entry is not None:
            self.recorder.target_id = self.entry.target_anchor
            self.recorder.target_display_name = self.entry.display_name
        reason = intent.skip_reason or SkipReason.REDUNDANT
        text = skip_text(reason, self.subject, intent.action)
        entry = self.entry
        if entry is not None and intent.managed_after is not None:
            entry = replace(entry, is_managed=intent.managed_after)
        if self.subject.source.presence is Presence.HARD_DELETED and "ENG-195" not in intent.rules:
            entry = None
        details = self._entitlement_details() if reason is SkipReason.NOT_ENTITLED else None
        draft = self.recorder.skipped(reason, intent.action, rules=self.rules, text=text, details=details)
        return Outcome(draft=draft, entry=entry)

    def _entitlement_details(self) -> dict[str, Any]:
        """Return the facts that a NotEffectivelyEntitled skip carries. Source: ENG-257, ENG-346."""
        return {
            "IsActive": self.subject.source.presence is Presence.ACTIVE,
            "Assigned": self.subject.source.is_entitled,
            "IsInProvisioningScope": self.subject.verdict.passes,
        }

    def skip(
        self,
        reason: SkipReason,
        action: Action,
        rules: Sequence[str],
        text: str,
        *,
        details: Mapping[str, Any] | None = None,
        resource: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Return the outcome of an object that is left alone."""
        draft = self.recorder.skipped(reason, action, rules=(*self.rules, *rules), text=text, details=details)
        return Outcome(draft=draft, entry=self.entry, held_resource=resource)

    def failed(self, error: TargetError | SourceDataError) -> Outcome:
        """Return the outcome of a failure: record and escrow. Source: ENG-270, ENG-274, ENG-441."""
        modification, action = _MODIFICATIONS[self.subject.intent.kind]
        if self.entry is not None and modification == "Add":
            modification, action = "Update", Action.UPDATE
        verb = {"Add": "create", "Update": "update", "Delete": "delete"}[modification]
        name = self.export_step or "EntrySynchronizationError"
        shown = {change.target_path: change.new_value for change in self.attempted}
        self.recorder.export_failed(name, verb, error.code, shown)
        waiting = escrow_after(error, self.subject, self.run, modification)
        information = error_information(error, self.subject.escrow, waiting)
        draft = self.recorder.draft(action, Status.FAILURE, rules=(*self.rules, "ENG-440"), error=information)
        return Outcome(
            draft=draft,
            entry=self.entry,
            escrow=waiting,
            error=error,
            is_given_up=waiting is None and not self.run.is_on_demand,
        )


class _NoMatchingValue(Exception):
    """No matching attribute has a value. Source: ENG-161."""
