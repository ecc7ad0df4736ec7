"""How long the real service takes for an initial cycle. The simulator itself is as fast as the target."""

from __future__ import annotations

from datetime import timedelta

LEAST_MINUTES_EACH, MOST_MINUTES_EACH = 0.01, 0.08


def initial_cycle_length(user_count: int, group_count: int, membership_count: int) -> tuple[timedelta, timedelta]:
    """Return the least and the most time that the real service is said to take.

    Args:
        user_count, group_count: assigned ones in scope.
        membership_count: memberships of those groups.
    Source: ENG-476, ENG-470.
    """
    total = user_count + group_count + membership_count
    return timedelta(minutes=LEAST_MINUTES_EACH * total), timedelta(minutes=MOST_MINUTES_EACH * total)
