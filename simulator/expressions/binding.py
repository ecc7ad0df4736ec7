"""Tree → closures. Each node becomes a function of (attributes, run); a mapping is compiled once and run per user.

Strict functions evaluate all their arguments; the lazy ones are in `binding_lazy`. A tracer may wrap every closure.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import TypeAlias

from entra_sim.simulator.expressions import functions_date
from entra_sim.simulator.expressions import functions_fresh
from entra_sim.simulator.expressions import functions_list
from entra_sim.simulator.expressions import functions_logic
from entra_sim.simulator.expressions import functions_replace
from entra_sim.simulator.expressions import functions_text
from entra_sim.simulator.expressions.catalogue import FUNCTIONS
from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.replace_forms import replace_form
from entra_sim.simulator.expressions.tree import Attribute
from entra_sim.simulator.expressions.tree import Call
from entra_sim.simulator.expressions.tree import Comparison
from entra_sim.simulator.expressions.tree import Constant
from entra_sim.simulator.expressions.tree import Node
from entra_sim.simulator.expressions.tree import walk
from entra_sim.simulator.expressions.values import IGNORE_ATTRIBUTE
from entra_sim.simulator.expressions.values import IGNORE_OBJECT
from entra_sim.simulator.expressions.values import NumberText
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import compare
from entra_sim.simulator.expressions.values import is_blank
from entra_sim.simulator.expressions.values import single
from entra_sim.simulator.expressions.values import text
from entra_sim.simulator.expressions.values import text_or_empty

MAX_LIST_CHARACTERS = 1_000_000
"""Most characters that all texts of a list may have together. Assumed: see MAX_TEXT_LENGTH."""

Closure: TypeAlias = Callable[[Mapping[str, Any], Run], Any]
Observer: TypeAlias = Callable[[Node, Closure], Closure]
Builder: TypeAlias = "Callable[[Binder, Call, Site], Closure]"

_STRICT: dict[str, Callable[..., Any]] = {
    "AppRoleAssignmentsComplex": functions_list.app_roles,
    "AssertiveAppRoleAssignmentsComplex": functions_list.app_roles,
    "BitAnd": functions_logic.bit_and,
    "CBool": functions_logic.c_bool,
    "CDate": functions_date.c_date,
    "Count": functions_list.count,
    "CStr": functions_text.to_text,
    "DateAdd": functions_date.date_add,
    "DateDiff": functions_date.date_diff,
    "DateFromNum": functions_date.date_from_num,
    "DefaultDomain": functions_fresh.default_domain,
    "FormatDateTime": functions_date.format_date_time,
    "Guid": functions_fresh.guid,
    "InStr": functions_text.in_str,
    "IsNull": functions_logic.is_null,
    "IsNullOrEmpty": functions_logic.is_null_or_empty,
    "IsPresent": functions_logic.is_present,
    "IsString": functions_text.is_string,
    "Item": functions_list.item,
    "Len": functions_text.length_of,
    "Not": functions_logic.negated,
    "Now": functions_date.now,
    "NumFromDate": functions_date.num_from_date,
    "RandomString": functions_fresh.random_string,
    "Redact": functions_logic.redact,
    "RemoveDuplicates": functions_list.remove_duplicates,
    "SingleAppRoleAssignment": functions_list.single_app_role,
    "Split": functions_text.split,
    "Word": functions_text.word,
}
_OVER_TEXTS: dict[str, Callable[..., Any]] = {
    "Append": functions_text.append,
    "ConvertToBase64": functions_text.convert_to_base64,
    "ConvertToUTF8Hex": functions_text.convert_to_utf8_hex,
    "Left": functions_text.left,
    "Mid": functions_text.mid,
    "NormalizeDiacritics": functions_text.normalize_diacritics,
    "PCase": functions_text.pcase,
    "StripSpaces": functions_text.strip_spaces,
    "ToLower": functions_text.to_lower,
    "ToUpper": functions_text.to_upper,
}
_REPLACE_FORMS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "template": (functions_replace.fill_template, (0, 1, 6)),
    "text": (functions_replace.replace_text, (0, 1, 4)),
    "group": (functions_replace.replace_group, (0, 2, 3, 4)),
    "pattern": (functions_replace.replace_pattern, (0, 2, 4)),
    "fallback": (functions_replace.fall_back, (0, 2, 3, 5)),
}


def over_texts(function: Callable[..., Any], missing: str | None) -> Callable[..., Any]:
    """Return the function of one text as a function of any value.

    A longer list is transformed text by text; no value gives `missing`. Source: expressions.md sections 5.2 and 5.5.
    """

    def applied(site: Site, run: Run, source: Any, *rest: Any) -> Any:
        if type(source) is str:
            return function(site, run, source, *rest)
        if isinstance(source, tuple | list) and len(source) > 1:
            results = []
            total = 0
            for element in source:
                results.append(function(site, run, text_or_empty(element, site), *rest))
                total += len(results[-1])
                if total > MAX_LIST_CHARACTERS:
                    raise site.failure(f"the texts of the list have more than {MAX_LIST_CHARACTERS:,} characters")
            return tuple(results)
        whole = text(source, site)
        return missing if whole is None else function(site, run, whole, *rest)

    return applied


class Binder:
    """Builds the closures of one tree.

    Args:
        lazy: builders of the functions that decide themselves what is evaluated.
        observer: wraps the closure of every node, for a trace; None for speed.
    """

    def __init__(self, lazy: Mapping[str, Builder], observer: Observer | None = None) -> None:
        self._lazy = lazy
        self._observer = observer
        self._closures: dict[int, Closure] = {}

    @property
    def is_observed(self) -> bool:
        """Return whether every node must be run through its own closure."""
        return self._observer is not None

    def bind(self, root: Node) -> Closure:
        """Return the closure of a node.

        Innermost nodes come first, so that deep trees need no deep stack.
        """
        if id(root) not in self._closures:
            for node in reversed(tuple(walk(root))):
                self._closures[id(node)] = self.observed(node, self._bound(node))
        return self._closures[id(root)]

    def observed(self, node: Node, closure: Closure) -> Closure:
        """Return the closure, wrapped if somebody watches."""
        return closure if self._observer is None else self._observer(node, closure)

    def _bound(self, node: Node) -> Closure:
        if isinstance(node, Attribute):
            return _attribute(node.name)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Comparison):
            return self.comparison(node)
        return constant(constant_value(node))

    def comparison(self, node: Comparison) -> Closure:
        """Return the closure of a comparison that is False for a missing or empty side."""
        left, right, operator = self.bind(node.left), self.bind(node.right), node.operator
        site = Site("", node.column)
        return lambda attributes, run: compare(operator, left(attributes, run), right(attributes, run), site)

    def condition(self, node: Comparison) -> Closure:
        """Return the closure of a comparison as condition of IIF: None if an attribute on a side is missing or empty.

        Source: expressions.md sections 5.2 and 9, IIF.
        """
        if not isinstance(node.left, Attribute) and not isinstance(node.right, Attribute):
            return self.bind(node)
        left, right, operator = self.bind(node.left), self.bind(node.right), node.operator
        is_left_direct, is_right_direct = isinstance(node.left, Attribute), isinstance(node.right, Attribute)
        site = Site("", node.column)

        def holds(attributes: Mapping[str, Any], run: Run) -> bool | None:
            first = single(left(attributes, run), site)
            second = single(right(attributes, run), site)
            if (is_left_direct and is_blank(first)) or (is_right_direct and is_blank(second)):
                return False if run.context.iif_missing_takes_else else None
            return compare(operator, first, second, site)

        return self.observed(node, holds)

    def _call(self, node: Call) -> Closure:
        site = Site(node.name, node.column)
        if node.name in self._lazy:
            return self._lazy[node.name](self, node, site)
        if node.name == "Replace":
            return self._replace(node, site)
        operands = self._operands(node)
        if node.name in _OVER_TEXTS:
            return _applied(over_texts(_OVER_TEXTS[node.name], "" if node.name == "Left" else None), site, operands)
        return _applied(_STRICT[node.name], site, operands)

    def _operands(self, node: Call) -> list[Closure]:
        """Return one closure per parameter, in order; a parameter left out gives no value."""
        description = FUNCTIONS[node.name]
        given = {
            parameter.name: argument
            for parameter, argument in zip(description.parameters_for(len(node.arguments)), node.arguments, strict=True)
        }
        site = Site(node.name, node.column)
        operands = []
        for parameter in description.parameters:
            operand = self.optional(given.get(parameter.name))
            if parameter.type == "Integer" and not parameter.required and given.get(parameter.name) is not None:
                operand = _present(operand, site, parameter.name)
            operands.append(operand)
        return operands

    def optional(self, node: Node | None) -> Closure:
        """Return the closure of an argument, one that gives no value if it is left out."""
        return _nothing if node is None else self.bind(node)

    def _replace(self, node: Call, site: Site) -> Closure:
        form = replace_form(node.arguments)
        assert form is not None
        function, places = _REPLACE_FORMS[form]
        if form != "fallback":
            function = over_texts(function, None)
        arguments = (*node.arguments, *(None,) * 7)
        return _applied(function, site, [self.optional(arguments[place]) for place in places])


def constant(value: Any) -> Closure:
    """Return the closure of a constant."""
    return lambda attributes, run: value


def constant_value(node: Node) -> Any:
    """Return the value of a constant or a bare word."""
    if isinstance(node, Constant):
        if not node.is_number:
            return node.text
        return NumberText(int(node.text[2:], 16) if node.text.startswith("&") else node.text)
    assert not isinstance(node, Attribute | Call | Comparison)
    return {"IgnoreAttributeFlow": IGNORE_ATTRIBUTE, "IgnoreObjectFlow": IGNORE_OBJECT}.get(node.name, node.name)


def _nothing(attributes: Mapping[str, Any], run: Run) -> None:
    return None


def _present(operand: Closure, site: Site, name: str) -> Closure:
    """Return the closure of an optional number that is given: left out it has a default, missing it fails."""

    def number(attributes: Mapping[str, Any], run: Run) -> Any:
        value = operand(attributes, run)
        if value is None:
            raise site.failure(f"{name} must be a number, not no value")
        return value

    return number


def _attribute(name: str) -> Closure:
    return lambda attributes, run: attributes.get(name)


def _applied(function: Callable[..., Any], site: Site, operands: list[Closure]) -> Closure:
    """Return the closure of a strict call."""
    if not operands:
        return lambda attributes, run: function(site, run)
    if len(operands) == 1:
        (only,) = operands
        return lambda attributes, run: function(site, run, only(attributes, run))
    if len(operands) == 2:
        first, second = operands
        return lambda attributes, run: function(site, run, first(attributes, run), second(attributes, run))

    if len(operands) == 3:
        first, second, third = operands
        return lambda attributes, run: function(
            site, run, first(attributes, run), second(attributes, run), third(attributes, run)
        )

    def applied(attributes: Mapping[str, Any], run: Run) -> Any:
        values = []
        for operand in operands:
            values.append(operand(attributes, run))
        return function(site, run, *values)

    return applied
