"""How far a cycle has come in one kind of objects, when several are on their way at once."""

from __future__ import annotations

from collections import deque


class Position:
    """The last object up to which all are recorded, and those recorded ahead of it.

    Args:
        last: object id to start from, "" for the beginning.
    """

    def __init__(self, last: str) -> None:
        self.last = last
        self._started: deque[str] = deque()
        self._done: set[str] = set()

    def start(self, object_id: str) -> None:
        """Note that an object is on its way; ids come in feed order."""
        self._started.append(object_id)

    def finish(self, object_id: str) -> bool:
        """Note that an object is recorded; returns whether the position has reached it, else it is ahead."""
        self._done.add(object_id)
        while self._started and self._started[0] in self._done:
            self.last = self._started.popleft()
            self._done.discard(self.last)
        return object_id <= self.last
