"""Reads that go through many resources, over a connection of their own, so that nobody else waits for them.

Only a database in a file has a second connection; its write-ahead log shows a reader the state of one instant.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from entra_sim.mock_tapt.messages import ScimRequest
from entra_sim.mock_tapt.messages import ScimResponse
from entra_sim.mock_tapt.resources import Resources
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.service import ScimService
from entra_sim.mock_tapt.service import Switches
from entra_sim.mock_tapt.store import Store

MANY_RESOURCES = 2_000
"""Fewer are gone through in 50 ms at most."""
_COLLECTION = re.compile(r"/?(?:Users|Groups)?/?")
_GOES_THROUGH = re.compile(r"(?:^|&)(?:filter|sortBy)=[^&]", re.IGNORECASE)
_INDEXED = re.compile(
    r"(?:^|[&+:(]|%20|%28|%3a)(?:filter=)?(?:%28|\()*(?:userName|externalId|id|displayName|emails[^&]*value)"
    r"(?:\+|%20| )+eq(?:\+|%20| )",
    re.IGNORECASE,
)


def goes_through_many(method: str, path: str, query: str) -> bool:
    """Return whether a request may look at each resource: it sorts, or filters by what no index answers.

    Args:
        path: behind `/scim/v2`.
        query: raw.
    """
    return (
        method in ("GET", "HEAD")
        and _GOES_THROUGH.search(query) is not None
        and _COLLECTION.fullmatch(path) is not None
        and (_INDEXED.search(query) is None or "sortby=" in query.lower())
    )


class LongReads:
    """Does such reads, one after another.

    Args:
        database: the file.
        now: Tapt's clock.
    """

    def __init__(self, database: str | Path, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._is_closed = False

    def answer(self, request: ScimRequest, switches: Switches) -> ScimResponse:
        """Return the answer from the data of this instant."""
        with self._instant() as resources:
            return ScimService(resources.store, resources, switches).handle(request)

    def all(self, kind: ResourceType, base_url: str) -> list[dict[str, Any]]:
        """Return all resources of a kind at this instant, in order of creation."""
        with self._instant() as resources:
            rows, _ = resources.store.select((kind.name,), None, None, 0, 2**31)
            return [resources.shown(row, base_url) for row in rows]

    @contextmanager
    def _instant(self) -> Iterator[Resources]:
        with self._lock:
            if self._is_closed:
                raise sqlite3.ProgrammingError("Tapt has ended")
            if self._store is None:
                self._store = Store(self._database)
                self._store.connection.execute("PRAGMA query_only = ON")
            self._store.connection.execute("BEGIN")
            try:
                yield Resources(self._store, self._now, lambda kind: "")
            finally:
                self._store.connection.execute("ROLLBACK")

    def close(self) -> None:
        """End what is under way and close the connection."""
        self._is_closed = True
        if self._store is not None:
            self._store.connection.interrupt()
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
