"""Expressions in the form of Microsoft Graph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import from_graph
from entra_sim.simulator.expressions import functions
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import to_graph

_LINES = (Path(__file__).parent / "expression-cases.jsonl").read_text(encoding="utf-8").splitlines()
TEXTS = sorted({case["expression"] for case in map(json.loads, _LINES) if case["expect_error"] in (None, "")})


def without_text(source: dict[str, Any]) -> dict[str, Any]:
    """Return the tree without its `expression` members."""
    parameters = [{**one, "value": without_text(one["value"])} for one in source["parameters"]]
    return {"name": source["name"], "type": source["type"], "parameters": parameters}


def test_the_documented_sample() -> None:
    def leaf(text: str, name: str, kind: str) -> dict[str, Any]:
        return {"expression": text, "name": name, "type": kind, "parameters": []}

    assert to_graph(parse("Mid([userPrincipalName],1,8)")) == {
        "expression": "Mid([userPrincipalName], 1, 8)",
        "name": "Mid",
        "type": "Function",
        "parameters": [
            {"key": "source", "value": leaf("[userPrincipalName]", "userPrincipalName", "Attribute")},
            {"key": "start", "value": leaf('"1"', "1", "Constant")},
            {"key": "length", "value": leaf('"8"', "8", "Constant")},
        ],
    }
    replaced = to_graph(parse('Replace([preferredLanguage], "-", , , "_", ,  )'))
    assert replaced["expression"] == 'Replace([preferredLanguage], "-", , , "_", , )'
    assert [one["key"] for one in replaced["parameters"]] == ["source", "Find", "Replacement"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('Switch([a], , "k", "v", "k2", "v2")', ["source", *["switchValue"] * 4]),
        ('Switch([a], "d", "k", "v")', ["source", "defaultValue", "switchValue", "switchValue"]),
        ('IIF([a] = "x", 1, 2)', ["one", "two", "three"]),
        ('Join("-", [a], [b])', ["separator", "source", "source"]),
        ("Coalesce([a], [b], [c])", ["source", "source", "defaultValue"]),
        ('FormatDateTime([a], , "yyyy", "yy")', ["source", "inputFormat", "outputFormat"]),
        ('SelectUniqueValue("a", "b")', ["value", "value"]),
    ],
)
def test_keys_of_parameters(text: str, keys: list[str]) -> None:
    assert [one["key"] for one in to_graph(parse(text))["parameters"]] == keys


def test_nothing_is_lost_on_the_way_there_and_back() -> None:
    for expression in map(parse, TEXTS):
        assert from_graph(json.loads(json.dumps(to_graph(expression)))) == expression


def test_a_tree_without_text_means_the_same() -> None:
    for text in TEXTS:
        source = without_text(to_graph(parse(text)))
        assert without_text(to_graph(from_graph(source))) == source, text


def test_the_text_wins_over_the_tree() -> None:
    source = to_graph(parse('Append([a], "x")'))
    source["expression"] = "[mail]"
    assert from_graph(source) == parse("[mail]")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"type": "Attribute", "name": "mail"}, "[mail]"),
        ({"name": "mail", "expression": "mail"}, "[mail]"),
        ({"type": "Constant", "name": "Contoso"}, '"Contoso"'),
        ({"type": "Constant", "name": "Contoso", "expression": "Contoso"}, '"Contoso"'),
        ({"type": "Constant", "name": "", "expression": '""'}, '""'),
        ({"type": "Constant", "name": 'a"b'}, '"a\\"b"'),
        ({"type": "Function", "name": "Now"}, "Now()"),
        ({"type": "Function", "name": "Now", "expression": None, "parameters": None}, "Now()"),
        ({"type": "Function", "name": "IgnoreAttributeFlow", "parameters": []}, "IgnoreAttributeFlow"),
        (
            {
                "type": "Function",
                "name": "Replace",
                "parameters": [
                    {"key": "replacement", "value": {"type": "Constant", "name": "_"}},
                    {"key": "source", "value": {"expression": "[a]"}},
                    {"key": "find", "value": {"expression": '"-"'}},
                ],
            },
            'Replace([a], "-", , , "_", , )',
        ),
        (
            {
                "type": "Function",
                "name": "IIF",
                "parameters": [
                    {"key": "condition", "value": {"expression": '[a]="x"'}},
                    {"key": "valueIfTrue", "value": {"name": "b"}},
                    {"key": "unknown", "value": {"name": "c"}},
                ],
            },
            'IIF([a] = "x", [b], [c])',
        ),
    ],
)
def test_trees_written_by_others(source: dict[str, Any], text: str) -> None:
    assert from_graph(source) == parse(text)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({}, "ParseError"),
        ({"type": "Attribute", "name": "a]b"}, "ParseError"),
        ({"type": "Attribute", "name": 5}, "ParseError"),
        ({"type": "Thing", "name": "a"}, "ParseError"),
        ({"expression": "Append([a]"}, "ParseError"),
        ({"type": "Function", "name": "Nope"}, "UnknownFunction"),
        ({"type": "Function", "name": "Append", "parameters": []}, "ArgumentError"),
        ({"type": "Function", "name": "Now", "parameters": [{"key": "x", "value": {"name": "a"}}]}, "ParseError"),
        ({"type": "Function", "name": "Not", "parameters": ["x"]}, "ParseError"),
        ({"type": "Function", "name": "Not", "parameters": "x"}, "ParseError"),
        ({"type": "Function", "name": "Not", "parameters": [{"key": "source", "value": None}]}, "ParseError"),
        ({"type": "Constant", "name": "x" * 10_000}, "ExpressionTooLong"),
    ],
)
def test_broken_sources_are_refused(source: dict[str, Any], code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        from_graph(source)
    assert caught.value.code == code


def test_a_bottomless_tree_is_refused() -> None:
    source: dict[str, Any] = {"name": "a"}
    for _ in range(400):
        source = {"type": "Function", "name": "Not", "parameters": [{"key": "source", "value": source}]}
    with pytest.raises(ExpressionError):
        from_graph(source)


def test_keys_are_those_of_the_descriptions() -> None:
    for one in functions():
        for parameter in to_graph(parse(one.example))["parameters"] if one.example.startswith(one.name) else ():
            assert parameter["key"] in {place.graph_key for place in one.parameters}
