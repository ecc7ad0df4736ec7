"""Entering, staying in and leaving quarantine. Source: ENG-280 to ENG-290."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from entra_sim.simulator.model.job import Quarantine
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.settings import Settings


def back_off(series_count: int, settings: Settings) -> timedelta:
    """Return the pause before the next attempt: 30 min × 2^(n-1), at most 24 h. Source: ENG-284, Q-17."""
    minutes = settings.quarantine_first_attempt_minutes * 2.0 ** min(series_count - 1, 40)
    return timedelta(minutes=min(minutes, settings.quarantine_cap_hours * 60))


def entered(
    former: Quarantine | None,
    reason: QuarantineReason,
    now: datetime,
    settings: Settings,
    *,
    code: str = "",
    message: str = "",
) -> Quarantine:
    """Return the quarantine after one more bad verdict; the series goes on while it is not left. Source: ENG-282."""
    series_count = former.series_count + 1 if former else 1
    same = former is not None and former.reason is reason
    return Quarantine(
        reason=reason,
        current_began_at=former.current_began_at if former is not None and same else now,
        series_began_at=former.series_began_at if former else now,
        series_count=series_count,
        next_attempt_at=now + back_off(series_count, settings),
        error_code=code,
        error_message=message,
    )


def is_over(quarantine: Quarantine, now: datetime, settings: Settings) -> bool:
    """Return whether the job has been in quarantine for so long that it is disabled. Source: ENG-287."""
    return now >= ends_at(quarantine, settings)


def ends_at(quarantine: Quarantine, settings: Settings) -> datetime:
    """Return when the job is disabled for good. Source: ENG-287."""
    return quarantine.series_began_at + timedelta(days=settings.quarantine_life_days)


def pulled_forward(quarantine: Quarantine, now: datetime) -> Quarantine:
    """Return the quarantine with its next attempt at once, as saving tested credentials does (design section 12).

    Source: ENG-286, ENG-321.
    """
    return replace(quarantine, next_attempt_at=min(quarantine.next_attempt_at, now), ends_with_probe=True)
