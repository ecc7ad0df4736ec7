"""A database of an older version is brought up to date with what it holds; one of a newer version is refused."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.store import database as module
from entra_sim.simulator.store.cycle_tally import CycleTally
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.migrations import MIGRATIONS


def test_a_database_of_the_first_schema_is_migrated_with_its_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "simulator.db"
    monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS[:1])
    old = Database.open(path)
    old.execute("INSERT INTO entry (job_id, object_type, source_anchor, target_anchor) VALUES ('j', 'User', 's', 't')")
    for number in range(3):
        old.execute(
            "INSERT INTO log_entry (entry_id, cycle_id, status, action) VALUES (?, 'c', 'Success', 'Create')",
            (str(number),),
        )
    old.close()
    monkeypatch.undo()

    new = Database.open(path)
    assert CycleTally(new).counts("c") == {("Create", "Success"): 3}
    assert new.value("SELECT record_count FROM cycle_tally") == 3
    assert new.value("PRAGMA user_version") == len(MIGRATIONS)
    assert new.value("SELECT target_anchor FROM entry WHERE job_id = 'j'") == "t"
    assert new.value("SELECT COUNT(*) FROM create_intent") == 0
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        new.rows("SELECT * FROM in_flight")
    new.close()


def test_a_database_in_memory_has_the_same_schema_as_one_in_a_file(tmp_path: Path) -> None:
    def schema(database: Database) -> list[tuple[str, str]]:
        rows = database.rows("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
        return [(row["name"], row["sql"]) for row in rows]

    assert schema(Database.open(None)) == schema(Database.open(tmp_path / "simulator.db"))


def test_a_database_of_a_newer_version_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "simulator.db"
    database = Database.open(path)
    database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(StateConflict, match="Upgrade entra-sim"):
        Database.open(path)


def test_a_transaction_that_breaks_leaves_nothing_behind() -> None:
    database = Database.open(None)

    def broken() -> None:
        with database.atomic():
            database.execute("INSERT INTO tenant (key, value) VALUES ('a', '1')")
            with database.atomic():
                database.execute("INSERT INTO tenant (key, value) VALUES ('b', '2')")
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        broken()
    assert database.rows("SELECT * FROM tenant") == []
    with database.atomic():
        database.execute("INSERT INTO tenant (key, value) VALUES ('a', '1')")
    assert database.value("SELECT value FROM tenant") == "1"


def old_entry(database: Database, identity: str, properties: str) -> None:
    """Store a log entry as a former version wrote it."""
    document = f'{{"identity":"{identity}","steps":[{{"a":1}}],"modified_properties":{properties},"rules":["ENG-153"]}}'
    database.execute(
        "INSERT INTO log_entry (entry_id, identity, document) VALUES (?, ?, ?)", (identity, identity, document)
    )


LISTS = '[["title",null,"Ställ \\"1\\""],["active","True","17"]]'
NAMED = (
    '[{"display_name":"title","old_value":null,"new_value":"Ställ \\"1\\""},'
    '{"display_name":"active","old_value":"True","new_value":"17"}]'
)


def documents(database: Database) -> dict[str, Any]:
    """Return the log entries, by identity."""
    return {row[0]: json.loads(row[1]) for row in database.rows("SELECT identity, document FROM log_entry")}


def make_old(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a database of the third schema, which knew no redo file, with entries in the log."""
    monkeypatch.setattr(module, "MIGRATIONS", MIGRATIONS[:3])
    old = Database.open(path, is_beside=True)
    old_entry(old, "changed", LISTS)
    old_entry(old, "skipped", "[]")
    old_entry(old, "named", NAMED)
    old.close()
    monkeypatch.undo()


def test_log_entries_of_a_former_version_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_old(tmp_path / "simulator.db", monkeypatch)
    new = Database.open(tmp_path / "simulator.db")
    found = documents(new)
    new.close()
    assert found["changed"] == {
        "identity": "changed",
        "steps": [{"a": 1}],
        "modified_properties": json.loads(NAMED),
        "rules": ["ENG-153"],
    }
    assert found["skipped"]["modified_properties"] == []
    assert found["named"]["modified_properties"] == json.loads(NAMED)


def test_a_copy_of_a_former_version_is_brought_up_to_date_when_it_is_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(tmp_path / "copy.db", monkeypatch)
    database = Database.open(tmp_path / "simulator.db")
    database.copy_from(tmp_path / "copy.db")
    with database.atomic(may_wait=True):
        database.execute("INSERT INTO tenant (key, value) VALUES ('a', '1')")
    database.close()

    database = Database.open(tmp_path / "simulator.db")
    assert database.value("PRAGMA user_version") == len(MIGRATIONS)
    assert documents(database)["changed"]["modified_properties"] == json.loads(NAMED)
    assert database.value("SELECT value FROM tenant") == "1"
    database.close()


@pytest.mark.parametrize("content", [None, b"", b"no database" * 1000])
def test_a_copy_that_is_missing_or_damaged_replaces_nothing(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "copy.db").write_bytes(content)
    database = Database.open(tmp_path / "simulator.db")
    database.execute("INSERT INTO tenant (key, value) VALUES ('a', '1')")
    with pytest.raises(StateConflict, match="copy"):
        database.copy_from(tmp_path / "copy.db")
    assert database.value("SELECT value FROM tenant") == "1"
    database.close()
