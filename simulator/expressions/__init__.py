"""The expression language of attribute mappings: text → immutable tree → value. Pure.

`parse` gives an Expression, compiled once; `evaluate` runs it over the attributes of one object, `evaluate_steps` does
so as a generator for the engine, `Rows` evaluates all rows of a mapping at once. `to_graph` and `from_graph` speak
Microsoft Graph's attributeMappingSource. Source: docs/reference/expressions.md.
"""

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.catalogue import functions
from entra_sim.simulator.expressions.context import NO_CONTEXT
from entra_sim.simulator.expressions.context import EvaluationContext
from entra_sim.simulator.expressions.description import FunctionDescription
from entra_sim.simulator.expressions.description import Parameter
from entra_sim.simulator.expressions.evaluation import REDACTED
from entra_sim.simulator.expressions.evaluation import Result
from entra_sim.simulator.expressions.evaluation import evaluate
from entra_sim.simulator.expressions.evaluation import evaluate_steps
from entra_sim.simulator.expressions.expression import Expression
from entra_sim.simulator.expressions.expression import parse
from entra_sim.simulator.expressions.graph import from_graph
from entra_sim.simulator.expressions.graph import to_graph
from entra_sim.simulator.expressions.rows import Rows
from entra_sim.simulator.expressions.rows import RowValues
from entra_sim.simulator.expressions.tracing import Trace
from entra_sim.simulator.expressions.tracing import TraceNode
from entra_sim.simulator.expressions.tracing import trace
from entra_sim.simulator.expressions.values import text_of

__all__ = [
    "NO_CONTEXT",
    "REDACTED",
    "EvaluationContext",
    "Expression",
    "ExpressionError",
    "FunctionDescription",
    "Parameter",
    "Result",
    "RowValues",
    "Rows",
    "Trace",
    "TraceNode",
    "evaluate",
    "evaluate_steps",
    "from_graph",
    "functions",
    "parse",
    "text_of",
    "to_graph",
    "trace",
]
