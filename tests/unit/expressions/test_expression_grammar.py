"""Texts that parse, texts that do not, and what the refusal says."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import functions
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions.tree import MAX_DEPTH


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    return caught.value


@pytest.mark.rule("ENG-090", "ENG-091")
@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("", "ParseError", 1),
        ("  \n", "ParseError", 4),
        ("[a", "ParseError", 1),
        ("[]", "ParseError", 1),
        ("[ \t]", "ParseError", 1),
        ('"abc', "ParseError", 1),
        ('"abc\\"', "ParseError", 1),
        ("'abc", "ParseError", 1),
        ("Append([a]", "ParseError", 7),
        ('Append([a] "x")', "ParseError", 12),
        ("Append([a], [b]))", "ParseError", 17),
        ("[a] [b]", "ParseError", 5),
        ("[a]]", "ParseError", 4),
        ('[a] = "x"', "ParseError", 5),
        ('IIF([a] = "x" = "y", 1, 2)', "ParseError", 15),
        ("IIF([a] =, 1, 2)", "ParseError", 10),
        ('"a" & "b"', "ParseError", 5),
        ('Join("", ([a]), [b])', "ParseError", 10),
        ("“x”", "ParseError", 1),
        ("displayName", "ParseError", 1),
        ("vbtextcompare", "ParseError", 1),
        ("Now", "ParseError", 1),
        ("1.", "ParseError", 2),
        ("--1", "ParseError", 1),
        ("&HG", "ParseError", 1),
        ("1abc", "ParseError", 2),
        ('""x""', "ParseError", 3),
        ("Frobnicate([a])", "UnknownFunction", 1),
        ("append([a], [b])", "UnknownFunction", 1),
        ("Trim([a])", "UnknownFunction", 1),
        ("Append([a], Frob())", "UnknownFunction", 13),
        ("Append()", "ArgumentError", 1),
        ("Append([a], )", "ArgumentError", 1),
        ("Append(Append([a]), Frob())", "ArgumentError", 8),
        ("Append(Frob([a]))", "ArgumentError", 1),
        ("Now(1)", "ArgumentError", 1),
        ("IIF([a] = 1, , 2)", "ArgumentError", 1),
        ("IIF([a] = 1, 2)", "ArgumentError", 1),
        ('Switch([a], "d", "k", "v", "k2")', "ArgumentError", 1),
        ('Switch([a], "d")', "ArgumentError", 1),
        ('Switch([a], "d", "k", )', "ArgumentError", 1),
        ('Join("-")', "ArgumentError", 1),
        ('Join("-", , [a])', "ArgumentError", 1),
        ("Join(, [a])", "ArgumentError", 1),
        ("Coalesce([a], , [b])", "ArgumentError", 1),
        ('Replace([a], "x")', "ArgumentError", 1),
        ('Replace([a], "", , , "y", , )', "ArgumentError", 1),
        ('Replace([a], , "x", "g", , , )', "ArgumentError", 1),
        ('Replace([a], "x", , , "y", , , )', "ArgumentError", 1),
        ('FormatDateTime([a], "yyyy")', "ArgumentError", 1),
        ('FormatDateTime([a], , , "yyyy")', "ArgumentError", 1),
        ('SelectUniqueValue("a")', "ArgumentError", 1),
        ('Redact(SelectUniqueValue("a", "b"))', "ArgumentError", 8),
        ('Append("x", vbTextCompare)', "ArgumentError", 13),
        ("vbTextCompare", "ArgumentError", 1),
        ('InStr("a", vbTextCompare)', "ArgumentError", 12),
    ],
)
def test_a_wrong_text_is_refused_at_its_place(text: str, code: str, column: int) -> None:
    error = refusal(text)
    assert (error.code, error.column) == (code, column), str(error)


def test_unevaluated_branches_are_checked_too() -> None:
    assert refusal('IIF(1 = 1, "x", Frobnicate())').code == "UnknownFunction"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Swich([a], , 1, 2)", "did you mean Switch?"),
        ("tolower([a])", "did you mean ToLower?"),
        ("Repalce([a])", "did you mean Replace?"),
        ("IgnoreAtributeFlow", "did you mean IgnoreAttributeFlow?"),
        ("Now", "Now(...)"),
        ("mail", "[mail]"),
        ('"a" + "b"', "Join or Append"),
        ("Append([a])", "Append(source, suffix)"),
        ("“x”", "straight"),
    ],
)
def test_the_refusal_says_what_to_do(text: str, hint: str) -> None:
    assert hint in str(refusal(text))


def test_the_limit_of_length_is_10_000_characters() -> None:
    longest = f'"{"x" * 9_998}"'
    assert evaluate(parse(longest), {}).value == "x" * 9_998
    assert refusal(f"{longest} ").code == "ExpressionTooLong"
    assert refusal("(" * 10_001).code == "ExpressionTooLong"
    assert parse(f'"{"😀" * 4_999}"')
    assert refusal(f'"{"😀" * 5_000}"').code == "ExpressionTooLong"


@pytest.mark.parametrize("name", ["Not", "Len", "ToUpper"])
def test_calls_may_be_nested_to_the_documented_depth(name: str) -> None:
    deepest = parse(f"{name}(" * MAX_DEPTH + "[a]" + ")" * MAX_DEPTH)
    assert MAX_DEPTH >= 100
    assert evaluate(deepest, {"a": "x"}).value is not None
    assert parse(str(deepest)) == deepest
    assert hash(parse(str(deepest))) == hash(deepest)
    assert refusal(f"{name}(" * (MAX_DEPTH + 1) + "[a]" + ")" * (MAX_DEPTH + 1)).code == "ParseError"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a\"b"', 'a"b'),
        (r'"a\\b"', r"a\b"),
        (r'"\+\d"', r"\+\d"),
        (r'"\\\""', r"\""),
        ("'single \"quoted\"'", 'single "quoted"'),
        (r"'it\'s'", "it's"),
        ('"line\nbreak"', "line\nbreak"),
        ('"[a], (b)"', "[a], (b)"),
        ('""', ""),
        ("-3", "-3"),
        ("007", "007"),
        ("2.50", "2.50"),
        ("&HF7", "247"),
        ("&hff", "255"),
    ],
)
def test_constants(text: str, value: str) -> None:
    assert evaluate(parse(text), {}).value == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[a]", "a"),
        ("[ a b\t]", "a b"),
        ("[name.givenName]", "name.givenName"),
        ('[emails[type eq "work"].value]', 'emails[type eq "work"].value'),
        ('[x[type eq "a]b"].v]', 'x[type eq "a]b"].v'),
        ('[a"b]', 'a"b'),
        ("[urn:ietf:params:scim:2.0:User:x]", "urn:ietf:params:scim:2.0:User:x"),
    ],
)
def test_attribute_names_are_taken_as_written(text: str, name: str) -> None:
    expression = parse(text)
    assert expression.source_attributes == {name}
    assert evaluate(expression, {name: "v"}).value == "v"
    assert evaluate(expression, {name.upper(): "v"}).value is None
    assert parse(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('Replace([preferredLanguage],"-",,,"_",,  )', 'Replace([preferredLanguage], "-", , , "_", , )'),
        ('Append ( [a] ,\n"x" )', 'Append([a], "x")'),
        ("IIF([a]=1,&HF,-2.0)", "IIF([a] = 1, &HF, -2.0)"),
        (r'"\+\\"', r'"\\+\\"'),
        ("Now( )", "Now()"),
        ("'a\"b'", r'"a\"b"'),
    ],
)
def test_a_tree_prints_in_one_form(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


def test_a_text_near_the_limit_prints_within_it() -> None:
    for text in (f'Join(""{",1" * 4_990})', '"' + r"\+" * 4_999 + '"', "'" + '"' * 9_998 + "'"):
        printed = str(parse(text))
        assert len(printed) <= 10_000
        assert parse(printed) == parse(text)


def test_an_expression_tells_what_it_is() -> None:
    expression = parse('IIF([a] = "x", Redact([b]), Join("", [a], Guid()))')
    assert expression.source_attributes == {"a", "b"}
    assert expression.functions_used == {"IIF", "Redact", "Join", "Guid"}
    assert expression.uses_redact
    assert not expression.is_constant
    assert not parse("Guid()").is_constant
    assert parse('Append("a", "b")').is_constant
    assert parse('SelectUniqueValue("a", "b")').asks_target
    assert parse('Switch([a], , "x", "y")').switch_attribute == "a"
    assert parse('Switch(ToLower([a]), , "x", "y")').switch_attribute is None
    assert parse("[a]").switch_attribute is None


def test_an_expression_survives_pickling() -> None:
    expression = parse('Append([a], "x")')
    copy = pickle.loads(pickle.dumps(expression))
    assert copy == expression
    assert evaluate(copy, {"a": "1"}).value == "1x"


@pytest.mark.rule("ENG-091")
def test_every_function_is_described_once() -> None:
    names = [one.name for one in functions()]
    assert len(names) == len(set(names)) == 46
    assert names == sorted(names, key=str.lower)
    reference = Path(__file__).parents[3] / "docs" / "reference" / "provisioning-engine.md"
    listed = reference.read_text(encoding="utf-8").partition("ENG-091 Functions: ")[2].partition(". [")[0]
    assert {name.split(" (")[0] for name in listed.split(", ")} <= set(names)
    for one in functions():
        parse(one.example)
