"""Missing and empty values, numbers, comparisons, lists, markers, laziness, redaction."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import text_of

MISSING, EMPTY = {"e": None}, {"e": ""}
FAILS = "EvaluationError"


def value(text: str, attributes: dict[str, Any] | None = None, context: EvaluationContext | None = None) -> Any:
    try:
        return evaluate(parse(text), attributes or {}, context or EvaluationContext()).value
    except ExpressionError as error:
        return error.code


# The table of expressions.md section 5.2: expression over [e], for a missing source, for an empty one.
MISSING_AND_EMPTY = [
    ("Left([e], 3)", "", ""),
    ('Word([e], 1, " ")', "", ""),
    ("Len([e])", 0, 0),
    ("Count([e])", 0, 1),
    ('Join("-", "a", [e], "b")', "a-b", "a-b"),
    ('Join("-", [e])', "", ""),
    ('Coalesce([e], "x")', "x", "x"),
    ("Coalesce([x], [e])", None, ""),
    ('Switch([e], "d", "", "found")', "found", "found"),
    ("Not([e])", True, True),
    ("IsNull([e])", True, False),
    ("IsNullOrEmpty([e])", True, True),
    ("IsPresent([e])", False, False),
    ("IsString([e])", False, True),
    ('Replace([e], , "(?<g>a)", "g", , "bab", )', "a", "a"),
    ('IIF([e] = "", "yes", "no")', None, None),
    ('IIF([e] <> "x", "yes", "no")', None, None),
    ('IIF("x" = [e], "yes", "no")', None, None),
    ('CBool([e] = "")', False, False),
    ('CBool([e] <> "x")', False, False),
    ('IIF(Mid([e], 1, 1) = "x", "yes", "no")', "no", "no"),
    ('IIF([e], "yes", "no")', "no", "no"),
    ('InStr([e], "a")', 0, 0),
    ('InStr([e], "")', 0, 0),
    ("CDate([e])", FAILS, FAILS),
    ('DateAdd("d", 1, [e])', FAILS, FAILS),
    ('DateDiff("d", [e], [e])', FAILS, FAILS),
    ('FormatDateTime([e], , "yyyy", "yy")', None, None),
    ("NumFromDate([e])", None, FAILS),
    ("DateFromNum([e])", None, FAILS),
    ('Append([e], "x")', None, "x"),
    ("Mid([e], 1, 2)", None, ""),
    ('Replace([e], "a", , , "b", , )', None, ""),
    ('Replace([e], , "^$", , "b", , )', None, "b"),
    ('Replace([e], "a", , , , , "<a>")', None, "<>"),
    ("StripSpaces([e])", None, ""),
    ("ToLower([e])", None, ""),
    ("ToUpper([e])", None, ""),
    ("PCase([e])", None, ""),
    ("NormalizeDiacritics([e])", None, ""),
    ("ConvertToBase64([e])", None, ""),
    ("ConvertToUTF8Hex([e])", None, ""),
    ('Split([e], ",")', None, ()),
    ("SingleAppRoleAssignment([e])", None, ""),
    ("AppRoleAssignmentsComplex([x])", None, None),
    ("Item([e], 1)", FAILS, ""),
    ("CStr([e])", None, ""),
    ("RemoveDuplicates([e])", None, ("",)),
    ('Append("x", [e])', "x", "x"),
    ('Join([e], "a", "b")', "ab", "ab"),
    ('Replace("aba", "b", , , [e], , )', "aa", "aa"),
    ('Mid("abc", [e], 1)', FAILS, FAILS),
    ("BitAnd([e], 1)", FAILS, FAILS),
    ('InStr("abc", "c", [e])', FAILS, FAILS),
]


@pytest.mark.rule("ENG-092", "ENG-094")
@pytest.mark.parametrize(("text", "missing", "empty"), MISSING_AND_EMPTY, ids=[row[0] for row in MISSING_AND_EMPTY])
def test_missing_and_empty_sources(text: str, missing: Any, empty: Any) -> None:
    assert value(text, MISSING) == missing
    assert value(text) == missing
    assert value(text, EMPTY) == empty


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('"a" = "a"', True),
        ('"a" = "A"', False),
        ('"a" <> "A"', True),
        ('"1" = 1', True),
        ('"1.0" = 1', True),
        ('"01" = "1"', True),
        ("9 < 10", True),
        ('"9" < "10"', True),
        ('"9x" < "10x"', False),
        ('"-1" < "0"', True),
        ('"1e2" = "100"', False),
        ("3.50 = 3.5", True),
        ("&HF = 15", True),
        ('CBool(1) = "true"', True),
        ('CBool(1) = "TRUE"', True),
        ('CBool(0) = "true"', False),
        ('BitAnd(6, 2) = "2"', True),
        ('CDate("2025-01-05") < CDate("2025-01-05T00:00:01Z")', True),
        ('CDate("2025-01-05") = CDate("2025-01-05T02:00+02:00")', True),
        ('CDate("2025-01-05") = "1/5/2025 12:00:00 AM"', True),
        ('"a" <= "b"', True),
        ('"b" >= "b"', True),
        ('"é" > "z"', True),
        ('"｡" > "😀"', True),
        ("Len([x]) = 0", True),
    ],
)
def test_comparisons(condition: str, holds: bool) -> None:
    assert value(f"CBool({condition})") is holds
    assert value(f'IIF({condition}, "y", "n")') == ("y" if holds else "n")


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        (True, True),
        (False, False),
        ("True", True),
        ("tRuE", True),
        ("yes", False),
        ("1", True),
        ("0", False),
        ("0.0", False),
        ("-2", True),
        (5, True),
        (0, False),
        (0.5, True),
        (Decimal("0.0"), False),
        ([], False),
        (["True"], True),
        (datetime(2025, 1, 5, tzinfo=UTC), False),
    ],
)
def test_conditions(given: Any, holds: bool) -> None:
    assert value("CBool([c])", {"c": given}) is holds
    assert value('IIF([c], "y", "n")', {"c": given}) == ("y" if holds else "n")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (True, "True"),
        (42, "42"),
        (2.5, "2.5"),
        (2.0, "2"),
        (Decimal("42568.75"), "42568.75"),
        (datetime(2024, 3, 5, 21, 4, tzinfo=UTC), "3/5/2024 9:04:00 PM"),
        (datetime(2024, 3, 5, 0, 0), "3/5/2024 12:00:00 AM"),  # noqa: DTZ001 - a source without zone is UTC
        (datetime(2024, 3, 5, 12, 0, tzinfo=UTC), "3/5/2024 12:00:00 PM"),
        (["one"], "one"),
        ({"id": "1", "value": "é"}, '{"id":"1","value":"é"}'),
    ],
)
def test_text_forms(given: Any, text: str) -> None:
    assert value("CStr([x])", {"x": given}) == text
    assert value('Append([x], "")', {"x": given}) == text


def test_results_have_native_types() -> None:
    assert value("Len([x])", {"x": "abc"}) == 3
    assert value('CDate("2025-01-05T10:00:00.5+01:00")') == datetime(2025, 1, 5, 9, 0, 0, 500_000, tzinfo=UTC)
    assert value("Not([x])") is True
    assert type(value("5")) is str
    assert text_of(value('CDate("2025-01-05")')) == "1/5/2025 12:00:00 AM"
    assert text_of(("a",)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Append([l], "!")', ("ab!", "c d!")),
        ("Left([l], 1)", ("a", "c")),
        ("Mid([l], 2, 1)", ("b", " ")),
        ("StripSpaces([l])", ("ab", "cd")),
        ("ToUpper([l])", ("AB", "C D")),
        ("PCase([l])", ("Ab", "C D")),
        ('Replace([l], "b", , , "x", , )', ("ax", "c d")),
        ('Replace([l], , "[bd]", , "x", , )', ("ax", "c x")),
        ("ConvertToUTF8Hex([l])", ("6162", "632064")),
        ('Join(",", [l], "z")', "ab,c d,z"),
        ("Count([l])", 2),
        ("Item([l], 2)", "c d"),
        ("Len([l])", FAILS),
        ('InStr([l], "a")', FAILS),
        ('Switch([l], , "a", 1)', FAILS),
        ("CStr([l])", FAILS),
        ("Not([l])", FAILS),
        ('CBool([l] = "ab")', FAILS),
        ('Append("x", [l])', FAILS),
        ('Split([l], ",")', FAILS),
        ("IsString([l])", False),
        ("IsPresent([l])", True),
        ('Append([o], "!")', "one!"),
        ("Len([o])", 3),
        ('IIF([o] = "one", 1, 2)', "1"),
        ('Switch([o], , "one", "found")', "found"),
        ("IsNullOrEmpty([n])", True),
        ("IsNull([n])", True),
        ('Coalesce([n], "d")', "d"),
        ('Append([n], "x")', None),
        ("Count([n])", 0),
        ('Coalesce(Split("", ","), "d")', "d"),
    ],
)
def test_lists(text: str, expected: Any) -> None:
    assert value(text, {"l": ["ab", "c d"], "o": ["one"], "n": []}) == expected


@pytest.mark.parametrize(
    ("text", "ignore"),
    [
        ("IgnoreAttributeFlow", "attribute"),
        ("IgnoreObjectFlow", "object"),
        ('IIF(1 = 1, IgnoreObjectFlow, "x")', "object"),
        ('Switch("a", IgnoreAttributeFlow, "b", "x")', "attribute"),
        ('Switch("b", "x", "b", IgnoreAttributeFlow)', "attribute"),
        ("IgnoreFlowIfNullOrEmpty(IgnoreObjectFlow)", "object"),
        ("IgnoreFlowIfNullOrEmpty([none])", "attribute"),
        ('IgnoreFlowIfNullOrEmpty(Split("", ","))', "attribute"),
        ('Switch("b", "x", "b", IgnoreFlowIfNullOrEmpty([none]))', "attribute"),
    ],
)
def test_flow_markers_as_results(text: str, ignore: str) -> None:
    result = evaluate(parse(text), {})
    assert (result.value, result.ignore, result.log_value) == (None, ignore, None)


@pytest.mark.parametrize(
    "text",
    [
        'Append(IgnoreAttributeFlow, "x")',
        'Append("x", IgnoreAttributeFlow)',
        'Join("", IgnoreAttributeFlow)',
        'Coalesce(IgnoreAttributeFlow, "x")',
        "Coalesce([none], IgnoreAttributeFlow)",
        "IIF(IgnoreAttributeFlow, 1, 2)",
        "IIF(IgnoreFlowIfNullOrEmpty([none]), 1, 2)",
        "IIF(IgnoreAttributeFlow = [none], 1, 2)",
        'Switch(IgnoreAttributeFlow, , "a", "b")',
        'Switch("x", , IgnoreAttributeFlow, "b")',
        "IsNull(IgnoreAttributeFlow)",
        "IsString(IgnoreAttributeFlow)",
        "IsPresent(IgnoreAttributeFlow)",
        "Not(IgnoreAttributeFlow)",
        "Count(IgnoreAttributeFlow)",
        "CStr(IgnoreAttributeFlow)",
        "Redact(IgnoreAttributeFlow)",
        'SelectUniqueValue(IgnoreAttributeFlow, "x")',
    ],
)
def test_flow_markers_in_the_wrong_place(text: str) -> None:
    assert value(text) == FAILS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('IIF(1 = 1, "x", CDate("bad"))', "x"),
        ('IIF(1 = 2, CDate("bad"), "x")', "x"),
        ('Switch("a", CDate("bad"), "a", "x", CDate("bad"), CDate("bad"))', "x"),
        ('Switch("c", "d", "a", CDate("bad"), "b", CDate("bad"))', "d"),
        ('Coalesce("x", CDate("bad"))', "x"),
        ('Switch("b", "d", CDate("bad"), "x", "b", "y")', FAILS),
        ('SelectUniqueValue("x", CDate("bad"))', "x"),
    ],
)
def test_what_is_not_needed_is_not_evaluated(text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.rule("ENG-094")
def test_redact_hides_the_value_in_logs_only() -> None:
    def logged(text: str) -> tuple[Any, Any]:
        result = evaluate(parse(text), {"a": "secret"})
        return result.value, result.log_value

    assert logged("Redact([a])") == ("secret", "[Redact]")
    assert logged('Append(Redact([a]), "!")') == ("secret!", "[Redact]")
    assert logged('IIF(Redact([a]) = "secret", "yes", "no")') == ("yes", "[Redact]")
    assert logged('IIF(1 = 2, Redact([a]), "open")') == ("open", "open")
    assert logged("Redact([none])") == (None, "[Redact]")


def test_a_missing_attribute_in_iif_may_take_the_else_branch_by_a_choice_of_the_context() -> None:
    chosen = EvaluationContext(iif_missing_takes_else=True)
    assert value('IIF([x] = "a", "y", "n")', {}, chosen) == "n"
    assert value('IIF([x] <> "a", "y", "n")', {}, chosen) == "n"


@pytest.mark.parametrize(
    "text",
    [
        'Mid("abc", 0, 1)',
        'Mid("abc", 1, -1)',
        'Mid("abc", "x", 1)',
        'InStr("abc", "a", 0)',
        'InStr("abc", "a", 1, "nonsense")',
        "Item([l], -1)",
        "BitAnd(1, 9223372036854775808)",
        'BitAnd("a", 1)',
        'ToLower("x", "xx-YY")',
        'ToLower("x", "tr_TR_x")',
        "RandomString(4, 1, 1, 1, 2)",
        "RandomString(-1, 0, 0, 0, 0)",
        "RandomString(4, -1, 0, 0, 0)",
        "RandomString(257, 0, 0, 0, 0)",
        'RandomString(2, 1, 0, 0, 0, "0123456789")',
        "RandomString(8, 1, 1, 1, 1)",
        "Now()",
        "Guid()",
        "DefaultDomain()",
    ],
)
def test_failures_of_functions(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(parse(text), {"l": ["a"]})
    name = text.partition("(")[0]
    assert (caught.value.code, caught.value.function) == (FAILS, name)
    assert str(caught.value).startswith(f"{name}: ")


def test_a_failure_points_at_the_call_that_failed() -> None:
    text = 'Join("-", [a], Mid([b], 0, 1))'
    with pytest.raises(ExpressionError) as caught:
        evaluate(parse(text), {"a": "x", "b": "y"})
    assert caught.value.column == text.index("Mid") + 1


def test_texts_do_not_grow_without_end() -> None:
    growing = "Replace(" * 60 + '"a"' + ', "a", , , "aaaaaaaaaa", , )' * 60
    assert value(growing) == FAILS
    assert value("ConvertToUTF8Hex(" * 60 + '"a"' + ")" * 60) == FAILS
    assert value("Join([s], [l])", {"s": "x" * 5_000, "l": ["a"] * 5_000}) == FAILS
    assert value("Append([l], [s])", {"s": "x" * 5_000, "l": ["a"] * 5_000}) == FAILS
