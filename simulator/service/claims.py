"""Which objects are being worked on, so that a cycle and an on-demand run never work on one object at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

Key = tuple[str, str, str]
"""Job id, object type, source anchor."""


class Claims:
    """A claim is waited for; whoever has it gives it back."""

    def __init__(self) -> None:
        self._held: set[Key] = set()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting_count = 0

    def take(self, key: Key) -> None:
        """Wait until nobody works on the object, then claim it."""
        with self._lock:
            while key in self._held:
                self._waiting_count += 1
                try:
                    self._changed.wait()
                finally:
                    self._waiting_count -= 1
            self._held.add(key)

    def give_back(self, key: Key) -> None:
        """End a claim."""
        with self._lock:
            self._held.discard(key)
            if self._waiting_count:
                self._changed.notify_all()

    @contextmanager
    def on(self, key: Key) -> Iterator[None]:
        """Hold a claim for as long as the block runs."""
        self.take(key)
        try:
            yield
        finally:
            self.give_back(key)
