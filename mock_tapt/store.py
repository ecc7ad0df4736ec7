"""Tapt's database: resources, memberships, history, tokens and settings in SQLite.

sqlite-utils owns schema and migrations; the paths that every request takes run prepared statements over its connection.
A resource's body is kept as JSON text without what is derived: id, meta, schemas, groups, members, password. The
columns beside it exist to be looked up. Whoever calls holds the lock of the Tapt it belongs to.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.filter_sql import Condition
from entra_sim.mock_tapt.schema import ENTERPRISE_USER

SCHEMA_VERSION = 1
HISTORY_LIMIT = 200_000
"""Changes kept for the dashboard; the oldest go first."""
CHECKPOINT_PAGES = 10_000
"""Pages of the write-ahead log (40 MB) after which a commit moves them into the database: it waits for the disk then,
and a creation writes about ten."""

_COLUMNS = "r.seq, r.id, r.type, r.version, r.created_at, r.modified_at, r.origin, r.body"


@dataclass(slots=True)
class Row:
    """A stored resource. `body` is JSON text; instants are SCIM dateTimes."""

    seq: int
    id: str
    type: str
    version: int
    created_at: str
    modified_at: str
    origin: str
    body: str

    def resource(self) -> dict[str, Any]:
        """Return the stored attributes."""
        loaded = orjson.loads(self.body)
        assert isinstance(loaded, dict)
        return loaded


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to SCHEMA_VERSION. Migrations are numbered and only ever appended."""
    import sqlite_utils

    database = sqlite_utils.Database(connection)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise TaptError("This data folder was written by a newer entra-sim; use that one, or another --data folder.")
    if version < 1:
        _first_tables(database)
        connection.execute("PRAGMA user_version = 1")
    connection.commit()


def _first_tables(database: Any) -> None:
    database["resource"].create(
        {
            "seq": int, "id": str, "type": str, "name_key": str, "external_id": str, "display_key": str,
            "manager_id": str, "version": int, "created_at": str, "modified_at": str, "origin": str,
            "password_hash": str, "body": str,
        },
        pk="seq", not_null={"id", "type", "name_key", "version", "created_at", "modified_at", "origin", "body"},
        strict=True,
    )  # fmt: skip
    resource = database["resource"]
    resource.create_index(["id"], unique=True)
    resource.create_index(["type", "name_key"], unique=True)
    resource.create_index(["type"])
    for column in ("external_id", "display_key", "manager_id"):
        database.execute(f"CREATE INDEX idx_resource_{column} ON resource ({column}) WHERE {column} IS NOT NULL")
    database["email"].create({"key": str, "seq": int}, pk=("key", "seq"), strict=True)
    database["email"].create_index(["seq"])
    database["member"].create(
        {"group_seq": int, "member_id": str, "position": int, "body": str},
        pk=("group_seq", "member_id"),
        not_null={"position", "body"},
        strict=True,
    )
    database["member"].create_index(["member_id"])
    database["history"].create(
        {"seq": int, "resource_id": str, "at": str, "who": str, "action": str, "name": str, "changes": str},
        pk="seq",
        strict=True,
    )
    database["history"].create_index(["resource_id"])
    database["token"].create(
        {
            "seq": int, "secret_hash": str, "last_four": str, "created_at": str, "expires_at": str,
            "revoked_at": str, "last_used_at": str,
        },
        pk="seq", strict=True,
    )  # fmt: skip
    database["setting"].create({"name": str, "value": str}, pk="name", strict=True)


@cache
def _empty_database() -> bytes:
    """Return the image of a fresh database, made once a process so that opening one in memory costs nothing."""
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    image = connection.serialize()
    connection.close()
    return image


def _rollback_image(image: bytes) -> bytes:
    """Return the image with the header of a database without WAL: one in memory cannot be opened otherwise."""
    return image[:18] + b"\x01\x01" + image[20:]


class Store:
    """One organisation's data.

    Args:
        database: ":memory:" or a file; the folder must exist.
    Raises:
        TaptError: the file is no database of this program.

    `completer` adds `schemas` and `meta` to stored attributes, for comparisons that no column answers.
    """

    def __init__(self, database: str | Path) -> None:
        self._remembered: dict[int, filters.Filter] = {}
        self.completer: Callable[[int, dict[str, Any]], dict[str, Any]] = lambda seq, resource: resource
        self._handles = itertools.count(1)
        self.database = database
        self.is_in_memory = str(database) == ":memory:"
        try:
            self.connection = sqlite3.connect(str(database), isolation_level=None, check_same_thread=False)
            if self.is_in_memory:
                self.connection.deserialize(_empty_database())
            else:
                self.connection.execute("PRAGMA journal_mode = WAL")
                self.connection.execute("PRAGMA synchronous = NORMAL")
                self.connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
                migrate(self.connection)
        except sqlite3.DatabaseError as error:
            raise TaptError(
                f"{database} is no database of entra-sim ({error}); choose another --data folder."
            ) from error
        self._register_functions()

    def _register_functions(self) -> None:
        define = self.connection.create_function
        define("scim_fold", 1, lambda t: t.casefold() if isinstance(t, str) else t, deterministic=True)
        define("scim_co", 2, lambda t, w: w in t if isinstance(t, str) else None, deterministic=True)
        define("scim_sw", 2, lambda t, w: t.startswith(w) if isinstance(t, str) else None, deterministic=True)
        define("scim_ew", 2, lambda t, w: t.endswith(w) if isinstance(t, str) else None, deterministic=True)
        define("scim_entry_matches", 2, self._entry_matches)
        define("scim_matches", 3, self._row_matches)
        define("scim_sort_value", 6, self._sort_value)

    def _entry_matches(self, handle: int, entry: str) -> bool:
        value = orjson.loads(entry)
        return isinstance(value, dict) and filters.matches(self._remembered[handle], value)

    def _row_matches(self, handle: int, seq: int, body: str) -> bool:
        return filters.matches(self._remembered[handle], self.completer(seq, orjson.loads(body)))

    def _sort_value(self, handle: int, seq: int, body: str, own_id: str, created: str, modified: str) -> Any:
        tree = self._remembered[handle]
        assert isinstance(tree, filters.Present)
        resource = {"id": own_id, **orjson.loads(body), "meta": {"created": created, "lastModified": modified}}
        return filters.sort_value(tree.path, resource)

    def remember(self, tree: filters.Filter) -> int:
        """Keep a subtree for the functions that SQL calls back; forgotten by `forget`."""
        handle = next(self._handles)
        self._remembered[handle] = tree
        return handle

    def forget(self) -> None:
        """Drop the remembered subtrees: the query is over."""
        self._remembered.clear()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or undo all of it."""
        if self.connection.in_transaction:  # part of a batch, which commits
            yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    # resources

    def get(self, type_name: str, resource_id: str) -> Row | None:
        """Return one resource, or None."""
        found = self.connection.execute(
            "SELECT seq, id, type, version, created_at, modified_at, origin, body FROM resource"
            " WHERE id = ? AND type = ?",
            (resource_id, type_name),
        ).fetchone()
        return Row(*found) if found else None

    def by_name(self, type_name: str, name: str) -> Row | None:
        """Return the resource of this userName or displayName, compared without case, or None."""
        found = self.connection.execute(
            "SELECT seq, id, type, version, created_at, modified_at, origin, body FROM resource"
            " WHERE type = ? AND name_key = ?",
            (type_name, name.casefold()),
        ).fetchone()
        return Row(*found) if found else None

    def select(
        self, types: tuple[str, ...], condition: Condition | None, order: Condition | None, offset: int, limit: int
    ) -> tuple[list[Row], int]:
        """Return a page of rows in order (then in order of creation), and how many rows there are in all."""
        marks = ",".join("?" * len(types))
        where = ["r.type IN (", marks, ")"]
        parameters: list[Any] = list(types)
        if condition is not None:
            where += [" AND (", condition.sql, ")"]
            parameters += condition.parameters
        clause = "".join(where)
        rows: list[Row] = []
        if limit > 0:
            ordering = [order.sql, ", r.seq"] if order else ["r.seq"]
            statement = "".join(
                ["SELECT ", _COLUMNS, " FROM resource r WHERE ", clause, " ORDER BY ", *ordering, " LIMIT ? OFFSET ?"]
            )
            cursor = self.connection.execute(
                statement, (*parameters, *(order.parameters if order else ()), limit, offset)
            )
            rows = [Row(*found) for found in cursor.fetchall()]
        if rows and len(rows) < limit:
            return rows, offset + len(rows)
        if not rows and limit > 0 and offset == 0:
            return rows, 0
        count = self.connection.execute("".join(["SELECT count(*) FROM resource r WHERE ", clause]), parameters)
        return rows, int(count.fetchone()[0])

    def count(self, type_name: str) -> int:
        """Return how many resources of a type there are."""
        return int(self.connection.execute("SELECT count(*) FROM resource WHERE type = ?", (type_name,)).fetchone()[0])

    @property
    def last_seq(self) -> int:
        """Return the highest sequence number of a resource: not more are there. Takes no time."""
        return int(self.connection.execute("SELECT coalesce(max(seq), 0) FROM resource").fetchone()[0])

    def insert(self, row: Row, name: str, password_hash: str | None, resource: dict[str, Any]) -> int:
        """Add a resource, whose attributes are given too, and return its sequence number; row.seq is not looked at."""
        cursor = self.connection.execute(
            "INSERT INTO resource (id, type, name_key, external_id, display_key, manager_id, version, created_at,"
            " modified_at, origin, password_hash, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.id, row.type, *_keys(row.type, name, resource), row.version, row.created_at, row.modified_at,
                row.origin, password_hash, row.body,
            ),
        )  # fmt: skip
        seq = int(cursor.lastrowid or 0)
        if row.type == "User":
            self._write_emails(seq, resource, is_new=True)
        return seq

    def password_hash(self, seq: int) -> str | None:
        """Return the hash of a resource's password, or None without one."""
        found = self.connection.execute("SELECT password_hash FROM resource WHERE seq = ?", (seq,)).fetchone()
        return found[0] if found else None

    def update(
        self, row: Row, name: str, password_hash: str | None, *, held: dict[str, Any], resource: dict[str, Any]
    ) -> None:
        """Write a resource that exists.

        Args:
            password_hash: None keeps the one that is there, "" clears it.
            held, resource: the attributes before and now; indexes are touched only where these differ.
        """
        keys = _keys(row.type, name, resource)
        if keys == _keys(row.type, held[_NAMES[row.type]], held):
            self.connection.execute(
                "UPDATE resource SET version = ?, modified_at = ?, body = ? WHERE seq = ?",
                (row.version, row.modified_at, row.body, row.seq),
            )
        else:
            self.connection.execute(
                "UPDATE resource SET name_key = ?, external_id = ?, display_key = ?, manager_id = ?, version = ?,"
                " modified_at = ?, body = ? WHERE seq = ?",
                (*keys, row.version, row.modified_at, row.body, row.seq),
            )
        if password_hash is not None:
            self.connection.execute(
                "UPDATE resource SET password_hash = nullif(?, '') WHERE seq = ?", (password_hash, row.seq)
            )
        if row.type == "User" and held.get("emails") != resource.get("emails"):
            self._write_emails(row.seq, resource, is_new=False)

    def _write_emails(self, seq: int, resource: dict[str, Any], *, is_new: bool) -> None:
        values = {
            entry["value"].casefold()
            for entry in resource.get("emails", ())
            if isinstance(entry, dict) and isinstance(entry.get("value"), str)
        }
        if not is_new:
            found = self.connection.execute("SELECT key FROM email WHERE seq = ?", (seq,)).fetchall()
            held = {key for (key,) in found}
            if held == values:
                return
            self.connection.execute("DELETE FROM email WHERE seq = ?", (seq,))
        self.connection.executemany("INSERT INTO email VALUES (?, ?)", [(value, seq) for value in sorted(values)])

    def delete(self, row: Row) -> None:
        """Remove a resource, its members and its memberships. Source: SRV-021."""
        execute = self.connection.execute
        execute("DELETE FROM resource WHERE seq = ?", (row.seq,))
        execute("DELETE FROM email WHERE seq = ?", (row.seq,))
        execute("DELETE FROM member WHERE group_seq = ?", (row.seq,))
        execute("DELETE FROM member WHERE member_id = ?", (row.id,))

    # memberships

    def members(self, group_seq: int) -> list[dict[str, Any]]:
        """Return the entries of a group in the order they were added."""
        found = self.connection.execute("SELECT body FROM member WHERE group_seq = ? ORDER BY position", (group_seq,))
        return [orjson.loads(body) for (body,) in found.fetchall()]

    def set_members(self, group_seq: int, entries: list[dict[str, Any]]) -> None:
        """Exchange the entries of a group."""
        self.connection.execute("DELETE FROM member WHERE group_seq = ?", (group_seq,))
        self.put_members(group_seq, entries)

    def put_members(self, group_seq: int, entries: list[dict[str, Any]]) -> int:
        """Add entries behind the others, or exchange the ones of the same member; return how many changed."""
        last = self.connection.execute(
            "SELECT coalesce(max(position), 0) FROM member WHERE group_seq = ?", (group_seq,)
        ).fetchone()[0]
        cursor = self.connection.executemany(
            "INSERT INTO member (group_seq, member_id, position, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (group_seq, member_id) DO UPDATE SET body = excluded.body WHERE body <> excluded.body",
            [
                (group_seq, entry["value"], last + number, orjson.dumps(entry).decode())
                for number, entry in enumerate(entries, 1)
            ],
        )
        return cursor.rowcount

    def remove_members(self, group_seq: int, ids: list[str]) -> int:
        """Remove members by id; return how many were there."""
        cursor = self.connection.executemany(
            "DELETE FROM member WHERE group_seq = ? AND member_id = ?", [(group_seq, member) for member in ids]
        )
        return cursor.rowcount

    def member_entry(self, group_seq: int, member_id: str) -> dict[str, Any] | None:
        """Return the entry of one member, or None."""
        found = self.connection.execute(
            "SELECT body FROM member WHERE group_seq = ? AND member_id = ?", (group_seq, member_id)
        ).fetchone()
        return orjson.loads(found[0]) if found else None

    def groups_of(self, resource_id: str) -> list[tuple[str, str]]:
        """Return id and displayName of the groups that a resource is a direct member of."""
        found = self.connection.execute(
            "SELECT g.id, json_extract(g.body, '$.displayName') FROM member m JOIN resource g ON g.seq = m.group_seq"
            " WHERE m.member_id = ? ORDER BY g.seq",
            (resource_id,),
        )
        return [(group_id, name) for group_id, name in found.fetchall()]

    # history, tokens, settings

    def add_history(self, resource_id: str, at: str, who: str, action: str, name: str, changes: str) -> None:
        """Note a change; the oldest beyond HISTORY_LIMIT go."""
        cursor = self.connection.execute(
            "INSERT INTO history (resource_id, at, who, action, name, changes) VALUES (?, ?, ?, ?, ?, ?)",
            (resource_id, at, who, action, name, changes),
        )
        if cursor.lastrowid and cursor.lastrowid % 1000 == 0:
            self.connection.execute("DELETE FROM history WHERE seq <= ?", (cursor.lastrowid - HISTORY_LIMIT,))

    def history(self, resource_id: str, limit: int = 200) -> list[dict[str, Any]]:
        """Return the changes of a resource, newest first: at, who, action, name, changes (path, old, new)."""
        found = self.connection.execute(
            "SELECT at, who, action, name, changes FROM history WHERE resource_id = ? ORDER BY seq DESC LIMIT ?",
            (resource_id, limit),
        )
        return [
            {"at": at, "who": who, "action": action, "name": name, "changes": orjson.loads(changes)}
            for at, who, action, name, changes in found.fetchall()
        ]

    def setting(self, name: str, default: str = "") -> str:
        """Return a stored setting."""
        found = self.connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else default

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        self.connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    # images

    def image(self) -> bytes:
        """Return the whole database as one value."""
        if self.is_in_memory:
            return self.connection.serialize()
        copy = sqlite3.connect(":memory:")
        try:
            self.connection.backup(copy)
            return _rollback_image(copy.serialize())
        finally:
            copy.close()

    def restore(self, image: bytes) -> None:
        """Exchange the whole database for one that `image` gave.

        By way of SQLite's backup: deserializing into a connection that has prepared statements crashes the process.
        """
        copy = sqlite3.connect(":memory:")
        try:
            copy.deserialize(image)
            copy.backup(self.connection)
        finally:
            copy.close()

    def close(self) -> None:
        """Close the database."""
        self.connection.close()


_NAMES = {"User": "userName", "Group": "displayName"}


def _keys(type_name: str, name: str, resource: dict[str, Any]) -> tuple[str | None, ...]:
    """Return what the columns name_key, external_id, display_key and manager_id hold."""
    display = resource.get("displayName")
    display_key = display.casefold() if isinstance(display, str) else None
    return name.casefold(), resource.get("externalId"), display_key, _manager_id(type_name, resource)


def _manager_id(type_name: str, resource: dict[str, Any]) -> str | None:
    if type_name != "User":
        return None
    manager = (resource.get(ENTERPRISE_USER) or {}).get("manager")
    value = manager.get("value") if isinstance(manager, dict) else None
    return value if isinstance(value, str) else None
