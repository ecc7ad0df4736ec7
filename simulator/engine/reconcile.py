"""One object: match → diff → act, as a generator. `reply = yield call`; the outcome is its return value.

A cycle drives it with a transport, a unit test with a list of replies, a dry run stops before the first write. The
target's failures are data here: they end this object, never the cycle.
"""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from entra_sim.simulator.engine.diff import differences
from entra_sim.simulator.engine.failures import error_information
from entra_sim.simulator.engine.failures import escrow_after
from entra_sim.simulator.engine.failures import escrow_details
from entra_sim.simulator.engine.mapping import REDACTED
from entra_sim.simulator.engine.mapping import MappedValue
from entra_sim.simulator.engine.mapping import ObjectFlowIgnored
from entra_sim.simulator.engine.mapping import map_values
from entra_sim.simulator.engine.mapping import missing_required
from entra_sim.simulator.engine.matching import Lookups
from entra_sim.simulator.engine.matching import NoMatchingValue
from entra_sim.simulator.engine.outcome import Exchange
from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.outcome import Resource
from entra_sim.simulator.engine.record import SYNCHRONIZATION_ERROR
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.record import modified_by_create
from entra_sim.simulator.engine.record import modified_by_update
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.skips import action_off_text
from entra_sim.simulator.engine.skips import skip_text
from entra_sim.simulator.engine.unique import unique_values
from entra_sim.simulator.errors import DuplicateSourceEntries
from entra_sim.simulator.errors import SourceDataError
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import TargetObjectGone
from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.model.change import TargetValue
from entra_sim.simulator.model.directory import Presence
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

_MODIFICATIONS = {
    IntentKind.PROVISION: ("Add", Action.CREATE),
    IntentKind.MAINTAIN: ("Update", Action.UPDATE),
    IntentKind.DISABLE: ("Update", Action.DISABLE),
    IntentKind.DELETE: ("Delete", Action.DELETE),
    IntentKind.SKIP: ("Update", Action.OTHER),
    IntentKind.NOTHING: ("Update", Action.OTHER),
}


def reconcile(subject: Subject, run: Run) -> Exchange:
    """Carry out the decision about one object; yields calls, returns its Outcome, raises nothing a target can cause."""
    return Reconciliation(subject, run).exchange()


class Reconciliation:
    """The state of one reconciliation: what is known so far of link, target and record.

    Attributes:
        in_doubt: the link to believe in while a request is on its way, or when its answer is lost; None where that
            makes no difference. Assumed: an account that may have been enabled is not taken for a disabled one, or the
            next disable would be skipped (ENG-198) and the account stay active for good.
    """

    def __init__(self, subject: Subject, run: Run) -> None:
        self.subject = subject
        self.run = run
        self.compiled = run.mapping(subject.source.object_type)
        self.recorder = Recorder(
            subject.source,
            mapped_names=self.compiled.shown_attributes,
            redacted_names=self.compiled.redacted_attributes,
        )
        self.entry = subject.entry
        self.in_doubt: SyncEntry | None = None
        self.rules = list(subject.intent.rules)
        self.attempted: tuple[AttributeChange, ...] = ()
        self.export_step = ""
        self.attributes = subject.attributes
        self.lookups = Lookups(subject, run, self.attributes)

    @property
    def asked(self) -> tuple[str, str] | None:
        """Return the first matching attribute and the value that the target is asked for, once that is known."""
        return self.lookups.asked

    def exchange(self) -> Exchange:
        """Yield the calls; return the outcome."""
        subject = self.subject
        if subject.intent.kind is IntentKind.NOTHING:
            entry = None if subject.source.presence is Presence.HARD_DELETED else subject.entry
            return Outcome(draft=None, entry=entry)
        if subject.escrow is not None:
            self.recorder.escrow_retry(escrow_details(subject.escrow))
        self.recorder.imported(self.attributes)
        try:
            if subject.unclear is not None:
                raise subject.unclear
            return (yield from self._carry_out())
        except (TargetError, SourceDataError) as error:
            return self._failed(error)
        except ObjectFlowIgnored as marker:
            text = f"The mapping of '{marker}' gave IgnoreObjectFlow; the object is left alone."
            return self._skip(SkipReason.OBJECT_FLOW_IGNORED, Action.OTHER, ("ENG-094",), text)

    @property
    def kind(self) -> str:
        return self.subject.source.object_type

    @property
    def who(self) -> str:
        return self.subject.source.reportable_identifier

    def _carry_out(self) -> Exchange:
        intent = self.subject.intent
        if intent.kind is IntentKind.SKIP:
            return self._skip_as_decided()
        if intent.kind is IntentKind.PROVISION:
            return (yield from self._provision())
        if intent.kind is IntentKind.DELETE:
            return (yield from self._delete())
        return (yield from self._maintain())

    def _found(self, resource: Resource) -> None:
        shown = {
            item.name: REDACTED if item.is_redacted else value
            for item in self.compiled.rows
            if (value := item.path.read(resource)) is not None
        }
        self.recorder.found(resource, shown)

    def _scoped(self) -> None:
        self.recorder.scoped(self.subject.scoping_facts(self.run))

    # -- create, take over ---------------------------------------------------------------------------------------

    def _provision(self) -> Exchange:
        """Match, then take over or create. Source: ENG-144, ENG-160, ENG-165."""
        try:
            found = yield from self.lookups.match()
        except NoMatchingValue:
            names = ", ".join(str(item.row.source_expression) for item in self.compiled.matching)
            text = f"{self.kind} '{self.who}' has no value for a matching attribute ({names}); it is not exported."
            return self._skip(SkipReason.JOINING_VALUE_MISSING, Action.CREATE, ("ENG-161",), text)
        if found is None:
            self._scoped()
            return (yield from self._create())
        self._refuse_taken(found["id"])
        self._found(found)
        self._scoped()
        self.entry = self._link(found["id"])
        self.rules.append("ENG-165")
        if not self.compiled.mapping.updates:
            return self._skip(
                SkipReason.ACTION_OFF, Action.UPDATE, ("ENG-110",), action_off_text(Action.UPDATE), resource=found
            )
        return (yield from self._apply(found, Action.UPDATE, is_takeover=True))

    def _refuse_taken(self, anchor: str) -> None:
        """Refuse a target object that another source object is linked to. Source: ENG-163, design section 11."""
        owner = self.run.source_of(self.kind, anchor)
        if owner is not None and owner != self.subject.source.object_id:
            raise DuplicateSourceEntries(f"The target's '{anchor}' is linked to another source object ({owner}).")

    def _link(self, anchor: str) -> SyncEntry:
        source = self.subject.source
        return SyncEntry(
            object_type=self.kind,
            source_anchor=source.object_id,
            target_anchor=anchor,
            display_name=str(source.attributes.get("displayName") or self.who),
        )

    def _create(self) -> Exchange:
        if not self.compiled.mapping.creates:
            self.recorder.not_found(f"Unable to find {self.kind} '{self.who}' in the target")
            text = action_off_text(Action.CREATE)
            return self._skip(SkipReason.ACTION_OFF, Action.CREATE, ("ENG-110",), text)
        values = yield from self._values(is_create=True)
        self.recorder.decided("Add", f"will be created in the target ({self.kind} is active, assigned and in scope)")
        missing = missing_required(self.compiled, values)
        if missing is not None:
            text = f"The required target attribute '{missing}' has no value; the {self.kind.lower()} is not created."
            return self._skip(
                SkipReason.VALIDATION, Action.CREATE, ("ENG-081",), text, details={"AttributeName": missing}
            )
        self.recorder.modified = modified_by_create(values)
        self.export_step = "EntryExportAdd"
        wire_values = [
            TargetValue(item.compiled.name, item.value, definition.type, definition.is_multivalued)
            for item in values
            for definition in (item.compiled.row.definition,)
        ]
        why = Provenance(purpose=f"create {self.who}", rules=("ENG-170", "WIRE-050"))
        created = responses.read_created((yield requests.create(self.kind, wire_values, provenance=why)))
        self._refuse_taken(created["id"])
        self.entry = self._link(created["id"])
        self.recorder.target_id = created["id"]
        self.recorder.target_display_name = self.who
        self.recorder.exported("EntryExportAdd", "was created in")
        self._name_unresolved()
        draft = self.recorder.draft(Action.CREATE, Status.SUCCESS, rules=(*self.rules, "ENG-170"))
        return Outcome(draft=draft, entry=self.entry, is_exported=True, held_resource=created)

    def _values(self, *, is_create: bool) -> Generator[Call, Reply, list[MappedValue]]:
        """Evaluate the mappings. A generator, so that an expression that needs the target can ask it."""
        changed = self.subject.changed_attributes if self.run.settings.switch_null_defect and not is_create else None
        unique = None
        if is_create:
            unique = yield from unique_values(self.compiled, self.attributes, self.run.evaluation)
        return map_values(
            self.compiled,
            self.attributes,
            self.run.evaluation,
            is_create=is_create,
            only_changed=changed,
            unique=unique,
        )

    # -- update, disable -----------------------------------------------------------------------------------------

    def _maintain(self) -> Exchange:
        """Read the linked object by its link and write what differs.

        Source: ENG-155, ENG-166, ENG-168, ENG-169, ENG-238, WIRE-093.
        """
        assert self.entry is not None
        anchor = self.entry.target_anchor
        try:
            resource = yield from self.lookups.read_linked(anchor)
        except TargetObjectGone:
            if self.subject.intent.kind is IntentKind.MAINTAIN and self.run.settings.rematch_on_404:
                self.entry = None
                self.rules.append("WIRE-036")
                return (yield from self._provision())
            raise
        self._found(resource)
        self._scoped()
        return (yield from self._apply(resource, _MODIFICATIONS[self.subject.intent.kind][1]))

    def _apply(self, resource: Resource, action: Action, *, is_takeover: bool = False) -> Exchange:
        """Write what differs in one PATCH, or record that nothing does. Source: ENG-153, ENG-154."""
        assert self.entry is not None
        values = yield from self._values(is_create=False)
        if is_takeover and not self.run.settings.takeover_reactivates:
            values = [item for item in values if item.name != "active"]
        is_return = self.subject.entry is not None and self.subject.entry.is_disabled and action is Action.UPDATE
        if is_return and self.run.settings.return_is_other:
            action = Action.OTHER
        changes = differences(values, resource)
        disables = action is Action.DISABLE
        settled = self._settled(disables=disables)
        held = None if disables else resource
        if not changes:
            return self._redundant(settled, held)
        self.attempted = changes
        self.export_step = "EntryExportUpdateSoftDelete" if disables else "EntryExportUpdate"
        self.recorder.modified = modified_by_update(changes, values)
        written = {change.target_path: None for change in changes}
        names = ", ".join(change.target_path for change in changes)
        self.recorder.decided("Update", f"will be updated in the target ({names})")
        why = Provenance(
            purpose=f"{'disable' if disables else 'update'} {self.who}: {names}",
            rules=tuple(dict.fromkeys((*self.subject.intent.rules, "ENG-153"))),
            source="; ".join(
                f"{item.name} from {item.compiled.row.source_expression}"
                for item in values
                if item.compiled.name in written
            ),
        )
        call = requests.update(self.kind, self.entry.target_anchor, changes, self.run.dialect, provenance=why)
        if self.entry.is_disabled and not disables:
            self.in_doubt = replace(self.entry, is_disabled=False)
        responses.accept_update((yield call))
        self.recorder.exported(self.export_step, "was updated in")
        self._name_unresolved()
        draft = self.recorder.draft(action, Status.SUCCESS, rules=(*self.rules, "ENG-153"))
        return Outcome(draft=draft, entry=self._kept(settled), is_exported=True, held_resource=held)

    def _name_unresolved(self) -> None:
        """Name members that cannot be exported, where no write of members follows that does. Source: ENG-221."""
        if not self.subject.has_member_changes:
            self.recorder.unresolved(self.subject.unresolved_members)

    def _kept(self, entry: SyncEntry) -> SyncEntry | None:
        """Return the link, or None where it does not outlive the scope. Source: ENG-186, Q-21."""
        return entry if entry.is_managed or self.run.settings.keeps_links_of_unmanaged else None

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
        self.recorder.unresolved(self.subject.unresolved_members)
        text = f"The state of the {self.kind.lower()} in both systems already matches; nothing is sent."
        action = Action.UPDATE if self.run.settings.redundant_is_update else Action.OTHER
        draft = self.recorder.skipped(
            SkipReason.REDUNDANT, action, rules=(*self.rules, "ENG-153", "ENG-256"), text=text
        )
        return Outcome(draft=draft, entry=self._kept(settled), held_resource=held)

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
        """Delete at the target, whatever an attribute says, and drop the link. Source: ENG-173, ENG-196, ENG-240."""
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
            entry = self._kept(replace(entry, is_managed=intent.managed_after))
        if self.subject.source.presence is Presence.HARD_DELETED and reason is not SkipReason.ACTION_OFF:
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

    def _skip(
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

    def _failed(self, error: TargetError | SourceDataError) -> Outcome:
        """Return the outcome of a failure: record and escrow. Source: ENG-270, ENG-274, ENG-441."""
        modification, action = _MODIFICATIONS[self.subject.intent.kind]
        if self.entry is not None and modification == "Add":
            modification, action = "Update", Action.UPDATE
        verb = {"Add": "create", "Update": "update", "Delete": "delete"}[modification]
        name = self.export_step or SYNCHRONIZATION_ERROR
        shown = {item.display_name: item.new_value for item in self.recorder.modified}
        self.recorder.failed(name, verb, error.code, shown)
        waiting = escrow_after(error, self.subject, self.run, modification)
        information = error_information(error, self.subject.escrow, waiting)
        draft = self.recorder.draft(action, Status.FAILURE, rules=(*self.rules, "ENG-440"), error=information)
        is_refused = isinstance(error, TargetError) and 400 <= error.status < 500
        return Outcome(
            draft=draft,
            entry=self.entry if self.in_doubt is None or is_refused else self.in_doubt,
            escrow=waiting,
            error=error,
            is_given_up=waiting is None and not self.run.is_on_demand,
        )
