"""Spans of time as people write them: 40m, 2h 30m, 31 days, 6 months (calendar)."""

from __future__ import annotations

import calendar
import re
from datetime import datetime
from datetime import timedelta

from entra_sim.simulator.errors import UserInputError

_UNITS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
    "w": 604800,
    "week": 604800,
}
_CALENDAR = {"month": 1, "year": 12}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*,?")
MAX_SPAN = timedelta(days=366 * 200)


def parse_span(text: str, start: datetime) -> timedelta:
    """Return the span that a text means when it begins at `start` (months and years are calendar ones).

    Raises:
        UserInputError: the text is no span; the message shows how one is written.
    """
    position = 0
    seconds = 0.0
    months = 0
    while (match := _PART.match(text, position)) is not None:
        number, word = float(match.group(1)), match.group(2).lower()
        unit = word if word in _UNITS else word.rstrip("s")
        if unit in _UNITS:
            seconds += number * _UNITS[unit]
        elif unit in _CALENDAR and number.is_integer():
            months += int(number) * _CALENDAR[unit]
        else:
            break
        position = match.end()
    if text.strip().startswith("-"):
        raise UserInputError(f"'{text}' goes back, and time only moves forward; write 40m, 2h 30m or 31 days.")
    if not text.strip() or text[position:].strip():
        raise UserInputError(f"'{text}' is no span of time; write 40m, 2h 30m, 31 days or 6 months.")
    span = (_after_months(start, months) - start) + timedelta(seconds=seconds)
    if span > MAX_SPAN:
        raise UserInputError(f"'{text}' is longer than 200 years.")
    return span


def _after_months(start: datetime, months: int) -> datetime:
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    if year > 9000:
        raise UserInputError("That is further than the calendar goes.")
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
