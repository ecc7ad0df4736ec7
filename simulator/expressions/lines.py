"""One case in, one outcome out, as JSON objects. Source: expressions.md section 15."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.casing import lower
from entra_sim.simulator.expressions.context import EvaluationContext
from entra_sim.simulator.expressions.date_reading import read_date
from entra_sim.simulator.expressions.evaluation import Result
from entra_sim.simulator.expressions.evaluation import evaluate
from entra_sim.simulator.expressions.expression import parse
from entra_sim.simulator.expressions.values import text_of

INPUT_ERROR = "InputError"
"""Code of the outcome of a line that is no case."""


def evaluate_line(case: Any, context: EvaluationContext) -> dict[str, Any]:
    """Return the outcome of a case: `value` with `ignore` or `log` where they say something, or `error` and `message`.

    Args:
        case: an object with `expression`, `attributes` and optionally `id` and `context` (`now`, `default_domain`,
            `target_existing`).
        context: what is taken where the case says nothing.
    """
    outcome: dict[str, Any] = {}
    if isinstance(case, Mapping) and "id" in case:
        outcome["id"] = case["id"]
    try:
        expression, attributes, given = _members(case)
        result = evaluate(parse(expression), attributes, context_of(given, context))
        outcome.update(outcome_of(result))
    except ExpressionError as error:
        outcome.update(failure_of(error))
    except ValueError as error:
        outcome.update({"error": INPUT_ERROR, "message": str(error)})
    return outcome


def outcome_of(result: Result) -> dict[str, Any]:
    """Return a result as an outcome."""
    outcome: dict[str, Any] = {"value": json_value(result.value)}
    if result.ignore:
        outcome["ignore"] = result.ignore
    if result.log_value != result.value:
        outcome["log"] = result.log_value
    return outcome


def failure_of(error: ExpressionError) -> dict[str, Any]:
    """Return an error as an outcome."""
    outcome: dict[str, Any] = {"error": error.code, "message": str(error), "column": error.column}
    if error.function:
        outcome["function"] = error.function
    return outcome


def json_value(value: Any) -> Any:
    """Return the value as JSON can carry it; a datetime in its text form."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | Decimal | datetime):
        return text_of(value)
    if isinstance(value, Mapping):
        return {key: json_value(member) for key, member in value.items()}
    return [json_value(element) for element in value]


def context_of(given: Mapping[str, Any], context: EvaluationContext) -> EvaluationContext:
    """Return the context with what a case says in its stead.

    Raises:
        ValueError: a member is not of its kind.
    """
    changes: dict[str, Any] = {}
    if given.get("now") is not None:
        moment = read_date(given["now"]) if isinstance(given["now"], str) else None
        if moment is None:
            raise ValueError("context.now must be an ISO 8601 date and time")
        changes["now"] = moment.to_datetime()
    if "default_domain" in given:
        if not isinstance(given["default_domain"], str | None):
            raise ValueError("context.default_domain must be a text or null")
        changes["default_domain"] = given["default_domain"]
    if given.get("target_existing") is not None:
        existing = given["target_existing"]
        if not isinstance(existing, list) or not all(isinstance(value, str) for value in existing):
            raise ValueError("context.target_existing must be a list of texts")
        taken = frozenset(map(lower, existing))
        changes["is_taken"] = lambda candidate: lower(candidate) in taken
    return dataclasses.replace(context, **changes) if changes else context


def _members(case: Any) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
    if not isinstance(case, Mapping):
        raise ValueError("a case must be an object with expression and attributes")
    expression = case.get("expression")
    attributes = case.get("attributes")
    context = case.get("context")
    if not isinstance(expression, str):
        raise ValueError("expression must be a text")
    if not isinstance(attributes, Mapping | None):
        raise ValueError("attributes must be an object")
    if not isinstance(context, Mapping | None):
        raise ValueError("context must be an object")
    return expression, attributes or {}, context or {}
