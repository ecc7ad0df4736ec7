"""Free dates, strict formats, printing, arithmetic, file times."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import text_of

NOW = datetime(2025, 7, 30, 15, 4, 5, 670_000, tzinfo=UTC)


def value(text: str, context: EvaluationContext | None = None, **attributes: Any) -> Any:
    try:
        result = evaluate(parse(text), attributes, context or EvaluationContext(now=NOW))
    except ExpressionError as error:
        return error.code
    return text_of(result.value) if isinstance(result.value, datetime | int) else result.value


FAILS = "EvaluationError"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2025-01-05", "1/5/2025 12:00:00 AM"),
        ("2025/01/05", "1/5/2025 12:00:00 AM"),
        ("2025-1-5", "1/5/2025 12:00:00 AM"),
        ("  2025-01-05  ", "1/5/2025 12:00:00 AM"),
        ("2025-01-05 13:07", "1/5/2025 1:07:00 PM"),
        ("2025-01-05T13:07:09", "1/5/2025 1:07:09 PM"),
        ("2025-01-05T13:07:09.1234567Z", "1/5/2025 1:07:09 PM"),
        ("2025-01-05 1:07 PM", "1/5/2025 1:07:00 PM"),
        ("2025-01-05 12:07:01 am", "1/5/2025 12:07:01 AM"),
        ("1/5/2025", "1/5/2025 12:00:00 AM"),
        ("01/05/2025 13:07", "1/5/2025 1:07:00 PM"),
        ("1/5/25", "1/5/2025 12:00:00 AM"),
        ("1/5/99", "1/5/1999 12:00:00 AM"),
        ("8/25/2021 5:41:18 PM", "8/25/2021 5:41:18 PM"),
        ("5 Jan 2025", "1/5/2025 12:00:00 AM"),
        ("05-Mar-2024", "3/5/2024 12:00:00 AM"),
        ("Jan 5, 2025", "1/5/2025 12:00:00 AM"),
        ("january 5, 2025 3:04 PM", "1/5/2025 3:04:00 PM"),
        ("Sun, 05 Jan 2025 10:11:12 GMT", "1/5/2025 10:11:12 AM"),
        ("Mon, 05 Jan 2025 10:11:12 GMT", FAILS),
        ("2025-03", "3/1/2025 12:00:00 AM"),
        ("March 2025", "3/1/2025 12:00:00 AM"),
        ("2020-03-16-07:00", "3/16/2020 7:00:00 AM"),
        ("2021-06-30+08:00", "6/29/2021 4:00:00 PM"),
        ("2021-06-30+0800", "6/29/2021 4:00:00 PM"),
        ("2021-06-30+08", "6/29/2021 4:00:00 PM"),
        ("2021-06-30Z", "6/30/2021 12:00:00 AM"),
        ("2021-06-30T10:00:00-7", "6/30/2021 5:00:00 PM"),
        ("2021-06-30 10:00:00 +05:30", "6/30/2021 4:30:00 AM"),
        ("2024-02-29", "2/29/2024 12:00:00 AM"),
        ("2025-02-29", FAILS),
        ("31/12/2025", FAILS),
        ("2025-13-01", FAILS),
        ("2025-6-00", FAILS),
        ("2025-01-05 24:00", FAILS),
        ("2025-01-05 10:60", FAILS),
        ("2025-01-05 13:00 AM", FAILS),
        ("20250105", FAILS),
        ("13:07", FAILS),
        ("soon", FAILS),
        ("", FAILS),
        ("2025-01-05t10:00z", "1/5/2025 10:00:00 AM"),
        ("2025-01-05+15:00", FAILS),
        ("0001-01-01+01:00", FAILS),
        ("9999-12-31T23:59:59-01:00", FAILS),
        ("0000-01-01", FAILS),
        ("٢٠٢٥-٠١-٠٥", FAILS),
        ("2025-01-05 extra", FAILS),
    ],
)
def test_dates_in_free_text(given: str, expected: str) -> None:
    assert value("CDate([d])", d=given) == expected


@pytest.mark.parametrize(
    ("given", "input_format", "output_format", "expected"),
    [
        ("20150123105347.1Z", "yyyyMMddHHmmss.fZ", "yyyy-MM-dd", "2015-01-23"),
        ("1/5/2025 9:05:07 PM", "M/d/yyyy h:mm:ss tt", "HH:mm:ss", "21:05:07"),
        ("1/5/2025 9:05:07 PM", "M/d/yyyy hh:mm:ss tt", "HH", FAILS),
        ("01/05/2025 09:05 AM", "MM/dd/yyyy hh:mm tt", "H:mm", "9:05"),
        ("12:00 AM", "h:mm tt", "HH:mm", "00:00"),
        ("12:00 p", "h:mm t", "HH:mm", "12:00"),
        ("13:00 PM", "h:mm tt", "HH:mm", FAILS),
        ("13:00 AM", "HH:mm tt", "HH:mm", FAILS),
        ("13:00 PM", "HH:mm tt", "HH:mm", "13:00"),
        ("25-01-05", "yy-MM-dd", "yyyy", "2025"),
        ("99-01-05", "yy-MM-dd", "yyyy", "1999"),
        ("5-1-5", "y-M-d", "yyyy", "2005"),
        ("0999-1-5", "yyy-M-d", "yyyy", "0999"),
        ("2025-1-05", "yyyy-MM-dd", "yyyy", FAILS),
        ("2025-01-05x", "yyyy-MM-dd", "yyyy", FAILS),
        ("05 march 2024", "dd MMMM yyyy", "MMM", "Mar"),
        ("05 May 2024", "dd MMM yyyy", "MMMM", "May"),
        ("05 Mars 2024", "dd MMM yyyy", "MMMM", FAILS),
        ("Sun 2025-01-05", "ddd yyyy-MM-dd", "dddd", "Sunday"),
        ("Monday 2025-01-05", "dddd yyyy-MM-dd", "dddd", FAILS),
        ("2025-01-05T10:11:12.120", "yyyy-MM-ddTHH:mm:ss.fff", "ss.fffffff", "12.1200000"),
        ("2025-01-05T10:11:12.12", "yyyy-MM-ddTHH:mm:ss.fff", "ss", FAILS),
        ("2025-01-05T10:11:12.12", "yyyy-MM-ddTHH:mm:ss.FFF", "ss.FFF", "12.12"),
        ("2025-01-05T10:11:12", "yyyy-MM-ddTHH:mm:ss.FFF", "ss.FFF", "12"),
        ("2025-01-05+02:00", "yyyy-MM-ddzzz", "yyyy-MM-dd HH", "2025-01-04 22"),
        ("2025-01-05+0200", "yyyy-MM-ddzzz", "HH", "22"),
        ("2025-01-05+2", "yyyy-MM-ddz", "HH", "22"),
        ("2025-01-05+02", "yyyy-MM-ddzz", "HH", "22"),
        ("2025-01-05+2", "yyyy-MM-ddzz", "HH", FAILS),
        ("2025-01-05Z", "yyyy-MM-ddK", "K", FAILS),
        ("2025-01-05Z", "yyyy-MM-ddK", "yyyyK", "2025Z"),
        ("2025-01-05+02:00", "yyyy-MM-ddK", "yyyyK", "2025+00:00"),
        ("2025-01-05", "yyyy-MM-ddK", "yyyyK", "2025"),
        ("2025-01-05 GMT", "yyyy-MM-dd Z", "yyyyK", "2025Z"),
        ("2025-01-05", "yyyy-MM-dd", "yyyyzzz z zz", "2025+00:00 +0 +00"),
        ("day 05", "'day' dd", "dd", "05"),
        ("d05", "\\\\ddd", "dd", FAILS),
        ("d05", "\\\\ddd ", "dd", FAILS),
        ("2025 2025", "yyyy yyyy", "yy", "25"),
        ("2025 2024", "yyyy yyyy", "yy", FAILS),
        ("2025-01-05", "yyyy-MM-dd", "d", "01/05/2025"),
        ("2025-01-05", "yyyy-MM-dd", "D", "Sunday, 05 January 2025"),
        ("2025-01-05", "yyyy-MM-dd", "o", "2025-01-05T00:00:00.0000000"),
        ("2025-01-05", "yyyy-MM-dd", "r", "Sun, 05 Jan 2025 00:00:00 GMT"),
        ("2025-01-05", "yyyy-MM-dd", "u", "2025-01-05 00:00:00Z"),
        ("2025-01-05", "yyyy-MM-dd", "s", "2025-01-05T00:00:00"),
        ("2025-01-05", "yyyy-MM-dd", "", "01/05/2025 00:00:00"),
        ("01/05/2025", "d", "yyyy", "2025"),
        ("2025-01-05T10:11:12", "s", "mm", "11"),
        ("2025-01-05T10:11:12.1234567Z", "o", "fffffff", "1234567"),
        ("2025-01-05", "yyyy-MM-dd", "%d", "5"),
        ("2025-01-05", "yyyy-MM-dd", "x", FAILS),
        ("2025-01-05", "yyyy-MM-dd", "d %", FAILS),
        ("2025-01-05", "yyyy-MM-dd", "'open", FAILS),
        ("2025-01-05", "yyyy-MM-dd", "ffffffff", FAILS),
        ("2025-01-05", "yyyy-MM-dd", "ddd d MMM yy g", "Sun 5 Jan 25 A.D."),
        ("2025-01-05", "yyyy-MM-dd", "dTZ y yyyyy", "5TZ 25 02025"),
        ("  2025-01-05 ", "yyyy-MM-dd", "yyyy", "2025"),
        ("2025 - 01-05", "yyyy-MM-dd", "yyyy", FAILS),
        ("01-05", "MM-dd", "yyyy-MM-dd", "2025-01-05"),
        ("2024", "yyyy", "yyyy-MM-dd", "2024-01-01"),
        ("2025-02-29", "yyyy-MM-dd", "d", FAILS),
        ("", "yyyy", "d", None),
        (None, "yyyy", "d", None),
    ],
)
def test_strict_formats(given: str | None, input_format: str, output_format: str, expected: str | None) -> None:
    assert value("FormatDateTime([d], , [i], [o])", d=given, i=input_format, o=output_format) == expected
    assert value("FormatDateTime([d], [i], [o])", d=given, i=input_format, o=output_format) == expected


@pytest.mark.parametrize(
    ("styles", "given", "output_format", "expected"),
    [
        ("None", "2025-01-05", "yyyyK", "2025"),
        ("none", " 2025-01-05", "yyyy", FAILS),
        ("AllowLeadingWhite", " 2025-01-05", "yyyy", "2025"),
        ("AllowLeadingWhite", "2025-01-05 ", "yyyy", FAILS),
        ("AllowWhiteSpaces", " 2025 - 01-05 ", "yyyy", "2025"),
        ("AllowLeadingWhite, AllowTrailingWhite", " 2025-01-05 ", "yyyy", "2025"),
        ("AssumeUniversal, AdjustToUniversal", "2025-01-05", "yyyyK", "2025Z"),
        ("AssumeUniversal", "2025-01-05", "yyyyK", "2025+00:00"),
        ("assumelocal", "2025-01-05", "yyyyK", "2025+00:00"),
        ("RoundtripKind", "2025-01-05", "yyyyK", "2025"),
        ("AssumeLocal, AssumeUniversal", "2025-01-05", "yyyy", FAILS),
        ("RoundtripKind, AssumeUniversal", "2025-01-05", "yyyy", FAILS),
        ("RoundtripKind, AdjustToUniversal", "2025-01-05", "yyyy", FAILS),
        ("Nonsense", "2025-01-05", "yyyy", FAILS),
    ],
)
def test_date_time_styles(styles: str, given: str, output_format: str, expected: str) -> None:
    assert value('FormatDateTime([d], [s], "yyyy-MM-dd", [o])', s=styles, d=given, o=output_format) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('DateAdd("m", 1, CDate("2024-01-31"))', "2/29/2024 12:00:00 AM"),
        ('DateAdd("m", -1, CDate("2024-03-31"))', "2/29/2024 12:00:00 AM"),
        ('DateAdd("m", -13, CDate("2025-01-31"))', "12/31/2023 12:00:00 AM"),
        ('DateAdd("yyyy", 1, CDate("2024-02-29"))', "2/28/2025 12:00:00 AM"),
        ('DateAdd("d", "2.9", "2025-01-01")', "1/3/2025 12:00:00 AM"),
        ('DateAdd("d", -2.9, "2025-01-03")', "1/1/2025 12:00:00 AM"),
        ('DateAdd("ww", 2, CDate("2012-03-16-07:00"))', "3/30/2012 7:00:00 AM"),
        ('DateAdd("D", 2, CDate("2012-03-16"))', FAILS),
        ('DateAdd("q", 2, CDate("2012-03-16"))', FAILS),
        ('DateAdd("yyyy", 9000, CDate("2012-03-16"))', FAILS),
        ('DateAdd("yyyy", 99999999999999999999, CDate("2012-03-16"))', FAILS),
        ('DateAdd("s", -1, CDate("0001-01-01"))', FAILS),
        ('DateAdd("d", "x", Now())', FAILS),
        ('DateAdd("h", 9, Now())', "7/31/2025 12:04:05 AM"),
        ('DateDiff("ww", CDate("2025-01-04"), CDate("2025-01-05"))', "1"),
        ('DateDiff("ww", CDate("2025-01-05"), CDate("2025-01-11"))', "0"),
        ('DateDiff("ww", CDate("2025-01-11"), CDate("2025-01-05"))', "0"),
        ('DateDiff("ww", CDate("8/25/2021 5:41:18 PM"), CDate("2012-03-16-07:00"))', "-493"),
        ('DateDiff("d", CDate("2025-01-01T12:00Z"), CDate("2025-01-03T11:00Z"))', "1"),
        ('DateDiff("d", CDate("2025-01-03T11:00Z"), CDate("2025-01-01T12:00Z"))', "-1"),
        ('DateDiff("m", CDate("2024-01-31"), CDate("2024-02-01"))', "1"),
        ('DateDiff("yyyy", CDate("2024-12-31"), CDate("2025-01-01"))', "1"),
        ('DateDiff("s", "2025-01-01", "2025-01-02")', "86400"),
        ('DateDiff("x", "2025-01-01", "2025-01-02")', FAILS),
        ('NumFromDate("2099-12-31T23:59:59-04:00")', "157469327990000000"),
        ('NumFromDate("2020-12-31 23:59:59-08:00")', "132539615990000000"),
        ('NumFromDate("1601-01-01")', "0"),
        ('NumFromDate("1600-12-31")', FAILS),
        ('NumFromDate("2025-01-01T00:00:00.1234567Z")', "133801632001234567"),
        ("DateFromNum(0)", "1/1/1601 12:00:00 AM"),
        ('DateFromNum("129699324000000000")', "1/1/2012 11:00:00 PM"),
        ("DateFromNum(-1)", FAILS),
        ("DateFromNum(9223372036854775807)", FAILS),
        ('DateFromNum("x")', FAILS),
        ("NumFromDate(DateFromNum(133801632001234567))", "133801632001234567"),
        ("Now()", "7/30/2025 3:04:05 PM"),
        ('FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "yyyy-MM-dd")', "2025-07-30"),
        ('FormatDateTime(Now(), , "yyyy-MM-dd", "yyyy")', FAILS),
        ('Append(CDate("2025-01-05"), "!")', "1/5/2025 12:00:00 AM!"),
        ('CDate(CDate("2025-01-05"))', "1/5/2025 12:00:00 AM"),
    ],
)
def test_arithmetic(text: str, expected: str) -> None:
    assert value(text) == expected


def test_two_digit_years_follow_the_context() -> None:
    newer = EvaluationContext(two_digit_year_max=2049)
    assert value('CDate("1/5/40")', newer) == "1/5/2040 12:00:00 AM"
    assert value('CDate("1/5/40")') == "1/5/1940 12:00:00 AM"
    assert value('FormatDateTime("40", , "yy", "yyyy")', newer) == "2040"


def test_a_date_attribute_is_a_date() -> None:
    assert value('DateDiff("d", [a], [b])', a=datetime(2025, 1, 1, tzinfo=UTC), b="2025-01-03") == "2"
    assert value("NumFromDate([a])", a=datetime(2012, 1, 1, 23, tzinfo=UTC)) == "129699324000000000"


def test_the_clock_may_be_a_function() -> None:
    ticks = iter([NOW, datetime(2030, 1, 1, tzinfo=UTC)])
    assert value('DateDiff("yyyy", Now(), Now())', EvaluationContext(now=lambda: next(ticks))) == "5"
