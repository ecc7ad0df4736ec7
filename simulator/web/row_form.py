"""Edit Attribute: a row of a mapping as form fields, and back. Source: ENG-070 to ENG-077, ui.md section 6."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import text_of
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.directory import user_attributes
from entra_sim.simulator.service.schemas import graph_row
from entra_sim.simulator.service.simulator import Simulator

MAX_EXPRESSION = 10_000
"""Source: ENG-090."""

TYPES = ("Direct", "Constant", "Expression", "None")
APPLIES = ("Always", "Only during object creation")
_TYPE_OF = {"Attribute": "Direct", "Constant": "Constant", "Function": "Expression"}


@dataclass(slots=True, kw_only=True)
class RowForm:
    """The fields, and what is wrong with them."""

    type: str = "Direct"
    source: str = ""
    constant: str = ""
    expression: str = ""
    default: str = ""
    target: str = ""
    matches: str = "No"
    precedence: str = ""
    apply: str = "Always"
    tried_on: str = ""
    problems: dict[str, str] = dataclass_field(default_factory=dict)

    @property
    def as_expression(self) -> str:
        """Return what the row evaluates."""
        if self.type == "Direct":
            return f"[{self.source}]"
        if self.type == "Constant":
            escaped = self.constant.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        return self.expression


def form_of(row: Mapping[str, Any]) -> RowForm:
    """Return the fields of a stored row."""
    source = row.get("source") or {}
    kind = _TYPE_OF.get(str(source.get("type")), "None")
    priority = int(row.get("matchingPriority") or 0)
    return RowForm(
        type=kind,
        source=str(source.get("name") or "") if kind == "Direct" else "",
        constant=str(source.get("name") or "") if kind == "Constant" else "",
        expression=str(source.get("expression") or "") if kind == "Expression" else "",
        default=str(row.get("defaultValue") or ""),
        target=str(row.get("targetAttributeName") or ""),
        matches="Yes" if priority else "No",
        precedence=str(priority or ""),
        apply="Always" if row.get("flowType", "Always") == "Always" else "Only during object creation",
    )


def typed_form(form: Mapping[str, str]) -> RowForm:
    """Return the fields as they were typed."""

    def text(name: str, limit: int = 2_000) -> str:
        return form.get(name, "").strip()[: limit + 1]

    return RowForm(
        type=text("type", 20),
        source=text("source"),
        constant=text("constant"),
        expression=text("expression", MAX_EXPRESSION),
        default=text("default"),
        target=text("target"),
        matches="Yes" if form.get("matching") == "Yes" else "No",
        precedence=text("precedence", 6),
        apply=text("apply", 60),
        tried_on=text("tried_on", 256),
    )


def row_of(typed: RowForm, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row in Graph's spelling, what the form does not show kept; problems are noted by field."""
    problems = typed.problems
    if typed.type not in TYPES:
        problems["type"] = "Choose a mapping type."
    if not typed.target:
        problems["target"] = "Choose a target attribute."
    if typed.type == "Direct" and not typed.source:
        problems["source"] = "Choose a source attribute."
    if typed.type == "Constant" and not typed.constant:
        problems["constant"] = "Enter the value."
    if typed.type == "Expression":
        problem = expression_problem(typed.expression)
        if problem:
            problems["expression"] = problem
    priority = 0
    if typed.matches == "Yes":
        if not (typed.precedence.isascii() and typed.precedence.isdigit() and int(typed.precedence) > 0):
            problems["precedence"] = "Enter a whole number from 1; 1 is asked first."
        else:
            priority = int(typed.precedence)
    if typed.apply not in APPLIES:
        problems["apply"] = "Choose when the mapping applies."
    if problems:
        return {}
    key = {"Direct": "source", "Constant": "constant", "Expression": "expression"}.get(typed.type)
    value = {"Direct": typed.source, "Constant": typed.constant, "Expression": typed.expression}.get(typed.type)
    row: dict[str, Any] = {
        "target": typed.target,
        "default": typed.default or None,
        "matching precedence": priority,
        "apply": typed.apply,
    }
    if key is not None:
        row[key] = value
    made = graph_row(row)
    made["flowBehavior"] = kept.get("flowBehavior", made["flowBehavior"])
    return {**{name: item for name, item in kept.items() if name not in made}, **made}


def expression_problem(text: str) -> str:
    """Return what is wrong with an expression, with its column, or ""."""
    if not text:
        return "Enter an expression."
    if len(text) > MAX_EXPRESSION:
        return f"An expression has at most {MAX_EXPRESSION:,} characters."
    try:
        parse(text)
    except ExpressionError as error:
        return f"Column {error.column}: {error}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an expression gave: a text for people, or an error with its column (0 for none)."""

    text: str
    is_error: bool = False
    column: int = 0


def outcome(sim: Simulator, expression: str, attributes: Mapping[str, Any]) -> Outcome:
    """Return what an expression gives for attributes."""
    core = sim.core
    context = EvaluationContext(
        now=core.clock.now,
        new_id=lambda: core.ids.new("expression"),
        chance=core.chance,
        default_domain=core.default_domain,
    )
    try:
        result = evaluate(parse(expression), attributes, context)
    except ExpressionError as error:
        return Outcome(text=str(error), is_error=True, column=error.column)
    if result.ignore:
        return Outcome(text="(left out of the operation)")
    if isinstance(result.value, (list, tuple)):
        return Outcome(text=", ".join(str(item) for item in result.value) or "(no value)")
    return Outcome(text="(no value)" if result.value is None else text_of(result.value) or "(empty text)")


def tried(sim: Simulator, typed: RowForm) -> Outcome:
    """Return what the row gives for the user that was named."""
    try:
        user: User = sim.directory.user(typed.tried_on)
    except (NotFound, UserInputError) as error:
        return Outcome(text=str(error), is_error=True)
    attributes = dict(user_attributes(user))
    attributes["IsSoftDeleted"] = user.deleted_at is not None or not user.attributes.get("accountEnabled", True)
    return outcome(sim, typed.as_expression, attributes)
