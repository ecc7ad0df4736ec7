"""The reference pass: manager and members, written after both ends exist. Source: ENG-220 to ENG-241."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from entra_sim.simulator.engine.failures import error_information
from entra_sim.simulator.engine.failures import escrow_after
from entra_sim.simulator.engine.failures import escrow_details
from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.errors import SourceDataError
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.log import ModifiedProperty
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import Status
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.call import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceOutcome:
    """What became of the references of one object.

    Args:
        added, removed: source ids of members whose change reached the target.
    """

    draft: LogDraft | None
    escrow: EscrowEntry | None = None
    error: TargetError | SourceDataError | None = None
    is_exported: bool = False
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


ReferenceExchange = Generator[Call, Reply, ReferenceOutcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanges:
    """Which members of a group are to be written: source id → target id, in a stable order.

    Args:
        unresolved: identifiers of current members that are not linked or not in scope.
    """

    added: Mapping[str, str]
    removed: Mapping[str, str]
    unresolved: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is to be written."""
        return not self.added and not self.removed


def member_changes(
    wanted: Sequence[str], exported: Mapping[str, str], resolved: Mapping[str, str], names: Mapping[str, str]
) -> MemberChanges:
    """Return the difference between the members wanted and those the job has exported; the target is never asked.

    Args:
        wanted: source ids of the current direct members.
        exported: source id → target id of what was exported (ENG-231).
        resolved: source id → target id of those that are linked and in scope (ENG-234).
        names: source id → identifier, for the log.
    Source: WIRE-114.
    """
    present = {member: resolved[member] for member in wanted if member in resolved}
    added = {member: target for member, target in present.items() if exported.get(member) != target}
    removed = {member: target for member, target in sorted(exported.items()) if member not in present}
    unresolved = tuple(names.get(member, member) for member in wanted if member not in resolved)
    return MemberChanges(added=added, removed=removed, unresolved=unresolved)


def without(changes: MemberChanges, members: Collection[str], names: Mapping[str, str]) -> MemberChanges:
    """Return the changes without the addition of these members, who are named among the unresolved. Source: ENG-234."""
    return MemberChanges(
        added={member: target for member, target in changes.added.items() if member not in members},
        removed=changes.removed,
        unresolved=(*changes.unresolved, *(names.get(member, member) for member in changes.added if member in members)),
    )


def set_manager(
    subject: Subject, entry: SyncEntry, held: str | None, manager: tuple[str, str], run: Run
) -> ReferenceExchange:
    """Write the manager of one user if the target shows another one.

    Args:
        held: target id of the manager that the target shows, or None.
        manager: source id and target id of the wanted one.
    Source: ENG-223, ENG-222, WIRE-040, WIRE-073.
    """
    rows = [item for item in run.user.reference_rows if item.direct == "manager"]
    if not rows or held == manager[1]:
        return ReferenceOutcome(draft=None)
    path = rows[0].row.target_attribute_name
    recorder = _recorder(subject, entry)
    why = Provenance(
        purpose=f"set the manager of {subject.source.reportable_identifier}",
        rules=("ENG-220", "ENG-222", "WIRE-073"),
        source=f"{path} from [manager] = {manager[0]}",
    )
    try:
        if run.settings.reference_check:
            call = requests.check_reference("User", entry.target_anchor, "manager", manager[1], provenance=why)
            if responses.read_list((yield call)):
                return ReferenceOutcome(draft=None)
        recorder.modified = (ModifiedProperty(display_name=path, old_value=held, new_value=manager[1]),)
        recorder.decided("Update", "will be updated in the target (manager)")
        call = requests.set_manager(
            entry.target_anchor, path, manager[1], held is not None, run.dialect, provenance=why
        )
        responses.accept_update((yield call))
    except TargetError as error:
        return _failed(recorder, subject, run, error)
    recorder.exported("EntryExportUpdate", "was updated in")
    draft = recorder.draft(Action.UPDATE, Status.SUCCESS, rules=("ENG-220", "ENG-222", "ENG-227"))
    return ReferenceOutcome(draft=draft, is_exported=True)


def write_members(subject: Subject, entry: SyncEntry, changes: MemberChanges, run: Run) -> ReferenceExchange:
    """Write the members that came and went, in as many PATCHes as the setting asks for. Source: ENG-231 to ENG-236."""
    recorder = _recorder(subject, entry)
    recorder.decided("Update", "will be updated in the target (members)")
    limit = run.settings.members_per_patch
    done: dict[str, list[str]] = {"added": [], "removed": []}
    tried: dict[str, list[str]] = {"added": [], "removed": []}
    failure: TargetError | None = None
    for direction, members in (("added", changes.added), ("removed", changes.removed)):
        for chunk in _chunks(list(members.items()), limit):
            targets = [target for _source, target in chunk]
            why = Provenance(
                purpose=f"{'add' if direction == 'added' else 'remove'} {len(chunk)} members of "
                f"{subject.source.reportable_identifier}",
                rules=("ENG-231", "ENG-232", "WIRE-105" if direction == "added" else "WIRE-107"),
            )
            added, removed = (targets, []) if direction == "added" else ([], targets)
            tried[direction].extend(source for source, _target in chunk)
            calls = requests.change_members(entry.target_anchor, added, removed, run.dialect, limit, provenance=why)
            try:
                for call in calls:
                    responses.accept_update((yield call))
            except TargetError as error:
                failure = error
                break
            done[direction].extend(source for source, _target in chunk)
        if failure is not None:
            break
    recorder.modified = tuple(
        ModifiedProperty(
            display_name="members",
            old_value=changes.removed[source] if direction == "removed" else None,
            new_value=changes.added[source] if direction == "added" else None,
        )
        for direction, sources in tried.items()
        for source in sources
    )
    if failure is not None:
        return _failed(recorder, subject, run, failure, added=done["added"], removed=done["removed"])
    recorder.unresolved(changes.unresolved)
    recorder.exported("EntryExportUpdate", "was updated in")
    status = Status.WARNING if changes.unresolved else Status.SUCCESS
    draft = recorder.draft(Action.UPDATE, status, rules=("ENG-220", "ENG-231", "ENG-221"))
    return ReferenceOutcome(draft=draft, is_exported=True, added=tuple(done["added"]), removed=tuple(done["removed"]))


def _chunks(members: list[tuple[str, str]], limit: int) -> list[list[tuple[str, str]]]:
    size = limit if limit > 0 else max(len(members), 1)
    return [members[start : start + size] for start in range(0, len(members), size)]


def _recorder(subject: Subject, entry: SyncEntry) -> Recorder:
    recorder = Recorder(subject.source)
    if subject.escrow is not None and subject.escrow.is_reference:
        recorder.escrow_retry(escrow_details(subject.escrow))
    recorder.imported()
    recorder.target_id = entry.target_anchor
    recorder.target_display_name = entry.display_name
    return recorder


def _failed(
    recorder: Recorder,
    subject: Subject,
    run: Run,
    error: TargetError,
    *,
    added: Sequence[str] = (),
    removed: Sequence[str] = (),
) -> ReferenceOutcome:
    shown = {name: _values(recorder.modified, name) for name in {item.display_name: None for item in recorder.modified}}
    recorder.failed("EntryExportUpdate", "update", error.code, shown)
    waiting = escrow_after(error, subject, run, "Update", is_reference=True)
    information = error_information(error, subject.escrow, waiting)
    draft = recorder.draft(Action.UPDATE, Status.FAILURE, rules=("ENG-226", "ENG-440"), error=information)
    return ReferenceOutcome(
        draft=draft,
        escrow=waiting,
        error=error,
        is_exported=bool(added or removed),
        added=tuple(added),
        removed=tuple(removed),
    )


def _values(modified: Sequence[ModifiedProperty], name: str) -> str:
    """Return what was to be added or taken away at an attribute, as one text."""
    return ", ".join(item.new_value or item.old_value or "" for item in modified if item.display_name == name)
