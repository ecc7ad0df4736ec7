"""Which of its forms a call of Replace has, decided from the places that hold an operand."""

from __future__ import annotations

from collections.abc import Sequence

from entra_sim.simulator.expressions.tree import Constant
from entra_sim.simulator.expressions.tree import Node

_SOURCE, _OLD, _PATTERN, _GROUP, _REPLACEMENT, _OTHER, _TEMPLATE = range(7)

_FORMS = (
    ("template", {_OLD, _TEMPLATE}),
    ("text", {_OLD, _REPLACEMENT}),
    ("group", {_PATTERN, _GROUP, _REPLACEMENT}),
    ("fallback", {_PATTERN, _GROUP, _OTHER}),
    ("pattern", {_PATTERN, _REPLACEMENT}),
)


def replace_form(arguments: Sequence[Node | None]) -> str | None:
    """Return "template", "text", "fallback", "group" or "pattern", None if no form fits.

    An empty constant counts as a place left out, except as the replacement. Source: expressions.md section 9, Replace.
    Assumed: real mappings fill unused places with empty texts.
    """
    used = {index for index, operand in enumerate(arguments) if _is_used(index, operand)}
    return next((form for form, places in _FORMS if places <= used), None)


def _is_used(index: int, operand: Node | None) -> bool:
    if index == _REPLACEMENT:
        return operand is not None
    return operand is not None and not (isinstance(operand, Constant) and operand.text == "")
