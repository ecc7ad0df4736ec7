"""Functions that draw on the world outside; candidates; rows; traces; the descriptions' examples."""

from __future__ import annotations

import random
import re
from collections.abc import Generator
from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import ExpressionError
from entra_sim.simulator.expressions import FunctionDescription
from entra_sim.simulator.expressions import Result
from entra_sim.simulator.expressions import Rows
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import evaluate_steps
from entra_sim.simulator.expressions import functions
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import text_of
from entra_sim.simulator.expressions import trace
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.ids import seeded_chance

NOW = datetime(2025, 1, 5, 9, 30, tzinfo=UTC)


def world(**changes: Any) -> EvaluationContext:
    ids = CountedIds()
    given: dict[str, Any] = {
        "now": NOW,
        "new_id": lambda: ids.new("expression"),
        "chance": seeded_chance("test"),
        "default_domain": "contoso.com",
    }
    return EvaluationContext(**{**given, **changes})


def drive(steps: Generator[str, bool, Result], taken: set[str]) -> tuple[Result, list[str]]:
    asked = []
    try:
        candidate = next(steps)
        while True:
            asked.append(candidate)
            candidate = steps.send(candidate in taken)
    except StopIteration as stop:
        return stop.value, asked


@pytest.mark.parametrize("one", functions(), ids=lambda one: one.name)
def test_the_example_of_every_function_gives_what_it_says(one: FunctionDescription) -> None:
    result = evaluate(parse(one.example), one.example_attributes, world())
    if isinstance(one.example_value, tuple):
        assert tuple(map(text_of, result.value)) == one.example_value
    elif isinstance(one.example_value, str) and one.example_value.startswith("~"):
        assert re.fullmatch(one.example_value[1:], text_of(result.value) or "")
    else:
        assert text_of(result.value) == one.example_value
    assert f"{one.name}(" in one.example
    assert one.meaning.endswith(".")


@pytest.mark.rule("SelectUniqueValue")
def test_candidates_are_asked_for_one_after_the_other() -> None:
    expression = parse('SelectUniqueValue([none], "", Append([a], "1"), Append([a], "2"), CDate("bad"))')
    result, asked = drive(evaluate_steps(expression, {"a": "x"}, world()), {"x1"})
    assert (result.value, asked) == ("x2", ["x1", "x2"])


@pytest.mark.rule("SelectUniqueValue")
def test_all_candidates_taken() -> None:
    expression = parse('SelectUniqueValue("a", "b")')
    with pytest.raises(ExpressionError, match='every candidate is taken already: "a", "b"') as caught:
        drive(evaluate_steps(expression, {}, world()), {"a", "b"})
    assert (caught.value.code, caught.value.function) == ("NoUniqueValue", "SelectUniqueValue")
    with pytest.raises(ExpressionError, match="no candidate has a value") as caught:
        evaluate(parse('SelectUniqueValue([x], "")'), {})
    assert caught.value.code == "NoUniqueValue"


def test_evaluate_asks_the_context() -> None:
    expression = parse('SelectUniqueValue("a", "b")')
    assert evaluate(expression, {}).value == "a"
    assert evaluate(expression, {}, EvaluationContext(is_taken=lambda text: text == "a")).value == "b"


def test_steps_of_other_expressions_ask_nothing() -> None:
    assert drive(evaluate_steps(parse("[a]"), {"a": "x"}), set()) == (Result("x", "", "x"), [])


def test_a_redacted_candidate_is_hidden() -> None:
    result = evaluate(parse('SelectUniqueValue(Redact("a"), "b")'), {})
    assert (result.value, result.log_value) == ("a", "[Redact]")


def test_fresh_values_are_drawn_each_time() -> None:
    context = world()
    first, second = evaluate(parse('Split(Join(",", Guid(), Guid()), ",")'), {}, context).value
    assert first != second
    assert evaluate(parse("Guid()"), {}, context).value not in (first, second)
    assert evaluate(parse("DefaultDomain()"), {}, context).value == "contoso.com"


@pytest.mark.parametrize("seed", range(5))
def test_random_strings_keep_their_minima(seed: int) -> None:
    context = world(chance=random.Random(seed))
    found = evaluate(parse('RandomString(20, 3, 4, 5, 6, "aZ9?")'), {}, context).value
    assert len(found) == 20
    assert not set(found) & set("aZ9?")
    counts = [sum(map(test, found)) for test in (str.isdigit, str.isupper, str.islower)]
    assert counts[0] >= 3
    assert counts[1] >= 5
    assert counts[2] >= 6
    assert sum(not character.isalnum() for character in found) >= 4


def test_the_same_seed_gives_the_same_string() -> None:
    expression = parse("RandomString(30, 1, 1, 1, 1)")
    assert evaluate(expression, {}, world()).value == evaluate(expression, {}, world()).value


@pytest.mark.rule("AppRoleAssignmentsComplex", "SingleAppRoleAssignment")
def test_role_assignments() -> None:
    roles = [{"id": "1", "value": "A", "displayName": "Admin", "other": "x"}, "User"]
    assert evaluate(parse("AppRoleAssignmentsComplex([r])"), {"r": roles}).value == (
        {"id": "1", "value": "A", "displayName": "Admin"},
        {"value": "User", "displayName": "User"},
    )
    assert evaluate(parse("SingleAppRoleAssignment([r])"), {"r": roles}).value == "Admin"
    assert evaluate(parse("SingleAppRoleAssignment([r])"), {"r": [{"value": "A", "displayName": ""}]}).value == "A"
    joined = evaluate(parse('Join(";", AppRoleAssignmentsComplex([r]))'), {"r": roles[:1]}).value
    assert joined == '{"id":"1","value":"A","displayName":"Admin"}'


def test_rows_give_values_remarks_and_errors() -> None:
    texts = ("[a]", 'Append([a], "é")', "IgnoreAttributeFlow", "Redact([a])", "CDate([a])", "[none]", "Len([a])")
    found = Rows.of(map(parse, texts)).evaluate({"a": "x"}, world())
    assert found.values == ["x", "xé", None, "x", None, None, 1]
    assert {row: result.ignore for row, result in found.remarks.items()} == {2: "attribute", 3: ""}
    assert found.result(3) == Result("x", "", "[Redact]")
    assert found.result(1) == Result("xé", "", "xé")
    assert list(found.errors) == [4]
    with pytest.raises(ExpressionError, match="CDate"):
        found.result(4)


def test_rows_agree_with_single_evaluation() -> None:
    expressions = [parse(one.example) for one in functions() if one.name not in ("Guid", "RandomString")]
    for attributes in (one.example_attributes for one in functions()):
        found = Rows.of(expressions).evaluate(attributes, world())
        for row, expression in enumerate(expressions):
            try:
                assert found.result(row) == evaluate(expression, attributes, world())
            except ExpressionError:
                assert row in found.errors


def test_evaluation_leaves_its_inputs_alone() -> None:
    attributes = {"l": ["b", "a", "b"], "r": [{"value": "x"}]}
    before = repr(attributes)
    for text in ("RemoveDuplicates([l])", 'Append([l], "x")', "AppRoleAssignmentsComplex([r])", "[l]"):
        evaluate(parse(text), attributes)
    assert repr(attributes) == before


def test_a_trace_shows_every_node() -> None:
    traced = trace(parse('IIF([a] = "x", Mid([b], 1, 2), Append([c], "!"))'), {"a": "x", "b": "hello"})
    condition, taken, skipped = traced.root.children
    assert traced.result is not None
    assert traced.result.value == "he"
    assert (condition.label, condition.state, condition.result) == ("=", "value", Result(True, "", True))
    assert [child.label for child in taken.children] == ["[b]", "1", "2"]
    assert [child.state for child in taken.children] == ["value", "constant", "constant"]
    assert (skipped.state, skipped.result, skipped.text) == ("skipped", None, 'Append([c], "!")')


def test_a_trace_of_a_failure_shows_where() -> None:
    traced = trace(parse('Join("-", [a], CDate([b]))'), {"a": "x", "b": "bad"})
    assert traced.result is None
    assert traced.error is not None
    assert traced.error.function == "CDate"
    assert [child.state for child in traced.root.children] == ["constant", "value", "error"]
    assert traced.root.state == "error"


def test_a_trace_of_candidates_stops_at_the_free_one() -> None:
    context = world(is_taken=lambda text: text == "a")
    traced = trace(parse('SelectUniqueValue(Append("a", ""), Append("b", ""), Append("c", ""))'), {}, context)
    assert traced.result == Result("b", "", "b")
    assert [child.state for child in traced.root.children] == ["value", "value", "skipped"]


def test_a_trace_of_switch_shows_the_keys_that_were_tried() -> None:
    traced = trace(parse('Switch([a], "d", Left("xy", 1), "one", Left("zz", 1), "two")'), {"a": "x"})
    assert [child.state for child in traced.root.children] == [
        "value",
        "constant",
        "value",
        "constant",
        "skipped",
        "constant",
    ]
