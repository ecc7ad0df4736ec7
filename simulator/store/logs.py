"""Provisioning log, audit log, outbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime

from entra_sim.simulator.model.job import AuditEvent
from entra_sim.simulator.model.job import Mail
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.store.codec import from_text
from entra_sim.simulator.store.codec import instant_column
from entra_sim.simulator.store.codec import to_text
from entra_sim.simulator.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What a reader of the provisioning log asks for; empty fields do not filter."""

    application_id: str = ""
    action: str = ""
    status: str = ""
    source_id: str = ""
    identity: str = ""
    cycle_id: str = ""
    code: str = ""
    since_sequence: int = 0
    before_sequence: int = 0
    after: datetime | None = None


SHORTEST_STRETCH = 2_000
LONGEST_STRETCH = 32_000
"""Positions that are looked at in one go."""


class LogStore:
    """Records are appended and never changed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def append(self, entry: ProvisioningLogEntry) -> None:
        """Append a record; its sequence is given here."""
        self._db.execute(
            "INSERT INTO log_entry (entry_id, at, job_id, application_id, cycle_id, action, status, code, object_type, "
            "source_id, target_id, identity, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.entry_id,
                instant_column(entry.at),
                entry.job_id,
                entry.application_id,
                entry.cycle_id,
                entry.action,
                entry.status,
                entry.code,
                entry.object_type,
                entry.source_id,
                entry.target_id,
                entry.identity,
                to_text(entry),
            ),
        )

    def get(self, entry_id: str) -> ProvisioningLogEntry | None:
        """Return a record by its id, or None."""
        row = self._db.row("SELECT sequence, document FROM log_entry WHERE entry_id = ?", (entry_id,))
        if row is None:
            return None
        return replace(from_text(ProvisioningLogEntry, row["document"]), sequence=row["sequence"])

    def list_entries(
        self, wanted: LogFilter, *, limit: int = -1, newest_first: bool = False
    ) -> list[ProvisioningLogEntry]:
        """Return records that fit, oldest first unless asked otherwise."""
        conditions = ["sequence > ?"]
        values: list[str | int | None] = [wanted.since_sequence]
        for column in ("application_id", "action", "status", "source_id", "cycle_id", "code"):
            if getattr(wanted, column):
                # the plus keeps to the order of the log: an index on these columns does not have it
                conditions.append(f"{'' if column == 'source_id' else '+'}{column} = ?")
                values.append(getattr(wanted, column))
        if wanted.identity:
            conditions.append("identity LIKE ? ESCAPE '\\'")
            escaped = wanted.identity.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            values.append(f"%{escaped}%")
        if wanted.before_sequence:
            conditions.append("sequence < ?")
            values.append(wanted.before_sequence)
        if wanted.after is not None:
            conditions.append("sequence >= ?")
            values.append(self.first_sequence_from(wanted.after))
        order = "DESC" if newest_first else "ASC"
        rows = self._db.rows(
            f"SELECT sequence, document FROM log_entry WHERE {' AND '.join(conditions)} "  # noqa: S608
            f"ORDER BY sequence {order} LIMIT ?",
            (*values, limit),
        )
        return [replace(from_text(ProvisioningLogEntry, row["document"]), sequence=row["sequence"]) for row in rows]

    def stream_newest(self, wanted: LogFilter) -> Iterator[ProvisioningLogEntry]:
        """Yield records that fit as they are found, newest first, for filters that look at each record.

        It goes back in stretches that double, so that what is new comes at once and an end can be made at any time.
        """
        first = max(1, wanted.since_sequence + 1)
        if wanted.after is not None:
            first = max(first, self.first_sequence_from(wanted.after))
        high, stretch = self.last_sequence() + 1, SHORTEST_STRETCH
        if wanted.before_sequence:
            high = min(high, wanted.before_sequence)
        first = max(first, self.first_sequence())
        while high > first:
            low = max(first, high - stretch)
            part = replace(wanted, since_sequence=low - 1, before_sequence=high, after=None)
            yield from self.list_entries(part, newest_first=True)
            high, stretch = low, min(2 * stretch, LONGEST_STRETCH)

    def last_sequence(self) -> int:
        """Return the newest position of the log."""
        return int(self._db.value("SELECT COALESCE(MAX(sequence), 0) FROM log_entry"))

    def first_sequence(self) -> int:
        """Return the oldest position of the log, or one past the newest that could be when it is empty."""
        return int(self._db.value("SELECT COALESCE(MIN(sequence), 1 << 62) FROM log_entry"))

    def first_sequence_from(self, instant: datetime) -> int:
        """Return the position of the first record at or after an instant, or one past the newest.

        Records come in order of time, so halving the positions finds it by the primary key, without an index on time
        that each commit would pay for.
        """
        limit = instant_column(instant)
        low = int(self._db.value("SELECT COALESCE(MIN(sequence), 1) FROM log_entry"))
        high = self.last_sequence() + 1
        while low < high:
            middle = (low + high) // 2
            row = self._db.row(
                "SELECT sequence, at FROM log_entry WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1", (middle,)
            )
            if row is None or row["at"] < limit:
                low = middle + 1
            else:
                high = min(middle, int(row["sequence"]))
        return low

    def delete_before(self, instant: datetime) -> int:
        """Drop records older than the retention; returns how many. Source: ENG-349.

        Records come in order of time, so that looking at the oldest is enough to know that there is nothing to do.
        """
        limit = instant_column(instant)
        oldest = self._db.value("SELECT at FROM log_entry ORDER BY sequence LIMIT 1")
        if oldest is None or limit is None or oldest >= limit:
            return 0
        first = self.first_sequence_from(instant)
        return self._db.changed_count("DELETE FROM log_entry WHERE sequence < ?", (first,))

    def append_audit(self, event: AuditEvent) -> None:
        """Append an audit event; its sequence is given here."""
        self._db.execute(
            "INSERT INTO audit_event (at, target, document) VALUES (?, ?, ?)",
            (instant_column(event.at), event.target, to_text(event)),
        )

    def list_audit(self, *, since: int = 0, limit: int = -1, newest_first: bool = False) -> list[AuditEvent]:
        """Return audit events after a position."""
        order = "DESC" if newest_first else "ASC"
        rows = self._db.rows(
            f"SELECT sequence, document FROM audit_event WHERE sequence > ? ORDER BY sequence {order} LIMIT ?",  # noqa: S608
            (since, limit),
        )
        return [replace(from_text(AuditEvent, row["document"]), sequence=row["sequence"]) for row in rows]

    def append_mail(self, mail: Mail) -> None:
        """Put a message into the outbox; its sequence is given here."""
        self._db.execute("INSERT INTO mail (at, document) VALUES (?, ?)", (instant_column(mail.at), to_text(mail)))

    def list_mail(self, *, since: int = 0) -> list[Mail]:
        """Return messages after a position."""
        rows = self._db.rows("SELECT sequence, document FROM mail WHERE sequence > ? ORDER BY sequence", (since,))
        return [replace(from_text(Mail, row["document"]), sequence=row["sequence"]) for row in rows]

    def newest_mail(self, limit: int) -> list[Mail]:
        """Return the last messages, newest first."""
        rows = self._db.rows("SELECT sequence, document FROM mail ORDER BY sequence DESC LIMIT ?", (limit,))
        return [replace(from_text(Mail, row["document"]), sequence=row["sequence"]) for row in rows]
