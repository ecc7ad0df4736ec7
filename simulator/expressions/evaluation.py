"""Evaluates expressions over the attributes of one source object."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from entra_sim.simulator.expressions.binding import Closure
from entra_sim.simulator.expressions.context import NO_CONTEXT
from entra_sim.simulator.expressions.context import EvaluationContext
from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.expression import Expression
from entra_sim.simulator.expressions.instant import Instant
from entra_sim.simulator.expressions.values import FlowMarker
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import is_list
from entra_sim.simulator.expressions.values import shown
from entra_sim.simulator.expressions.values import text
from entra_sim.simulator.expressions.values import text_of
from entra_sim.simulator.expressions.values import well_formed

REDACTED = "[Redact]"
"""What the logs show. Source: expressions.md section 9, Redact."""


class Result(NamedTuple):
    """What an expression gives for one object.

    Args:
        value: None for no value, text, int, Decimal or float, bool, aware UTC datetime, or a list of texts or role
            objects.
        ignore: "" normally; "attribute" leaves the target attribute out of the operation, "object" the whole object.
        log_value: what logs may show: the value, or `[Redact]`.
    """

    value: Any
    ignore: str = ""
    log_value: Any = None

    @property
    def text(self) -> str | None:
        """Return the text form of the value, None for no value and for lists."""
        return text_of(self.value)


IDLE = Run(NO_CONTEXT)
"""Passed to closures that never look at it."""

_make: Callable[[type[Result], tuple[Any, str, Any]], Result] = tuple.__new__


def evaluate(expression: Expression, attributes: Mapping[str, Any], context: EvaluationContext = NO_CONTEXT) -> Result:
    """Return what the expression gives for the attributes, which stay as they are.

    Args:
        expression: a parsed one.
        attributes: name → text, number, Boolean, None (missing), datetime or list; role assignments as texts or as
            mappings with id, value, displayName.
        context: clock, ids, chance, tenant, and which texts the target has.
    Raises:
        ExpressionError: EvaluationError or NoUniqueValue, with the column and the function.
    """
    name = expression.attribute_name
    if name is not None:
        value = attributes.get(name)
        return _make(Result, (value, "", value))
    if not expression.needs_run:
        return finished(expression.closure(attributes, IDLE), None)
    if not expression.candidates:
        run = Run(context)
        return finished(expression.closure(attributes, run), run)
    return driven(expression.candidates, expression.site, attributes, Run(context))


def evaluate_steps(
    expression: Expression, attributes: Mapping[str, Any], context: EvaluationContext = NO_CONTEXT
) -> Generator[str, bool, Result]:
    """Evaluate step by step: yield each candidate text of SelectUniqueValue, be sent whether the target has it.

    An expression without SelectUniqueValue yields nothing. Candidates are evaluated only when they are reached; missing
    and empty ones are passed over. `context.is_taken` is not used.

    Returns:
        The result, as `evaluate` gives it.
    Raises:
        ExpressionError: as `evaluate`.
    """
    if not expression.candidates:
        return evaluate(expression, attributes, context)
    return (yield from _choose(expression.candidates, expression.site, attributes, Run(context)))


def _choose(
    candidates: tuple[Closure, ...], site: Site, attributes: Mapping[str, Any], run: Run
) -> Generator[str, bool, Result]:
    tried = []
    for candidate in candidates:
        value = text(candidate(attributes, run), site)
        if not value:
            continue
        value = well_formed(value)
        is_taken = yield value
        if not is_taken:
            return finished(value, run)
        tried.append(value)
    raise site.failure(
        f"every candidate is taken already: {', '.join(map(shown, tried))}" if tried else "no candidate has a value",
        "NoUniqueValue",
    )


def driven(candidates: tuple[Closure, ...], site: Site, attributes: Mapping[str, Any], run: Run) -> Result:
    """Return the first candidate that the context's `is_taken` does not know; errors as `evaluate`."""
    steps = _choose(candidates, site, attributes, run)
    is_taken = run.context.is_taken or _never
    try:
        candidate = next(steps)
        while True:
            candidate = steps.send(is_taken(candidate))
    except StopIteration as stop:
        result: Result = stop.value
        return result


def _never(candidate: str) -> bool:
    return False


def finished(value: Any, run: Run | None) -> Result:
    """Return the result of a value: native types, well-formed texts, marker or redaction noted."""
    ignore = ""
    if type(value) is str:
        if not value.isascii():
            value = well_formed(value)
    elif type(value) is FlowMarker:
        ignore, value = value.scope, None
    elif value is not None:
        value = _native(value)
    return _make(Result, (value, ignore, REDACTED if run is not None and run.is_redacted else value))


def _native(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(text_of(value) or "")
    if isinstance(value, Instant):
        return value.to_datetime()
    if is_list(value):
        return tuple(_native(element) for element in value)
    if isinstance(value, Mapping):
        return {key: _native(member) for key, member in value.items()}
    return value
