"""The SQLite database: opening, the one lock, transactions.

WAL with synchronous=NORMAL: a killed process loses nothing that was committed; a power cut may cost the last commits.
sqlite-utils owns schema and migrations; hot paths use its connection with prepared statements.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlite_utils

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.store.migrations import MIGRATIONS

PAGES_BETWEEN_CHECKPOINTS = 8000
"""32 MB of log; a checkpoint waits for the disk, a commit does not."""

_templates: dict[int, bytes] = {}


class Database:
    """One database with one connection; `lock` serializes the threads that share it.

    Pages read beside it: see `reading`.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None) -> None:
        self.connection = connection
        self.utils = sqlite_utils.Database(connection)
        self.lock = threading.RLock()
        self._depth = 0
        self._path = path
        self._free_readers: list[sqlite3.Connection] = []
        self._of_thread = _OfThread()

    @classmethod
    def open(cls, path: Path | None) -> Database:
        """Return the database at `path`, made and migrated if need be; None gives one in memory.

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
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            database = cls(connection, path)
            if path is not None:
                _migrate(database)
        except sqlite3.Error as error:
            raise StateConflict(
                f"The database {name} cannot be used ({error}). "
                "Choose a folder that can be written with --data DIR, or run with --ephemeral."
            ) from error
        return database

    @contextmanager
    def atomic(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock and a transaction; nested calls join the outer one. An exception undoes everything."""
        with self.lock:
            if self._depth:
                self._depth += 1
                try:
                    yield self.connection
                finally:
                    self._depth -= 1
                return
            self.connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            reader, self._of_thread.reader = self._of_thread.reader, None
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            else:
                self.connection.execute("COMMIT")
            finally:
                self._depth = 0
                self._of_thread.reader = reader

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let this thread's queries see what is committed, without waiting for those who write.

        In a database in memory nothing changes. Inside `atomic` a thread sees its own changes, as ever.
        """
        if self._path is None or self._of_thread.reader is not None:
            yield
            return
        try:
            reader = self._free_readers.pop()
        except IndexError:
            reader = _open_reader(self._path)
        self._of_thread.reader = reader
        try:
            yield
        finally:
            self._of_thread.reader = None
            self._free_readers.append(reader)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement with parameters."""
        with self.lock:
            return self.connection.execute(sql, parameters)

    def execute_many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run one statement once for each set of parameters."""
        with self.lock:
            self.connection.executemany(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        if self._of_thread.reader is not None:
            return self._of_thread.reader.execute(sql, parameters).fetchall()
        with self.lock:
            return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found: sqlite3.Row | None
        if self._of_thread.reader is not None:
            found = self._of_thread.reader.execute(sql, parameters).fetchone()
            return found
        with self.lock:
            found = self.connection.execute(sql, parameters).fetchone()
            return found

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to a file with SQLite's backup."""
        with self.lock:
            target = sqlite3.connect(str(path))
            try:
                self.connection.backup(target)
            finally:
                target.close()

    def copy_from(self, path: Path) -> None:
        """Replace the contents by those of a copy."""
        with self.lock:
            source = sqlite3.connect(str(path))
            try:
                source.backup(self.connection)
            finally:
                source.close()

    def clear(self) -> None:
        """Replace the contents by an empty, migrated database."""
        empty = Database.open(None)
        try:
            with self.lock:
                empty.connection.backup(self.connection)
        finally:
            empty.close()

    def close(self) -> None:
        """Close the connections."""
        with self.lock:
            while self._free_readers:
                self._free_readers.pop().close()
            self.connection.close()


class _OfThread(threading.local):
    """`reader` is the connection that this thread reads with while it is in `reading`."""

    reader: sqlite3.Connection | None = None


def _open_reader(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None, timeout=10)
    connection.row_factory = sqlite3.Row
    return connection


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
