"""The schema, as numbered migrations. Append only: a landed migration never changes."""

from __future__ import annotations

from collections.abc import Callable

import sqlite_utils

from entra_sim.simulator.store.screen_indexes import add_cycle_kind
from entra_sim.simulator.store.screen_indexes import add_cycle_tally
from entra_sim.simulator.store.screen_indexes import add_screen_indexes
from entra_sim.simulator.store.screen_indexes import sort_log_indexes

Columns = dict[str, type]


def _table(
    database: sqlite_utils.Database,
    name: str,
    columns: Columns,
    pk: str | tuple[str, ...] | None = None,
    not_null: set[str] | None = None,
) -> sqlite_utils.db.Table:
    table = database.table(name)
    table.create(columns, pk=pk, not_null=not_null or set(), strict=True)
    return table


def _first(database: sqlite_utils.Database) -> None:
    _directory(database)
    _applications(database)
    _jobs(database)
    _records(database)


def _directory(database: sqlite_utils.Database) -> None:
    _table(database, "tenant", {"key": str, "value": str}, pk="key")
    user = _table(
        database,
        "user",
        {
            "object_id": str,
            "upn": str,
            "display_name": str,
            "attributes": str,
            "manager_id": str,
            "deleted_at": str,
        },
        pk="object_id",
        not_null={"upn", "attributes"},
    )
    user.create_index(["manager_id"])
    user.create_index(["deleted_at"])
    user.create_index(["display_name"])
    database.execute("CREATE UNIQUE INDEX user_upn ON user (upn COLLATE NOCASE) WHERE deleted_at IS NULL")
    database.execute("CREATE INDEX user_upn_any ON user (upn COLLATE NOCASE)")
    group = _table(
        database,
        "directory_group",
        {"object_id": str, "display_name": str, "attributes": str},
        pk="object_id",
        not_null={"attributes"},
    )
    group.create_index(["display_name"])
    member = _table(
        database,
        "member",
        {"group_id": str, "member_id": str, "member_type": str, "position": int},
        pk=("group_id", "member_id"),
    )
    member.create_index(["member_id"])
    member.create_index(["group_id", "position"])


def _applications(database: sqlite_utils.Database) -> None:
    _table(
        database,
        "tombstone",
        {
            "object_id": str,
            "object_type": str,
            "identifier": str,
            "display_name": str,
            "entitled": str,
            "deleted_at": str,
        },
        pk="object_id",
    )
    _table(
        database,
        "application",
        {"application_id": str, "app_id": str, "name": str, "created_at": str, "job_id": str},
        pk="application_id",
    )
    _table(
        database,
        "app_role",
        {"role_id": str, "application_id": str, "value": str, "display_name": str},
        pk=("application_id", "role_id"),
    )
    assignment = _table(
        database,
        "assignment",
        {
            "sequence": int,
            "assignment_id": str,
            "application_id": str,
            "principal_id": str,
            "principal_type": str,
            "role_id": str,
            "created_at": str,
        },
        pk="sequence",
    )
    assignment.create_index(["application_id", "principal_id", "role_id"], unique=True)
    assignment.create_index(["principal_id"])
    change = _table(
        database,
        "change",
        {
            "sequence": int,
            "at": str,
            "visible_at": str,
            "object_type": str,
            "object_id": str,
            "kind": str,
            "attributes": str,
            "application_id": str,
        },
        pk="sequence",
    )
    change.create_index(["object_type", "object_id"])


def _jobs(database: sqlite_utils.Database) -> None:
    _table(
        database,
        "job",
        {"job_id": str, "application_id": str, "document": str, "schema": str, "schema_version": int},
        pk="job_id",
    )
    entry = _table(
        database,
        "entry",
        {
            "job_id": str,
            "object_type": str,
            "source_anchor": str,
            "target_anchor": str,
            "is_managed": int,
            "is_disabled": int,
            "display_name": str,
        },
        pk=("job_id", "object_type", "source_anchor"),
    )
    entry.create_index(["job_id", "object_type", "target_anchor"], unique=True)
    escrow = _table(
        database,
        "escrow",
        {
            "job_id": str,
            "object_type": str,
            "source_anchor": str,
            "modification_type": str,
            "created_at": str,
            "attempt_count": int,
            "next_attempt_at": str,
            "error_code": str,
            "error_message": str,
            "is_reference": int,
        },
        pk=("job_id", "object_type", "source_anchor"),
    )
    escrow.create_index(["job_id", "next_attempt_at"])
    _table(
        database,
        "pending_reference",
        {"job_id": str, "object_type": str, "source_anchor": str, "held": str, "change_kind": str},
        pk=("job_id", "object_type", "source_anchor"),
    )
    _table(
        database,
        "exported_member",
        {"job_id": str, "group_id": str, "member_id": str, "target_id": str},
        pk=("job_id", "group_id", "member_id"),
    )
    _table(
        database,
        "in_flight",
        {"job_id": str, "object_type": str, "source_anchor": str},
        pk=("job_id", "object_type", "source_anchor"),
    )
    _table(
        database,
        "held_removal",
        {"job_id": str, "object_type": str, "source_anchor": str, "held_at": str},
        pk=("job_id", "object_type", "source_anchor"),
    )


def _records(database: sqlite_utils.Database) -> None:
    log = _table(
        database,
        "log_entry",
        {
            "sequence": int,
            "entry_id": str,
            "at": str,
            "job_id": str,
            "application_id": str,
            "cycle_id": str,
            "action": str,
            "status": str,
            "code": str,
            "object_type": str,
            "source_id": str,
            "target_id": str,
            "identity": str,
            "document": str,
        },
        pk="sequence",
    )
    log.create_index(["application_id", "sequence"])
    log.create_index(["source_id", "sequence"])
    log.create_index(["status", "sequence"])
    log.create_index(["action", "sequence"])
    log.create_index(["at"])
    log.create_index(["entry_id"], unique=True)
    audit = _table(database, "audit_event", {"sequence": int, "at": str, "target": str, "document": str}, pk="sequence")
    audit.create_index(["target", "sequence"])
    _table(database, "mail", {"sequence": int, "at": str, "document": str}, pk="sequence")


def _second(database: sqlite_utils.Database) -> None:
    """Keep the cycle in progress apart from the job, creates by matching value, and what workers did out of turn."""
    _table(database, "cycle", {"job_id": str, "document": str}, pk="job_id")
    for name, columns in (
        ("create_intent", "attribute TEXT NOT NULL, value TEXT NOT NULL, "),
        ("done_ahead", ""),
    ):
        database.execute(
            f"CREATE TABLE {name} (job_id TEXT NOT NULL, object_type TEXT NOT NULL, source_anchor TEXT NOT NULL, "
            f"{columns}PRIMARY KEY (job_id, object_type, source_anchor)) STRICT, WITHOUT ROWID"
        )
    for columns in ("status_sequence", "action_sequence", "at"):  # each page less is felt in every commit
        database.execute(f"DROP INDEX idx_log_entry_{columns}")
    database.table("in_flight").drop()
    database.execute("CREATE INDEX change_hidden ON change (visible_at) WHERE visible_at > at")


def _fifth(database: sqlite_utils.Database) -> None:
    """Count the commits that were put off: the redo file says to which its records belong."""
    database.execute("CREATE TABLE redo (generation INTEGER NOT NULL) STRICT")
    database.execute("INSERT INTO redo (generation) VALUES (0)")


def _sixth(database: sqlite_utils.Database) -> None:
    """Name the parts of modified properties that were written as lists of three for some time."""
    database.execute(
        "UPDATE log_entry SET document = json_set(document, '$.modified_properties', json((SELECT json_group_array("
        "json_object('display_name', json_extract(value, '$[0]'), 'old_value', json_extract(value, '$[1]'), "
        "'new_value', json_extract(value, '$[2]'))) FROM json_each(document, '$.modified_properties')))) "
        "WHERE json_type(document, '$.modified_properties[0]') = 'array'"
    )


MIGRATIONS: tuple[Callable[[sqlite_utils.Database], None], ...] = (
    _first,
    _second,
    add_screen_indexes,
    sort_log_indexes,
    _fifth,
    _sixth,
    add_cycle_tally,
    add_cycle_kind,
)
