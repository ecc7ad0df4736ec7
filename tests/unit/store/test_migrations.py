"""A database of an older version is brought up to date with what it holds; one of a newer version is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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
