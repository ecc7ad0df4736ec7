"""Pages read what is committed, without waiting for a writer; a writer sees what it wrote itself."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from entra_sim.simulator.store.database import Database

KNOWN = "SELECT value FROM tenant WHERE key = 'a'"
WRITE = "INSERT OR REPLACE INTO tenant (key, value) VALUES ('a', ?)"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return a database in a file with one fact."""
    made = Database.open(tmp_path / "name with # and %41 ü.db")
    made.execute(WRITE, ("old",))
    return made


def test_a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_committed(database: Database) -> None:
    seen: list[str] = []

    def look() -> None:
        with database.reading():
            seen.append(database.value(KNOWN))

    with database.atomic():
        database.execute(WRITE, ("new",))
        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(5)
        assert seen == ["old"]
    with database.reading():
        assert [row["value"] for row in database.rows(KNOWN)] == ["new"]
    database.close()


def test_a_writer_that_reads_sees_its_own_changes(database: Database) -> None:
    with database.reading():
        with database.atomic():
            database.execute(WRITE, ("new",))
            assert database.value(KNOWN) == "new"
        assert database.value(KNOWN) == "new"
    database.close()


def test_a_reader_sees_a_restored_copy(database: Database, tmp_path: Path) -> None:
    database.copy_to(tmp_path / "copy.db")
    database.execute(WRITE, ("new",))
    with database.reading():
        assert database.value(KNOWN) == "new"
        database.copy_from(tmp_path / "copy.db")
        assert database.value(KNOWN) == "old"
        database.clear()
        assert database.value(KNOWN) is None
    database.close()


def test_reading_in_memory_is_reading_as_ever() -> None:
    database = Database.open(None)
    with database.reading():
        database.execute(WRITE, ("new",))
        assert database.value(KNOWN) == "new"
    database.close()
