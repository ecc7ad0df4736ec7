"""Functions of dates and times. Source: expressions.md sections 9 and 11."""

from __future__ import annotations

import calendar
from typing import Any

from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.date_exact import DEFAULT_STYLES
from entra_sim.simulator.expressions.date_exact import NoMatch
from entra_sim.simulator.expressions.date_exact import read_exactly
from entra_sim.simulator.expressions.date_exact import styles_of
from entra_sim.simulator.expressions.date_formats import FormatError
from entra_sim.simulator.expressions.date_names import real_date
from entra_sim.simulator.expressions.date_printing import print_date
from entra_sim.simulator.expressions.date_reading import read_date
from entra_sim.simulator.expressions.instant import FILE_TIME_EPOCH
from entra_sim.simulator.expressions.instant import MAX_TICKS
from entra_sim.simulator.expressions.instant import TICKS_PER_DAY
from entra_sim.simulator.expressions.instant import TICKS_PER_HOUR
from entra_sim.simulator.expressions.instant import TICKS_PER_MINUTE
from entra_sim.simulator.expressions.instant import TICKS_PER_SECOND
from entra_sim.simulator.expressions.instant import Instant
from entra_sim.simulator.expressions.instant import ticks_of
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import as_instant
from entra_sim.simulator.expressions.values import is_blank
from entra_sim.simulator.expressions.values import limited
from entra_sim.simulator.expressions.values import shown
from entra_sim.simulator.expressions.values import single
from entra_sim.simulator.expressions.values import text_of
from entra_sim.simulator.expressions.values import text_or_empty
from entra_sim.simulator.expressions.values import whole_number

_UNITS = {
    "d": TICKS_PER_DAY,
    "ww": 7 * TICKS_PER_DAY,
    "h": TICKS_PER_HOUR,
    "n": TICKS_PER_MINUTE,
    "s": TICKS_PER_SECOND,
}
_INTERVALS = (*_UNITS, "m", "yyyy")


def _instant(value: Any, site: Site, run: Run, what: str) -> Instant:
    """Return the instant of a date argument: a DateTime, or a text by section 11.1."""
    value = single(value, site)
    moment = as_instant(value)
    if moment is None and isinstance(value, str):
        moment = read_date(value, run.context.two_digit_year_max)
    if moment is None:
        raise site.failure(f"{what} is no date that can be read: {shown(value)}")
    return moment


def _interval(value: Any, site: Site) -> str:
    name = text_or_empty(value, site)
    if name not in _INTERVALS:
        raise site.failure(
            f"{shown(name)} is no interval; there are yyyy (years), m (months), d (days), ww (weeks), h (hours), "
            "n (minutes), s (seconds)"
        )
    return name


def c_date(site: Site, run: Run, value: Any) -> Instant:
    """Return the instant that a text says."""
    return _instant(value, site, run, "the value")


def now(site: Site, run: Run) -> Instant:
    """Return the present instant."""
    moment = run.context.instant()
    if moment is None:
        raise site.failure("no clock is given")
    return moment


def date_add(site: Site, run: Run, interval: Any, value: Any, moment: Any) -> Instant:
    """Return the instant moved by whole intervals. Assumed: months keep the day or take the month's last (.NET)."""
    unit = _interval(interval, site)
    count = whole_number(value, site, "value")
    start = _instant(moment, site, run, "dateTime")
    if unit in _UNITS:
        ticks = start.ticks + count * _UNITS[unit]
    else:
        ticks = _months_later(start, count * (12 if unit == "yyyy" else 1))
    if not 0 <= ticks <= MAX_TICKS:
        raise site.failure("the result is outside the years 1 to 9999")
    return Instant(ticks)


def _months_later(start: Instant, months: int) -> int:
    """Return the ticks, -1 outside the calendar."""
    day = start.date
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return -1
    moved = real_date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    return ticks_of(moved) + start.ticks % TICKS_PER_DAY if moved else -1


def date_diff(site: Site, run: Run, interval: Any, first: Any, second: Any) -> int:
    """Return how many intervals the second date is later. Assumed: counted as Visual Basic .NET does."""
    unit = _interval(interval, site)
    start = _instant(first, site, run, "date1")
    end = _instant(second, site, run, "date2")
    if unit == "yyyy":
        return end.date.year - start.date.year
    if unit == "m":
        return (end.date.year - start.date.year) * 12 + end.date.month - start.date.month
    if unit == "ww":
        days = _cut_division(_sunday(end) - _sunday(start), TICKS_PER_DAY)
        return _cut_division(days, 7)
    return _cut_division(end.ticks - start.ticks, _UNITS[unit])


def _sunday(moment: Instant) -> int:
    """Return the ticks of the Sunday of the week, at the same time of day."""
    return moment.ticks - (moment.date.isoweekday() % 7) * TICKS_PER_DAY


def _cut_division(value: int, unit: int) -> int:
    """Return the quotient cut toward zero."""
    quotient = abs(value) // unit
    return quotient if value >= 0 else -quotient


def date_from_num(site: Site, run: Run, value: Any) -> Instant | None:
    """Return the instant of a Windows file time; no value for no value."""
    if single(value, site) is None:
        return None
    ticks = whole_number(value, site, "value")
    if ticks < 0 or ticks + FILE_TIME_EPOCH > MAX_TICKS:
        raise site.failure(f"{ticks} is outside the range of Windows file times")
    return Instant(ticks + FILE_TIME_EPOCH)


def num_from_date(site: Site, run: Run, value: Any) -> int | None:
    """Return the Windows file time of a date; no value for no value."""
    if single(value, site) is None:
        return None
    moment = _instant(value, site, run, "the value")
    if moment.ticks < FILE_TIME_EPOCH:
        raise site.failure("the date is before 1601, where Windows file times begin")
    return moment.ticks - FILE_TIME_EPOCH


def format_date_time(
    site: Site, run: Run, source: Any, styles: Any, input_format: Any, output_format: Any
) -> str | None:
    """Return the date text read by one format and printed by another; no value for a missing or empty source.

    A DateTime is first put into its text form. Source: expressions.md section 9, FormatDateTime.
    """
    value = single(source, site)
    if is_blank(value):
        return None
    date_text = text_of(value) or ""
    style_names = text_or_empty(styles, site)
    wanted = text_or_empty(input_format, site)
    if not wanted:
        raise site.failure("inputFormat is empty")
    moment = run.context.instant()
    try:
        read = read_exactly(
            date_text,
            wanted,
            styles_of(style_names) if style_names else DEFAULT_STYLES,
            today=moment.date if moment else None,
            two_digit_year_max=run.context.two_digit_year_max,
        )
        return limited(print_date(read.moment, read.kind, text_or_empty(output_format, site)), site)
    except NoMatch as error:
        raise site.failure(f"{shown(date_text)} is not of the format {shown(wanted)}: {error}") from error
    except FormatError as error:
        raise site.failure(str(error)) from error
