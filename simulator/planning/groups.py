"""Groups of one cycle: after all users, with their members by the links of both."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.references import MemberChanges
from entra_sim.simulator.engine.references import ReferenceOutcome
from entra_sim.simulator.engine.references import member_changes
from entra_sim.simulator.engine.references import write_members
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.planning.cycle import Environment
from entra_sim.simulator.planning.cycle import Half
from entra_sim.simulator.planning.cycle import Note
from entra_sim.simulator.planning.cycle import Order
from entra_sim.simulator.planning.cycle import counted
from entra_sim.simulator.planning.model import AttributeChange
from entra_sim.simulator.planning.model import StaysWrong
from entra_sim.simulator.planning.observed import Team
from entra_sim.simulator.planning.target import PretendTarget

NAMES_SHOWN = 5


class GroupHalf(Half):
    """All groups of the directory.

    Attributes:
        exported: group id → member id → target id of what the job remembers to have written (ENG-231).
        user_owners: returns target id → source id of the linked users among these, to name them.
    """

    object_type = "Group"

    def __init__(self, environment: Environment, target: PretendTarget, teams: Sequence[Team]) -> None:
        super().__init__(environment, target)
        self.teams = teams
        self.exported: dict[str, dict[str, str]] = {}
        self.user_owners: Callable[[Sequence[str]], Mapping[str, str]] = lambda target_ids: {}
        self._waiting: set[str] = set()

    def sources(self, order: Order) -> Iterable[SourceObject]:
        """Return the groups of a pass in feed order."""
        sync_all = self.environment.states[order.state].sync_all
        change = "Add" if order.is_initial else "Update"
        for team in self.teams:
            if self._is_looked_at(team.record.object_id, order):
                yield team.source(order.state, sync_all=sync_all, change_kind=change)

    def forget_references(self) -> None:
        """Forget the groups whose members a reference pass would look at."""
        self._waiting = set()

    def note_reference(self, subject: Subject, outcome: Outcome, run: Run) -> None:
        """Remember a group whose members may have to be written."""
        if any(item.direct == "members" for item in run.group.reference_rows):
            self._waiting.add(subject.source.object_id)

    def remember(self, order: Order, users: Mapping[str, str]) -> None:
        """Take it that the job has written the members that are linked now, since the target was filled by it."""
        resolved = {**users, **self.managed()}
        for team in self.teams:
            if team.record.object_id in self.entries:
                members = {member: resolved[member] for member in team.record.members if member in resolved}
                self.exported[team.record.object_id] = members

    def references(self, order: Order, users: Mapping[str, str]) -> None:
        """Write the members, and add to the lines what that means. Source: ENG-231, ENG-234."""
        notes: dict[str, Note] = {}
        run, resolved = self.run(order), {**users, **self.managed()}
        for source in self.sources(order):
            if source.object_id not in self._waiting:
                continue
            exported = self.exported.setdefault(source.object_id, {})
            found = {member: resolved[member] for member in source.member_ids if member in resolved}
            changes = member_changes(source.member_ids, exported, found, self.environment.names)
            note = self._written(source, changes, run)
            self._note_rest(source, changes, resolved, note)
            if note.writes or note.stays_wrong:
                notes[source.object_id] = note
        for line in self.taken_lines():
            self.lines.append(notes[line.object_id].onto(line) if line.object_id in notes else line)

    def _written(self, source: SourceObject, changes: MemberChanges, run: Run) -> Note:
        note, names = Note(), self.environment.names
        if changes.is_empty:
            return note
        entry = self.entries[source.object_id]
        subject = intend(source, entry, run)
        before = set(self.target.members(entry.target_anchor))
        outcome: ReferenceOutcome = counted(write_members(subject, entry, changes, run), self.target.send, note)
        exported = self.exported[source.object_id]
        for member in outcome.added:
            exported[member] = changes.added[member]
            if changes.added[member] not in before:
                who = names.get(member, member)
                note.changes.append(AttributeChange(attribute="members", old=None, new=who, source="[members]"))
        for member in outcome.removed:
            exported.pop(member, None)
            who = names.get(member, member)
            note.changes.append(AttributeChange(attribute="members", old=who, new=None, source="[members]"))
        if outcome.error is not None:
            note.error = str(outcome.error)
        return note

    def _note_rest(self, source: SourceObject, changes: MemberChanges, resolved: Mapping[str, str], note: Note) -> None:
        """Say which members are missing at the target, and which are too many, after all is written."""
        if changes.unresolved:
            text = (
                f"{_some(changes.unresolved)} not written as members: not linked or not in scope; when that changes "
                "later, only a change of the group or a restart of provisioning writes them"
            )
            note.stays_wrong.append(StaysWrong(rule="ENG-151", attribute="members", text=text))
        held = self.target.members(self.entries[source.object_id].target_anchor)
        wanted = {resolved[member] for member in source.member_ids if member in resolved}
        surplus = [target for target in held if target not in wanted]
        if surplus:
            owners = {**self.owners, **self.user_owners(surplus)}
            shown = _some([self.environment.names.get(owners.get(one, one), one) for one in surplus])
            text = (
                f"{shown} stay members at the target: what was written before is forgotten when mappings are saved, "
                "so it is not removed; remove them at the target"
            )
            note.stays_wrong.append(StaysWrong(rule="ENG-231", attribute="members", text=text))
        missing = len(wanted - set(held))
        if missing:
            text = (
                f"{missing} members are missing at the target and are not put back; restart provisioning to write them"
            )
            note.stays_wrong.append(StaysWrong(rule="ENG-200", attribute="members", text=text))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:NAMES_SHOWN]) + more
