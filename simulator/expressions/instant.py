"""Instants of the expression language: 100-nanosecond ticks, as .NET counts them.

Python's datetime stops at microseconds, so seven-digit fractions would be lost between CDate and NumFromDate. Inside an
expression an instant is a count of ticks; at its edge (`Result.value`) it becomes an aware UTC datetime.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta

TICKS_PER_SECOND = 10_000_000
TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
TICKS_PER_HOUR = 60 * TICKS_PER_MINUTE
TICKS_PER_DAY = 24 * TICKS_PER_HOUR
MAX_TICKS = 3_652_059 * TICKS_PER_DAY - 1
FILE_TIME_EPOCH = (date(1601, 1, 1).toordinal() - 1) * TICKS_PER_DAY

_FIRST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A point in time in UTC.

    Args:
        ticks: 100-ns steps since 0001-01-01T00:00:00Z, 0 to MAX_TICKS.
    """

    ticks: int

    @property
    def date(self) -> date:
        """Return the calendar day in UTC."""
        return date.fromordinal(self.ticks // TICKS_PER_DAY + 1)

    @property
    def clock(self) -> tuple[int, int, int, int]:
        """Return hour, minute, second and the ticks below the second."""
        seconds, fraction = divmod(self.ticks % TICKS_PER_DAY, TICKS_PER_SECOND)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return hour, minute, second, fraction

    def to_datetime(self) -> datetime:
        """Return the aware UTC datetime; the seventh digit of the fraction is cut."""
        return _FIRST + timedelta(microseconds=self.ticks // 10)

    def __str__(self) -> str:
        """Return the text form, `M/d/yyyy h:mm:ss tt`. Source: expressions.md section 2."""
        day = self.date
        hour, minute, second, _ = self.clock
        half = "AM" if hour < 12 else "PM"
        return f"{day.month}/{day.day}/{day.year:04d} {hour % 12 or 12}:{minute:02d}:{second:02d} {half}"


def instant_of(moment: datetime) -> Instant:
    """Return the instant of a datetime; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    span = aware - _FIRST
    return Instant((span.days * 86_400 + span.seconds) * TICKS_PER_SECOND + span.microseconds * 10)


def ticks_of(day: date, hour: int = 0, minute: int = 0, second: int = 0, fraction: int = 0) -> int:
    """Return the ticks of a calendar day and a time of day; `fraction` counts ticks below the second."""
    whole = ((day.toordinal() - 1) * 24 + hour) * 3600 + minute * 60 + second
    return whole * TICKS_PER_SECOND + fraction
