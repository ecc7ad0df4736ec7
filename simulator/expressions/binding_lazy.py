"""Closures of the functions that decide which of their arguments are evaluated.

Source: expressions.md section 5.1: IIF evaluates only the branch taken, Switch only the keys up to the first match and
the value taken, Coalesce stops at the first value. Join is here because it must be fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from entra_sim.simulator.expressions.binding import Binder
from entra_sim.simulator.expressions.binding import Builder
from entra_sim.simulator.expressions.binding import Closure
from entra_sim.simulator.expressions.binding import constant_value
from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.tree import Attribute
from entra_sim.simulator.expressions.tree import Call
from entra_sim.simulator.expressions.tree import Comparison
from entra_sim.simulator.expressions.tree import Constant
from entra_sim.simulator.expressions.tree import Node
from entra_sim.simulator.expressions.values import IGNORE_ATTRIBUTE
from entra_sim.simulator.expressions.values import MAX_TEXT_LENGTH
from entra_sim.simulator.expressions.values import FlowMarker
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import elements
from entra_sim.simulator.expressions.values import is_blank
from entra_sim.simulator.expressions.values import is_list
from entra_sim.simulator.expressions.values import is_true
from entra_sim.simulator.expressions.values import limited
from entra_sim.simulator.expressions.values import marker_failure
from entra_sim.simulator.expressions.values import text_of
from entra_sim.simulator.expressions.values import text_or_empty


def _iif(binder: Binder, call: Call, site: Site) -> Closure:
    condition, yes, no = call.arguments
    taken, otherwise = binder.optional(yes), binder.optional(no)
    if isinstance(condition, Comparison):
        holds = binder.condition(condition)

        def compared(attributes: Mapping[str, Any], run: Run) -> Any:
            held = holds(attributes, run)
            if held is None:
                return None
            return taken(attributes, run) if held else otherwise(attributes, run)

        return compared
    value = binder.optional(condition)

    def chosen(attributes: Mapping[str, Any], run: Run) -> Any:
        if is_true(value(attributes, run), site):
            return taken(attributes, run)
        return otherwise(attributes, run)

    return chosen


def _switch(binder: Binder, call: Call, site: Site) -> Closure:
    """Return the look-up of a text in keys, with a default. Source: ENG-092."""
    source_node, default_node, *pairs = call.arguments
    source, default = binder.optional(source_node), binder.optional(default_node)
    keys, values = pairs[::2], pairs[1::2]
    if not binder.is_observed and all(isinstance(key, Constant) for key in keys):
        if all(isinstance(value, Constant) for value in (*values, default_node) if value is not None):
            return _constant_switch(source, default_node, keys, values, site)
        table: dict[str, Closure] = {}
        for key, value in zip(keys, values, strict=True):
            table.setdefault(_constant_text(key), binder.optional(value))

        def looked_up(attributes: Mapping[str, Any], run: Run) -> Any:
            return table.get(text_or_empty(source(attributes, run), site), default)(attributes, run)

        return looked_up
    cases = [(binder.optional(key), binder.optional(value)) for key, value in zip(keys, values, strict=True)]

    def tried(attributes: Mapping[str, Any], run: Run) -> Any:
        wanted = text_or_empty(source(attributes, run), site)
        for key, value in cases:
            if text_or_empty(key(attributes, run), site) == wanted:
                return value(attributes, run)
        return default(attributes, run)

    return tried


def _constant_switch(
    source: Closure, default_node: Node | None, keys: list[Node | None], values: list[Node | None], site: Site
) -> Closure:
    """Return the closure of a Switch whose keys, values and default are constants: one look-up. Source: ENG-092."""
    default = None if default_node is None else constant_value(default_node)
    table: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        table.setdefault(_constant_text(key), None if value is None else constant_value(value))

    def looked_up(attributes: Mapping[str, Any], run: Run) -> Any:
        value = source(attributes, run)
        if type(value) is not str:
            value = text_or_empty(value, site)
        return table.get(value, default)

    return looked_up


def _constant_text(node: Node | None) -> str:
    return text_of(constant_value(node)) or "" if isinstance(node, Constant) else ""


def _coalesce(binder: Binder, call: Call, site: Site) -> Closure:
    *sources, last = call.arguments
    steps = [(binder.optional(source), isinstance(source, Attribute)) for source in sources]
    default = binder.optional(last)

    def first_value(attributes: Mapping[str, Any], run: Run) -> Any:
        for source, is_direct in steps:
            value = source(attributes, run)
            if type(value) is FlowMarker:
                raise marker_failure(site)
            if not (is_blank(value) if is_direct else value is None or (is_list(value) and not value)):
                return value
        value = default(attributes, run)
        if type(value) is FlowMarker:
            raise marker_failure(site)
        return value

    return first_value


def _join(binder: Binder, call: Call, site: Site) -> Closure:
    separator_node, *source_nodes = call.arguments
    separator = binder.optional(separator_node)
    sources = [binder.optional(source) for source in source_nodes]

    def joined(attributes: Mapping[str, Any], run: Run) -> str:
        between = separator(attributes, run)
        if type(between) is not str:
            between = text_or_empty(between, site)
        parts: list[str] = []
        for source in sources:
            value = source(attributes, run)
            if type(value) is str:
                if value:
                    parts.append(value)
            elif value is not None:
                parts += [part for element in elements(value, site) if (part := text_of(element))]
        if len(between) * len(parts) > MAX_TEXT_LENGTH:
            raise site.failure(f"the result is longer than {MAX_TEXT_LENGTH:,} characters")
        return limited(between.join(parts), site)

    return joined


def _ignore_if_empty(binder: Binder, call: Call, site: Site) -> Closure:
    """Return the value, or the marker that leaves it alone. Source: expressions.md, IgnoreFlowIfNullOrEmpty."""
    operand = binder.optional(call.arguments[0])

    def kept(attributes: Mapping[str, Any], run: Run) -> Any:
        value = operand(attributes, run)
        return IGNORE_ATTRIBUTE if is_blank(value) else value

    return kept


def _select_unique_value(binder: Binder, call: Call, site: Site) -> Closure:
    """Return a closure that fails: whoever evaluates drives the candidates one by one (`evaluation`)."""
    raise AssertionError("SelectUniqueValue is bound candidate by candidate")


LAZY: dict[str, Builder] = {
    "Coalesce": _coalesce,
    "IgnoreFlowIfNullOrEmpty": _ignore_if_empty,
    "IIF": _iif,
    "Join": _join,
    "SelectUniqueValue": _select_unique_value,
    "Switch": _switch,
}
