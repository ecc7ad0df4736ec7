"""A second World, for tests that need two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from datetime import datetime

from entra_sim.scenarios.world import World


@contextmanager
def fresh_world() -> Iterator[World]:
    """Give an empty World."""
    with World.open(start=datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) as world:
        yield world
