"""What lists and pages show: one page at a time, by index, whatever the size of the directory and the log."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime

from entra_sim.simulator.model.job import AuditEvent
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.screens_directory import LAST
from entra_sim.simulator.service.screens_directory import MOST_IDENTITIES
from entra_sim.simulator.service.screens_directory import DirectoryScreens
from entra_sim.simulator.service.screens_directory import Page
from entra_sim.simulator.store.codec import from_text
from entra_sim.simulator.store.codec import instant_value
from entra_sim.simulator.store.codec import json_text
from entra_sim.simulator.store.log_search import END
from entra_sim.simulator.store.log_search import LogSearch
from entra_sim.simulator.store.log_search import PositionFilter
from entra_sim.simulator.store.logs import LogStore

NAMED = ("application_id", "status", "action", "code", "object_type")
"""Columns that a filter may name, beside the cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """What the log page filters by; empty fields do not filter."""

    application_id: str = ""
    identity: str = ""
    action: str = ""
    status: str = ""
    cycle_id: str = ""
    object_type: str = ""
    code: str = ""
    source_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_sequence: int = 0
    after_sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleSummary:
    """What one cycle left in the log; `kind` is "" where it is not known or still runs."""

    cycle_id: str
    kind: str
    first_sequence: int
    began_at: datetime
    ended_at: datetime
    created: int
    updated: int
    disabled: int
    deleted: int
    failed: int
    skipped: int


class Screens(DirectoryScreens):
    """Reads only: the directory's pages, and those of the logs."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._log_search = LogSearch(core.database)

    def log_page(self, query: LogQuery, *, limit: int = 50) -> Page[ProvisioningLogEntry]:
        """Return a page of records, newest first; `next` is the sequence to give as `before_sequence`."""
        rows = self._log_rows(query, limit + 1)
        shown = rows[:limit]
        entries = tuple(
            replace(from_text(ProvisioningLogEntry, row["document"]), sequence=row["sequence"]) for row in shown
        )
        return Page(rows=entries, next=str(shown[-1]["sequence"]) if len(rows) > limit else "")

    def _log_rows(self, query: LogQuery, limit: int) -> list[sqlite3.Row]:
        after, before = query.after_sequence, query.before_sequence or END
        if query.since is not None:
            after = max(after, LogStore(self._db).first_sequence_from(query.since) - 1)
        if query.until is not None:
            before = min(before, LogStore(self._db).first_sequence_from(query.until))
        if query.identity or query.source_id:
            return self._log_rows_of_people(query, after, before, limit)
        wanted = PositionFilter(
            after=after, before=before, **{name: getattr(query, name) for name in (*NAMED, "cycle_id")}
        )
        if not any(getattr(wanted, name) for name in (*NAMED, "cycle_id")):
            return self._db.rows(
                "SELECT sequence, document FROM log_entry WHERE sequence > ? AND sequence < ? "
                "ORDER BY sequence DESC LIMIT ?",
                (after, before, limit),
            )
        positions = self._log_search.positions(wanted, self._application_ids(), limit=limit)
        return self._db.rows(
            "SELECT sequence, document FROM log_entry WHERE sequence IN (SELECT value FROM json_each(?)) "
            "ORDER BY sequence DESC",
            (json_text(positions),),
        )

    def _application_ids(self) -> list[str]:
        return [application.application_id for application in self._core.directory.list_applications()]

    def _log_rows_of_people(self, query: LogQuery, after: int, before: int, limit: int) -> list[sqlite3.Row]:
        """Return records of the people asked for: their index leads; the unary plus keeps the others out of the way."""
        people = [query.source_id] if query.source_id else self._identities(query.identity)
        conditions = ["source_id IN (SELECT value FROM json_each(?))", "+sequence > ?", "+sequence < ?"]
        values: list[str | int] = [json_text(people), after, before]
        for column in (*NAMED, "cycle_id"):
            wanted = getattr(query, column)
            if wanted:
                conditions.append(f"+{column} = ?")
                values.append(wanted)
        return self._db.rows(
            f"SELECT sequence, document FROM log_entry WHERE {' AND '.join(conditions)} "  # noqa: S608
            "ORDER BY sequence DESC LIMIT ?",
            (*values, limit),
        )

    def _identities(self, text: str) -> list[str]:
        """Return source ids that a text means: the beginning of a name of the living or the gone, or either id."""
        found = self.ids_by_beginning(text, MOST_IDENTITIES)
        rows = self._db.rows(
            "SELECT object_id FROM directory_group WHERE display_name >= ?1 COLLATE NOCASE "
            "AND display_name < ?2 COLLATE NOCASE "
            "UNION SELECT object_id FROM tombstone WHERE identifier >= ?1 COLLATE NOCASE "
            "AND identifier < ?2 COLLATE NOCASE "
            "UNION SELECT ?1 LIMIT ?3",
            (text, text + LAST, MOST_IDENTITIES),
        )
        linked = [
            self._core.jobs.find_source(application.job_id, object_type, text)
            for application in self._core.directory.list_applications()
            for object_type in ("User", "Group")
        ]
        return list(dict.fromkeys([*found, *(row[0] for row in rows), *(item for item in linked if item)]))

    def last_entry_of(self, source_id: str, application_id: str = "") -> ProvisioningLogEntry | None:
        """Return the newest record of a user or group, or None."""
        page = self.log_page(LogQuery(source_id=source_id, application_id=application_id), limit=1)
        return page.rows[0] if page.rows else None

    def cycle_counts(self, cycle_id: str) -> dict[tuple[str, str], int]:
        """Return (action, status) → records of one cycle."""
        return self._core.tally.counts(cycle_id)

    def recent_cycles(self, application_id: str, *, limit: int = 5) -> tuple[CycleSummary, ...]:
        """Return the newest cycles that left records, newest first."""
        found: list[CycleSummary] = []
        before = END
        while len(found) < limit:
            wanted = PositionFilter(application_id=application_id, before=before)
            newest = self._log_search.positions(wanted, (), limit=1)
            if not newest:
                break
            row = self._db.rows("SELECT cycle_id FROM log_entry WHERE sequence = ?", newest)[0]
            found.append(self._cycle(row[0], *self._log_search.span(row[0])))
            before = found[-1].first_sequence
        return tuple(found)

    def _cycle(self, cycle_id: str, first: int, last: int) -> CycleSummary:
        began = self._db.value("SELECT at FROM log_entry WHERE sequence = ?", (first,))
        ended = self._db.value("SELECT at FROM log_entry WHERE sequence = ?", (last,))
        counts = self.cycle_counts(cycle_id)
        began_at, ended_at = instant_value(began), instant_value(ended)
        assert began_at is not None
        assert ended_at is not None
        return CycleSummary(
            cycle_id=cycle_id,
            kind=self._core.tally.kind(cycle_id),
            first_sequence=first,
            began_at=began_at,
            ended_at=ended_at,
            created=counts.get(("Create", "Success"), 0),
            updated=counts.get(("Update", "Success"), 0),
            disabled=counts.get(("Disable", "Success"), 0),
            deleted=counts.get(("Delete", "Success"), 0),
            failed=sum(number for (_action, status), number in counts.items() if status == "Failure"),
            skipped=sum(number for (_action, status), number in counts.items() if status == "Skipped"),
        )

    def audit_page(self, *, target: str = "", before: int = 0, limit: int = 50) -> Page[AuditEvent]:
        """Return a page of audit events, newest first, of one target if asked for."""
        conditions, values = ["sequence < ?"], [before or 1 << 60, target]
        conditions.append("target = ?" if target else "? = ''")
        rows = self._db.rows(
            f"SELECT sequence, document FROM audit_event WHERE {' AND '.join(conditions)} "  # noqa: S608
            "ORDER BY sequence DESC LIMIT ?",
            (*values, limit + 1),
        )
        shown = rows[:limit]
        events = tuple(replace(from_text(AuditEvent, row["document"]), sequence=row["sequence"]) for row in shown)
        return Page(rows=events, next=str(shown[-1]["sequence"]) if len(rows) > limit else "")
