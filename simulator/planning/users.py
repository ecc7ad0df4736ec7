"""Users of one cycle, or a share of them, with their managers after all of them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.engine.outcome import Outcome
from entra_sim.simulator.engine.references import ReferenceOutcome
from entra_sim.simulator.engine.references import set_manager
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.scoping import PASSED
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.operation import Intent
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.planning.cycle import Environment
from entra_sim.simulator.planning.cycle import Half
from entra_sim.simulator.planning.cycle import Note
from entra_sim.simulator.planning.cycle import Order
from entra_sim.simulator.planning.cycle import Purpose
from entra_sim.simulator.planning.cycle import counted
from entra_sim.simulator.planning.model import AttributeChange
from entra_sim.simulator.planning.model import StaysWrong
from entra_sim.simulator.planning.observed import Person
from entra_sim.simulator.planning.packing import Packed
from entra_sim.simulator.planning.target import PretendTarget

_REFERS = Intent(kind=IntentKind.MAINTAIN, rules=("ENG-220",))


class Waiting(NamedTuple):
    """A user whose manager the reference pass may write: `held` is the id that the target shows, or None."""

    object_id: str
    identity: str
    manager_id: str | None
    held: str | None


class UserHalf(Half):
    """Users, or a share of them that no user outside can get in the way of."""

    def __init__(self, environment: Environment, target: PretendTarget, people: Sequence[Person]) -> None:
        super().__init__(environment, target)
        self.people = people
        self._waiting: Packed[Waiting] = Packed()
        self._foreign_owners: Mapping[str, str] = {}

    def sources(self, order: Order) -> Iterable[SourceObject]:
        """Return the users of a pass in feed order."""
        sync_all = self.environment.states[order.state].sync_all
        change = "Add" if order.is_initial else "Update"
        for person in self.people:
            if self._is_looked_at(person.object_id, order):
                yield person.source(order.state, sync_all=sync_all, change_kind=change)

    def forget_references(self) -> None:
        """Forget the users whose manager a reference pass would look at."""
        self._waiting = Packed()

    def note_reference(self, subject: Subject, outcome: Outcome, run: Run) -> None:
        """Remember the manager that the target shows. Source: ENG-220, as `CycleWork` does."""
        row = _manager_row(run)
        if row is not None:
            assert outcome.held_resource is not None
            held, source = row.path.read(outcome.held_resource), subject.source
            if held is not None or source.manager_id is not None:
                held = None if held is None else str(held)
                who = source.reportable_identifier
                self._waiting.append(Waiting(source.object_id, who, source.manager_id, held))

    def shown_managers(self) -> list[str]:
        """Return the target ids that the target shows as managers and that nobody of this share is linked to."""
        shown = {one.held: None for one in self._waiting if one.held is not None and one.held not in self.owners}
        return list(shown)

    def references(self, order: Order, managed: Mapping[str, str], owners: Mapping[str, str]) -> None:
        """Write the managers, and add to the lines what that means. Source: ENG-221, ENG-222, ENG-224.

        Args:
            managed: source id → target id of the managed links of all who manage somebody.
            owners: target id → source id of those outside this share who are shown as managers.
        """
        self.others, self._foreign_owners = managed, owners
        run, waiting = self.run(order), self._waiting
        row = _manager_row(run)
        self.forget_references()
        if row is None:
            return
        if order.purpose is not Purpose.PLAN:
            for one in waiting:
                self._manager(one, row, run, order)
            return
        lines, left = self.taken_lines(), iter(waiting)
        next_one = next(left, None)
        for line in lines:  # both are in feed order
            if next_one is not None and next_one.object_id == line.object_id:
                note = self._manager(next_one, row, run, order)
                line = line if note is None else note.onto(line)
                next_one = next(left, None)
            self.lines.append(line)

    def _manager(self, waiting: Waiting, row: CompiledRow, run: Run, order: Order) -> Note | None:
        path, manager_id, held = row.row.target_attribute_name, waiting.manager_id, waiting.held
        if manager_id is None:
            text = "the manager was removed in the directory; the target keeps the old one, clear it there"
            return Note(stays_wrong=[StaysWrong(rule="ENG-224", attribute=path, text=text)])
        target = self.others.get(manager_id)
        who = self.environment.names.get(manager_id, manager_id)
        if target is None:
            text = (
                f"the manager '{who}' is not in scope and not written; when that changes later, "
                "only a restart of provisioning writes it"
            )
            return Note(stays_wrong=[StaysWrong(rule="ENG-224", attribute=path, text=text)])
        if held == target:
            return None
        entry = self.entries[waiting.object_id]
        note = Note()
        exchange = set_manager(_referring(waiting, entry), entry, held, (manager_id, target), run)
        outcome: ReferenceOutcome = counted(exchange, self.target.send, note)
        if outcome.error is not None:
            note.error = str(outcome.error)
            if order.purpose is Purpose.SEED:
                self.retries.add(waiting.object_id)
        elif outcome.is_exported:
            note.changes.append(AttributeChange(attribute=path, old=self._name_of(held), new=who, source="[manager]"))
        return note

    def _name_of(self, target_id: str | None) -> str | None:
        if target_id is None:
            return None
        owner = self.owners.get(target_id) or self._foreign_owners.get(target_id)
        return target_id if owner is None else self.environment.names.get(owner, owner)


def _manager_row(run: Run) -> CompiledRow | None:
    return next((item for item in run.user.reference_rows if item.direct == "manager"), None)


def _referring(waiting: Waiting, entry: SyncEntry) -> Subject:
    """Return the user as the reference pass needs it, which decides nothing: by its name."""
    source = SourceObject(
        object_type="User",
        object_id=waiting.object_id,
        attributes={"userPrincipalName": waiting.identity},
        presence=Presence.ACTIVE,
        is_entitled=True,
        manager_id=waiting.manager_id,
    )
    return Subject(source=source, entry=entry, verdict=PASSED, intent=_REFERS)
