"""Evaluates an expression and keeps the value of every node, for people who want to see why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.binding import Binder
from entra_sim.simulator.expressions.binding import Closure
from entra_sim.simulator.expressions.binding_lazy import LAZY
from entra_sim.simulator.expressions.context import NO_CONTEXT
from entra_sim.simulator.expressions.context import EvaluationContext
from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.evaluation import Result
from entra_sim.simulator.expressions.evaluation import driven
from entra_sim.simulator.expressions.evaluation import finished
from entra_sim.simulator.expressions.expression import SELECT_UNIQUE_VALUE
from entra_sim.simulator.expressions.expression import Expression
from entra_sim.simulator.expressions.tree import Attribute
from entra_sim.simulator.expressions.tree import Call
from entra_sim.simulator.expressions.tree import Comparison
from entra_sim.simulator.expressions.tree import Constant
from entra_sim.simulator.expressions.tree import Node
from entra_sim.simulator.expressions.tree import Word
from entra_sim.simulator.expressions.tree import children
from entra_sim.simulator.expressions.tree import print_tree
from entra_sim.simulator.expressions.values import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNode:
    """One node of the tree and what became of it.

    Args:
        text: the node printed.
        label: the node without its operands: `Join`, `[mail]`, `"x"`, `=`.
        state: "value", "error", "constant" or "skipped" (its value was never needed).
        result: what it gave, for state "value".
        error: what it failed with, for state "error".
        children: its operands, those left out left out.
    """

    text: str
    label: str
    state: str
    result: Result | None
    error: ExpressionError | None
    children: tuple[TraceNode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """An evaluation with its tree: either `result` or `error` is there."""

    root: TraceNode
    result: Result | None
    error: ExpressionError | None


def trace(expression: Expression, attributes: Mapping[str, Any], context: EvaluationContext = NO_CONTEXT) -> Trace:
    """Return the evaluation and the value of every node; an error is part of what comes back, not raised."""
    seen: dict[int, Result | ExpressionError] = {}

    def observe(node: Node, closure: Closure) -> Closure:
        def watched(given: Mapping[str, Any], run: Run) -> Any:
            try:
                value = closure(given, run)
            except ExpressionError as error:
                seen[id(node)] = error
                raise
            seen[id(node)] = finished(value, None)
            return value

        return watched

    binder = Binder(LAZY, observe)
    result: Result | None = None
    failure: ExpressionError | None = None
    try:
        result = _evaluated(expression, binder, attributes, context)
        seen[id(expression.root)] = result
    except ExpressionError as error:
        failure = seen[id(expression.root)] = error
    return Trace(root=_node(expression.root, seen), result=result, error=failure)


def _evaluated(
    expression: Expression, binder: Binder, attributes: Mapping[str, Any], context: EvaluationContext
) -> Result:
    run = Run(context)
    root = expression.root
    if isinstance(root, Call) and root.name == SELECT_UNIQUE_VALUE:
        candidates = tuple(binder.optional(operand) for operand in root.arguments)
        return driven(candidates, Site(root.name, root.column), attributes, run)
    value = binder.bind(root)(attributes, run)
    return Result(value, "", value) if isinstance(root, Attribute) else finished(value, run)


def _node(node: Node, seen: Mapping[int, Result | ExpressionError]) -> TraceNode:
    found = seen.get(id(node))
    is_constant = isinstance(node, Constant | Word)
    state = "constant" if is_constant else "skipped" if found is None else "value"
    error = found if isinstance(found, ExpressionError) else None
    return TraceNode(
        text=print_tree(node),
        label=_label(node),
        state="error" if error is not None else state,
        result=found if isinstance(found, Result) else None,
        error=error,
        children=tuple(_node(child, seen) for child in children(node)),
    )


def _label(node: Node) -> str:
    if isinstance(node, Call):
        return node.name
    return node.operator if isinstance(node, Comparison) else print_tree(node)
