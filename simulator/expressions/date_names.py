"""English names of days and months: the invariant culture of .NET."""

from __future__ import annotations

from datetime import date

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""In the order of date.weekday()."""

SHORT_MONTHS = tuple(name[:3] for name in MONTHS)
SHORT_DAYS = tuple(name[:3] for name in DAYS)

MAX_OFFSET_HOURS = 14
"""Largest offset from UTC. Assumed: .NET, DateTimeOffset."""


def full_year(two_digits: int, latest: int) -> int:
    """Return the year that ends in these two digits and is in the hundred years up to `latest`."""
    year = latest - latest % 100 + two_digits
    return year if year <= latest else year - 100


def real_date(year: int, month: int, day: int) -> date | None:
    """Return the calendar day, None if there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None
