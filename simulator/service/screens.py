"""What lists and pages show: one page at a time, by index, whatever the size of the directory and the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from typing import Generic
from typing import TypeVar

from entra_sim.simulator.model.directory import DEFAULT_ACCESS_ROLE
from entra_sim.simulator.model.directory import AppRole
from entra_sim.simulator.model.directory import Assignment
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.job import AuditEvent
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.store.codec import from_text
from entra_sim.simulator.store.codec import instant_column
from entra_sim.simulator.store.codec import instant_value
from entra_sim.simulator.store.codec import json_text
from entra_sim.simulator.store.codec import json_value

Row = TypeVar("Row")

MOST_IDENTITIES = 200
"""People whose names begin with a text, when a log is filtered by it."""

_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Rows, and where the next page begins ("" at the end)."""

    rows: tuple[Row, ...]
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedPrincipal:
    """One assignment as the list shows it. `members` are the direct members of a group, at most 50."""

    assignment: Assignment
    name: str
    identifier: str
    role: str
    is_gone: bool
    members: tuple[User | Group, ...] = ()
    member_count: int = 0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleSummary:
    """What one cycle left in the log."""

    cycle_id: str
    began_at: datetime
    ended_at: datetime
    created: int
    updated: int
    disabled: int
    deleted: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryChange:
    """One entry of the delta feed. `application_id` is set when only that application's job sees it."""

    at: datetime
    kind: str
    attributes: tuple[str, ...]
    application_id: str


class Screens:
    """Reads only."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._db = core.database

    # -- directory -----------------------------------------------------------------------------------------------

    def people(self, *, search: str = "", after: str = "", limit: int = 50) -> Page[User]:
        """Return a page of living users by display name; `search` is the beginning of a name, UPN or mail.

        Args:
            after: `next` of the page before.
        """
        name, _, object_id = after.partition("\x1f")
        place = "(display_name, object_id) > (?, ?)"
        if search:
            ids = self._ids_by_beginning(search, 5000)
            rows = self._db.rows(
                f"SELECT object_id, display_name FROM user WHERE deleted_at IS NULL AND {place} "  # noqa: S608
                "AND object_id IN (SELECT value FROM json_each(?)) ORDER BY display_name, object_id LIMIT ?",
                (name, object_id, json_text(ids), limit + 1),
            )
        else:
            rows = self._db.rows(
                f"SELECT object_id, display_name FROM user WHERE deleted_at IS NULL AND {place} "  # noqa: S608
                "ORDER BY display_name, object_id LIMIT ?",
                (name, object_id, limit + 1),
            )
        shown = rows[:limit]
        found = self._core.directory.get_users([row["object_id"] for row in shown])
        more = f"{shown[-1]['display_name']}\x1f{shown[-1]['object_id']}" if len(rows) > limit else ""
        return Page(rows=tuple(found[row["object_id"]] for row in shown), next=more)

    def deleted_people(self, *, limit: int = 200) -> tuple[User, ...]:
        """Return who is in the recycle bin, newest first."""
        rows = self._db.rows(
            "SELECT object_id FROM user WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC LIMIT ?", (limit,)
        )
        found = self._core.directory.get_users([row[0] for row in rows])
        return tuple(found[row[0]] for row in rows)

    def groups(self, *, search: str = "", after: str = "", limit: int = 50) -> Page[Group]:
        """Return a page of groups by display name; `search` is the beginning of it."""
        name, _, object_id = after.partition("\x1f")
        bounds = "AND display_name >= ? COLLATE NOCASE AND display_name < ? COLLATE NOCASE" if search else ""
        values = (search, search + _LAST) if search else ()
        rows = self._db.rows(
            "SELECT object_id, display_name FROM directory_group WHERE (display_name, object_id) > (?, ?) "  # noqa: S608
            f"{bounds} ORDER BY display_name, object_id LIMIT ?",
            (name, object_id, *values, limit + 1),
        )
        shown = rows[:limit]
        found = [self._core.directory.get_group(row["object_id"]) for row in shown]
        more = f"{shown[-1]['display_name']}\x1f{shown[-1]['object_id']}" if len(rows) > limit else ""
        return Page(rows=tuple(group for group in found if group is not None), next=more)

    def count_groups(self) -> int:
        """Return how many groups there are."""
        return int(self._db.value("SELECT COUNT(*) FROM directory_group"))

    def count_members(self, group_id: str) -> int:
        """Return how many direct members a group has."""
        return int(self._db.value("SELECT COUNT(*) FROM member WHERE group_id = ?", (group_id,)))

    def members(self, group_id: str, *, limit: int = 50, offset: int = 0) -> tuple[User | Group, ...]:
        """Return direct members of a group in the order they came; those in the recycle bin are left out."""
        rows = self._db.rows(
            "SELECT member_id, member_type FROM member WHERE group_id = ? ORDER BY position LIMIT ? OFFSET ?",
            (group_id, limit, offset),
        )
        users = self._core.directory.get_users([row["member_id"] for row in rows])
        found: list[User | Group] = []
        for row in rows:
            user = users.get(row["member_id"])
            if user is not None and user.deleted_at is None:
                found.append(user)
            elif user is None:
                group = self._core.directory.get_group(row["member_id"])
                if group is not None:
                    found.append(group)
        return tuple(found)

    def groups_of(self, object_id: str) -> tuple[Group, ...]:
        """Return the groups that have this direct member."""
        found = [self._core.directory.get_group(group_id) for group_id in self._core.directory.groups_of(object_id)]
        return tuple(group for group in found if group is not None)

    def _ids_by_beginning(self, text: str, limit: int) -> list[str]:
        """Return ids of users whose display name, UPN, surname or mail nickname begins with a text, or whose id it is.

        Source: ENG-250 for what the search looks at.
        """
        rows = self._db.rows(
            "SELECT object_id FROM user WHERE display_name >= ?1 COLLATE NOCASE AND display_name < ?2 COLLATE NOCASE "
            "UNION SELECT object_id FROM user WHERE upn >= ?1 COLLATE NOCASE AND upn < ?2 COLLATE NOCASE "
            "UNION SELECT object_id FROM user WHERE json_extract(attributes, '$.surname') COLLATE NOCASE >= ?1 "
            "AND json_extract(attributes, '$.surname') COLLATE NOCASE < ?2 "
            "UNION SELECT object_id FROM user WHERE object_id = ?1 LIMIT ?3",
            (text, text + _LAST, limit),
        )
        return [row[0] for row in rows]

    # -- assignments ---------------------------------------------------------------------------------------------

    def assignments(
        self, application_id: str, *, after: str = "", limit: int = 50, with_members: int = 50
    ) -> Page[AssignedPrincipal]:
        """Return a page of assignments, oldest first, with names and roles."""
        rows = self._db.rows(
            "SELECT sequence, assignment_id FROM assignment WHERE application_id = ? AND sequence > ? "
            "ORDER BY sequence LIMIT ?",
            (application_id, int(after or 0), limit + 1),
        )
        shown = rows[:limit]
        wanted = json_text([row["assignment_id"] for row in shown])
        found = self._db.rows(
            "SELECT * FROM assignment WHERE application_id = ? AND sequence > ? AND sequence <= ? "
            "AND assignment_id IN (SELECT value FROM json_each(?)) ORDER BY sequence",
            (application_id, int(after or 0), shown[-1]["sequence"] if shown else 0, wanted),
        )
        roles = {role.role_id: role for role in self._core.directory.list_roles(application_id)}
        users = self._core.directory.get_users([row["principal_id"] for row in found])
        return Page(
            rows=tuple(self._assigned(row, roles, users, with_members) for row in found),
            next=str(shown[-1]["sequence"]) if len(rows) > limit else "",
        )

    def _assigned(
        self, row: sqlite3.Row, roles: dict[str, AppRole], users: dict[str, User], with_members: int
    ) -> AssignedPrincipal:
        created_at = instant_value(row["created_at"])
        assert created_at is not None
        assignment = Assignment(
            assignment_id=row["assignment_id"],
            application_id=row["application_id"],
            principal_id=row["principal_id"],
            principal_type=row["principal_type"],
            role_id=row["role_id"],
            created_at=created_at,
        )
        role = roles.get(assignment.role_id)
        shown = "Default Access" if assignment.role_id == DEFAULT_ACCESS_ROLE else role.display_name if role else ""
        if assignment.principal_type == "User":
            user = users.get(assignment.principal_id)
            return AssignedPrincipal(
                assignment=assignment,
                name=user.display_name if user else assignment.principal_id,
                identifier=user.user_principal_name if user else "",
                role=shown,
                is_gone=user is None or user.deleted_at is not None,
            )
        group = self._core.directory.get_group(assignment.principal_id)
        return AssignedPrincipal(
            assignment=assignment,
            name=group.display_name if group else assignment.principal_id,
            identifier=str(group.attributes.get("mail") or "") if group else "",
            role=shown,
            is_gone=group is None,
            members=self.members(assignment.principal_id, limit=with_members) if group else (),
            member_count=self.count_members(assignment.principal_id) if group else 0,
        )

    def count_assignments(self, application_id: str) -> int:
        """Return how many assignments an application has."""
        return int(self._db.value("SELECT COUNT(*) FROM assignment WHERE application_id = ?", (application_id,)))

    def assigned_among(self, application_id: str, principal_ids: Sequence[str]) -> set[str]:
        """Return those of the principals that are assigned directly."""
        return self._core.directory.assigned_principals(application_id, principal_ids)

    # -- logs ----------------------------------------------------------------------------------------------------

    def log_page(self, query: LogQuery, *, limit: int = 50) -> Page[ProvisioningLogEntry]:
        """Return a page of records, newest first; `next` is the sequence to give as `before_sequence`."""
        conditions, values = self._log_conditions(query)
        if conditions is None:
            return Page(rows=())
        rows = self._db.rows(
            f"SELECT sequence, document FROM log_entry WHERE {' AND '.join(conditions)} "  # noqa: S608
            "ORDER BY sequence DESC LIMIT ?",
            (*values, limit + 1),
        )
        shown = rows[:limit]
        entries = tuple(
            replace(from_text(ProvisioningLogEntry, row["document"]), sequence=row["sequence"]) for row in shown
        )
        return Page(rows=entries, next=str(shown[-1]["sequence"]) if len(rows) > limit else "")

    def _log_conditions(self, query: LogQuery) -> tuple[list[str] | None, list[str | int]]:
        conditions = ["sequence > ?"]
        values: list[str | int] = [0]
        if query.since is not None:
            first = self._db.value(
                "SELECT sequence FROM log_entry WHERE at >= ? ORDER BY at LIMIT 1", (instant_column(query.since),)
            )
            if first is None:
                return None, []
            values[0] = int(first) - 1
        if query.until is not None:
            last = self._db.value(
                "SELECT sequence FROM log_entry WHERE at <= ? ORDER BY at DESC, sequence DESC LIMIT 1",
                (instant_column(query.until),),
            )
            conditions.append("sequence <= ?")
            values.append(int(last or 0))
        if query.before_sequence:
            conditions.append("sequence < ?")
            values.append(query.before_sequence)
        for column in ("application_id", "action", "status", "cycle_id", "object_type", "code", "source_id"):
            wanted = getattr(query, column)
            if wanted:
                conditions.append(f"{column} = ?")
                values.append(wanted)
        if query.identity:
            conditions.append("source_id IN (SELECT value FROM json_each(?))")
            values.append(json_text(self._identities(query.identity)))
        return conditions, values

    def _identities(self, text: str) -> list[str]:
        """Return source ids that a text means: the beginning of a name of the living or the gone, or either id."""
        found = self._ids_by_beginning(text, MOST_IDENTITIES)
        rows = self._db.rows(
            "SELECT object_id FROM directory_group WHERE display_name >= ?1 COLLATE NOCASE "
            "AND display_name < ?2 COLLATE NOCASE "
            "UNION SELECT object_id FROM tombstone WHERE identifier >= ?1 COLLATE NOCASE "
            "AND identifier < ?2 COLLATE NOCASE "
            "UNION SELECT source_id FROM log_entry WHERE target_id = ?1 AND target_id != '' "
            "UNION SELECT ?1 LIMIT ?3",
            (text, text + _LAST, MOST_IDENTITIES),
        )
        return list(dict.fromkeys([*found, *(row[0] for row in rows)]))

    def last_entry_of(self, source_id: str, application_id: str = "") -> ProvisioningLogEntry | None:
        """Return the newest record of a user or group, or None."""
        page = self.log_page(LogQuery(source_id=source_id, application_id=application_id), limit=1)
        return page.rows[0] if page.rows else None

    def cycle_counts(self, cycle_id: str) -> dict[tuple[str, str], int]:
        """Return (action, status) → records of one cycle."""
        rows = self._db.rows(
            "SELECT action, status, COUNT(*) FROM log_entry WHERE cycle_id = ? GROUP BY 1, 2", (cycle_id,)
        )
        return {(row[0], row[1]): row[2] for row in rows}

    def recent_cycles(self, application_id: str, *, limit: int = 8) -> tuple[CycleSummary, ...]:
        """Return the newest cycles that left records, newest first."""
        found: list[CycleSummary] = []
        before = 1 << 60
        while len(found) < limit:
            row = self._db.row(
                "SELECT cycle_id FROM log_entry WHERE application_id = ? AND sequence < ? "
                "ORDER BY sequence DESC LIMIT 1",
                (application_id, before),
            )
            if row is None:
                break
            first = self._db.row("SELECT MIN(sequence), MAX(sequence) FROM log_entry WHERE cycle_id = ?", (row[0],))
            assert first is not None
            found.append(self._cycle(row[0], first[0], first[1]))
            before = first[0]
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

    # -- lab -----------------------------------------------------------------------------------------------------

    def changes_of(self, object_type: str, object_id: str, *, limit: int = 200) -> tuple[DirectoryChange, ...]:
        """Return what happened to a user or group in the directory, newest first."""
        rows = self._db.rows(
            "SELECT at, kind, attributes, application_id FROM change WHERE object_type = ? AND object_id = ? "
            "ORDER BY sequence DESC LIMIT ?",
            (object_type, object_id, limit),
        )
        found = []
        for row in rows:
            at = instant_value(row["at"])
            assert at is not None
            names = tuple(json_value(row["attributes"]))
            found.append(
                DirectoryChange(at=at, kind=row["kind"], attributes=names, application_id=row["application_id"] or "")
            )
        return tuple(found)
