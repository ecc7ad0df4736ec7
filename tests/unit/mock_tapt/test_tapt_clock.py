"""Tapt's own clock: calendar months, the forms of --clock, forward only."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from entra_sim.mock_tapt.clock import StandaloneClock
from entra_sim.mock_tapt.clock import add_months
from entra_sim.mock_tapt.clock import format_instant
from entra_sim.mock_tapt.clock import parse_clock
from entra_sim.mock_tapt.clock import parse_instant
from entra_sim.mock_tapt.errors import TaptError


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-05T09:00:00Z", "2026-07-05T09:00:00Z"),
        ("2026-08-31T10:00:00Z", "2027-02-28T10:00:00Z"),
        ("2027-08-31T10:00:00Z", "2028-02-29T10:00:00Z"),
        ("2026-12-31T23:59:59Z", "2027-06-30T23:59:59Z"),
    ],
)
def test_six_calendar_months(start: str, end: str) -> None:
    assert add_months(parse_instant(start), 6) == parse_instant(end)


@pytest.mark.parametrize(
    ("text", "rate"), [("live", 1), ("frozen", 0), ("60x", 60), ("0.5x", 0.5), ("frozen@2026-01-05T09:00:00+01:00", 0)]
)
def test_forms(text: str, rate: float) -> None:
    clock = parse_clock(text)
    assert clock.rate == rate
    if "@" in text:
        assert clock.now() == datetime(2026, 1, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "slow", "x", "frozen@", "frozen@soon", "60", "-1x"])
def test_other_forms_are_one_sentence(text: str) -> None:
    with pytest.raises(TaptError, match=r"\.$"):
        parse_clock(text)


def test_forward_only_and_waiting_moves_a_frozen_clock() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    clock = StandaloneClock(start, rate=0)
    clock.wait(1.5)
    assert clock.now() == start + timedelta(seconds=1.5)
    with pytest.raises(TaptError, match="forward only"):
        clock.move_to(start)
    assert format_instant(clock.now()) == "2026-01-05T00:00:01.500Z"
