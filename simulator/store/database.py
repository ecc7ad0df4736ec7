"""The SQLite database: opening, the one lock, transactions.

WAL with synchronous=NORMAL: a killed process loses nothing that was committed; a power cut may cost the last commits.
A cycle makes thousands of small transactions: their commits are put off and done together, and until then a redo file
keeps them as safe as a commit would. Their statements, too, are put off: to the next moment when somebody waits for a
target anyway (`work_off`), or until somebody reads. Pages read over connections of their own, for which all is
committed.
sqlite-utils owns schema and migrations; hot paths use its connection with prepared statements.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Hashable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlite_utils

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.store.migrations import MIGRATIONS
from entra_sim.simulator.store.readers import Readers
from entra_sim.simulator.store.readers import open_reader
from entra_sim.simulator.store.redo import RedoFile
from entra_sim.simulator.store.redo import Statement
from entra_sim.simulator.store.redo import redo_path

PAGES_BETWEEN_CHECKPOINTS = 8000
"""32 MB of log; a checkpoint waits for the disk, a commit does not."""

CACHE_KIB = 8000
"""Of the database's pages: those that a cycle's records touch all the time."""

MOST_REDO_BYTES = 1024 * 1024
"""How much may wait for a commit that is put off."""

LONGEST_WAIT_OF_A_READER_S = 0.05

STATEMENTS_IN_A_WAIT = 2
"""How many statements are carried out while an answer is awaited: about as long as the quickest target takes."""

_templates: dict[int, bytes] = {}


class Database:
    """One database with one connection; `lock` serializes the threads that share it.

    Pages read beside it: see `reading`.

    Args:
        path: of the file; None for a database in memory, which commits everything at once and has no other readers.
        is_beside: another process may own the file, and the redo file with it: this one keeps none and commits at once.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None, *, is_beside: bool = False) -> None:
        self.connection = connection
        self.utils = sqlite_utils.Database(connection)
        self.lock = threading.RLock()
        self._depth = 0
        self._redo = None if path is None or is_beside else RedoFile(redo_path(path))
        self._generation: int | None = None
        self._is_waiting = False
        self._is_wanted = False
        self._is_behind = False
        self._statements: list[Statement] | None = None
        self._put_off: deque[Statement] = deque()
        self._notes: dict[Hashable, Statement] = {}
        self._path = path
        self._readers = None if path is None else Readers(path)

    @classmethod
    def open(cls, path: Path | None, *, is_beside: bool = False) -> Database:
        """Return the database at `path`, made and migrated if need be; None gives one in memory.

        Args:
            is_beside: to read it while another process may own it; else what a killed process left is brought back.
        Raises:
            StateConflict: the file cannot be opened or written, or was made by a newer version; says what to do.
        """
        name = ":memory:" if path is None else str(path)
        try:
            connection = sqlite3.connect(name, check_same_thread=False, isolation_level=None, timeout=10)
            connection.row_factory = sqlite3.Row
            if path is None:
                _fill_from_template(connection)
            else:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute(f"PRAGMA wal_autocheckpoint={PAGES_BETWEEN_CHECKPOINTS}")
                connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            database = cls(connection, path, is_beside=is_beside)
            if path is not None:
                if database._redo is not None and not database.value("PRAGMA user_version"):
                    database._redo.remove()  # it belongs to a database that somebody deleted
                _migrate(database)
                if database._redo is not None and redo_path(path).exists():
                    database._bring_back()
        except sqlite3.Error as error:
            raise StateConflict(
                f"The database {name} cannot be used ({error}). "
                "Choose a folder that can be written with --data DIR, or run with --ephemeral."
            ) from error
        return database

    @property
    def folder(self) -> Path | None:
        """Return where the file lies; None in memory."""
        return None if self._path is None else self._path.parent

    @contextmanager
    def atomic(self, *, may_wait: bool = False) -> Iterator[sqlite3.Connection]:
        """Hold the lock and a transaction; nested calls join the outer one. An exception undoes everything.

        Args:
            may_wait: the commit may be put off, until the next one that may not; a kill loses nothing all the same.
        """
        with self.lock:
            if self._depth:
                self._depth += 1
                try:
                    yield self.connection
                finally:
                    self._depth -= 1
                return
            self._catch_up()
            waits = may_wait and self._redo is not None
            reader = self._readers.put_aside() if self._readers is not None else None
            if waits:
                self._statements = []
            elif self._is_waiting:
                self.commit_waiting()
            self._depth = 1
            try:
                if not self._is_waiting:
                    self.connection.execute("BEGIN IMMEDIATE")
                    self._is_waiting = waits
                yield self.connection
                if waits:
                    self._keep()
            except BaseException:
                self._statements = None
                self._roll_back()
                raise
            else:
                if not waits:
                    self.connection.execute("COMMIT")
            finally:
                self._depth = 0
                self._statements = None
                if self._readers is not None:
                    self._readers.take_up(reader)
            if waits and self._redo is not None and (self._is_wanted or self._redo.size > MOST_REDO_BYTES):
                self.commit_waiting()

    def commit_waiting(self) -> None:
        """Commit the transactions that may wait, if there are any."""
        with self.lock:
            self._catch_up()
            if not self._is_waiting or self._depth or self._redo is None:
                return
            try:
                self._carry_out()
                for sql, parameters in self._notes.values():
                    self.connection.execute(sql, parameters)
                self._notes.clear()
                self._end_generation()
            except BaseException:
                self._roll_back()
                raise
            self._is_waiting = self._is_wanted = False
            self._redo.start_anew()

    def _want_commit(self) -> None:
        if not self._is_waiting:
            return
        if self.lock.acquire(timeout=LONGEST_WAIT_OF_A_READER_S):
            try:
                self.commit_waiting()
            finally:
                self.lock.release()
        else:
            self._is_wanted = True

    def work_off(self) -> None:
        """Carry out some of the statements that are put off. For a thread that waits for something else anyway."""
        if self._put_off and self.lock.acquire(blocking=False):
            try:
                if not self._depth:
                    self._carry_out(STATEMENTS_IN_A_WAIT)
            finally:
                self.lock.release()

    def _carry_out(self, most: int | None = None) -> None:
        """Carry out statements that are put off, in order: all of them, or so many."""
        try:
            for _ in range(len(self._put_off) if most is None else min(most, len(self._put_off))):
                self.connection.execute(*self._put_off[0])
                self._put_off.popleft()
        except BaseException:
            self._roll_back()
            raise

    def note(self, key: Hashable, sql: str, parameters: Sequence[Any]) -> None:
        """Keep a statement that will most likely be pointless soon: it is safe from a kill, but not carried out yet.

        It is carried out with the next commit, unless `forget` was called for its key before.
        """
        with self.lock:
            if self._redo is None or self._depth:
                self.execute(sql, parameters)
                return
            self._catch_up()
            if not self._is_waiting:
                self.connection.execute("BEGIN IMMEDIATE")
                self._is_waiting = True
            self._redo.append(self._current_generation(), [(sql, parameters)])
            self._notes[key] = (sql, parameters)

    def forget(self, key: Hashable) -> None:
        """Drop a note that has become pointless. After a kill it may come back all the same."""
        self._notes.pop(key, None)

    def _keep(self) -> None:
        assert self._redo is not None
        if self._statements:
            self._redo.append(self._current_generation(), self._statements)

    def _current_generation(self) -> int:
        if self._generation is None:
            self._generation = int(self.connection.execute("SELECT generation FROM redo").fetchone()[0])
        return self._generation

    def _end_generation(self) -> None:
        """Commit; what the redo file holds is of the past from here on."""
        generation = self._current_generation() + 1
        self.connection.execute("UPDATE redo SET generation = ?", (generation,))
        self.connection.execute("COMMIT")
        self._generation = generation

    def _roll_back(self) -> None:
        """Undo the transaction in hand; those that wait beside it come back from the redo file."""
        self._put_off.clear()
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        if self._is_waiting:
            self._is_waiting = False
            self._come_back()

    def _catch_up(self) -> None:
        """Bring back what was undone and could not come back at once, for example because the disk was full."""
        if self._is_behind and not self._depth:
            self._come_back()

    def _come_back(self) -> None:
        self._is_behind = False  # the queries of bringing back do not wait for it
        try:
            self._bring_back()
        except BaseException:
            self._is_behind = True
            raise

    def _bring_back(self) -> None:
        """Carry out and commit what the redo file holds: it was recorded and had not been committed."""
        assert self._redo is not None
        self._generation = None
        self._notes.clear()
        transactions = self._redo.transactions(self._current_generation())
        if transactions:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                for statements in transactions:
                    self._repeat(statements)
                self._end_generation()
            except BaseException:
                self._generation = None
                if self.connection.in_transaction:  # SQLite itself undoes it when the disk is full
                    self.connection.execute("ROLLBACK")
                raise
        self._redo.remove()

    def _repeat(self, statements: Sequence[Statement]) -> None:
        """Carry out a transaction of the redo file; one that contradicts what is stored is undone, as in life."""
        self.connection.execute("SAVEPOINT one")
        try:
            for sql, parameters in statements:
                self.connection.execute(sql, parameters)
        except sqlite3.IntegrityError:
            self.connection.execute("ROLLBACK TO one")
        self.connection.execute("RELEASE one")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let this thread's queries see what is committed, hardly waiting for those who write.

        What waits for its commit is committed first, or with the transaction in hand where that takes long. In a
        database in memory nothing changes. Inside `atomic` a thread sees its own changes, as ever.
        """
        if self._readers is None or self._readers.mine is not None:
            yield
            return
        self._want_commit()
        with self._readers.lent():
            yield

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement with parameters; in a transaction that may wait it may run later, before anything reads."""
        with self.lock:
            if self._statements is not None:
                self._statements.append((sql, parameters))
                self._put_off.append((sql, parameters))
                return
            if (self._is_waiting or self._is_behind) and not self._depth:
                self.commit_waiting()
            self.connection.execute(sql, parameters)

    def changed_count(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement with parameters at once; returns how many rows it changed."""
        with self.lock:
            if self._statements is not None:
                self._carry_out()
                self._statements.append((sql, parameters))
            elif (self._is_waiting or self._is_behind) and not self._depth:
                self.commit_waiting()
            return self.connection.execute(sql, parameters).rowcount

    def execute_many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run one statement once for each set of parameters; see `execute`."""
        with self.lock:
            if self._statements is not None:
                self._statements.extend((sql, one) for one in parameters)
                self._put_off.extend((sql, one) for one in parameters)
                return
            if (self._is_waiting or self._is_behind) and not self._depth:
                self.commit_waiting()
            self.connection.executemany(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        reader = None if self._readers is None else self._readers.mine
        if reader is not None:
            return reader.execute(sql, parameters).fetchall()
        with self.lock:
            self._catch_up()
            if self._put_off:
                self._carry_out()
            return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found: sqlite3.Row | None
        reader = None if self._readers is None else self._readers.mine
        if reader is not None:
            found = reader.execute(sql, parameters).fetchone()
            return found
        with self.lock:
            self._catch_up()
            if self._put_off:
                self._carry_out()
            found = self.connection.execute(sql, parameters).fetchone()
            return found

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to a file with SQLite's backup."""
        with self.lock:
            self.commit_waiting()
            target = sqlite3.connect(str(path))
            try:
                self.connection.backup(target)
            finally:
                target.close()

    def copy_from(self, path: Path) -> None:
        """Replace the contents by those of a copy, which may be of an older version.

        Raises:
            StateConflict: the copy is missing, damaged or of a newer version; then nothing is replaced.
        """
        copy = Database(sqlite3.connect(":memory:", isolation_level=None))
        try:
            source = open_reader(path)
            try:
                if source.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS):
                    self._replace(source)
                    return
                source.backup(copy.connection)
            finally:
                source.close()
            if not copy.value("PRAGMA user_version"):
                raise StateConflict(f"'{path}' holds no state of entra-sim; take another copy.")
            _migrate(copy)
            self._replace(copy.connection)
        except sqlite3.Error as error:
            raise StateConflict(f"'{path}' cannot be read ({error}); take another copy.") from error
        finally:
            copy.close()

    def clear(self) -> None:
        """Replace the contents by an empty, migrated database."""
        empty = Database.open(None)
        try:
            self._replace(empty.connection)
        finally:
            empty.close()

    def _replace(self, source: sqlite3.Connection) -> None:
        with self.lock:
            self.commit_waiting()
            if self._redo is not None:
                self._redo.remove()  # generations may be counted over the same numbers again
            source.backup(self.connection)
            self._generation = None

    def close(self) -> None:
        """Close the connections. What cannot be committed stays in the redo file, for the next opening."""
        with self.lock:
            try:
                self.commit_waiting()
                if self._redo is not None:
                    self._redo.remove()
            finally:
                if self._redo is not None:
                    self._redo.close()
                if self._readers is not None:
                    self._readers.close()
                self.connection.close()


def _migrate(database: Database) -> None:
    version = int(database.value("PRAGMA user_version"))
    if version > len(MIGRATIONS):
        raise StateConflict(
            f"The database was made by a newer entra-sim (schema {version}, this one knows {len(MIGRATIONS)}). "
            "Upgrade entra-sim, or choose another folder with --data DIR."
        )
    for number in range(version, len(MIGRATIONS)):
        with database.atomic():
            MIGRATIONS[number](database.utils)
            database.execute(f"PRAGMA user_version = {number + 1}")


def _fill_from_template(connection: sqlite3.Connection) -> None:
    """Copy a migrated empty database into a new one in memory: a World starts in milliseconds."""
    key = len(MIGRATIONS)
    if key not in _templates:
        seed = sqlite3.connect(":memory:", isolation_level=None)
        database = Database(seed)
        _migrate(database)
        _templates[key] = seed.serialize()
        seed.close()
    connection.deserialize(_templates[key])
