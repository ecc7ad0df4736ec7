"""Spans and instants as people write them: `40m`, `31 days`, `6 months`, `2026-01-05T09:00:00Z`."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta

_UNITS = {
    "s": "seconds",
    "sec": "seconds",
    "second": "seconds",
    "seconds": "seconds",
    "m": "minutes",
    "min": "minutes",
    "minute": "minutes",
    "minutes": "minutes",
    "h": "hours",
    "hour": "hours",
    "hours": "hours",
    "d": "days",
    "day": "days",
    "days": "days",
    "w": "weeks",
    "week": "weeks",
    "weeks": "weeks",
    "month": "months",
    "months": "months",
    "year": "years",
    "years": "years",
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]+)\s*")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?")
SPAN_EXAMPLES = "40m, 2h 30m, 31 days, 6 months"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: calendar months first, then an exact part.

    Args:
        text: as written.
        months: calendar months; the day is kept where the month has it, else the month's last day.
        exact: the rest.
    """

    text: str
    months: int
    exact: timedelta

    def after(self, instant: datetime) -> datetime:
        """Return the instant that lies this span after `instant`."""
        return add_months(instant, self.months) + self.exact


def read_span(text: str) -> Span:
    """Return the span that the text spells.

    Raises:
        ValueError: it spells none, or a fraction of a month.
    """
    months, exact, end = 0, timedelta(), 0
    stripped = text.strip()
    for match in _PART.finditer(stripped):
        if match.start() != end or match[2] not in _UNITS:
            raise ValueError(text)
        end = match.end()
        unit = _UNITS[match[2]]
        if unit in ("months", "years"):
            if "." in match[1]:
                raise ValueError(text)
            months += int(match[1]) * (12 if unit == "years" else 1)
        else:
            exact += timedelta(**{unit: float(match[1])})
    if end == 0 or end != len(stripped):
        raise ValueError(text)
    return Span(stripped, months, exact)


def add_months(instant: datetime, months: int) -> datetime:
    """Return the same day and time `months` calendar months later, or the last day of a shorter month."""
    if months == 0:
        return instant
    index = instant.year * 12 + instant.month - 1 + months
    year, month = divmod(index, 12)
    return instant.replace(year=year, month=month + 1, day=min(instant.day, monthrange(year, month + 1)[1]))


def read_instant(text: str) -> datetime:
    """Return an aware UTC instant; a date alone is midnight, a time without zone is UTC.

    Raises:
        ValueError: the text is no such instant.
    """
    if not _INSTANT.fullmatch(text.strip()):
        raise ValueError(text)
    instant = datetime.fromisoformat(text.strip())
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def instant_text(instant: datetime) -> str:
    """Return `2026-01-05T09:00:00Z`; fractions of a second only when there are any."""
    text = instant.astimezone(UTC).isoformat(timespec="microseconds" if instant.microsecond else "seconds")
    return text.replace("+00:00", "Z")
