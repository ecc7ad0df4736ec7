"""Expressions in the form of Microsoft Graph: attributeMappingSource, a tree of dictionaries.

A node is `{expression, name, type, parameters}`. Arguments left out have no entry; a number inside `parameters` is
written in quotes, while the enclosing expression keeps it bare: the outermost `expression` therefore says everything,
and wins over the tree. Source: expressions.md section 8; graph-api.md section 4.3.

Assumed, for want of a published tree: a comparison is a function named after its operator with the parameters `left`
and `right`; a bare word is a function without parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions.binding import constant_value
from entra_sim.simulator.expressions.catalogue import FUNCTIONS
from entra_sim.simulator.expressions.description import FunctionDescription
from entra_sim.simulator.expressions.description import Parameter
from entra_sim.simulator.expressions.expression import Expression
from entra_sim.simulator.expressions.expression import parse
from entra_sim.simulator.expressions.parser import parse_argument
from entra_sim.simulator.expressions.tree import COMPARISONS
from entra_sim.simulator.expressions.tree import MAX_DEPTH
from entra_sim.simulator.expressions.tree import WORDS
from entra_sim.simulator.expressions.tree import Attribute
from entra_sim.simulator.expressions.tree import Call
from entra_sim.simulator.expressions.tree import Comparison
from entra_sim.simulator.expressions.tree import Constant
from entra_sim.simulator.expressions.tree import Node
from entra_sim.simulator.expressions.tree import Word
from entra_sim.simulator.expressions.tree import print_tree
from entra_sim.simulator.expressions.tree import quoted
from entra_sim.simulator.expressions.wording import one_line

_REPLACE_PLACES = 7


def to_graph(expression: Expression) -> dict[str, Any]:
    """Return the attributeMappingSource of an expression: `expression`, `name`, `type`, `parameters`."""
    source = _node(expression.root)
    source["expression"] = str(expression)
    return source


def _node(node: Node) -> dict[str, Any]:
    if isinstance(node, Attribute):
        return _source(print_tree(node), node.name, "Attribute")
    if isinstance(node, Constant):
        value = str(constant_value(node))
        return _source(quoted(value), value, "Constant")
    if isinstance(node, Word):
        return _source(node.name, node.name, "Function")
    if isinstance(node, Comparison):
        parameters = [("left", node.left), ("right", node.right)]
        return _source(print_tree(node), node.operator, "Function", parameters)
    places = FUNCTIONS[node.name].parameters_for(len(node.arguments))
    given = [
        (parameter.graph_key, argument)
        for parameter, argument in zip(places, node.arguments, strict=True)
        if argument is not None
    ]
    return _source(print_tree(node), node.name, "Function", given)


def _source(expression: str, name: str, kind: str, parameters: Sequence[tuple[str, Node]] = ()) -> dict[str, Any]:
    return {
        "expression": expression,
        "name": name,
        "type": kind,
        "parameters": [{"key": key, "value": _node(value)} for key, value in parameters],
    }


def from_graph(source: Mapping[str, Any]) -> Expression:
    """Return the expression of an attributeMappingSource.

    Its `expression` is parsed; the tree is read only where there is none.

    Raises:
        ExpressionError: as `parse`; ParseError also for a node that is none.
    """
    text = _text(source, "expression")
    if text.strip():
        try:
            return parse(text)
        except ExpressionError:
            if not _is_bare(source, text):
                raise
    return parse(print_tree(_tree(source, 0)))


def _is_bare(source: Mapping[str, Any], text: str) -> bool:
    """Return whether an attribute or constant repeats its name in `expression`, without brackets or quotes."""
    return source.get("type", "Attribute") in ("Attribute", "Constant") and text == source.get("name")


def _text(source: Mapping[str, Any], member: str) -> str:
    value = source.get(member)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(f"{member} of an attribute mapping source must be a text")
    return value


def _tree(source: Any, level: int) -> Node:
    """Return the tree of a node; a nested `expression` wins over what is below it."""
    if not isinstance(source, Mapping):
        raise _wrong("an attribute mapping source must be an object")
    if level > MAX_DEPTH + 2:  # the innermost call holds a comparison, and that an operand
        raise _wrong(f"the tree is deeper than {MAX_DEPTH} levels")
    text = _text(source, "expression")
    if level and text.strip() and not _is_bare(source, text):
        return parse_argument(text)
    name = _text(source, "name")
    match _text(source, "type") or "Attribute":
        case "Attribute":
            return Attribute(name)
        case "Constant":
            return Constant(name)
        case "Function":
            return _function(name, source.get("parameters") or (), level)
        case other:
            raise _wrong(f'type must be Attribute, Constant or Function, not "{other}"')


def _function(name: str, parameters: Any, level: int) -> Node:
    if not isinstance(parameters, list | tuple):
        raise _wrong("parameters of an attribute mapping source must be a list")
    given: list[tuple[str, Node]] = []
    for parameter in parameters:
        if not isinstance(parameter, Mapping):
            raise _wrong("a parameter must be an object with key and value")
        given.append((_text(parameter, "key"), _tree(parameter.get("value"), level + 1)))
    if name in WORDS and not given:
        return Word(name)
    if name in COMPARISONS and len(given) == 2:
        return Comparison(name, given[0][1], given[1][1])
    description = FUNCTIONS.get(name)
    if description is None:
        return Call(name, tuple(value for _, value in given))
    return Call(name, _arguments(description, given))


def _arguments(description: FunctionDescription, given: list[tuple[str, Node]]) -> tuple[Node | None, ...]:
    """Return the arguments in order, gaps left out; a key that is not known takes the next free place."""
    places: list[list[Node]] = [[] for _ in description.parameters]
    for key, value in given:
        index = next((index for index, parameter in enumerate(description.parameters) if _fits(parameter, key)), -1)
        if index < 0 or (places[index] and not description.parameters[index].repeated):
            index = next((index for index, place in enumerate(places) if not place), -1)
        if index < 0:
            raise _wrong(f"{description.name} has no parameter for {key}: {description.signature}")
        places[index].append(value)
    arguments: list[Node | None] = []
    for place in places:
        arguments.extend(place or [None])
    while arguments and arguments[-1] is None:
        arguments.pop()
    if description.name == "Replace":
        arguments += [None] * (_REPLACE_PLACES - len(arguments))
    return tuple(arguments)


def _fits(parameter: Parameter, key: str) -> bool:
    return key.lower() in (parameter.graph_key.lower(), parameter.name.lower())


def _wrong(reason: str) -> ExpressionError:
    return ExpressionError(one_line(reason), code="ParseError")
