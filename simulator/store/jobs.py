"""Jobs, their schema, links, escrows, and what a cycle in progress needs to go on after a kill."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.store.codec import from_text
from entra_sim.simulator.store.codec import instant_column
from entra_sim.simulator.store.codec import instant_value
from entra_sim.simulator.store.codec import json_text
from entra_sim.simulator.store.codec import json_value
from entra_sim.simulator.store.codec import to_text
from entra_sim.simulator.store.database import Database

_JOBS = "SELECT j.document, c.document AS cycle FROM job j LEFT JOIN cycle c ON c.job_id = j.job_id"
_TABLES = (
    "entry",
    "escrow",
    "pending_reference",
    "exported_member",
    "create_intent",
    "done_ahead",
    "cycle",
    "held_removal",
    "job",
)


class JobStore:
    """Everything that belongs to one job and goes with it."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -- jobs and schemas ----------------------------------------------------------------------------------------

    def get(self, job_id: str) -> SynchronizationJob | None:
        """Return a job with its cycle in progress, or None."""
        row = self._db.row(f"{_JOBS} WHERE j.job_id = ?", (job_id,))
        return None if row is None else _job(row)

    def list_jobs(self) -> list[SynchronizationJob]:
        """Return all jobs in the order they were made."""
        return [_job(row) for row in self._db.rows(f"{_JOBS} ORDER BY j.rowid")]

    def exists(self, job_id: str) -> bool:
        """Return whether the job is still there."""
        return self._db.value("SELECT 1 FROM job WHERE job_id = ?", (job_id,)) is not None

    def save(self, job: SynchronizationJob) -> None:
        """Update a job, or insert it with an empty schema; its cycle is not touched."""
        self._db.execute(
            "INSERT INTO job (job_id, application_id, document, schema, schema_version) VALUES (?, ?, ?, '{}', 0) "
            "ON CONFLICT (job_id) DO UPDATE SET document = excluded.document",
            (job.job_id, job.application_id, to_text(replace(job, cycle=None))),
        )

    def delete(self, job_id: str) -> None:
        """Remove a job with links, escrows and everything else that is its own. Source: ENG-322."""
        for table in _TABLES:
            self._db.execute(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608

    def get_schema(self, job_id: str) -> tuple[dict[str, Any], int]:
        """Return the schema document and its version number."""
        row = self._db.row("SELECT schema, schema_version FROM job WHERE job_id = ?", (job_id,))
        assert row is not None
        return json_value(row["schema"]), int(row["schema_version"])

    def save_schema(self, job_id: str, document: Mapping[str, Any]) -> int:
        """Store a schema document; returns its new version number."""
        self._db.execute(
            "UPDATE job SET schema = ?, schema_version = schema_version + 1 WHERE job_id = ?",
            (json_text(document), job_id),
        )
        return int(self._db.value("SELECT schema_version FROM job WHERE job_id = ?", (job_id,)))

    def schema_version(self, job_id: str) -> int:
        """Return the version number of the schema."""
        return int(self._db.value("SELECT schema_version FROM job WHERE job_id = ?", (job_id,)))

    # -- links ---------------------------------------------------------------------------------------------------

    def get_entry(self, job_id: str, object_type: str, source_anchor: str) -> SyncEntry | None:
        """Return a link by its source anchor, or None."""
        row = self._db.row(
            "SELECT * FROM entry WHERE job_id = ? AND object_type = ? AND source_anchor = ?",
            (job_id, object_type, source_anchor),
        )
        return None if row is None else _entry(row)

    def find_source(self, job_id: str, object_type: str, target_anchor: str) -> str | None:
        """Return the source anchor that a target anchor is linked to, or None."""
        value: str | None = self._db.value(
            "SELECT source_anchor FROM entry WHERE job_id = ? AND object_type = ? AND target_anchor = ?",
            (job_id, object_type, target_anchor),
        )
        return value

    def find_target(self, job_id: str, object_type: str, source_anchor: str) -> str | None:
        """Return the target anchor of a managed link, or None. Source: ENG-221, ENG-234."""
        value: str | None = self._db.value(
            "SELECT target_anchor FROM entry WHERE job_id = ? AND object_type = ? AND source_anchor = ? AND is_managed",
            (job_id, object_type, source_anchor),
        )
        return value

    def get_entries(self, job_id: str, object_type: str, source_anchors: Sequence[str]) -> dict[str, SyncEntry]:
        """Return the links of these source anchors, by source anchor."""
        rows = self._db.rows(
            "SELECT * FROM entry WHERE job_id = ? AND object_type = ? "
            "AND source_anchor IN (SELECT value FROM json_each(?))",
            (job_id, object_type, json_text(list(source_anchors))),
        )
        return {row["source_anchor"]: _entry(row) for row in rows}

    def resolve_members(self, job_id: str, source_anchors: Sequence[str]) -> dict[str, str]:
        """Return source anchor → target anchor of those users and groups that have a managed link. Source: WIRE-111."""
        rows = self._db.rows(
            "SELECT source_anchor, target_anchor FROM entry WHERE job_id = ? AND object_type IN ('User', 'Group') "
            "AND is_managed AND source_anchor IN (SELECT value FROM json_each(?))",
            (job_id, json_text(list(source_anchors))),
        )
        return {row[0]: row[1] for row in rows}

    def list_entries(self, job_id: str, *, limit: int = -1, offset: int = 0) -> list[SyncEntry]:
        """Return links, users first, by source anchor."""
        rows = self._db.rows(
            "SELECT * FROM entry WHERE job_id = ? ORDER BY object_type DESC, source_anchor LIMIT ? OFFSET ?",
            (job_id, limit, offset),
        )
        return [_entry(row) for row in rows]

    def count_entries(self, job_id: str) -> dict[str, int]:
        """Return how many links there are by object type."""
        rows = self._db.rows("SELECT object_type, COUNT(*) FROM entry WHERE job_id = ? GROUP BY 1", (job_id,))
        return {row[0]: row[1] for row in rows}

    def orphaned_entries(self, job_id: str, object_type: str, after: str, up_to: str | None, limit: int) -> list[str]:
        """Return source anchors in (after, up_to] of links whose source object is gone, in feed order.

        Args:
            up_to: the end of the page of living objects, so that a cycle looks at each link once; None for no end.
        """
        table = "user" if object_type == "User" else "directory_group"
        rows = self._db.rows(
            f"SELECT source_anchor FROM entry WHERE job_id = ? AND object_type = ? AND source_anchor > ? "  # noqa: S608
            f"AND source_anchor <= ? AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.object_id = source_anchor) "
            "ORDER BY source_anchor LIMIT ?",
            (job_id, object_type, after, up_to if up_to is not None else "\uffff", limit),
        )
        return [row[0] for row in rows]

    def save_entry(self, job_id: str, entry: SyncEntry) -> None:
        """Insert or replace a link."""
        self._db.execute(
            "INSERT INTO entry (job_id, object_type, source_anchor, target_anchor, is_managed, is_disabled, "
            "display_name) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_id, object_type, source_anchor) DO UPDATE SET "
            "target_anchor = excluded.target_anchor, is_managed = excluded.is_managed, "
            "is_disabled = excluded.is_disabled, display_name = excluded.display_name",
            (
                job_id,
                entry.object_type,
                entry.source_anchor,
                entry.target_anchor,
                int(entry.is_managed),
                int(entry.is_disabled),
                entry.display_name,
            ),
        )

    def delete_entry(self, job_id: str, object_type: str, source_anchor: str) -> None:
        """Remove a link, and what was exported of a group's members."""
        self._db.execute(
            "DELETE FROM entry WHERE job_id = ? AND object_type = ? AND source_anchor = ?",
            (job_id, object_type, source_anchor),
        )
        if object_type == "Group":
            self._db.execute("DELETE FROM exported_member WHERE job_id = ? AND group_id = ?", (job_id, source_anchor))

    def clear_entries(self, job_id: str) -> None:
        """Remove all links (Graph restart ConnectorDataStore)."""
        self._db.execute("DELETE FROM entry WHERE job_id = ?", (job_id,))
        self.clear_exported_members(job_id)

    # -- escrows -------------------------------------------------------------------------------------------------

    def get_escrows(self, job_id: str, object_type: str, source_anchors: Sequence[str]) -> dict[str, EscrowEntry]:
        """Return the escrows of these objects, by source anchor."""
        rows = self._db.rows(
            "SELECT * FROM escrow WHERE job_id = ? AND object_type = ? "
            "AND source_anchor IN (SELECT value FROM json_each(?))",
            (job_id, object_type, json_text(list(source_anchors))),
        )
        return {row["source_anchor"]: _escrow(row) for row in rows}

    def due_escrows(self, job_id: str, object_type: str, now: datetime) -> list[str]:
        """Return the source anchors whose next attempt is due, in feed order."""
        rows = self._db.rows(
            "SELECT source_anchor FROM escrow WHERE job_id = ? AND object_type = ? AND next_attempt_at <= ? "
            "ORDER BY source_anchor",
            (job_id, object_type, instant_column(now)),
        )
        return [row[0] for row in rows]

    def has_due_escrow(self, job_id: str, now: datetime) -> bool:
        """Return whether any escrow's next attempt is due."""
        found = self._db.value(
            "SELECT 1 FROM escrow WHERE job_id = ? AND next_attempt_at <= ? LIMIT 1", (job_id, instant_column(now))
        )
        return found is not None

    def list_escrows(self, job_id: str) -> list[EscrowEntry]:
        """Return all escrows of a job, by next attempt."""
        rows = self._db.rows("SELECT * FROM escrow WHERE job_id = ? ORDER BY next_attempt_at, source_anchor", (job_id,))
        return [_escrow(row) for row in rows]

    def drop_escrows_of_before(self, job_id: str, instant: datetime) -> None:
        """Drop the escrows whose first failure lies before an instant: their life is over. Source: ENG-271."""
        key = (job_id, instant_column(instant))
        if self._db.value("SELECT 1 FROM escrow WHERE job_id = ? AND created_at < ? LIMIT 1", key) is not None:
            self._db.execute("DELETE FROM escrow WHERE job_id = ? AND created_at < ?", key)

    def count_escrows(self, job_id: str) -> int:
        """Return how many objects wait for a retry."""
        return int(self._db.value("SELECT COUNT(*) FROM escrow WHERE job_id = ?", (job_id,)))

    def save_escrow(self, job_id: str, escrow: EscrowEntry) -> None:
        """Insert or replace the escrow of an object."""
        self._db.execute(
            "INSERT OR REPLACE INTO escrow (job_id, object_type, source_anchor, modification_type, created_at, "
            "attempt_count, next_attempt_at, error_code, error_message, is_reference) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job_id,
                escrow.object_type,
                escrow.source_anchor,
                escrow.modification_type,
                instant_column(escrow.created_at),
                escrow.attempt_count,
                instant_column(escrow.next_attempt_at),
                escrow.error_code,
                escrow.error_message,
                int(escrow.is_reference),
            ),
        )

    def delete_escrow(self, job_id: str, object_type: str, source_anchor: str) -> None:
        """Remove the escrow of an object."""
        self._db.execute(
            "DELETE FROM escrow WHERE job_id = ? AND object_type = ? AND source_anchor = ?",
            (job_id, object_type, source_anchor),
        )

    def clear_escrows(self, job_id: str) -> None:
        """Remove all escrows (restart)."""
        self._db.execute("DELETE FROM escrow WHERE job_id = ?", (job_id,))

    # -- members -----------------------------------------------------------------------------------------------

    def exported_members(self, job_id: str, group_id: str) -> dict[str, str]:
        """Return source id → target id of the members that the job has exported. Source: ENG-231."""
        rows = self._db.rows(
            "SELECT member_id, target_id FROM exported_member WHERE job_id = ? AND group_id = ? AND target_id <> ''",
            (job_id, group_id),
        )
        return {row[0]: row[1] for row in rows}

    def withdrawn_members(self, job_id: str, group_id: str) -> frozenset[str]:
        """Return the members that were taken out because they were deleted: a restore alone does not put them back.

        Source: ENG-200, ENG-237.
        """
        rows = self._db.rows(
            "SELECT member_id FROM exported_member WHERE job_id = ? AND group_id = ? AND target_id = ''",
            (job_id, group_id),
        )
        return frozenset(row[0] for row in rows)

    def save_exported_members(
        self, job_id: str, group_id: str, added: Iterable[tuple[str, str]], removed: Iterable[str]
    ) -> None:
        """Note which members the target has been told of. One that was removed and is still a member is withdrawn."""
        removed = list(removed)
        self._db.execute_many(
            "INSERT OR REPLACE INTO exported_member (job_id, group_id, member_id, target_id) VALUES (?, ?, ?, ?)",
            [(job_id, group_id, member_id, target_id) for member_id, target_id in added],
        )
        self._db.execute_many(
            "DELETE FROM exported_member WHERE job_id = ? AND group_id = ? AND member_id = ?",
            [(job_id, group_id, member_id) for member_id in removed],
        )
        if removed:
            self._db.execute(
                "INSERT INTO exported_member (job_id, group_id, member_id, target_id) "
                "SELECT ?, group_id, member_id, '' FROM member "
                "JOIN user ON object_id = member_id AND deleted_at IS NOT NULL "
                "WHERE group_id = ? AND member_id IN (SELECT value FROM json_each(?))",
                (job_id, group_id, json_text(removed)),
            )

    def forget_withdrawn(self, job_id: str, group_id: str) -> None:
        """Forget those who were withdrawn and are no members any more: if they are added anew, they are written."""
        if self.withdrawn_members(job_id, group_id):
            self._db.execute(
                "DELETE FROM exported_member WHERE job_id = ? AND group_id = ? AND target_id = '' "
                "AND member_id NOT IN (SELECT member_id FROM member WHERE group_id = ?)",
                (job_id, group_id, group_id),
            )

    def clear_exported_members(self, job_id: str) -> None:
        """Forget what was exported; the next pass sends all members as Add. Source: ENG-241."""
        self._db.execute("DELETE FROM exported_member WHERE job_id = ?", (job_id,))

    # -- held removals -------------------------------------------------------------------------------------------

    def save_held(self, job_id: str, object_type: str, source_anchor: str, at: datetime) -> None:
        """Hold a removal back (accidental-deletion prevention)."""
        self._db.execute(
            "INSERT OR IGNORE INTO held_removal (job_id, object_type, source_anchor, held_at) VALUES (?, ?, ?, ?)",
            (job_id, object_type, source_anchor, instant_column(at)),
        )

    def list_held(self, job_id: str, object_type: str | None = None) -> list[tuple[str, str]]:
        """Return (object type, source anchor) of held removals, in feed order."""
        rows = self._db.rows(
            "SELECT object_type, source_anchor FROM held_removal WHERE job_id = ? AND (? IS NULL OR object_type = ?) "
            "ORDER BY object_type DESC, source_anchor",
            (job_id, object_type, object_type),
        )
        return [(row[0], row[1]) for row in rows]

    def held_among(self, job_id: str, object_type: str, source_anchors: Sequence[str]) -> list[str]:
        """Return which of these objects have a held removal."""
        rows = self._db.rows(
            "SELECT source_anchor FROM held_removal WHERE job_id = ? AND object_type = ? "
            "AND source_anchor IN (SELECT value FROM json_each(?))",
            (job_id, object_type, json_text(list(source_anchors))),
        )
        return [row[0] for row in rows]

    def delete_held(self, job_id: str, object_type: str, source_anchor: str) -> None:
        """Release one held removal."""
        self._db.execute(
            "DELETE FROM held_removal WHERE job_id = ? AND object_type = ? AND source_anchor = ?",
            (job_id, object_type, source_anchor),
        )

    def clear_held(self, job_id: str) -> None:
        """Release all held removals (restart)."""
        self._db.execute("DELETE FROM held_removal WHERE job_id = ?", (job_id,))


def _job(row: sqlite3.Row) -> SynchronizationJob:
    job = from_text(SynchronizationJob, row["document"])
    return job if row["cycle"] is None else replace(job, cycle=from_text(Cycle, row["cycle"]))


def _entry(row: sqlite3.Row) -> SyncEntry:
    return SyncEntry(
        object_type=row["object_type"],
        source_anchor=row["source_anchor"],
        target_anchor=row["target_anchor"],
        is_managed=bool(row["is_managed"]),
        is_disabled=bool(row["is_disabled"]),
        display_name=row["display_name"] or "",
    )


def _escrow(row: sqlite3.Row) -> EscrowEntry:
    created_at, next_attempt_at = instant_value(row["created_at"]), instant_value(row["next_attempt_at"])
    assert created_at is not None
    assert next_attempt_at is not None
    return EscrowEntry(
        object_type=row["object_type"],
        source_anchor=row["source_anchor"],
        modification_type=row["modification_type"],
        created_at=created_at,
        attempt_count=row["attempt_count"],
        next_attempt_at=next_attempt_at,
        error_code=row["error_code"],
        error_message=row["error_message"],
        is_reference=bool(row["is_reference"]),
    )
