"""When the next cycle is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from datetime import timedelta

from entra_sim.simulator.settings import Settings


def next_cycle_at(began_at: datetime, ended_at: datetime, settings: Settings, share: Callable[[], float]) -> datetime:
    """Return the start of the next cycle: start (or end, Q-04) of the previous + interval, at once if that ran longer.

    Args:
        share: a number from 0 up to 1, drawn only when the interval is a range.

    Source: ENG-124, Q-04.
    """
    minutes = settings.cycle_interval_minutes
    if settings.cycle_interval_max_minutes > minutes:
        minutes += (settings.cycle_interval_max_minutes - minutes) * share()
    measured_from = ended_at if settings.cycle_interval_from_end else began_at
    return max(measured_from + timedelta(minutes=minutes), ended_at)
