"""Spans and instants as people write them."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest

from entra_sim.scenarios.spans import instant_text
from entra_sim.scenarios.spans import read_instant
from entra_sim.scenarios.spans import read_span

START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("40m", timedelta(minutes=40)),
        ("90 s", timedelta(seconds=90)),
        ("2h 30m", timedelta(hours=2, minutes=30)),
        ("31 days", timedelta(days=31)),
        ("1 week", timedelta(weeks=1)),
        ("1.5 h", timedelta(minutes=90)),
    ],
)
def test_an_exact_span(text: str, span: timedelta) -> None:
    assert read_span(text).after(START) - START == span


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("1 month", "2026-02-28T09:00:00Z"),
        ("6 months", "2026-07-31T09:00:00Z"),
        ("1 year", "2027-01-31T09:00:00Z"),
        ("1 month 2 days", "2026-03-02T09:00:00Z"),
        ("25 months", "2028-02-29T09:00:00Z"),
    ],
)
def test_months_are_calendar_months(text: str, then: str) -> None:
    assert instant_text(read_span(text).after(START)) == then


@pytest.mark.parametrize("text", ["", "40", "40x", "m", "1.5 months", "-40m", "40m later", "1h,2m"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_span(text)


def test_an_instant_is_utc_whatever_the_zone() -> None:
    assert read_instant("2026-01-05") == datetime(2026, 1, 5, tzinfo=UTC)
    assert read_instant("2026-01-05T09:00:00Z") == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert read_instant("2026-01-05T10:00+01:00") == datetime(2026, 1, 5, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="tomorrow"):
        read_instant("tomorrow")
