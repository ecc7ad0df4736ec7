"""Users, groups, applications, assignments, and the delta feed of their changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import AppRole
from entra_sim.simulator.model.directory import Assignment
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.store.codec import instant_column
from entra_sim.simulator.store.codec import instant_value
from entra_sim.simulator.store.codec import json_text
from entra_sim.simulator.store.codec import json_value
from entra_sim.simulator.store.database import Database

_IN_SCOPE = """
WITH groups AS (
    SELECT object_id FROM directory_group
    WHERE ?1 OR object_id IN (SELECT principal_id FROM assignment WHERE application_id = ?2)
), users AS (
    SELECT object_id FROM user WHERE deleted_at IS NULL AND (
        ?1 OR object_id IN (SELECT principal_id FROM assignment WHERE application_id = ?2)
        OR object_id IN (SELECT member_id FROM member WHERE group_id IN (SELECT object_id FROM groups))
    )
)
SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM groups),
    (SELECT COUNT(*) FROM member WHERE group_id IN (SELECT object_id FROM groups))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is known of an object that is gone for good: who it was, and which applications it was entitled to."""

    object_id: str
    object_type: str
    identifier: str
    display_name: str
    entitled_applications: tuple[str, ...]


class DirectoryStore:
    """The tenant's objects. Same verbs as every store: get, list, save, delete."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -- tenant --------------------------------------------------------------------------------------------------

    def get_tenant(self, key: str) -> str | None:
        """Return a fact of the tenant: id, name, default_domain."""
        value: str | None = self._db.value("SELECT value FROM tenant WHERE key = ?", (key,))
        return value

    def save_tenant(self, key: str, value: str) -> None:
        """Set a fact of the tenant."""
        self._db.execute("INSERT OR REPLACE INTO tenant (key, value) VALUES (?, ?)", (key, value))

    # -- users ---------------------------------------------------------------------------------------------------

    def get_user(self, object_id: str) -> User | None:
        """Return a user, soft-deleted ones too, or None."""
        row = self._db.row("SELECT * FROM user WHERE object_id = ?", (object_id,))
        return None if row is None else _user(row)

    def find_user(self, upn: str) -> User | None:
        """Return the user of this UPN, compared without case; living ones before those in the recycle bin."""
        row = self._db.row(
            "SELECT * FROM user WHERE upn = ? COLLATE NOCASE ORDER BY deleted_at IS NOT NULL, deleted_at DESC LIMIT 1",
            (upn,),
        )
        return None if row is None else _user(row)

    def get_users(self, object_ids: Sequence[str]) -> dict[str, User]:
        """Return the users of these ids that exist, by id."""
        rows = self._db.rows(
            "SELECT * FROM user WHERE object_id IN (SELECT value FROM json_each(?))", (json_text(list(object_ids)),)
        )
        return {row["object_id"]: _user(row) for row in rows}

    def list_users(self, *, deleted: bool = False, search: str = "", limit: int = -1, offset: int = 0) -> list[User]:
        """Return living users (or those in the recycle bin) by display name."""
        state = "deleted_at IS NOT NULL" if deleted else "deleted_at IS NULL"
        pattern = _like(search)
        rows = self._db.rows(
            f"SELECT * FROM user WHERE {state} AND (display_name LIKE ? ESCAPE '\\' OR upn LIKE ? ESCAPE '\\') "  # noqa: S608
            "ORDER BY display_name, object_id LIMIT ? OFFSET ?",
            (pattern, pattern, limit, offset),
        )
        return [_user(row) for row in rows]

    def count_users(self, *, deleted: bool = False) -> int:
        """Return how many living users (or users in the recycle bin) there are."""
        state = "deleted_at IS NOT NULL" if deleted else "deleted_at IS NULL"
        return int(self._db.value(f"SELECT COUNT(*) FROM user WHERE {state}"))  # noqa: S608

    def user_ids_after(self, object_id: str, limit: int) -> list[str]:
        """Return the next page of ids, recycle bin included, in feed order."""
        rows = self._db.rows(
            "SELECT object_id FROM user WHERE object_id > ? ORDER BY object_id LIMIT ?", (object_id, limit)
        )
        return [row[0] for row in rows]

    def save_user(self, user: User) -> None:
        """Insert or replace a user."""
        self._db.execute(
            "INSERT OR REPLACE INTO user (object_id, upn, display_name, attributes, manager_id, deleted_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                user.object_id,
                user.user_principal_name,
                user.attributes.get("displayName"),
                json_text(dict(user.attributes)),
                user.manager_id,
                instant_column(user.deleted_at),
            ),
        )

    def delete_user(self, object_id: str) -> None:
        """Remove a user for good, with memberships, assignments and the manager edges that point to it."""
        self._db.execute("UPDATE user SET manager_id = NULL WHERE manager_id = ?", (object_id,))
        self._db.execute("DELETE FROM member WHERE member_id = ?", (object_id,))
        self._db.execute("DELETE FROM assignment WHERE principal_id = ?", (object_id,))
        self._db.execute("DELETE FROM user WHERE object_id = ?", (object_id,))

    def reports_of(self, object_id: str) -> list[str]:
        """Return the ids of the users whose manager this is."""
        rows = self._db.rows("SELECT object_id FROM user WHERE manager_id = ? ORDER BY object_id", (object_id,))
        return [row[0] for row in rows]

    def purge_candidates(self, deleted_before: datetime) -> list[str]:
        """Return the ids of users that were soft-deleted at or before an instant, oldest first."""
        rows = self._db.rows(
            "SELECT object_id FROM user WHERE deleted_at <= ? ORDER BY deleted_at, object_id",
            (instant_column(deleted_before),),
        )
        return [row[0] for row in rows]

    def first_deleted_at(self) -> datetime | None:
        """Return the instant of the oldest soft delete in the recycle bin."""
        return instant_value(self._db.value("SELECT MIN(deleted_at) FROM user WHERE deleted_at IS NOT NULL"))

    # -- groups --------------------------------------------------------------------------------------------------

    def get_group(self, object_id: str) -> Group | None:
        """Return a group with its members, or None."""
        row = self._db.row("SELECT * FROM directory_group WHERE object_id = ?", (object_id,))
        return None if row is None else self._group(row)

    def get_groups(self, object_ids: Sequence[str]) -> dict[str, Group]:
        """Return the groups of these ids that exist, by id, without their members."""
        rows = self._db.rows(
            "SELECT * FROM directory_group WHERE object_id IN (SELECT value FROM json_each(?))",
            (json_text(list(object_ids)),),
        )
        return {
            row["object_id"]: Group(object_id=row["object_id"], attributes=json_value(row["attributes"]))
            for row in rows
        }

    def find_groups(self, display_name: str) -> list[Group]:
        """Return the groups of this display name (they may share it), by id."""
        rows = self._db.rows(
            "SELECT * FROM directory_group WHERE display_name = ? COLLATE NOCASE ORDER BY object_id", (display_name,)
        )
        return [self._group(row) for row in rows]

    def list_groups(self, *, search: str = "", limit: int = -1, offset: int = 0) -> list[Group]:
        """Return groups by display name."""
        rows = self._db.rows(
            "SELECT * FROM directory_group WHERE display_name LIKE ? ESCAPE '\\' "
            "ORDER BY display_name, object_id LIMIT ? OFFSET ?",
            (_like(search), limit, offset),
        )
        return [self._group(row) for row in rows]

    def group_ids_after(self, object_id: str, limit: int) -> list[str]:
        """Return the next page of ids in feed order."""
        rows = self._db.rows(
            "SELECT object_id FROM directory_group WHERE object_id > ? ORDER BY object_id LIMIT ?", (object_id, limit)
        )
        return [row[0] for row in rows]

    def save_group(self, group: Group) -> None:
        """Insert or replace a group without touching its members."""
        self._db.execute(
            "INSERT OR REPLACE INTO directory_group (object_id, display_name, attributes) VALUES (?, ?, ?)",
            (group.object_id, group.attributes.get("displayName"), json_text(dict(group.attributes))),
        )

    def delete_group(self, object_id: str) -> None:
        """Remove a group for good, with its memberships and assignments."""
        self._db.execute("DELETE FROM member WHERE group_id = ? OR member_id = ?", (object_id, object_id))
        self._db.execute("DELETE FROM assignment WHERE principal_id = ?", (object_id,))
        self._db.execute("DELETE FROM directory_group WHERE object_id = ?", (object_id,))

    def add_member(self, group_id: str, member_id: str, member_type: str) -> bool:
        """Add a direct member; returns whether it is new."""
        changed_count = self._db.changed_count(
            "INSERT OR IGNORE INTO member (group_id, member_id, member_type, position) VALUES (?, ?, ?, "
            "(SELECT COALESCE(MAX(position), 0) + 1 FROM member WHERE group_id = ?))",
            (group_id, member_id, member_type, group_id),
        )
        return changed_count > 0

    def remove_member(self, group_id: str, member_id: str) -> bool:
        """Remove a direct member; returns whether it was one."""
        changed_count = self._db.changed_count(
            "DELETE FROM member WHERE group_id = ? AND member_id = ?", (group_id, member_id)
        )
        return changed_count > 0

    def groups_of(self, member_id: str) -> list[str]:
        """Return the ids of the groups that have this direct member."""
        rows = self._db.rows("SELECT group_id FROM member WHERE member_id = ? ORDER BY group_id", (member_id,))
        return [row[0] for row in rows]

    def living_member_ids(self, group_id: str, *, with_soft_deleted: bool) -> tuple[str, ...]:
        """Return the direct members, users in the recycle bin only if asked for. Source: ENG-237."""
        rows = self._db.rows(
            "SELECT m.member_id FROM member m LEFT JOIN user u ON u.object_id = m.member_id "
            "WHERE m.group_id = ? AND (? OR u.deleted_at IS NULL) ORDER BY m.position",
            (group_id, with_soft_deleted),
        )
        return tuple(row[0] for row in rows)

    def _group(self, row: sqlite3.Row) -> Group:
        members = self.living_member_ids(row["object_id"], with_soft_deleted=False)
        return Group(object_id=row["object_id"], attributes=json_value(row["attributes"]), member_ids=members)

    # -- tombstones ----------------------------------------------------------------------------------------------

    def save_tombstone(self, tombstone: Tombstone, at: datetime) -> None:
        """Remember an object that is gone."""
        self._db.execute(
            "INSERT OR REPLACE INTO tombstone (object_id, object_type, identifier, display_name, entitled, deleted_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                tombstone.object_id,
                tombstone.object_type,
                tombstone.identifier,
                tombstone.display_name,
                json_text(list(tombstone.entitled_applications)),
                instant_column(at),
            ),
        )

    def get_tombstone(self, object_id: str) -> Tombstone | None:
        """Return what is known of an object that is gone, or None."""
        row = self._db.row("SELECT * FROM tombstone WHERE object_id = ?", (object_id,))
        if row is None:
            return None
        return Tombstone(
            object_id=row["object_id"],
            object_type=row["object_type"],
            identifier=row["identifier"],
            display_name=row["display_name"],
            entitled_applications=tuple(json_value(row["entitled"])),
        )

    # -- applications --------------------------------------------------------------------------------------------

    def get_application(self, application_id: str) -> Application | None:
        """Return an application, or None."""
        row = self._db.row("SELECT * FROM application WHERE application_id = ?", (application_id,))
        return None if row is None else _application(row)

    def list_applications(self) -> list[Application]:
        """Return all applications in the order they were made."""
        return [_application(row) for row in self._db.rows("SELECT * FROM application ORDER BY rowid")]

    def save_application(self, application: Application) -> None:
        """Insert or replace an application."""
        self._db.execute(
            "INSERT INTO application (application_id, app_id, name, created_at, job_id) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (application_id) DO UPDATE SET name = excluded.name",
            (
                application.application_id,
                application.app_id,
                application.name,
                instant_column(application.created_at),
                application.job_id,
            ),
        )

    def delete_application(self, application_id: str) -> None:
        """Remove an application with its roles and assignments."""
        for table in ("assignment", "app_role", "application"):
            self._db.execute(f"DELETE FROM {table} WHERE application_id = ?", (application_id,))  # noqa: S608

    def list_roles(self, application_id: str) -> list[AppRole]:
        """Return the roles of an application."""
        rows = self._db.rows("SELECT * FROM app_role WHERE application_id = ? ORDER BY rowid", (application_id,))
        return [AppRole(role_id=r["role_id"], value=r["value"], display_name=r["display_name"]) for r in rows]

    def save_role(self, application_id: str, role: AppRole) -> None:
        """Insert or replace a role."""
        self._db.execute(
            "INSERT OR REPLACE INTO app_role (role_id, application_id, value, display_name) VALUES (?, ?, ?, ?)",
            (role.role_id, application_id, role.value, role.display_name),
        )

    # -- assignments ---------------------------------------------------------------------------------------------

    def list_assignments(self, application_id: str, principal_id: str | None = None) -> list[Assignment]:
        """Return the assignments of an application, oldest first, of one principal if asked for."""
        rows = self._db.rows(
            "SELECT * FROM assignment WHERE application_id = ? AND (? IS NULL OR principal_id = ?) ORDER BY sequence",
            (application_id, principal_id, principal_id),
        )
        return [_assignment(row) for row in rows]

    def save_assignment(self, assignment: Assignment) -> bool:
        """Insert an assignment; returns whether it is new."""
        changed_count = self._db.changed_count(
            "INSERT OR IGNORE INTO assignment (assignment_id, application_id, principal_id, principal_type, role_id, "
            "created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (
                assignment.assignment_id,
                assignment.application_id,
                assignment.principal_id,
                assignment.principal_type,
                assignment.role_id,
                instant_column(assignment.created_at),
            ),
        )
        return changed_count > 0

    def delete_assignment(self, assignment_id: str) -> None:
        """Remove one assignment."""
        self._db.execute("DELETE FROM assignment WHERE assignment_id = ?", (assignment_id,))

    def applications_of_group(self, group_id: str) -> list[str]:
        """Return the ids of the applications that a group is assigned to."""
        rows = self._db.rows(
            "SELECT DISTINCT application_id FROM assignment WHERE principal_id = ? ORDER BY application_id", (group_id,)
        )
        return [row[0] for row in rows]

    def entitling_roles(self, application_id: str, user_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return user id → role ids that entitle the user, oldest assignment first; users without any are left out.

        Direct assignments count, and those of groups with `securityEnabled` of which the user is a direct member.
        Source: ENG-021, ENG-023, ENG-024, ENG-107.
        """
        wanted = json_text(list(user_ids))
        rows = self._db.rows(
            "SELECT principal_id AS user_id, role_id, sequence FROM assignment "
            "WHERE application_id = ? AND principal_type = 'User' "
            "AND principal_id IN (SELECT value FROM json_each(?)) "
            "UNION ALL "
            "SELECT m.member_id, a.role_id, a.sequence FROM assignment a "
            "JOIN member m ON m.group_id = a.principal_id "
            "JOIN directory_group g ON g.object_id = a.principal_id "
            "WHERE a.application_id = ? AND a.principal_type = 'Group' "
            "AND COALESCE(json_extract(g.attributes, '$.securityEnabled'), 1) "
            "AND m.member_id IN (SELECT value FROM json_each(?)) ORDER BY 3",
            (application_id, wanted, application_id, wanted),
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            roles = found.setdefault(row["user_id"], [])
            if row["role_id"] not in roles:
                roles.append(row["role_id"])
        return found

    def count_objects(self) -> int:
        """Return how many users, recycle bin included, and groups there are: what an initial cycle reads."""
        return int(self._db.value("SELECT (SELECT COUNT(*) FROM user) + (SELECT COUNT(*) FROM directory_group)"))

    def count_in_scope(self, application_id: str, sync_all: bool) -> tuple[int, int, int]:
        """Return how many users, groups, and memberships of those groups are assigned, or all. Source: ENG-470."""
        row = self._db.row(_IN_SCOPE, (sync_all, application_id))
        assert row is not None
        return int(row[0]), int(row[1]), int(row[2])

    def assigned_principals(self, application_id: str, principal_ids: Sequence[str]) -> set[str]:
        """Return those of the principals that are assigned directly."""
        rows = self._db.rows(
            "SELECT DISTINCT principal_id FROM assignment WHERE application_id = ? "
            "AND principal_id IN (SELECT value FROM json_each(?))",
            (application_id, json_text(list(principal_ids))),
        )
        return {row[0] for row in rows}


def _user(row: sqlite3.Row) -> User:
    return User(
        object_id=row["object_id"],
        attributes=json_value(row["attributes"]),
        manager_id=row["manager_id"],
        deleted_at=instant_value(row["deleted_at"]),
    )


def _application(row: sqlite3.Row) -> Application:
    created_at = instant_value(row["created_at"])
    assert created_at is not None
    return Application(
        application_id=row["application_id"],
        app_id=row["app_id"],
        name=row["name"],
        created_at=created_at,
        job_id=row["job_id"],
    )


def _assignment(row: sqlite3.Row) -> Assignment:
    created_at = instant_value(row["created_at"])
    assert created_at is not None
    return Assignment(
        assignment_id=row["assignment_id"],
        application_id=row["application_id"],
        principal_id=row["principal_id"],
        principal_type=row["principal_type"],
        role_id=row["role_id"],
        created_at=created_at,
    )


def _like(search: str) -> str:
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def ids_of(objects: Iterable[Any]) -> list[str]:
    """Return the object ids of users or groups."""
    return [item.object_id for item in objects]
