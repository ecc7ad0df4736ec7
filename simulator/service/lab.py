"""What the lab asks of whoever built the World: named copies. The simulator knows no World, only this protocol."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class SavedWorld(Protocol):
    """One named copy."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...

    @property
    def saved_at(self) -> datetime:
        """Return the simulated instant of the copy."""
        ...

    @property
    def reason(self) -> str:
        """Return why it was made."""
        ...


class Lab(Protocol):
    """Saves, restores, lists."""

    def save(self, name: str, reason: str = "") -> SavedWorld:
        """Copy the World under a name."""
        ...

    def restore(self, name: str) -> SavedWorld:
        """Put the World back to a copy."""
        ...

    def list_saves(self) -> Sequence[SavedWorld]:
        """Return the copies by name."""
        ...
