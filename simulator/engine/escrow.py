"""When a failed object is tried again, and when failures quarantine the job."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta

from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.job import CycleCounts
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.settings import Settings

LADDER_H = (6, 12, 24)
"""Hours after the first failure of the retries after the first; then every 24 h. Source: ENG-271."""


def next_retry_at(
    created_at: datetime, attempt_count: int, now: datetime, settings: Settings, *, is_soon: bool
) -> datetime | None:
    """Return when an escrowed object is tried again: the first rung of the ladder that lies ahead.

    Args:
        created_at: aware UTC instant of the first failure; the ladder is measured from it.
        attempt_count: retries already made, 0 or more, those by a change of the object too.
        now: aware UTC instant of the failure just seen.
        settings: `first_retry_in_next_cycle`, `escrow_life_days`.
        is_soon: the code promises an attempt in the next cycle (ENG-272).
    Returns:
        Aware UTC instant, `created_at` itself for "in the next cycle"; None once the life of the escrow is over.
    Raises:
        ValueError: attempt_count is negative (a caller's bug).
    Source: ENG-271, ENG-272, Q-14.
    """
    if attempt_count < 0:
        raise ValueError(attempt_count)
    if attempt_count == 0 and (settings.first_retry_in_next_cycle or is_soon):
        return created_at
    age_h = (now - created_at) / timedelta(hours=1)
    hours = next((step for step in LADDER_H if step > age_h), 24 * (int(age_h // 24) + 1))
    retry_at = created_at + timedelta(hours=hours)
    return retry_at if retry_at <= created_at + timedelta(days=settings.escrow_life_days) else None


def failed(
    former: EscrowEntry | None,
    *,
    object_type: str,
    source_anchor: str,
    modification_type: str,
    now: datetime,
    settings: Settings,
    code: str,
    message: str,
    is_soon: bool,
    retry_after_s: float | None = None,
    is_reference: bool = False,
) -> EscrowEntry | None:
    """Return the escrow after one more failure, or None when it is given up. Source: ENG-270, ENG-276."""
    created_at = former.created_at if former else now
    attempts = former.attempt_count + 1 if former else 0
    next_attempt_at = next_retry_at(created_at, attempts, now, settings, is_soon=is_soon)
    if next_attempt_at is None:
        return None
    if settings.honour_retry_after and retry_after_s is not None:
        next_attempt_at = max(next_attempt_at, now + timedelta(seconds=retry_after_s))
    return EscrowEntry(
        object_type=object_type,
        source_anchor=source_anchor,
        modification_type=modification_type,
        created_at=created_at,
        attempt_count=attempts,
        next_attempt_at=next_attempt_at,
        error_code=code,
        error_message=message,
        is_reference=is_reference,
    )


def passes_absolute_threshold(counts: CycleCounts, settings: Settings) -> bool:
    """Return whether the failures of a cycle pass a threshold that is a plain number. Source: ENG-145, ENG-280."""
    return counts.failed > settings.escrow_base or counts.failed + counts.failed_references > settings.escrow_total


def threshold_verdict(counts: CycleCounts, open_escrow_count: int, settings: Settings) -> QuarantineReason | None:
    """Return the reason for which a cycle's failures quarantine the job, or None.

    Args:
        counts: of the cycle; `failed` leaves reference failures out.
        open_escrow_count: escrows of objects that were not tried in this cycle; they count as failures (Q-25).
        settings: floor, proportion, base and total.
    Source: WIRE-133, ENG-277, ENG-280, ENG-281, ENG-226.
    """
    failures = counts.failed + open_escrow_count
    if failures + counts.failed_references > settings.escrow_total:
        return QuarantineReason.TOTAL_ESCROW
    if failures > settings.escrow_base:
        return QuarantineReason.BASE_ESCROW
    events = counts.tried + open_escrow_count
    if failures >= max(settings.escrow_floor, 1) and events and failures / events > settings.escrow_proportion:
        return QuarantineReason.ESCROW_PROPORTION
    return None
