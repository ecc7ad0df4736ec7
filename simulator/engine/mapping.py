"""Source object + attribute mappings → the values the target should hold.

A mapping is compiled once per schema version and evaluated per object without parsing again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from typing import Any
from typing import NamedTuple

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.errors import MappingFailed
from entra_sim.simulator.errors import SchemaPropertyCanOnlyAcceptValue
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import Expression
from entra_sim.simulator.expressions import Result
from entra_sim.simulator.expressions import evaluate
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import text_of
from entra_sim.simulator.model.mapping import AttributeMapping
from entra_sim.simulator.model.mapping import FlowType
from entra_sim.simulator.model.mapping import ObjectMapping
from entra_sim.simulator.scim.paths import TargetPath

ROLE_FUNCTIONS = frozenset(
    {"SingleAppRoleAssignment", "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"}
)
"""Source: ENG-104, ENG-105."""

REDACTED = "[Redact]"

_DIRECT = re.compile(r"\s*\[\s*([^\[\]\"]+?)\s*\]\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRow:
    """One attribute mapping, ready to be evaluated.

    `name` is the target attribute; `direct` names the source attribute of a plain row; `role_function` one of
    ROLE_FUNCTIONS; `expression` else. Logs do not show the values of one that `is_redacted` (ENG-094).
    """

    row: AttributeMapping
    name: str
    path: TargetPath
    expression: Expression | None
    direct: str | None
    role_function: str
    is_redacted: bool = False

    def reads(self, name: str) -> bool:
        """Return whether it takes its value from this source attribute, alone or among others."""
        return self.direct == name or (self.expression is not None and name in self.expression.source_attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMapping:
    """An object mapping with its rows compiled.

    Args:
        source_attributes: everything that a change can matter to.
        shown_attributes: those whose values the log's import step shows (ENG-345), in order.
        redacted_attributes: those that only redacted rows read; the log names them without their values (ENG-094).
        required: target attributes that a create must have a value for, in order (ENG-081).
    """

    mapping: ObjectMapping
    rows: tuple[CompiledRow, ...]
    matching: tuple[CompiledRow, ...]
    reference_rows: tuple[CompiledRow, ...]
    source_attributes: frozenset[str]
    shown_attributes: tuple[str, ...]
    redacted_attributes: frozenset[str]
    required: tuple[str, ...]

    @property
    def object_type(self) -> str:
        """Return "User" or "Group"."""
        return self.mapping.object_type

    def tells(self, name: str) -> bool:
        """Return whether an update can tell the target about this source attribute. Source: ENG-073."""
        if name not in self.source_attributes:
            return False
        return any(item.reads(name) for item in self.rows if item.row.flow_type is not FlowType.OBJECT_ADD_ONLY)


class MappedValue(NamedTuple):
    """What one row yields for one object. A tuple, since a cycle makes one for each row of each object.

    Args:
        value: None for no value; a text, a tuple for multi-valued, role objects for the role functions.
        log_value: what logs may show of it.
        is_default: the mapping's default stood in for a null (on create only).
    """

    compiled: CompiledRow
    value: Any
    log_value: str | None
    is_default: bool = False

    @property
    def name(self) -> str:
        """Return the target attribute."""
        return self.compiled.name


class ObjectFlowIgnored(Exception):
    """An expression gave IgnoreObjectFlow: the whole object is left alone."""


def compile_mapping(mapping: ObjectMapping) -> CompiledMapping:
    """Return the mapping ready for evaluation.

    Raises:
        UserInputError: an expression does not parse; the message names row, column and cause.
    """
    rows = tuple(_compile_row(row) for row in mapping.attribute_mappings)
    by_name = {item.row.target_attribute_name: item for item in rows}
    read: set[str] = set()
    for item in rows:
        if item.direct is not None:
            read.add(item.direct)
        elif item.expression is not None:
            read.update(item.expression.source_attributes)
    for group in mapping.scoping_filters + mapping.input_filters:
        read.update(clause.source_operand_name for clause in group.clauses)
    return CompiledMapping(
        mapping=mapping,
        rows=tuple(item for item in rows if not item.row.is_reference),
        matching=tuple(by_name[row.target_attribute_name] for row in mapping.matching),
        reference_rows=tuple(item for item in rows if item.row.is_reference),
        source_attributes=frozenset(read),
        shown_attributes=tuple(sorted(read - {"members", "manager"})),
        redacted_attributes=frozenset(
            name
            for name in read
            if {item.is_redacted for item in rows if item.reads(name)} == {True}  # nobody else shows it
        ),
        required=tuple(item.name for item in rows if not item.row.is_reference and item.row.definition.is_required),
    )


def _compile_row(row: AttributeMapping) -> CompiledRow:
    name = row.target_attribute_name
    compiled = CompiledRow(
        row=row, name=name, path=TargetPath.parse(name), expression=None, direct=None, role_function=""
    )
    text = row.source_expression
    if text is None:
        return compiled
    plain = _DIRECT.match(text)
    if plain:
        return replace(compiled, direct=plain.group(1))
    try:
        expression = parse(text)
    except ExpressionError as error:
        raise UserInputError(
            f"mapping of '{name}', column {error.column}: {error}; the expression is: {text}"
        ) from error
    return replace(
        compiled,
        expression=expression,
        role_function=_role_function(text, compiled.path),
        is_redacted=expression.uses_redact,
    )


def _role_function(text: str, path: TargetPath) -> str:
    """Return the function that makes this row one of roles; a single role is a plain text anywhere but in `roles`.

    Source: ENG-104, WIRE-120.
    """
    outermost = text.split("(", 1)[0].strip()
    is_text = outermost == "SingleAppRoleAssignment" and path.name != "roles"
    return outermost if outermost in ROLE_FUNCTIONS and not is_text else ""


def map_values(
    compiled: CompiledMapping,
    attributes: Mapping[str, Any],
    context: EvaluationContext,
    *,
    is_create: bool,
    only_changed: frozenset[str] | None = None,
    unique: Mapping[str, Result] | None = None,
) -> list[MappedValue]:
    """Return what each row that is not a reference yields, in mapping order; rows without a value are left out.

    Args:
        is_create: apply default values and *only during object creation* rows (ENG-072, ENG-073).
        only_changed: with the defect of ENG-093, the attributes that changed: Switch sees others as null.
        unique: results of the rows that had to ask the target; without them such rows are left out (on create only).
    Raises:
        MappingFailed: an expression failed for this object; names attribute and expression.
        SchemaPropertyCanOnlyAcceptValue: several values for a single-valued target (ENG-082).
        ObjectFlowIgnored: a flow marker asks to leave the object alone.
    Source: ENG-071, ENG-072, ENG-073, ENG-075.
    """
    values: list[MappedValue] = []
    for item in compiled.rows:
        if not is_create and item.row.flow_type is FlowType.OBJECT_ADD_ONLY:
            continue
        seen = attributes if only_changed is None else _seen_by_switch(item, attributes, only_changed)
        if item.direct is not None and only_changed is None:
            value = attributes.get(item.direct)
            if type(value) is str and value:  # the common cases, without a detour
                values.append(MappedValue(item, value, value))
                continue
            if value is None and item.row.default_value is None:
                continue
        if item.expression is not None and item.expression.asks_target:
            mapped = shaped_result(item, unique[item.row.target_attribute_name]) if unique else None
        else:
            mapped = map_value(item, seen, context)
        if mapped is None and is_create and item.row.default_value is not None:
            default = item.row.default_value
            mapped = MappedValue(compiled=item, value=default, log_value=default, is_default=True)
        if mapped is not None:
            values.append(mapped)
    return values


def _seen_by_switch(item: CompiledRow, attributes: Mapping[str, Any], changed: frozenset[str]) -> Mapping[str, Any]:
    """Return what a row sees under the documented defect of Switch. Source: ENG-093, Q-03."""
    if item.expression is None or not str(item.row.source_expression).lstrip().startswith("Switch("):
        return attributes
    unchanged = set(item.expression.source_attributes) - changed
    return {name: value for name, value in attributes.items() if name not in unchanged}


def map_value(item: CompiledRow, attributes: Mapping[str, Any], context: EvaluationContext) -> MappedValue | None:
    """Return what one row yields, or None for no value. Null and empty are the same (ENG-014).

    Source: ENG-014, ENG-075.
    """
    if item.direct is not None:
        value = attributes.get(item.direct)
        if value is None:
            return None
        if type(value) is str and value:  # nearly always
            return MappedValue(compiled=item, value=value, log_value=value)
        return _shaped(item, value, None)
    if item.role_function:
        return _role_value(item, attributes)
    if item.expression is None:
        return None
    try:
        result = evaluate(item.expression, attributes, context)
    except ExpressionError as error:
        raise mapping_failed(item, error) from error
    return shaped_result(item, result)


def mapping_failed(item: CompiledRow, error: ExpressionError) -> MappingFailed:
    """Return the failure of a row: it names attribute and expression, as the log will."""
    return MappingFailed(
        f"The mapping of '{item.row.target_attribute_name}' failed: {error} (expression: {item.row.source_expression})"
    )


def shaped_result(item: CompiledRow, result: Result) -> MappedValue | None:
    """Return what an evaluated row yields; a flow marker leaves the attribute, or the whole object, alone.

    Raises:
        ObjectFlowIgnored, SchemaPropertyCanOnlyAcceptValue: see `map_values`.
    Source: ENG-094.
    """
    if result.ignore == "object":
        raise ObjectFlowIgnored(item.row.target_attribute_name)
    if result.ignore == "attribute":
        return None
    redacted = REDACTED if result.log_value != result.value else None
    return _shaped(item, result.value, redacted)


def _shaped(item: CompiledRow, value: Any, log_value: str | None) -> MappedValue | None:
    """Return a value as the target takes it: a text or a tuple; nothing for an empty one.

    Source: ENG-014, ENG-082, ENG-095.
    """
    if type(value) is str:  # nearly always
        return MappedValue(compiled=item, value=value, log_value=log_value or value) if value else None
    if value is None or value == "" or value == [] or value == ():
        return None
    if isinstance(value, (list, tuple)):
        if not item.row.definition.is_multivalued:
            if len(value) > 1:
                raise SchemaPropertyCanOnlyAcceptValue(
                    f"'{item.row.target_attribute_name}' accepts one value, but its source gives {len(value)}."
                )
            return _shaped(item, value[0], log_value)
        return MappedValue(
            compiled=item, value=tuple(value), log_value=log_value or ", ".join(str(part) for part in value)
        )
    text = text_of(value)
    return MappedValue(compiled=item, value=text, log_value=log_value or text)


def _role_value(item: CompiledRow, attributes: Mapping[str, Any]) -> MappedValue | None:
    """Return the role objects {id, value, displayName}; a single assignment takes the oldest one. Source: ENG-104."""
    roles = tuple(_role_object(role) for role in attributes.get("appRoleAssignments") or ())
    if not roles:
        return None
    if item.role_function == "SingleAppRoleAssignment":
        roles = roles[:1]
    shown = ", ".join(str(role["displayName"] or role["value"]) for role in roles)
    return MappedValue(compiled=item, value=roles, log_value=shown)


def _role_object(role: Any) -> dict[str, str]:
    if isinstance(role, Mapping):
        value = str(role.get("value") or role.get("displayName") or "")
        return {"id": str(role.get("id") or ""), "value": value, "displayName": str(role.get("displayName") or value)}
    return {"id": "", "value": str(role), "displayName": str(role)}


def missing_required(compiled: CompiledMapping, values: list[MappedValue]) -> str | None:
    """Return the first required target attribute that has a row but no value, or None. Source: ENG-081."""
    for name in compiled.required:  # few, and nearly always the first that has a value
        for item in values:
            if item.compiled.name == name:
                break
        else:
            return name
    return None
