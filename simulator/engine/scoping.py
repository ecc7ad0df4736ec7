"""In scope or not, and every reason why. Filters see source values, before any mapping (ENG-059)."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.expressions.pattern_escapes import PatternError
from entra_sim.simulator.expressions.patterns import PatternTimeout
from entra_sim.simulator.expressions.patterns import compile_pattern
from entra_sim.simulator.model.attributes import SourceObjectType
from entra_sim.simulator.model.attributes import source_attribute
from entra_sim.simulator.model.mapping import ScopingClause
from entra_sim.simulator.model.mapping import ScopingFilter

REGEX_TIMEOUT_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseResult:
    """One clause, whether it held, and the value it looked at."""

    filter_name: str
    clause: ScopingClause
    value: Any
    holds: bool

    @property
    def key(self) -> str:
        """Return `<filter title>.<attribute> <OPERATOR> '<value>'`, as the log prints it. Source: ENG-060."""
        values = ",".join(self.clause.values)
        return f"{self.filter_name}.{self.clause.source_operand_name} {self.clause.operator_name} '{values}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterVerdict:
    """Whether an object passes the filters of its mapping, clause by clause."""

    passes: bool
    clauses: tuple[ClauseResult, ...] = ()

    @property
    def results(self) -> dict[str, bool]:
        """Return clause key → held, for ScopeEvaluationResult. Source: ENG-060."""
        return {result.key: result.holds for result in self.clauses}

    @property
    def first_failure(self) -> ClauseResult | None:
        """Return the first clause that did not hold, or None."""
        return next((result for result in self.clauses if not result.holds), None)


PASSED = FilterVerdict(passes=True)

Operator = Callable[[str, tuple[str, ...], bool], bool]


_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,300}\s*", re.ASCII)
"""What counts as a whole number: digits, no separators."""


def _as_int(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def _compare(test: Callable[[int, int], bool]) -> Operator:
    def compare(value: str, operands: tuple[str, ...], _anchored: bool) -> bool:
        left = _as_int(value)
        right = _as_int(_first(operands))
        return left is not None and right is not None and test(left, right)

    return compare


def _first(operands: tuple[str, ...]) -> str:
    return operands[0] if operands else ""


def _matches(value: str, operands: tuple[str, ...], anchored: bool) -> bool:
    pattern = rf"\A(?:{_first(operands)})\z" if anchored else _first(operands)
    try:
        return compile_pattern(pattern).first(value, "0", REGEX_TIMEOUT_S) is not None
    except (PatternError, PatternTimeout):
        return False


def _bits(value: str, operands: tuple[str, ...], _anchored: bool) -> bool:
    left, right = _as_int(value), _as_int(_first(operands))
    if left is not None and right is not None:
        return (left & right) == left
    return _contains(value, _first(operands))


def _contains(value: str, operand: str) -> bool:
    """Return whether the attribute's text stands in the clause's value. Source: ENG-042, ENG-046."""
    return value in operand


def _not(operator: Operator) -> Operator:
    return lambda value, operands, anchored: not operator(value, operands, anchored)


def _equals(value: str, operands: tuple[str, ...], _anchored: bool) -> bool:
    return value == _first(operands)


OPERATORS: Mapping[str, Operator] = {
    "EQUALS": _equals,
    "NOT EQUALS": _not(_equals),
    "IS NULL": lambda value, operands, anchored: False,
    "IS NOT NULL": lambda value, operands, anchored: True,
    "IS TRUE": lambda value, operands, anchored: value == "True",
    "IS FALSE": lambda value, operands, anchored: value == "False",
    "REGEX MATCH": _matches,
    "NOT REGEX MATCH": _not(_matches),
    "Greater_Than": _compare(lambda left, right: left > right),
    "Greater_Than_OR_EQUALS": _compare(lambda left, right: left >= right),
    "Includes": lambda value, operands, anchored: _first(operands) in value,
    "ENDS_WITH": lambda value, operands, anchored: value.endswith(_first(operands)),
    "&": _bits,
    "!&": _not(_bits),
}
"""Each sees a value that is present; the null rule (ENG-043) stands before it. Source: ENG-042, ENG-044 to ENG-048."""

UNARY = frozenset({"IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE"})


def evaluate_filters(
    filters: tuple[ScopingFilter, ...],
    attributes: Mapping[str, Any],
    *,
    is_anchored: bool = False,
    ampersand_contains: bool = False,
) -> FilterVerdict:
    """Return whether an object passes: clauses AND within a filter, filters OR, none = pass.

    Args:
        is_anchored: REGEX MATCH must match the whole value (Q-01).
        ampersand_contains: & and !& test containment for whole numbers too (Q-02).
    Source: ENG-040 to ENG-048.
    """
    if not filters:
        return PASSED
    results: list[ClauseResult] = []
    passes = False
    for item in filters:
        group = [
            evaluate_clause(
                item.name, clause, attributes, is_anchored=is_anchored, ampersand_contains=ampersand_contains
            )
            for clause in item.clauses
        ]
        results.extend(group)
        passes = passes or all(result.holds for result in group)
    return FilterVerdict(passes=passes, clauses=tuple(results))


def evaluate_clause(
    filter_name: str,
    clause: ScopingClause,
    attributes: Mapping[str, Any],
    *,
    is_anchored: bool = False,
    ampersand_contains: bool = False,
) -> ClauseResult:
    """Return one clause's result. Every operator but IS NULL is false for a missing or empty value (ENG-043)."""
    raw = attributes.get(clause.source_operand_name)
    text = _text(raw)
    name = canonical_operator(clause.operator_name)
    if text is None:
        holds = name == "IS NULL"
    elif ampersand_contains and name in ("&", "!&"):
        holds = _contains(text, _first(clause.values)) is (name == "&")
    else:
        holds = OPERATORS[name](text, clause.values, is_anchored) if name in OPERATORS else False
    return ClauseResult(filter_name=filter_name, clause=clause, value=raw, holds=holds)


@lru_cache(maxsize=256)
def canonical_operator(name: str) -> str:
    """Return the catalogue's spelling of an operator, compared without case; an unknown name comes back as is."""
    folded = name.strip().upper()
    return next((known for known in OPERATORS if known.upper() == folded), name)


def check_filters(filters: tuple[ScopingFilter, ...], where: str, object_type: str = "User") -> None:
    """Refuse filters that the editor of the real service refuses.

    Args:
        where: begins the message.
        object_type: "User" or "Group", whose attributes are filtered.
    Raises:
        UserInputError: unknown operator, unfilterable attribute, wrong number of values, a number needed.
    Source: ENG-047, ENG-055 to ENG-057.
    """
    for item in filters:
        if not item.clauses:
            raise UserInputError(f"{where}: filter '{item.name}' has no clause; add one or remove the filter (ENG-040)")
        for clause in item.clauses:
            _check_clause(clause, f"{where}: filter '{item.name}', {clause.source_operand_name}", object_type)


def _check_clause(clause: ScopingClause, place: str, object_type: str) -> None:
    name = canonical_operator(clause.operator_name)
    if name not in OPERATORS:
        raise UserInputError(
            f"{place}: there is no operator '{clause.operator_name}'; use one of {', '.join(OPERATORS)}"
        )
    attribute = source_attribute(clause.source_operand_name, SourceObjectType(object_type))
    if attribute is not None and not attribute.is_filterable:
        raise UserInputError(f"{place}: this attribute cannot be used in a scoping filter (ENG-056)")
    if name in UNARY and clause.values:
        raise UserInputError(f"{place}: {name} takes no value")
    if name not in UNARY and len(clause.values) != 1:
        raise UserInputError(f"{place}: {name} takes one value")
    if name in ("REGEX MATCH", "NOT REGEX MATCH"):
        try:
            compile_pattern(clause.values[0])
        except PatternError as error:
            raise UserInputError(f"{place}: the pattern '{clause.values[0]}' cannot be used: {error}") from error
    if name.startswith("Greater_Than") and _as_int(clause.values[0]) is None:
        raise UserInputError(f"{place}: {name} needs a whole number, not '{clause.values[0]}' (ENG-047)")


def _text(value: Any) -> str | None:
    if value is None or value == "" or value == () or value == []:
        return None
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    return str(value)
