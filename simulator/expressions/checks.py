"""What can be refused without any attribute values: unknown functions and wrong arguments, outermost call first.

Source: expressions.md section 6, phase 1.
"""

from __future__ import annotations

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.catalogue import FUNCTIONS
from entra_sim.simulator.expressions.description import FunctionDescription
from entra_sim.simulator.expressions.parser import nearest
from entra_sim.simulator.expressions.pattern_cost import MAX_COST
from entra_sim.simulator.expressions.pattern_cost import estimated_cost
from entra_sim.simulator.expressions.replace_forms import replace_form
from entra_sim.simulator.expressions.tree import Call
from entra_sim.simulator.expressions.tree import Constant
from entra_sim.simulator.expressions.tree import Node
from entra_sim.simulator.expressions.tree import Word
from entra_sim.simulator.expressions.tree import walk


def check(root: Node) -> None:
    """Check the whole tree, taken branches or not.

    Raises:
        ExpressionError: UnknownFunction or ArgumentError, for the outermost wrong call.
    """
    allowed_words: set[int] = set()
    cost_of_patterns = 0
    for node in walk(root):
        allowed_words.update(id(operand) for operand in _compare_types(node))
        if isinstance(node, Call):
            _check_call(node, is_top=node is root)
            if node.name == "Replace":
                cost_of_patterns += _cost_of_pattern(node)
                if cost_of_patterns > MAX_COST:
                    raise _too_many_patterns(node)
        elif isinstance(node, Word) and node.name.startswith("vb") and id(node) not in allowed_words:
            raise ExpressionError(
                f"{node.name} can only be the fourth argument of InStr (column {node.column})",
                code="ArgumentError",
                column=node.column,
                function="InStr",
            )


def _cost_of_pattern(call: Call) -> int:
    pattern = call.arguments[2] if len(call.arguments) > 2 else None
    return estimated_cost(pattern.text) if isinstance(pattern, Constant) and pattern.text else 0


def _too_many_patterns(call: Call) -> ExpressionError:
    return ExpressionError(
        "the regular expressions are too many or too long to be prepared in time: "
        f"divide the expression among several attributes, from this Replace on (column {call.column})",
        code="ArgumentError",
        column=call.column,
        function=call.name,
    )


def _compare_types(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Call) and node.name == "InStr" and len(node.arguments) == 4:
        operand = node.arguments[3]
        return (operand,) if operand is not None else ()
    return ()


def _check_call(call: Call, *, is_top: bool) -> None:
    description = FUNCTIONS.get(call.name)
    if description is None:
        near = nearest(call.name, tuple(FUNCTIONS))
        hint = f"; did you mean {near}?" if near else ""
        name = call.name if len(call.name) <= 60 else f"{call.name[:57]}..."
        raise ExpressionError(
            f"there is no function {name}{hint} (column {call.column})",
            code="UnknownFunction",
            column=call.column,
            function=call.name,
        )
    reason = _wrong_arguments(call, description, is_top=is_top)
    if reason:
        raise ExpressionError(
            f"{call.name} {reason}: {description.signature} (column {call.column})",
            code="ArgumentError",
            column=call.column,
            function=call.name,
        )


def _wrong_arguments(call: Call, description: FunctionDescription, *, is_top: bool) -> str:
    """Return what is wrong with the arguments, or ""."""
    count = len(call.arguments)
    if count < description.minimum_count or (
        description.maximum_count is not None and count > description.maximum_count
    ):
        return f"takes {_amount(description)}, not {count}"
    if call.name == "Switch" and count % 2:
        return f"takes a source, a default and pairs of key and value, an even number of arguments, not {count}"
    for index, argument in enumerate(call.arguments):
        if argument is None and not description.may_leave_out(index, count):
            return f"needs its argument {index + 1}, which is left out"
    if call.name == "SelectUniqueValue" and not is_top:
        return "must be the outermost function"
    if call.name == "Replace" and replace_form(call.arguments) is None:
        return "needs oldValue or regexPattern together with a replacement"
    return ""


def _amount(description: FunctionDescription) -> str:
    least, most = description.minimum_count, description.maximum_count
    if most == 0:
        return "no argument"
    if most is None:
        return f"at least {least} argument{'s' if least != 1 else ''}"
    if least == most:
        return f"{least} argument{'s' if least != 1 else ''}"
    return f"{least} to {most} arguments"
