"""Values held by the target against desired values → changes, in mapping order."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import orjson

from entra_sim.simulator.engine.mapping import MappedValue
from entra_sim.simulator.expressions import text_of
from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.model.change import ChangeOperation
from entra_sim.simulator.model.mapping import FlowBehavior
from entra_sim.simulator.model.mapping import FlowType
from entra_sim.simulator.scim.paths import member
from entra_sim.simulator.scim.values import typed_json

_ADD_ONLY = frozenset({FlowType.MULTI_VALUE_ADD_ONLY, FlowType.VALUE_ADD_ONLY})


def differences(values: Sequence[MappedValue], resource: Mapping[str, Any]) -> tuple[AttributeChange, ...]:
    """Return one change per attribute that differs; empty when the target already agrees.

    `Add` where the target shows no value, `Replace` where it shows another one (ENG-154). Values that differ only by
    case are equal unless the attribute is exact-case (ENG-080). Always-flowing rows ride along when something else
    differs (ENG-074).

    Source: WIRE-037, ENG-074, ENG-153, ENG-154, ENG-214.
    """
    changes: list[AttributeChange] = []
    differs = False
    for item in values:
        held = item.compiled.path.read(resource)
        change = _change(item, held, resource)
        if change is not None:
            differs = True
        elif item.compiled.row.flow_behavior is FlowBehavior.ALWAYS and not item.compiled.role_function:
            change = _written(item, held, item.value)
        if change is not None:
            changes.append(change)
    return tuple(changes) if differs else ()


def _change(item: MappedValue, held: Any, resource: Mapping[str, Any]) -> AttributeChange | None:
    """Return the change of one attribute, None where the flow type or an equal value leaves it. Source: ENG-073."""
    row = item.compiled.row
    if row.flow_type is FlowType.ATTRIBUTE_ADD_ONLY and held is not None:
        return None
    if item.compiled.role_function:
        return _role_change(item, held, resource)
    if isinstance(item.value, tuple):
        return _list_change(item, held, item.value)
    if row.definition.is_multivalued and not (item.compiled.path.filter or item.compiled.path.sub_attribute):
        return _list_change(item, held, (item.value,))  # the list of one that a create sends
    if held is not None and _equal(held, item):
        return None
    return _written(item, held, item.value)


def _written(item: MappedValue, held: Any, value: Any) -> AttributeChange:
    return AttributeChange(
        target_path=item.name,
        operation="Add" if held is None else "Replace",
        old_value=held,
        new_value=value,
        type=item.compiled.row.definition.type,
    )


def _list_change(item: MappedValue, held: Any, values: tuple[Any, ...]) -> AttributeChange | None:
    is_exact = item.compiled.row.definition.is_case_exact
    current = {_folded(part, is_exact) for part in _parts(held)}
    wanted = [_folded(_typed(part, item), is_exact) for part in values]
    if item.compiled.row.flow_type in _ADD_ONLY:
        added = tuple(part for part, key in zip(values, wanted, strict=True) if key not in current)
        return None if not added else _added(item, held, added)
    return None if current == set(wanted) else _written(item, held, values)


def _added(item: MappedValue, held: Any, values: tuple[Any, ...]) -> AttributeChange:
    return AttributeChange(
        target_path=item.name,
        operation="Add",
        old_value=held,
        new_value=values,
        type=item.compiled.row.definition.type,
    )


def _role_change(item: MappedValue, held: Any, resource: Mapping[str, Any]) -> AttributeChange | None:
    """Return the change of roles: Single and Complex only add, Assertive replaces the list. Source: ENG-105.

    A role that a PATCH has added is held as a JSON text (WIRE-120, QRK-26) and counts by the value inside.
    """
    listed = _parts(member(resource, "roles"))
    if item.compiled.role_function == "SingleAppRoleAssignment" and item.compiled.path.is_value_path:
        return _single_role_change(item, held, listed)
    current = {_folded(_role_value(part), False) for part in (*_parts(held), *listed)}
    if item.compiled.role_function == "AssertiveAppRoleAssignmentsComplex":
        wanted = {_folded(role["value"], False) for role in item.value}
        return None if wanted == current else _roles_written(item, "Replace", held, item.value, lower_case_op=True)
    missing = tuple(role for role in item.value if _folded(role["value"], False) not in current)
    return _roles_written(item, "Add", held, missing) if missing else None


def _single_role_change(item: MappedValue, held: Any, listed: Sequence[Any]) -> AttributeChange | None:
    """Return the change of the one role at a path. Source: ENG-104, ENG-154.

    Assumed: where the target shows none at the path, the last text that a PATCH wrote is the present one, so that a
    role that comes back is written again.
    """
    texts = [part for part in listed if _role_value(part) is not part]
    present = held if held is not None else next(reversed(texts), None)
    if present is not None and _folded(_role_value(present), False) == _folded(item.value[0]["value"], False):
        return None
    return _roles_written(item, "Add" if present is None else "Replace", present, item.value)


def _roles_written(
    item: MappedValue, operation: ChangeOperation, held: Any, roles: Any, *, lower_case_op: bool = False
) -> AttributeChange:
    return AttributeChange(
        target_path=item.name,
        operation=operation,
        old_value=held,
        new_value=roles,
        type="Complex",
        lower_case_op=lower_case_op,
    )


def _role_value(part: Any) -> Any:
    if isinstance(part, str) and part.startswith("{"):
        try:
            inner = orjson.loads(part)
        except orjson.JSONDecodeError:
            return part
        return inner.get("value", part) if isinstance(inner, dict) else part
    return part


def _parts(held: Any) -> Sequence[Any]:
    if held is None:
        return ()
    if not isinstance(held, (list, tuple)):
        return (held,)
    return [part["value"] if isinstance(part, Mapping) and "value" in part else part for part in held]


def _equal(held: Any, item: MappedValue) -> bool:
    """Return whether the target holds the wanted value already, as it would be written. Source: ENG-080, ENG-095."""
    definition, wanted = item.compiled.row.definition, item.value
    if type(held) is str and held == wanted:  # nearly always
        return True
    if isinstance(held, (Mapping, list, tuple)):
        return False
    return _folded(held, definition.is_case_exact) == _folded(_typed(wanted, item), definition.is_case_exact)


def _typed(value: Any, item: MappedValue) -> Any:
    """Return a value as the target takes it: a number loses its leading zeros. Source: ENG-095."""
    return typed_json(value, item.compiled.row.definition.type, item.compiled.path.leaf)


def _folded(value: Any, is_exact: bool) -> str:
    if isinstance(value, bool):
        return str(value) if is_exact else str(value).lower()
    text = text_of(value) if not isinstance(value, (Mapping, list, tuple)) else str(value)
    return (text or "") if is_exact else (text or "").casefold()
