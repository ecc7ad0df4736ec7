"""Pages of people, groups and assignments, by index, whatever the size of the directory."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic
from typing import TypeVar

from entra_sim.simulator.model.directory import DEFAULT_ACCESS_ROLE
from entra_sim.simulator.model.directory import AppRole
from entra_sim.simulator.model.directory import Assignment
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.store.codec import instant_value
from entra_sim.simulator.store.codec import json_text
from entra_sim.simulator.store.codec import json_value

Row = TypeVar("Row")

MOST_FOUND = 300
"""People that one search looks at by display name, by UPN and by surname each; the rest take a longer word."""

MOST_IDENTITIES = 200
"""People whose names begin with a text, when a log is filtered by it."""

LAST = "\U0010ffff"
"""Sorts behind every text: the end of all that begin with one."""


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
class DirectoryChange:
    """One entry of the delta feed. `application_id` is set when only that application's job sees it."""

    at: datetime
    kind: str
    attributes: tuple[str, ...]
    application_id: str


class DirectoryScreens:
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
            ids = self.ids_by_beginning(search, MOST_FOUND)
            rows = self._db.rows(
                "SELECT object_id, display_name FROM json_each(?) CROSS JOIN user ON object_id = value "  # noqa: S608
                f"WHERE +deleted_at IS NULL AND {place} ORDER BY display_name, object_id LIMIT ?",
                (json_text(ids), name, object_id, limit + 1),
            )
        else:
            rows = self._db.rows(
                f"SELECT object_id, display_name FROM user INDEXED BY user_page WHERE deleted_at IS NULL AND {place} "  # noqa: S608
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
        """Return a page of groups by display name, without their members; `search` is the beginning of it."""
        name, _, object_id = after.partition("\x1f")
        bounds = "AND display_name >= ? COLLATE NOCASE AND display_name < ? COLLATE NOCASE" if search else ""
        values = (search, search + LAST) if search else ()
        rows = self._db.rows(
            "SELECT object_id, display_name FROM directory_group WHERE (display_name, object_id) > (?, ?) "  # noqa: S608
            f"{bounds} ORDER BY display_name, object_id LIMIT ?",
            (name, object_id, *values, limit + 1),
        )
        shown = rows[:limit]
        found = self._core.directory.get_groups([row["object_id"] for row in shown])
        more = f"{shown[-1]['display_name']}\x1f{shown[-1]['object_id']}" if len(rows) > limit else ""
        return Page(rows=tuple(found[row["object_id"]] for row in shown), next=more)

    def group(self, object_id: str) -> Group | None:
        """Return a group without its members, or None."""
        return self._core.directory.get_groups([object_id]).get(object_id)

    def count_groups(self) -> int:
        """Return how many groups there are."""
        return int(self._db.value("SELECT COUNT(*) FROM directory_group"))

    def count_members(self, group_id: str, *, most: int = -1) -> int:
        """Return how many direct members a group has, or `most` if it has so many or more."""
        statement = "SELECT COUNT(*) FROM (SELECT 1 FROM member WHERE group_id = ? LIMIT ?)"
        return int(self._db.value(statement, (group_id, most)))

    def members(self, group_id: str, *, limit: int = 50, offset: int = 0) -> tuple[User | Group, ...]:
        """Return direct members of a group in the order they came; those in the recycle bin are left out."""
        rows = self._db.rows(
            "SELECT member_id, member_type FROM member WHERE group_id = ? ORDER BY position LIMIT ? OFFSET ?",
            (group_id, limit, offset),
        )
        users = self._core.directory.get_users([row["member_id"] for row in rows])
        groups = self._core.directory.get_groups([row["member_id"] for row in rows])
        found: list[User | Group] = []
        for row in rows:
            user = users.get(row["member_id"])
            if user is not None and user.deleted_at is None:
                found.append(user)
            elif row["member_id"] in groups:
                found.append(groups[row["member_id"]])
        return tuple(found)

    def members_among(self, group_id: str, object_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are direct members of a group."""
        rows = self._db.rows(
            "SELECT member_id FROM member WHERE group_id = ? AND member_id IN (SELECT value FROM json_each(?))",
            (group_id, json_text(list(object_ids))),
        )
        return {row[0] for row in rows}

    def groups_of(self, object_id: str) -> tuple[Group, ...]:
        """Return the groups that have this direct member, without their members."""
        found = self._core.directory.get_groups(self._core.directory.groups_of(object_id))
        return tuple(found[group_id] for group_id in sorted(found))

    def ids_by_beginning(self, text: str, limit: int) -> list[str]:
        """Return ids of users whose display name, UPN, surname or mail nickname begins with a text, or whose id it is.

        Source: ENG-250 for what the search looks at.
        """
        rows = self._db.rows(
            "SELECT object_id FROM (SELECT object_id FROM user "
            "WHERE display_name >= ?1 COLLATE NOCASE AND display_name < ?2 COLLATE NOCASE LIMIT ?3) "
            "UNION SELECT object_id FROM (SELECT object_id FROM user "
            "WHERE upn >= ?1 COLLATE NOCASE AND upn < ?2 COLLATE NOCASE LIMIT ?3) "
            "UNION SELECT object_id FROM (SELECT object_id FROM user "
            "WHERE json_extract(attributes, '$.surname') COLLATE NOCASE >= ?1 "
            "AND json_extract(attributes, '$.surname') COLLATE NOCASE < ?2 LIMIT ?3) "
            "UNION SELECT object_id FROM user WHERE object_id = ?1",
            (text, text + LAST, limit),
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
        group = self.group(assignment.principal_id)
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
