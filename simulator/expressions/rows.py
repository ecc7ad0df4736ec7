"""All rows of an attribute mapping evaluated together, for one object at a time: the hot path of a cycle."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.binding import Closure
from entra_sim.simulator.expressions.context import NO_CONTEXT
from entra_sim.simulator.expressions.context import EvaluationContext
from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.evaluation import IDLE
from entra_sim.simulator.expressions.evaluation import Result
from entra_sim.simulator.expressions.evaluation import driven
from entra_sim.simulator.expressions.evaluation import finished
from entra_sim.simulator.expressions.expression import Expression

NO_ROWS: Mapping[int, Any] = MappingProxyType({})


class RowValues:
    """What the rows gave for one object.

    Attributes:
        values: one value per row, as Result.value; None for a row that failed or is left out.
        remarks: row → result, of the rows whose result says more than its value: left out, or hidden in logs.
        errors: row → error, of the rows that failed. One is enough to fail the object (expressions.md section 6).
    """

    __slots__ = ("errors", "remarks", "values")

    def __init__(self, values: list[Any]) -> None:
        self.values = values
        self.remarks: Mapping[int, Result] = NO_ROWS
        self.errors: Mapping[int, ExpressionError] = NO_ROWS

    def result(self, row: int) -> Result:
        """Return the result of a row.

        Raises:
            ExpressionError: the row failed.
        """
        if row in self.errors:
            raise self.errors[row]
        return self.remarks.get(row) or Result(self.values[row], "", self.values[row])


@dataclass(frozen=True, slots=True)
class Rows:
    """Expressions in the order of their rows, prepared once.

    Args:
        expressions: one per row.
        names: the attribute of each row that is a bare attribute; a name that is never looked at for the others.
        simple: row and closure of those others that need nothing but the attributes.
        computed: row and expression of the rest.
    """

    expressions: tuple[Expression, ...]
    names: tuple[str, ...]
    simple: tuple[tuple[int, Closure], ...]
    computed: tuple[tuple[int, Expression], ...]

    @classmethod
    def of(cls, expressions: Iterable[Expression]) -> Rows:
        """Return the rows of these expressions."""
        rows = tuple(expressions)
        return cls(
            rows,
            tuple(row.attribute_name or "" for row in rows),
            tuple((index, row.closure) for index, row in enumerate(rows) if row.is_simple),
            tuple((index, row) for index, row in enumerate(rows) if row.needs_run),
        )

    def evaluate(self, attributes: Mapping[str, Any], context: EvaluationContext = NO_CONTEXT) -> RowValues:
        """Return what every row gives for the attributes; errors are part of what comes back, not raised.

        SelectUniqueValue asks `context.is_taken`; where that needs a request, use `evaluate_steps` for its row.
        """
        values = list(map(attributes.get, self.names))
        found = RowValues(values)
        for row, closure in self.simple:
            try:
                value = closure(attributes, IDLE)
                if type(value) is not str or not value.isascii():
                    result = finished(value, None)
                    value = result.value
                    if result.ignore:
                        found.remarks = {**found.remarks, row: result}
                values[row] = value
            except ExpressionError as error:
                values[row] = None
                found.errors = {**found.errors, row: error}
        for row, expression in self.computed:
            try:
                self._run(row, expression, attributes, context, found)
            except ExpressionError as error:
                values[row] = None
                found.errors = {**found.errors, row: error}
        return found

    def _run(
        self,
        row: int,
        expression: Expression,
        attributes: Mapping[str, Any],
        context: EvaluationContext,
        found: RowValues,
    ) -> None:
        run = Run(context)
        if expression.candidates:
            result = driven(expression.candidates, expression.site, attributes, run)
        else:
            result = finished(expression.closure(attributes, run), run)
        found.values[row] = result.value
        if result.ignore or run.is_redacted:
            found.remarks = {**found.remarks, row: result}
