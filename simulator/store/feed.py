"""The delta feed: what changed in the directory, in order. A watermark is a position in it (ENG-156)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from entra_sim.simulator.store.codec import instant_column
from entra_sim.simulator.store.codec import json_text
from entra_sim.simulator.store.codec import json_value
from entra_sim.simulator.store.database import Database


class ChangeKind(StrEnum):
    """What happened to an object."""

    ADDED = "added"
    UPDATED = "updated"
    SOFT_DELETED = "softDeleted"
    RESTORED = "restored"
    HARD_DELETED = "hardDeleted"
    ASSIGNMENT = "assignment"
    MEMBERS = "members"
    MEMBERSHIP = "membership"


_ALWAYS = frozenset(ChangeKind) - {ChangeKind.UPDATED, ChangeKind.MEMBERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedObject:
    """One object of a page of the feed: everything that happened to it since the watermark."""

    object_id: str
    kinds: frozenset[ChangeKind]
    attributes: frozenset[str]

    @property
    def import_kind(self) -> str:
        """Return Add, Update or Delete, as the import step names it. Source: ENG-342."""
        if self.kinds & {ChangeKind.SOFT_DELETED, ChangeKind.HARD_DELETED}:
            return "Delete"
        return "Add" if ChangeKind.ADDED in self.kinds else "Update"


class FeedStore:
    """Appends changes and reads them from a watermark on."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def append(
        self,
        at: datetime,
        object_type: str,
        object_id: str,
        kind: ChangeKind,
        *,
        attributes: Iterable[str] = (),
        application_id: str | None = None,
        visible_at: datetime | None = None,
    ) -> None:
        """Record a change; `application_id` limits it to the job of one application."""
        self._db.execute(
            "INSERT INTO change (at, visible_at, object_type, object_id, kind, attributes, application_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                instant_column(at),
                instant_column(visible_at or at),
                object_type,
                object_id,
                str(kind),
                json_text(sorted(attributes)),
                application_id,
            ),
        )

    def newest(self, now: datetime) -> int:
        """Return the position up to which the feed is visible. Source: ENG-016: replication may lag."""
        newest = int(self._db.value("SELECT COALESCE(MAX(sequence), 0) FROM change"))
        hidden = self._db.value(
            "SELECT MIN(sequence) FROM change INDEXED BY change_hidden WHERE visible_at > at AND visible_at > ?",
            (instant_column(now),),
        )
        return newest if hidden is None else int(hidden) - 1

    def changed(
        self, object_type: str, application_id: str, lower: int, upper: int, relevant: frozenset[str]
    ) -> list[ChangedObject]:
        """Return the objects with a change in (lower, upper] that matters, in feed order (by id).

        Args:
            relevant: source attributes that mappings and filters read; an update of others is no change (ENG-152).
        Source: ENG-001, ENG-015, ENG-151, ENG-152.
        """
        if lower >= upper:
            return []
        rows = self._db.rows(
            "SELECT object_id, kind, attributes FROM change NOT INDEXED "
            "WHERE sequence > ? AND sequence <= ? AND object_type = ? "
            "AND (application_id IS NULL OR application_id = ?) ORDER BY object_id, sequence",
            (lower, upper, object_type, application_id),
        )
        found: dict[str, tuple[set[ChangeKind], set[str]]] = {}
        for row in rows:
            kind = ChangeKind(row["kind"])
            names = set(json_value(row["attributes"]))
            if kind in _ALWAYS or names & relevant:
                kinds, attributes = found.setdefault(row["object_id"], (set(), set()))
                kinds.add(kind)
                if kind is ChangeKind.RESTORED:  # the feed gives the current state: it is not deleted any more
                    kinds.discard(ChangeKind.SOFT_DELETED)
                attributes |= names
        return [
            ChangedObject(object_id=object_id, kinds=frozenset(kinds), attributes=frozenset(attributes))
            for object_id, (kinds, attributes) in found.items()
        ]

    def history(self, object_id: str, limit: int = 200) -> list[tuple[int, str, ChangeKind, tuple[str, ...]]]:
        """Return (sequence, instant, kind, attributes) of one object's changes, oldest first."""
        rows = self._db.rows(
            "SELECT sequence, at, kind, attributes FROM change WHERE object_id = ? ORDER BY sequence LIMIT ?",
            (object_id, limit),
        )
        return [
            (row["sequence"], row["at"], ChangeKind(row["kind"]), tuple(json_value(row["attributes"]))) for row in rows
        ]
