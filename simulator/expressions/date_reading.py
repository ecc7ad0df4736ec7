"""Dates in free text, as CDate and NumFromDate take them: invariant culture, result in UTC.

Source: expressions.md section 11.1, where the forms are listed. Refused on purpose: compact yyyyMMdd, a time alone,
day before month. Assumed: without an offset the text is UTC (.NET AssumeUniversal with AdjustToUniversal).
"""

from __future__ import annotations

import re
from datetime import date

from entra_sim.simulator.expressions.date_names import DAYS
from entra_sim.simulator.expressions.date_names import MAX_OFFSET_HOURS
from entra_sim.simulator.expressions.date_names import SHORT_MONTHS
from entra_sim.simulator.expressions.date_names import full_year
from entra_sim.simulator.expressions.date_names import real_date
from entra_sim.simulator.expressions.instant import MAX_TICKS
from entra_sim.simulator.expressions.instant import TICKS_PER_MINUTE
from entra_sim.simulator.expressions.instant import TICKS_PER_SECOND
from entra_sim.simulator.expressions.instant import Instant
from entra_sim.simulator.expressions.instant import ticks_of

MAX_DATE_LENGTH = 100
"""Longest text that is looked at as a date."""

TWO_DIGIT_YEAR_MAX = 2029
"""Latest year that two digits mean. Assumed: .NET before version 8 (later: 2049)."""

_WHITE = " \t\r\n\v\f"
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY_NAME = (
    r"(?:(?P<weekday>mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
    r"[ ,]\s*)?"
)
_TIME = (
    r"(?:(?P<gap>T|\s+)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,20}))?)?"
    r"(?:\s*(?P<half>am?|pm?))?)?"
)
_ZONE = r"(?:\s*(?P<zone>z|gmt|[+-][0-9]{1,2}(?::[0-9]{2}|[0-9]{2})?))?"


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(_DAY_NAME + pattern + _TIME + _ZONE, re.IGNORECASE | re.ASCII)


_DATE_FORMS = (
    _form(r"(?P<year>[0-9]{4})(?P<sign>[-/])(?P<month>[0-9]{1,2})(?P=sign)(?P<day>[0-9]{1,2})"),
    _form(r"(?P<month>[0-9]{1,2})(?P<sign>[-/])(?P<day>[0-9]{1,2})(?P=sign)(?P<year>[0-9]{4}|[0-9]{2})"),
    _form(r"(?P<day>[0-9]{1,2})[ -]\s*" + _MONTH + r"(?:[ -]\s*|,\s*)(?P<year>[0-9]{4}|[0-9]{2})"),
    _form(_MONTH + r"\s+(?P<day>[0-9]{1,2})(?:,\s*|\s+)(?P<year>[0-9]{4})"),
    _form(_MONTH + r"(?:,\s*|\s+)(?P<year>[0-9]{4})"),
    _form(r"(?P<year>[0-9]{4})(?P<sign>[-/])(?P<month>[0-9]{1,2})"),
)


def read_date(text: str, two_digit_year_max: int = TWO_DIGIT_YEAR_MAX) -> Instant | None:
    """Return the instant a text says, None if it says none or one outside the years 1 to 9999 in UTC."""
    if len(text) > MAX_DATE_LENGTH:
        return None
    stripped = text.strip(_WHITE)
    for form in _DATE_FORMS:
        match = form.fullmatch(stripped)
        if match:
            return _instant(match.groupdict(), two_digit_year_max)
    return None


def _instant(parts: dict[str, str | None], two_digit_year_max: int) -> Instant | None:
    day = _day(parts, two_digit_year_max)
    clock = _clock(parts)
    minutes = _offset_minutes(parts["zone"])
    if day is None or clock is None or minutes is None:
        return None
    hour, minute, second, fraction = clock
    ticks = ticks_of(day, hour, minute, second, fraction) - minutes * TICKS_PER_MINUTE
    return Instant(ticks) if 0 <= ticks <= MAX_TICKS else None


def _day(parts: dict[str, str | None], two_digit_year_max: int) -> date | None:
    year_text = parts["year"] or ""
    year = int(year_text) if len(year_text) == 4 else full_year(int(year_text), two_digit_year_max)
    name = parts.get("name")
    month = SHORT_MONTHS.index(name[:3].capitalize()) + 1 if name else int(parts["month"] or 0)
    day = real_date(year, month, int(parts.get("day") or 1))
    weekday = parts["weekday"]
    if day is not None and weekday and not DAYS[day.weekday()].lower().startswith(weekday.lower()):
        return None
    return day


def _clock(parts: dict[str, str | None]) -> tuple[int, int, int, int] | None:
    if parts["hour"] is None:
        return 0, 0, 0, 0
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    half = (parts["half"] or "").lower()
    if half.startswith("a"):
        hour = hour % 12 if hour <= 12 else 24
    elif half.startswith("p") and hour < 12:
        hour += 12
    if hour > 23 or minute > 59 or second > 59:
        return None
    return hour, minute, second, _fraction_ticks(parts["fraction"])


def _fraction_ticks(digits: str | None) -> int:
    """Return the ticks of a fraction; more than seven digits are rounded."""
    if not digits:
        return 0
    if len(digits) <= 7:
        return int(digits.ljust(7, "0"))
    return min(int(digits[:7]) + (digits[7] >= "5"), TICKS_PER_SECOND - 1)


def _offset_minutes(zone: str | None) -> int | None:
    """Return minutes east of UTC, 0 without a zone, None for an offset that cannot be."""
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    total = hours * 60 + minutes
    if minutes > 59 or total > MAX_OFFSET_HOURS * 60:
        return None
    return -total if zone[0] == "-" else total
