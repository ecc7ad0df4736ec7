"""Identifiers and chance, passed in: random in use, counted and seeded in tests and scenarios."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections import deque
from typing import Protocol

KINDS = (
    "user",
    "group",
    "application",
    "role",
    "assignment",
    "job",
    "cycle",
    "change",
    "log entry",
    "probe",
    "tenant",
    "audit event",
    "resource",
    "token",
    "expression",
)
"""What gets an id. The position is the first block of a counted id; append only."""


class IdSource(Protocol):
    """Makes GUIDs, one counter or stream per kind."""

    def new(self, kind: str) -> str:
        """Return a fresh GUID in the 8-4-4-4-12 form for a thing of this kind (one of KINDS)."""
        ...


GUIDS_AT_ONCE = 64


class RandomIds:
    """GUIDs as the real service has them. The system is asked for chance once for many: a cycle needs thousands."""

    def __init__(self) -> None:
        self._digits: deque[str] = deque()

    def new(self, kind: str) -> str:
        """Return a random GUID (version 4)."""
        try:
            digits = self._digits.pop()
        except IndexError:
            more = os.urandom(16 * GUIDS_AT_ONCE).hex()
            self._digits.extend(more[start : start + 32] for start in range(0, len(more) - 32, 32))
            digits = more[-32:]
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class CountedIds:
    """GUID-shaped ids that count: the same run gives the same ids.

    Args:
        side: set on the second world of a process or on the target's side, to keep ids of two sides apart (0–0xffff).
    """

    def __init__(self, side: int = 0) -> None:
        self._side = side
        self._counts: Counter[str] = Counter()

    def new(self, kind: str) -> str:
        """Return the next id of this kind, `{kind:08x}-{side:04x}-4000-8000-{n:012x}`.

        Raises:
            ValueError: the kind is not one of KINDS.
        """
        number = KINDS.index(kind) + 1
        self._counts[kind] += 1
        return f"{number:08x}-{self._side:04x}-4000-8000-{self._counts[kind]:012x}"

    def counts(self) -> dict[str, int]:
        """Return how many ids each kind has had; with `restore` this survives a saved World."""
        return dict(self._counts)

    def restore(self, counts: dict[str, int]) -> None:
        """Continue after these counts."""
        self._counts = Counter(counts)


def fresh_chance() -> random.Random:
    """Return a generator of chance that nobody can foresee, for use outside tests and scenarios."""
    return random.Random()


def seeded_chance(seed: str) -> random.Random:
    """Return a generator of chance whose stream depends on the seed text alone."""
    return random.Random(seed)
