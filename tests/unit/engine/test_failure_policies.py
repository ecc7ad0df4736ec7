"""Retries, thresholds, back-off, schedule and the guard: pure figures."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from entra_sim.simulator.engine import escrow
from entra_sim.simulator.engine import quarantine
from entra_sim.simulator.engine.guard import trips
from entra_sim.simulator.engine.schedule import next_cycle_at
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.job import CycleCounts
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.settings import Settings

T0 = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DEFAULTS = Settings()


def failed(former: EscrowEntry | None, now: datetime, settings: Settings = DEFAULTS, **more: object) -> EscrowEntry:
    """Return the escrow of one person after one more failure."""
    facts = {"code": "UnprocessableEntity", "is_soon": False, **more}
    entry = escrow.failed(
        former,
        object_type="User",
        source_anchor="u",
        modification_type="Add",
        now=now,
        settings=settings,
        message="",
        **facts,
    )
    assert entry is not None
    return entry


def retries(settings: Settings, *, is_soon: bool = False) -> list[float]:
    """Return the hours after the first failure at which an object is tried again that fails every time."""
    entry = failed(None, T0, settings, is_soon=is_soon)
    hours = []
    while entry is not None:
        hours.append((entry.next_attempt_at - T0) / timedelta(hours=1))
        entry = escrow.failed(
            entry,
            object_type="User",
            source_anchor="u",
            modification_type="Add",
            now=entry.next_attempt_at,
            settings=settings,
            code="x",
            message="",
            is_soon=is_soon,
        )
    return hours


@pytest.mark.rule("ENG-271", "Q-14")
def test_retries_next_cycle_then_6_12_24_hours_then_daily_for_28_days() -> None:
    assert retries(DEFAULTS) == [0, 6, 12, *(24 * day for day in range(1, 29))]


@pytest.mark.rule("ENG-271", "Q-14")
def test_with_the_setting_the_first_retry_waits_6_hours() -> None:
    assert retries(Settings(first_retry_in_next_cycle=False)) == [6, 12, *(24 * day for day in range(1, 29))]


@pytest.mark.rule("ENG-272")
def test_codes_that_promise_the_next_cycle_keep_the_promise() -> None:
    assert retries(Settings(first_retry_in_next_cycle=False), is_soon=True)[:3] == [0, 6, 12]


@pytest.mark.rule("ENG-271")
def test_after_a_pause_the_ladder_goes_on_ahead_and_is_not_caught_up() -> None:
    entry = failed(None, T0)
    later = T0 + timedelta(days=10, hours=1)

    assert failed(entry, later).next_attempt_at == T0 + timedelta(days=11)


@pytest.mark.rule("ENG-271")
def test_a_change_of_the_object_does_not_push_its_retry_away() -> None:
    entry = failed(None, T0)
    for minutes in (40, 80, 120, 160):
        entry = failed(entry, T0 + timedelta(minutes=minutes))

    assert entry.attempt_count == 4
    assert entry.next_attempt_at == T0 + timedelta(hours=6)


@pytest.mark.rule("ENG-276", "Q-15")
@pytest.mark.parametrize(("honours", "minutes"), [(False, 0), (True, 90)])
def test_retry_after_is_obeyed_only_with_the_setting(honours: bool, minutes: int) -> None:
    entry = failed(None, T0, Settings(honour_retry_after=honours), retry_after_s=5400.0)

    assert entry.next_attempt_at == T0 + timedelta(minutes=minutes)


@pytest.mark.rule("ENG-280", "ENG-281", "ENG-226")
@pytest.mark.parametrize(
    ("failures", "references", "fine", "expected"),
    [
        (4_000, 0, 0, None),
        (45_000, 0, 0, QuarantineReason.BASE_ESCROW),
        (30_000, 0, 5_000, QuarantineReason.ESCROW_PROPORTION),
        (20_000, 0, 100_000, None),
        (40_000, 21_000, 100_000, QuarantineReason.TOTAL_ESCROW),
        (4_999, 0, 0, None),
        (5_000, 0, 0, QuarantineReason.ESCROW_PROPORTION),
        (6_000, 0, 9_000, None),
        (6_001, 0, 9_000, QuarantineReason.ESCROW_PROPORTION),
        (40_000, 0, 60_000, None),
        (40_001, 0, 1_000_000, QuarantineReason.BASE_ESCROW),
        (0, 60_000, 0, None),
        (0, 60_001, 0, QuarantineReason.TOTAL_ESCROW),
        (4_000, 50_000, 0, None),
    ],
)
def test_thresholds(failures: int, references: int, fine: int, expected: QuarantineReason | None) -> None:
    counts = CycleCounts(failed=failures, failed_references=references, tried=failures + fine)

    assert escrow.threshold_verdict(counts, 0, DEFAULTS) is expected


@pytest.mark.rule("ENG-280", "Q-25")
def test_escrows_of_former_cycles_count_as_failures() -> None:
    settings = Settings(escrow_floor=3)
    counts = CycleCounts(failed=1, tried=1)

    assert escrow.threshold_verdict(counts, 1, settings) is None
    assert escrow.threshold_verdict(counts, 2, settings) is QuarantineReason.ESCROW_PROPORTION


@pytest.mark.rule("ENG-281")
def test_a_small_tenant_can_lower_the_floor_but_an_empty_cycle_never_trips() -> None:
    settings = Settings(escrow_floor=0)

    assert escrow.threshold_verdict(CycleCounts(), 0, settings) is None
    assert escrow.threshold_verdict(CycleCounts(failed=1, tried=2), 0, settings) is QuarantineReason.ESCROW_PROPORTION


@pytest.mark.rule("ENG-284", "Q-17")
def test_back_off_doubles_from_30_minutes_up_to_a_day() -> None:
    hours = [quarantine.back_off(count, DEFAULTS) / timedelta(hours=1) for count in range(1, 9)]

    assert hours == [0.5, 1, 2, 4, 8, 16, 24, 24]
    assert quarantine.back_off(10**6, DEFAULTS) == timedelta(hours=24)


@pytest.mark.rule("ENG-283", "ENG-284", "Q-17")
def test_back_off_can_start_as_in_the_published_sample() -> None:
    settings = Settings(quarantine_first_attempt_minutes=5, quarantine_cap_hours=1)

    assert [quarantine.back_off(n, settings) / timedelta(minutes=1) for n in range(1, 7)] == [5, 10, 20, 40, 60, 60]


@pytest.mark.rule("ENG-282", "ENG-284")
def test_the_series_goes_on_and_a_new_reason_begins_anew_inside_it() -> None:
    first = quarantine.entered(None, QuarantineReason.QUARANTINE_EXCEPTION, T0, DEFAULTS)
    second = quarantine.entered(first, QuarantineReason.QUARANTINE_EXCEPTION, T0 + timedelta(minutes=30), DEFAULTS)
    third = quarantine.entered(second, QuarantineReason.TOO_MANY_DELETES, T0 + timedelta(hours=2), DEFAULTS)

    assert [item.series_count for item in (first, second, third)] == [1, 2, 3]
    assert [item.series_began_at for item in (first, second, third)] == [T0] * 3
    assert [item.current_began_at for item in (first, second, third)] == [T0, T0, T0 + timedelta(hours=2)]
    assert second.next_attempt_at == T0 + timedelta(minutes=90)


@pytest.mark.rule("ENG-287")
def test_quarantine_is_over_after_28_days_of_the_series() -> None:
    begun = quarantine.entered(None, QuarantineReason.QUARANTINE_EXCEPTION, T0, DEFAULTS)

    assert not quarantine.is_over(begun, T0 + timedelta(days=28) - timedelta(seconds=1), DEFAULTS)
    assert quarantine.is_over(begun, T0 + timedelta(days=28), DEFAULTS)


@pytest.mark.rule("ENG-302", "Q-18")
@pytest.mark.parametrize(
    ("count", "threshold", "inclusive", "expected"),
    [
        (3, 3, False, False),
        (4, 3, False, True),
        (3, 3, True, True),
        (2, 3, True, False),
        (0, 0, False, False),
        (1, 0, False, True),
        (0, 0, True, False),
    ],
)
def test_when_too_many_removals_trip(count: int, threshold: int, inclusive: bool, expected: bool) -> None:
    assert trips(count, threshold, Settings(delete_threshold_inclusive=inclusive)) is expected


@pytest.mark.rule("ENG-124", "Q-04")
@pytest.mark.parametrize(
    ("settings", "took_minutes", "expected_minutes"),
    [
        (DEFAULTS, 5, 40),
        (DEFAULTS, 55, 55),
        (Settings(cycle_interval_from_end=True), 5, 45),
        (Settings(cycle_interval_minutes=20, cycle_interval_max_minutes=40), 5, 35),
        (Settings(cycle_interval_minutes=20), 5, 20),
    ],
)
def test_start_of_the_next_cycle(settings: Settings, took_minutes: int, expected_minutes: int) -> None:
    ended_at = T0 + timedelta(minutes=took_minutes)

    assert next_cycle_at(T0, ended_at, settings, lambda: 0.75) == T0 + timedelta(minutes=expected_minutes)
