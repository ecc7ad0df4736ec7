"""Regular expressions as .NET reads them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions.pattern_translation import LONGEST_LITERAL
from entra_sim.simulator.expressions.patterns import compile_pattern

FAILS = "EvaluationError"
REPLACE = parse("Replace([x], , [p], , [r], , )")
GROUP = parse('Replace([x], , [p], "g", [r], , )')
FALLBACK = parse('Replace([x], , [p], "g", , [o], )')


def run(expression: Any, **attributes: Any) -> Any:
    try:
        return evaluate(expression, attributes, EvaluationContext(regex_time_limit_s=0.2)).value
    except ExpressionError as error:
        return error.code


@pytest.mark.parametrize(
    ("pattern", "text", "replacement", "expected"),
    [
        # empty matches
        ("a*", "baaac", "X", "XbXXcX"),
        ("x*", "abc", "-", "-a-b-c-"),
        ("(.*?)(?<id>.{0,8})$", "0000000012345", "${id}", "00012345"),
        # groups: unnamed first, then named, in order of first appearance
        ("(?<x>a)(b)", "ab", "$1-$2", "b-a"),
        ("(?<x>a)(b)(?'y'c)", "abc", "$1$2$3", "bac"),
        ("(?<x>a)|(?<x>b)", "ab", "<${x}>", "<a><b>"),
        ("(?<2>a)(b)", "ab", "$1-$2", "b-a"),
        ("(a)(?<5>b)(?<n>c)", "abc", "$1$5$2", "abc"),
        ("(?<x>a)(b)\\1\\2", "abba", "ok", "ok"),
        ("(?<x>a)\\k<x>\\k'x'", "aaa", "ok", "ok"),
        ("(a)\\<1>", "aa", "ok", "ok"),
        ("(?n)(a)(?<x>b)", "ab", "$1", "b"),
        ("(?n:(a))(b)", "ab", "$1", "b"),
        # substitutions
        ("b", "abc", "$$", "a$c"),
        ("b", "abc", "[$&]", "a[b]c"),
        ("b", "abc", "[$`|$'|$_]", "a[a|c|abc]c"),
        ("(a)(b)", "ab", "$+", "b"),
        ("(a)|(b)", "ab", "<$1>", "<a><>"),
        ("b", "abc", "$1", "a$1c"),
        ("(b)", "abc", "$10", "a$10c"),
        ("(b)", "abc", "${1}0", "ab0c"),
        ("(b)", "abc", "$0$0", "abbc"),
        ("b", "abc", "${nope}", "a${nope}c"),
        ("b", "abc", "${", "a${c"),
        ("b", "abc", "$", "a$c"),
        ("b", "abc", "\\1\\n", "a\\1\\nc"),
        # classes
        ("[a-z-[aeiou]]", "provisioning", "", "oiioi"),
        ("[\\w-[\\d_]]", "a1_b", "", "1_"),
        ("[^a-z-[x]]", "aXx1", "-", "a-x-"),
        ("[a-z-[d-w-[m]]]", "amxd", "-", "---d"),
        ("[]a]", "]ab", "", "b"),
        ("[^]a]", "]ab", "", "]a"),
        ("[a-]", "a-b", "", "b"),
        ("[\\w-.]", "a-.b ", "", " "),
        ("[[a]", "[ab", "", "b"),
        ("[a\\]b]", "a]b", "", ""),
        ("[--/]", "a-./", "", "a"),
        ("[a&&b]", "a&b", "", ""),
        ("[a||b]", "a|b", "", ""),
        ("[a~~b]", "a~b", "", ""),
        ("[\\b]", "a\bb", "", "ab"),
        ("[\\x41-\\x43]", "ABCD", "", "D"),
        ("[^\\W\\d]+", "ab1_", "-", "-1-"),
        ("\\p{Lu}", "aBc", "", "ac"),
        ("\\P{L}", "a1", "", "a"),
        ("\\p{IsGreek}+", "aαβ", "", "a"),
        ("[\\p{IsCyrillic}x]+", "xжa", "", "a"),
        ("\\w", "a²_é", "", "²"),
        ("\\W", "a²", "", "a"),
        ("\\d", "1٣a", "", "a"),
        ("\\s", "a\u00a0\u2003b", "", "ab"),
        # anchors
        ("a$", "ba\n", "X", "bX\n"),
        ("a\\Z", "ba\n", "X", "bX\n"),
        ("a\\z", "ba\n", "X", "ba\n"),
        ("^a", "a\na", "X", "X\na"),
        ("(?m)^a$", "a\na", "X", "X\nX"),
        ("\\Aa", "aa", "X", "Xa"),
        ("\\bab\\B", "abc ab", "X", "Xc ab"),
        ("\\Ga", "aaba", "X", "XXba"),
        (".", "a\nb", "X", "X\nX"),
        ("(?s).", "a\nb", "X", "XXX"),
        # options
        ("(?i)a(?-i)b", "AbAB", "X", "XAB"),
        ("(?i)ß", "SS", "X", "SS"),
        ("a(?i)b|c", "aBC", "X", "XX"),
        ("(?:(?i)a|b)c", "BcBC", "X", "XBC"),
        ("(?x) a b # comment", "ab", "X", "X"),
        ("(?x: a ) b", "a b", "X", "X"),
        ("a(?#comment)b", "ab", "X", "X"),
        ("(?x)a +", "aa", "X", "X"),
        # quantifiers
        ("a{,2}", "a{,2}", "X", "X"),
        ("a{2}", "aaa", "X", "Xa"),
        ("a{2,}?", "aaaa", "X", "XX"),
        ("{", "{", "X", "X"),
        ("x{a}", "x{a}", "X", "X"),
        ("(?:a?)*b", "aab", "X", "X"),
        ("^*a", "a", "X", "X"),
        # look-around and conditions
        ("(?<=ab*)c", "abbc", "X", "abbX"),
        ("(?<!a)b", "abb", "X", "abX"),
        ("a(?=b)", "abac", "X", "Xbac"),
        ("(?>a+)ab", "aaab", "X", "aaab"),
        ('(?<q>")?a(?(q)"|!)', '"a" a!', "X", "X X"),
        ("(a)?b(?(1)c|d)", "abc bd", "X", "X X"),
        ("(?(?=a)ab|c)", "abc", "X", "XX"),
        ("(?(a)ab|c)", "abc", "X", "XX"),
        # escapes
        ("\\x41\\u0042\\103", "ABC", "X", "X"),
        ("\\e\\a\\f\\v\\t", "\x1b\a\f\v\t", "X", "X"),
        ("\\cA", "\x01", "X", "X"),
        ("\\+\\.\\-\\@\\é", "+.-@é", "X", FAILS),
        ("\\+\\.\\-\\@", "+.-@", "X", "X"),
        ("(a)\\12", "a\n", "X", "X"),
        ("\\0", "\0", "X", "X"),
    ],
)
def test_patterns_mean_what_dotnet_means(pattern: str, text: str, replacement: str, expected: str) -> None:
    assert run(REPLACE, x=text, p=pattern, r=replacement) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[",
        "[a",
        "*",
        "a**",
        "a++",
        "a{2}{3}",
        "a{3,2}",
        "a{99999999999}",
        "(?P<n>a)",
        "(?P=n)",
        "(?R)",
        "(?<n-m>a)",
        "(?<>a)",
        "(?<1a>a)",
        "(?<0>a)",
        "(?z)",
        "(?",
        "\\",
        "\\q",
        "\\1",
        "(a)\\2",
        "\\k<n>",
        "\\k",
        "\\x4",
        "\\c1",
        "\\p{Nope}",
        "\\pL",
        "\\p{Greek}",
        "[z-a]",
        "[a-\\d]",
        "[a-z-[b]c]",
        "(?#open",
        "(?(1)a|b)",
        "(?(n)a|b|c)",
        "(?i:a",
        "(?:a{1000}){1000}",
        "(" * 150 + ")" * 150,
    ],
)
def test_what_dotnet_refuses_is_refused(pattern: str) -> None:
    assert run(REPLACE, x="a", p=pattern, r="") == FAILS


def test_a_refusal_names_the_pattern() -> None:
    with pytest.raises(ExpressionError, match=r'Replace: the pattern "\(\?<a-b>x\)" is wrong: balancing groups'):
        evaluate(REPLACE, {"x": "x", "p": "(?<a-b>x)", "r": ""})


@pytest.mark.parametrize(
    ("pattern", "text", "replacement", "expected"),
    [
        ("(?<g>^\\d*) ", "545 Tremont", "888", "888 Tremont"),
        ("a(?<g>.)c", "abc adc", "-", "a-c a-c"),
        ("a(?<g>.)c", "abc", "$1", "a$1c"),
        ("a(?<g>x)?c", "ac axc", "-", "ac a-c"),
        ("a(?<h>.)c", "abc", "-", "abc"),
        ("z(?<g>.)", "abc", "-", "abc"),
    ],
)
def test_only_the_group_is_replaced(pattern: str, text: str, replacement: str, expected: str) -> None:
    assert run(GROUP, x=text, p=pattern, r=replacement) == expected


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ("have", "+91 1", "have"),
        (None, "+91 1", "1"),
        ("", "+91 1", "1"),
        (None, "none", None),
        (None, None, None),
        (None, "+91 22 +91 3", "22"),
    ],
)
def test_the_fallback_takes_the_group_of_the_first_match(text: str | None, other: str | None, expected: Any) -> None:
    assert run(FALLBACK, x=text, p="\\+91 (?<g>\\d+)", o=other) == expected


def test_a_group_may_be_given_by_number() -> None:
    numbered = parse('Replace([x], , "(a)(b)", "2", "-", , )')
    assert run(numbered, x="ab") == "a-"


def test_a_pathological_pattern_is_cut_off() -> None:
    with pytest.raises(ExpressionError, match=r"takes longer than 0\.05 s on this text and was cut off") as caught:
        evaluate(
            REPLACE,
            {"x": "a" * 5_000 + "b", "p": "(a+)+$", "r": ""},
            EvaluationContext(regex_time_limit_s=0.05),
        )
    assert caught.value.code == FAILS


@pytest.mark.parametrize(
    "piece", ["[abc]", r"\s", r"\W", "(a)", "a|", "(?:a|b)", "(?(a)b|c)", "^$", "a?", r"(a)\1", "(?i:a)", ".", "(?i)a"]
)
def test_a_pattern_too_large_to_prepare_in_time_is_cut_off_and_reported(piece: str) -> None:
    with pytest.raises(ExpressionError, match="too large to be prepared in time; use several expressions") as caught:
        evaluate(REPLACE, {"x": "abc", "p": piece * (9_900 // len(piece)), "r": ""}, EvaluationContext())
    assert caught.value.code == FAILS


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a" * 9_900, "a" * 9_900, "-"),
        ("é" * 9_900, "b" + "é" * 9_900, "b-"),
        ("|".join(f"department{number}" for number in range(500)), "x department499", "x -99"),
        (r"[\s-[\t]]" * 100 + r"\w{3}", " " * 100 + "abcd", "-d"),
    ],
)
def test_large_patterns_below_the_limit_work(pattern: str, text: str, expected: str) -> None:
    assert run(REPLACE, x=text, p=pattern, r="-") == expected


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a" * 3_000, 3_000),
        (r"\x41" * 1_000, 1_000),
        ("(?:" + "a" * 39 + ")" + "a" * 3_000, 3_039),
        ("a{1}" * 500, 500),
    ],
)
def test_a_long_text_is_not_handed_over_as_one(pattern: str, found: int) -> None:
    letter = "A" if "x41" in pattern else "a"
    assert run(REPLACE, x=letter * (found + 1), p=pattern, r="-") == "-" + letter
    assert run(REPLACE, x=letter * (found - 1), p=pattern, r="-") == letter * (found - 1)
    literals = re.split(r"\(\?:|\)|\\B\{0\}", compile_pattern(pattern).compiled.pattern)
    assert max(len(text.replace("{1}", "")) for text in literals) <= 2 * LONGEST_LITERAL, "its preparation is not timed"


def test_the_patterns_of_one_expression_count_together() -> None:
    def row(count: int) -> str:
        calls = (f'Replace([x], , "[^{number}]\\\\W", , "", , )' for number in range(count))
        return f'Join("", {", ".join(calls)})'

    assert evaluate(parse(row(100)), {"x": "ab"}, EvaluationContext()).value == "ab" * 100
    with pytest.raises(
        ExpressionError, match=r"too many or too long to be prepared in time.*\(column \d{4}\)"
    ) as caught:
        parse(row(250))
    assert (caught.value.code, caught.value.function) == ("ArgumentError", "Replace")


def test_a_replacement_does_not_grow_without_end() -> None:
    assert run(REPLACE, x="a" * 2_000, p="a", r="$_") == FAILS
    assert run(GROUP, x="a" * 2_000, p="(?<g>a)", r="b" * 5_000) == FAILS


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        ('Replace([x], "", "b", "", "-", "", "")', "abc", "a-c"),
        ('Replace([x], "b", "c", "", "-", "", "")', "abc", "a-c"),
        ('Replace([x], "b", , , "-", , "<b>")', "abc", "<abc>"),
        ('Replace([x], "b", , , "-")', "abc", "a-c"),
        ('Replace([x], [none], , , "-", , )', "abc", "abc"),
        ('Replace([x], , [none], , "-", , )', "ab", "-a-b-"),
    ],
)
def test_places_of_replace(call: str, given: str, expected: str) -> None:
    assert run(parse(call), x=given) == expected
