"""Connections for those who only read: pages see what is committed, and do not wait for those who write."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Readers:
    """Read-only connections to one file, made when needed and kept; each is lent to one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free: list[sqlite3.Connection] = []
        self._of_thread = _OfThread()

    @property
    def mine(self) -> sqlite3.Connection | None:
        """Return the connection that is lent to this thread, or None."""
        return self._of_thread.reader

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Lend this thread a connection."""
        try:
            reader = self._free.pop()
        except IndexError:
            reader = _opened(self._path)
        self._of_thread.reader = reader
        try:
            yield
        finally:
            self._of_thread.reader = None
            self._free.append(reader)

    def put_aside(self) -> sqlite3.Connection | None:
        """Have this thread read with the writing connection until `take_up`; returns what that is to be given."""
        reader, self._of_thread.reader = self._of_thread.reader, None
        return reader

    def take_up(self, reader: sqlite3.Connection | None) -> None:
        """Go on reading with what `put_aside` returned."""
        self._of_thread.reader = reader

    def close(self) -> None:
        """Close the connections that nobody has."""
        while self._free:
            self._free.pop().close()


class _OfThread(threading.local):
    reader: sqlite3.Connection | None = None


def _opened(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None, timeout=10)
    connection.row_factory = sqlite3.Row
    return connection
