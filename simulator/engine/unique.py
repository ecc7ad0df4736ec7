"""SelectUniqueValue: the target is asked for each candidate, through the same generator as everything else."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Mapping
from typing import Any

from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.mapping import mapping_failed
from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import Result
from entra_sim.simulator.expressions import evaluate_steps
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.call import Reply


def unique_values(
    compiled: CompiledMapping, attributes: Mapping[str, Any], context: EvaluationContext
) -> Generator[Call, Reply, dict[str, Result]]:
    """Return target attribute → result for the rows that must ask the target; other rows are left out.

    Raises:
        MappingFailed: every candidate is taken, or the expression fails.
        TargetError: a lookup failed.
    Source: expressions.md, SelectUniqueValue.
    """
    found: dict[str, Result] = {}
    for item in compiled.rows:
        if item.expression is None or not item.expression.asks_target:
            continue
        name = item.row.target_attribute_name
        steps = evaluate_steps(item.expression, attributes, context)
        try:
            candidate = next(steps)
            while True:
                why = Provenance(purpose=f"is '{candidate}' free as {name}?", source=str(item.row.source_expression))
                reply = yield requests.match(compiled.object_type, name, candidate, provenance=why)
                candidate = steps.send(bool(responses.read_list(reply)))
        except StopIteration as stop:
            found[name] = stop.value
        except ExpressionError as error:
            raise mapping_failed(item, error) from error
    return found
