"""Ids and secrets when Tapt stands alone: random, or counted so that two starts are identical.

Everything else of the package is handed `new_id`; only this module draws from the machine's randomness.
"""

from __future__ import annotations

import random
import secrets
import uuid
from collections import Counter

KINDS = ("resource", "token")


class RandomIds:
    """GUIDs for resources, long secrets for tokens."""

    def new(self, kind: str) -> str:
        """Return a fresh id."""
        return secrets.token_hex(24) if kind == "token" else str(uuid.UUID(int=random.getrandbits(128), version=4))

    def counts(self) -> dict[str, int]:
        """Return nothing: random ids do not count."""
        return {}

    def restore(self, counts: dict[str, int]) -> None:
        """Do nothing: an id that was handed out is never handed out again."""


class CountedIds:
    """GUID-shaped ids that count: the same requests give the same ids."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def new(self, kind: str) -> str:
        """Return the next id of this kind."""
        self._counts[kind] += 1
        return f"{KINDS.index(kind) + 1:08x}-0000-4000-8000-{self._counts[kind]:012x}"

    def counts(self) -> dict[str, int]:
        """Return how many of each kind there have been."""
        return dict(self._counts)

    def restore(self, counts: dict[str, int]) -> None:
        """Go on after these."""
        self._counts = Counter(counts)


def new_salt() -> bytes:
    """Return the salt of one password hash."""
    return secrets.token_bytes(16)


def new_key() -> str:
    """Return a secret key for sessions or the control API."""
    return secrets.token_urlsafe(24)
