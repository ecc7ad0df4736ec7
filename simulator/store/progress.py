"""What a cycle in progress needs to go on after a stop or a kill: its position, creates on their way, references."""

from __future__ import annotations

from dataclasses import dataclass

from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.store.codec import to_text
from entra_sim.simulator.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIntent:
    """An object whose create may have reached the target, and the value by which it can be found there."""

    object_type: str
    source_anchor: str
    attribute: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingReference:
    """An object that takes part in the reference pass. `held` is the manager that the target showed, or None."""

    object_type: str
    source_anchor: str
    held: str | None
    change_kind: str


_SAVE_INTENT = (
    "INSERT OR REPLACE INTO create_intent (job_id, object_type, source_anchor, attribute, value) VALUES (?, ?, ?, ?, ?)"
)


def _intent_row(job_id: str, intent: CreateIntent) -> tuple[str, ...]:
    return job_id, intent.object_type, intent.source_anchor, intent.attribute, intent.value


class ProgressStore:
    """The cycle in progress of each job; `JobStore.get` shows it with its job."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def save_cycle(self, job_id: str, cycle: Cycle) -> None:
        """Store where the cycle in progress stands."""
        self._db.execute(
            "INSERT INTO cycle (job_id, document) VALUES (?, ?) "
            "ON CONFLICT (job_id) DO UPDATE SET document = excluded.document",
            (job_id, to_text(cycle)),
        )

    def delete_cycle(self, job_id: str) -> None:
        """Forget the cycle in progress, with what only it needed; intents to create stay until they are cleared up."""
        for table in ("cycle", "pending_reference", "done_ahead"):
            self._db.execute(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608

    def save_intent(self, job_id: str, intent: CreateIntent) -> None:
        """Note that an object is about to be created, before anything is sent."""
        self._db.execute(_SAVE_INTENT, _intent_row(job_id, intent))

    def note_intent(self, job_id: str, intent: CreateIntent) -> None:
        """Do as `save_intent` does, for a process that will call `forget_intent`: a kill loses nothing of it."""
        self._db.note((job_id, intent.object_type, intent.source_anchor), _SAVE_INTENT, _intent_row(job_id, intent))

    def forget_intent(self, job_id: str, object_type: str, source_anchor: str) -> None:
        """Note that it is recorded what became of a create, where that costs nothing."""
        self._db.forget((job_id, object_type, source_anchor))

    def has_intents(self, job_id: str) -> bool:
        """Return whether there are creates without a record."""
        return self._db.value("SELECT 1 FROM create_intent WHERE job_id = ? LIMIT 1", (job_id,)) is not None

    def list_intents(self, job_id: str) -> list[CreateIntent]:
        """Return the creates without a record, users first, in feed order."""
        rows = self._db.rows(
            "SELECT * FROM create_intent WHERE job_id = ? ORDER BY object_type DESC, source_anchor", (job_id,)
        )
        return [
            CreateIntent(
                object_type=row["object_type"],
                source_anchor=row["source_anchor"],
                attribute=row["attribute"],
                value=row["value"],
            )
            for row in rows
        ]

    def delete_intent(self, job_id: str, object_type: str, source_anchor: str) -> None:
        """Note that it is known what became of a create."""
        self._db.execute(
            "DELETE FROM create_intent WHERE job_id = ? AND object_type = ? AND source_anchor = ?",
            (job_id, object_type, source_anchor),
        )

    def clear_linked_intents(self, job_id: str) -> None:
        """Forget the creates whose objects are linked: it is known what became of them."""
        self._db.execute(
            "DELETE FROM create_intent WHERE job_id = ?1 AND EXISTS (SELECT 1 FROM entry e WHERE e.job_id = ?1 "
            "AND e.object_type = create_intent.object_type AND e.source_anchor = create_intent.source_anchor)",
            (job_id,),
        )

    def save_done_ahead(self, job_id: str, object_type: str, source_anchor: str) -> None:
        """Note that an object is recorded though one before it is not."""
        self._db.execute(
            "INSERT OR IGNORE INTO done_ahead (job_id, object_type, source_anchor) VALUES (?, ?, ?)",
            (job_id, object_type, source_anchor),
        )

    def done_ahead(self, job_id: str, object_type: str) -> set[str]:
        """Return the objects behind the cycle's position that are recorded already."""
        rows = self._db.rows(
            "SELECT source_anchor FROM done_ahead WHERE job_id = ? AND object_type = ?", (job_id, object_type)
        )
        return {row[0] for row in rows}

    def clear_done_ahead(self, job_id: str) -> None:
        """Forget them: the position has passed them."""
        self._db.execute("DELETE FROM done_ahead WHERE job_id = ?", (job_id,))

    def save_pending(self, job_id: str, pending: PendingReference) -> None:
        """Note that an object takes part in the reference pass of this cycle."""
        self._db.execute(
            "INSERT OR REPLACE INTO pending_reference (job_id, object_type, source_anchor, held, change_kind) "
            "VALUES (?, ?, ?, ?, ?)",
            (job_id, pending.object_type, pending.source_anchor, pending.held, pending.change_kind),
        )

    def list_pending(self, job_id: str, object_type: str, after: str, limit: int) -> list[PendingReference]:
        """Return the next objects of the reference pass of one type, in feed order after an id."""
        rows = self._db.rows(
            "SELECT * FROM pending_reference WHERE job_id = ? AND object_type = ? AND source_anchor > ? "
            "ORDER BY source_anchor LIMIT ?",
            (job_id, object_type, after, limit),
        )
        return [
            PendingReference(
                object_type=row["object_type"],
                source_anchor=row["source_anchor"],
                held=row["held"],
                change_kind=row["change_kind"],
            )
            for row in rows
        ]

    def count_pending(self, job_id: str) -> int:
        """Return how many objects have references that are not done."""
        return int(self._db.value("SELECT COUNT(*) FROM pending_reference WHERE job_id = ?", (job_id,)))

    def delete_pending(self, job_id: str, object_type: str, source_anchor: str) -> None:
        """Note that an object's references are done."""
        self._db.execute(
            "DELETE FROM pending_reference WHERE job_id = ? AND object_type = ? AND source_anchor = ?",
            (job_id, object_type, source_anchor),
        )
