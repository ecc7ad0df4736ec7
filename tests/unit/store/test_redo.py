"""Commits that are put off: seen at once, safe from a kill, carried out once."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from entra_sim.simulator.service import Simulator
from entra_sim.simulator.service.instance import FolderLock
from entra_sim.simulator.service.reading import read_simulator
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.redo import RedoFile
from entra_sim.simulator.store.redo import redo_path

ADD = "INSERT INTO tenant (key, value) VALUES (?, ?)"

DIES = """
import os, signal, sys
from pathlib import Path
from entra_sim.simulator.store.database import Database
database = Database.open(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    with database.atomic(may_wait=True):
        database.execute("INSERT INTO tenant (key, value) VALUES (?, ?)", (f"key {number}", "späť"))
        database.execute_many("INSERT INTO app_role (role_id, application_id) VALUES (?, ?)", [(str(number), "a")])
    if number == int(sys.argv[3]):
        database.commit_waiting()
os.kill(os.getpid(), signal.SIGKILL)
"""


def keys(database: Database) -> list[str]:
    """Return the keys that are stored, in order."""
    return [row[0] for row in database.rows("SELECT key FROM tenant ORDER BY rowid")]


def break_down(database: Database, *, may_wait: bool) -> None:
    """Begin a transaction and break it."""
    with database.atomic(may_wait=may_wait):
        database.execute(ADD, ("undone", ""))
        raise ZeroDivisionError


def copied(path: Path, folder: Path) -> Path:
    """Copy a database as a kill at this moment would leave it."""
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal", f"{path.name}-redo"):
        if (path.parent / name).exists():
            shutil.copyfile(path.parent / name, folder / name)
    return folder / path.name


@pytest.mark.skipif(not hasattr(os, "kill") or sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("committed_up_to", [-1, 2, 4])
def test_a_killed_process_loses_nothing_and_nothing_is_done_twice(tmp_path: Path, committed_up_to: int) -> None:
    path = tmp_path / "simulator.db"
    arguments = [sys.executable, "-c", DIES, str(path), "5", str(committed_up_to)]
    assert subprocess.run(arguments, check=False).returncode == -9

    for _ in range(2):
        database = Database.open(path)
        assert keys(database) == [f"key {number}" for number in range(5)]
        assert database.value("SELECT value FROM tenant WHERE key = 'key 3'") == "späť"
        assert database.value("SELECT COUNT(*) FROM app_role") == 5
        database.close()
    assert not redo_path(path).exists()


def test_what_waits_is_seen_by_every_thread_and_committed_by_the_next_who_may_not_wait(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    with database.atomic(may_wait=True):
        database.execute(ADD, ("first", ""))
    seen: list[str] = []

    def other() -> None:
        seen.extend(keys(database))
        with pytest.raises(ZeroDivisionError):
            break_down(database, may_wait=False)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == ["first"]
    after = Database.open(copied(tmp_path / "simulator.db", tmp_path / "copy"))
    assert keys(after) == ["first"]
    after.close()
    database.close()


def test_a_plain_statement_stands_after_what_waited(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    with database.atomic(may_wait=True):
        database.execute(ADD, ("first", ""))
    database.execute(ADD, ("second", ""))
    with database.atomic(may_wait=True):
        database.execute(ADD, ("third", ""))
    after = Database.open(copied(tmp_path / "simulator.db", tmp_path / "copy"))
    assert keys(after) == ["first", "second", "third"]
    after.close()
    database.close()


def test_one_that_breaks_undoes_itself_and_not_its_neighbours(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    for key in ("first", "second"):
        with database.atomic(may_wait=True):
            database.execute(ADD, (key, ""))
    with pytest.raises(ZeroDivisionError):
        break_down(database, may_wait=True)
    assert keys(database) == ["first", "second"]
    with database.atomic(may_wait=True):
        database.execute(ADD, ("fourth", ""))
    after = Database.open(copied(tmp_path / "simulator.db", tmp_path / "copy"))
    assert keys(after) == keys(database) == ["first", "second", "fourth"]
    after.close()
    database.close()


def test_copies_hold_what_waits(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    with database.atomic(may_wait=True):
        database.execute(ADD, ("first", ""))
    database.copy_to(tmp_path / "copy.db")
    with database.atomic(may_wait=True):
        database.execute(ADD, ("second", ""))
    copy = Database.open(tmp_path / "copy.db")
    assert keys(copy) == ["first"]
    copy.close()
    database.copy_from(tmp_path / "copy.db")
    assert keys(database) == ["first"]
    with database.atomic(may_wait=True):
        database.execute(ADD, ("third", ""))
    after = Database.open(copied(tmp_path / "simulator.db", tmp_path / "killed"))
    assert keys(after) == ["first", "third"]
    after.close()
    database.close()


def test_a_long_wait_ends_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entra_sim.simulator.store.database.MOST_REDO_BYTES", 1000)
    database = Database.open(tmp_path / "simulator.db")
    sizes = []
    for number in range(60):
        with database.atomic(may_wait=True):
            database.execute(ADD, (f"key {number}", ""))
        sizes.append(redo_path(tmp_path / "simulator.db").stat().st_size)
    assert 1000 < max(sizes) < 1300
    generation = database.value("SELECT generation FROM redo")
    assert generation >= 3
    killed = copied(tmp_path / "simulator.db", tmp_path / "killed")
    assert len(RedoFile(redo_path(killed)).transactions(generation)) < 15
    after = Database.open(killed)
    assert keys(after) == keys(database) == [f"key {number}" for number in range(60)]
    after.close()
    database.close()


def test_a_note_is_carried_out_after_a_kill_or_with_the_next_commit_unless_it_is_forgotten(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    database.note("a", ADD, ("first", ""))
    database.note("b", ADD, ("second", ""))
    assert keys(database) == []
    killed = Database.open(copied(tmp_path / "simulator.db", tmp_path / "killed"))
    assert keys(killed) == ["first", "second"]
    killed.close()
    with database.atomic(may_wait=True):
        database.execute(ADD, ("third", ""))
        database.forget("a")
    database.forget("unknown")
    database.commit_waiting()
    assert keys(database) == ["third", "second"]
    killed = Database.open(copied(tmp_path / "simulator.db", tmp_path / "killed again"))
    assert keys(killed) == ["third", "second"]
    killed.close()
    database.note("c", ADD, ("fourth", ""))
    with pytest.raises(ZeroDivisionError):
        break_down(database, may_wait=True)
    assert keys(database) == ["third", "second", "fourth"]
    database.close()
    memory = Database.open(None)
    memory.note("a", ADD, ("first", ""))
    assert keys(memory) == ["first"]


def test_a_record_that_broke_off_ends_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file-redo"
    redo = RedoFile(path)
    redo.append(3, [(ADD, ("one", None))])
    whole = path.stat().st_size
    redo.append(3, [(ADD, ("two", 2))])
    content = path.read_bytes()
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        found = [statements[0][1][0] for statements in redo.transactions(3)]
        assert found == ["one", "two"][: (length >= whole) + (length == len(content))]
    path.write_bytes(content[:-1] + b"?")
    assert len(redo.transactions(3)) == 1
    assert redo.transactions(4) == []
    redo.remove()
    assert redo.transactions(3) == []


def test_who_reads_beside_the_owner_sees_what_is_committed_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    owner = Database.open(tmp_path / "simulator.db")
    with owner.atomic(may_wait=True):
        owner.execute(ADD, ("committed", ""))
    owner.commit_waiting()
    with owner.atomic(may_wait=True):
        owner.execute(ADD, ("waits", ""))
    beside = Database.open(tmp_path / "simulator.db", is_beside=True)
    assert keys(beside) == ["committed"]
    beside.close()
    with owner.atomic(may_wait=True):
        owner.execute(ADD, ("waits too", ""))
    after = Database.open(copied(tmp_path / "simulator.db", tmp_path / "killed"))
    assert keys(after) == keys(owner) == ["committed", "waits", "waits too"]
    after.close()
    owner.close()


def test_pages_see_what_waits(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    with database.atomic(may_wait=True):
        database.execute(ADD, ("first", ""))
    with database.reading():
        assert keys(database) == ["first"]
    with database.lock:  # somebody is at work for long
        with database.atomic(may_wait=True):
            database.execute(ADD, ("second", ""))
        assert read_by_another_thread(database) == ["first"]
        with database.atomic(may_wait=True):
            database.execute(ADD, ("third", ""))
        assert read_by_another_thread(database) == ["first", "second", "third"]
    database.close()


def read_by_another_thread(database: Database) -> list[str]:
    """Return the keys that a page sees."""
    seen: list[str] = []

    def read() -> None:
        with database.reading():
            seen.extend(keys(database))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    return seen


def test_what_a_former_content_left_in_the_redo_file_is_never_carried_out(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    database.copy_to(tmp_path / "empty.db")
    for key in ("a", "b", "c"):
        with database.atomic(may_wait=True):
            database.execute(ADD, (key, ""))
    database.copy_from(tmp_path / "empty.db")
    with database.atomic(may_wait=True):
        database.execute(ADD, ("d", ""))
    after = Database.open(copied(tmp_path / "simulator.db", tmp_path / "killed"))
    assert keys(after) == keys(database) == ["d"]
    after.close()
    database.close()


def test_a_new_database_takes_nothing_from_the_redo_file_of_one_that_was_deleted(tmp_path: Path) -> None:
    path = tmp_path / "simulator.db"
    living = Database.open(path)
    with living.atomic(may_wait=True):
        living.execute("INSERT INTO redo (generation) VALUES (77)")
    left = redo_path(path).read_bytes()
    living.close()
    path.unlink()
    redo_path(path).write_bytes(left)

    fresh = Database.open(path)

    assert [row[0] for row in fresh.rows("SELECT generation FROM redo")] == [0]
    assert not redo_path(path).exists()
    fresh.close()


def test_a_command_that_reads_brings_back_what_a_killed_instance_left(tmp_path: Path) -> None:
    Simulator.open(tmp_path).close()
    database = Database.open(tmp_path / "simulator.db")
    with database.atomic(may_wait=True):
        database.execute(ADD, ("left", "x"))
    killed = copied(tmp_path / "simulator.db", tmp_path / "killed").parent
    lock = FolderLock(killed)
    running = read_simulator(killed)
    assert running.core.database.value("SELECT COUNT(*) FROM tenant WHERE key = 'left'") == 0
    running.close()
    lock.release()
    stopped = read_simulator(killed)
    assert stopped.core.database.value("SELECT value FROM tenant WHERE key = 'left'") == "x"
    stopped.close()
    database.close()


def test_statements_are_put_off_until_somebody_reads_or_waits_and_seen_by_all_that_reads(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    seen: list[str] = []
    database.connection.set_trace_callback(seen.append)
    with database.atomic(may_wait=True):
        for key in ("first", "second", "third"):
            database.execute(ADD, (key, ""))
    assert not any("INSERT" in text for text in seen)
    database.work_off()
    assert [text.split("'")[1] for text in seen if "INSERT" in text] == ["first", "second"]
    with database.atomic(may_wait=True):
        database.execute(ADD, ("fourth", ""))
        assert database.changed_count("UPDATE tenant SET value = 'seen'") == 4
        database.execute_many(ADD, [("fifth", ""), ("sixth", "")])
        assert keys(database) == ["first", "second", "third", "fourth", "fifth", "sixth"]
        database.work_off()
    killed = Database.open(copied(tmp_path / "simulator.db", tmp_path / "killed"))
    assert keys(killed) == keys(database)
    assert killed.value("SELECT COUNT(*) FROM tenant WHERE value = 'seen'") == 4
    killed.close()
    database.close()


def test_a_transaction_that_contradicts_what_is_stored_is_undone_alone_and_never_comes_back(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    for statements in (["first"], ["second", "first"], ["third"]):
        with database.atomic(may_wait=True):
            for key in statements:
                database.execute(ADD, (key, ""))
    killed = Database.open(copied(tmp_path / "simulator.db", tmp_path / "killed"))
    assert keys(killed) == ["first", "third"]
    killed.close()
    with pytest.raises(sqlite3.IntegrityError):
        keys(database)
    assert keys(database) == ["first", "third"]
    with database.atomic(may_wait=True):
        database.execute(ADD, ("fourth", ""))
    database.close()
    database = Database.open(tmp_path / "simulator.db")
    assert keys(database) == ["first", "third", "fourth"]
    database.close()


def test_who_waits_does_not_wait_for_somebody_who_is_at_work(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "simulator.db")
    with database.atomic(may_wait=True):
        database.execute(ADD, ("first", ""))
    with database.lock:
        thread = threading.Thread(target=database.work_off)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert keys(database) == ["first"]
    database.close()


ADD_MANY = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
    "INSERT INTO tenant (key, value) SELECT ? || ' ' || i, '' FROM n"
)


def broken_by_full_disk(path: Path) -> Database:
    """Return a database in which three transactions are recorded and cannot be carried out now.

    SQLite undoes a whole transaction of its own when the disk is full; an interrupted statement has the same effect.
    """
    database = Database.open(path)
    for name in ("a", "b"):
        with database.atomic(may_wait=True):
            database.execute(ADD_MANY, (name,))
    assert len(keys(database)) == 1000
    database.connection.set_progress_handler(lambda: 1, 1000)
    with database.atomic(may_wait=True):
        database.execute(ADD_MANY, ("c",))
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        keys(database)
    return database


def test_what_waited_when_the_disk_was_full_is_carried_out_once_there_is_room(tmp_path: Path) -> None:
    database = broken_by_full_disk(tmp_path / "simulator.db")
    with pytest.raises(sqlite3.OperationalError, match="interrupted"), database.atomic(may_wait=True):
        database.execute(ADD, ("too early", ""))
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        database.execute(ADD, ("too early", ""))
    database.connection.set_progress_handler(None, 0)
    with database.atomic(may_wait=True):
        database.execute(ADD, ("room again", ""))
    database.commit_waiting()
    with database.atomic(may_wait=True):
        database.execute(ADD, ("and on", ""))
    database.close()

    database = Database.open(tmp_path / "simulator.db")
    found = keys(database)
    database.close()
    assert found == [f"{name} {i}" for name in "abc" for i in range(1, 501)] + ["room again", "and on"]


def test_what_waited_when_the_disk_was_full_comes_back_with_the_next_opening(tmp_path: Path) -> None:
    database = broken_by_full_disk(tmp_path / "simulator.db")
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        database.close()

    database = Database.open(tmp_path / "simulator.db")
    found = keys(database)
    database.close()
    assert found == [f"{name} {i}" for name in "abc" for i in range(1, 501)]
