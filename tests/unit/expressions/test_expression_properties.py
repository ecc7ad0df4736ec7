"""What holds for every text and every tree."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import Expression
from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import from_graph
from entra_sim.simulator.expressions import functions
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import to_graph
from entra_sim.simulator.expressions import trace
from entra_sim.simulator.expressions.checks import check
from entra_sim.simulator.expressions.lines import json_value
from entra_sim.simulator.expressions.tree import COMPARISONS
from entra_sim.simulator.expressions.tree import Attribute
from entra_sim.simulator.expressions.tree import Call
from entra_sim.simulator.expressions.tree import Comparison
from entra_sim.simulator.expressions.tree import Constant
from entra_sim.simulator.expressions.tree import Node
from entra_sim.simulator.expressions.tree import Word
from entra_sim.simulator.expressions.tree import print_tree

CODES = {"ExpressionTooLong", "ParseError", "UnknownFunction", "ArgumentError", "EvaluationError", "NoUniqueValue"}
FUNCTIONS = {one.name: one for one in functions()}
ATTRIBUTES = {
    "a": "alpha beta",
    "b": "",
    "c": None,
    "n": 42,
    "f": 2.5,
    "t": True,
    "l": ["SMTP:a@x.com", "smtp:b@x.com"],
    "e": [],
    "d": "2025-01-05T13:07:09+02:00",
    "u": "😀Zoë ǆ",
    "w": datetime(2025, 1, 5, tzinfo=UTC),
}
CONTEXT = EvaluationContext(
    now=datetime(2025, 1, 5, tzinfo=UTC),
    new_id=lambda: "0000000f-0000-4000-8000-000000000001",
    chance=random.Random(1),
    default_domain="contoso.com",
    regex_time_limit_s=0.05,
)

names = st.sampled_from([*ATTRIBUTES, "x.y", 'emails[type eq "work"].value'])
useful = st.sampled_from(
    ["d", "yyyy-MM-dd", "2025-01-05", "1", "-3", "(a+)b", "[^x-[y]]", "${g}", ",", "tr-TR", "True"]
)
constants = st.one_of(
    st.builds(Constant, st.one_of(useful, st.text(max_size=12))),
    st.builds(Constant, st.sampled_from(["0", "1", "-7", "3.50", "&HF7", "007"]), st.just(True)),
)
leaves = st.one_of(
    st.builds(Attribute, names),
    constants,
    st.builds(Word, st.sampled_from(["IgnoreAttributeFlow", "IgnoreObjectFlow"])),
)


@st.composite
def calls(draw: st.DrawFn, operands: st.SearchStrategy[Node]) -> Node:
    one = FUNCTIONS[draw(st.sampled_from(sorted(set(FUNCTIONS) - {"SelectUniqueValue"})))]
    most = one.maximum_count if one.maximum_count is not None else one.minimum_count + 3
    count = draw(st.integers(one.minimum_count, most))
    if one.name == "Switch":
        count += count % 2
    if one.name == "Replace":
        places = draw(st.sampled_from([(1, 4), (1, 6), (2, 4), (2, 3, 4), (2, 3, 5)]))
        pattern = st.builds(Constant, st.sampled_from(["a", "(?<g>[a-z])", "\\w+", "x|"]))
        return Call(one.name, (draw(operands), *(draw(pattern) if place in places else None for place in range(1, 7))))
    places_left = [not place.required for place in one.parameters_for(count)]
    arguments: list[Node | None] = []
    for may_be_left in places_left:
        if may_be_left and draw(st.booleans()):
            arguments.append(None)
        elif one.name in ("IIF", "CBool") and draw(st.booleans()):
            arguments.append(Comparison(draw(st.sampled_from(COMPARISONS)), draw(operands), draw(operands)))
        else:
            arguments.append(draw(operands))
    return Call(one.name, tuple(arguments))


trees = st.recursive(leaves, calls, max_leaves=12)
pieces = st.sampled_from(
    [*FUNCTIONS, *'()[],"\\=<>- \n', "1", "[a]", '"x"', "vbTextCompare", "Now()", "é", "😀", "\ud83d"]
)
texts = st.one_of(st.text(max_size=40), st.lists(pieces, max_size=25).map("".join))


def code_of(error: ExpressionError) -> str:
    assert error.code in CODES
    assert len(str(error).splitlines()) == 1
    return error.code


def assert_placed(error: ExpressionError, text: str) -> None:
    assert 1 <= error.column <= len(text) + 1


def outcome(expression: Expression) -> Any:
    try:
        return evaluate(expression, ATTRIBUTES, CONTEXT)
    except ExpressionError as error:
        return code_of(error)


@settings(max_examples=150, deadline=None)
@given(trees)
def test_printing_and_parsing_is_the_identity(tree: Node) -> None:
    check(tree)
    printed = print_tree(tree)
    expression = parse(printed)
    assert expression.root == tree
    assert str(expression) == printed


@settings(max_examples=150, deadline=None)
@given(trees)
def test_the_graph_form_is_the_identity(tree: Node) -> None:
    expression = parse(print_tree(tree))
    assert from_graph(json.loads(json.dumps(to_graph(expression)))) == expression


@settings(max_examples=250, deadline=None)
@given(trees)
def test_a_tree_gives_a_value_or_an_error_and_changes_nothing(tree: Node) -> None:
    before = copy.deepcopy(ATTRIBUTES)
    found = outcome(parse(print_tree(tree)))
    assert before == ATTRIBUTES
    if not isinstance(found, str):
        json.dumps(json_value(found.value), ensure_ascii=False).encode("utf-8")


@settings(max_examples=100, deadline=None)
@given(trees)
def test_a_trace_gives_the_same_outcome(tree: Node) -> None:
    expression = parse(print_tree(tree))
    if "RandomString" in expression.functions_used:
        return
    traced = trace(expression, ATTRIBUTES, CONTEXT)
    assert (traced.error.code if traced.error else traced.result) == outcome(expression)


@settings(max_examples=250, deadline=None)
@given(texts)
def test_any_text_gives_a_value_or_an_error(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        code_of(error)
        assert_placed(error, text)
        return
    outcome(expression)
    assert parse(str(expression)) == expression
