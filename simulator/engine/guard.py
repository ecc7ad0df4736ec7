"""Accidental-deletion prevention: counts the removals of a cycle and may hold them all. Source: ENG-300 to ENG-306."""

from __future__ import annotations

from collections.abc import Iterable

from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.settings import Settings


def removal_count(subjects: Iterable[Subject]) -> int:
    """Return how many disables and deletes, of users and of groups, these objects would bring. Source: ENG-301."""
    return sum(1 for subject in subjects if subject.intent.is_removal)


def trips(count: int, threshold: int, settings: Settings) -> bool:
    """Return whether a cycle with so many removals is held. Source: ENG-302, Q-18."""
    return count >= threshold if settings.delete_threshold_inclusive and count else count > threshold
