"""Indexes that only screens need: names by their beginning, records of one cycle, records by status and action.

With them every list of the admin center reads one page, whatever the size of the directory and of the log.
"""

from __future__ import annotations

import sqlite_utils

STATEMENTS = (
    "CREATE INDEX user_display_name_nocase ON user (display_name COLLATE NOCASE, object_id)",
    "DROP INDEX user_upn_any",
    "CREATE INDEX user_upn_nocase ON user (upn COLLATE NOCASE, object_id)",
    "CREATE INDEX user_surname_nocase ON user (json_extract(attributes, '$.surname') COLLATE NOCASE, object_id)",
    "CREATE INDEX user_page ON user (display_name, object_id) WHERE deleted_at IS NULL",
    "CREATE INDEX group_display_name_nocase ON directory_group (display_name COLLATE NOCASE)",
    "CREATE INDEX tombstone_identifier ON tombstone (identifier COLLATE NOCASE)",
    "CREATE INDEX log_entry_cycle ON log_entry (cycle_id, sequence, status, action)",
    # in place of the index on (application_id, sequence): a filter is answered from it without reading records
    "DROP INDEX idx_log_entry_application_id_sequence",
    "CREATE INDEX log_entry_application ON log_entry (application_id, sequence, status, action, code, object_type)",
)


def add_screen_indexes(database: sqlite_utils.Database) -> None:
    """Make the indexes."""
    for statement in STATEMENTS:
        database.execute(statement)


SORTED_STATEMENTS = (
    # columns that filters name come first, the position last: see log_search
    "DROP INDEX log_entry_cycle",
    "CREATE INDEX log_entry_cycle ON log_entry (cycle_id, status, action, sequence)",
    "DROP INDEX log_entry_application",
    "CREATE INDEX log_entry_application ON log_entry (application_id, status, action, code, object_type, sequence)",
)


def sort_log_indexes(database: sqlite_utils.Database) -> None:
    """Make the two indexes of the log answer every filter without walking through records that do not fit."""
    for statement in SORTED_STATEMENTS:
        database.execute(statement)


def add_cycle_tally(database: sqlite_utils.Database) -> None:
    """Make the table of what each cycle left in the log, and count once what an older version has written."""
    database.execute(
        "CREATE TABLE cycle_tally (cycle_id TEXT NOT NULL, status TEXT NOT NULL, action TEXT NOT NULL, "
        "record_count INTEGER NOT NULL, last_sequence INTEGER NOT NULL, "
        "PRIMARY KEY (cycle_id, status, action)) STRICT, WITHOUT ROWID"
    )
    database.execute(
        "INSERT INTO cycle_tally SELECT cycle_id, status, action, COUNT(*), MAX(sequence) FROM log_entry "
        "WHERE cycle_id IS NOT NULL AND status IS NOT NULL AND action IS NOT NULL GROUP BY cycle_id, status, action"
    )


def add_cycle_kind(database: sqlite_utils.Database) -> None:
    """Make the table of what kind each cycle in the log was; of older ones it is not known."""
    database.execute(
        "CREATE TABLE cycle_kind (cycle_id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )
