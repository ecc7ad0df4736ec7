"""The operations of a PATCH in both dialects. Pure.

Default dialect: one operation per attribute, capital verbs, texts. Flagged dialect: lower-case verbs, JSON booleans,
value paths first and alone, the rest bundled without a path. Source: WIRE-060 to WIRE-081, WIRE-105 to WIRE-109.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.scim.paths import TargetPath
from entra_sim.simulator.scim.paths import quoted
from entra_sim.simulator.scim.profile import Dialect
from entra_sim.simulator.scim.values import role_entry
from entra_sim.simulator.scim.values import role_text
from entra_sim.simulator.scim.values import roles_of
from entra_sim.simulator.scim.values import text_json
from entra_sim.simulator.scim.values import typed_json

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

Operation = dict[str, Any]


def patch_body(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return a PatchOp message. Source: WIRE-060."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def update_operations(changes: Sequence[AttributeChange], dialect: Dialect) -> list[Operation]:
    """Return the operations for the changes, which come in mapping order. Source: WIRE-061 to WIRE-072, WIRE-081."""
    if dialect is Dialect.DEFAULT:
        return [_default_operation(change) for change in changes]
    return _flagged_operations(changes)


def manager_operation(path: str, manager_target_id: str, *, replaces: bool, dialect: Dialect) -> Operation:
    """Return the operation that sets a manager: the bare id as a text. Source: WIRE-073, WIRE-074."""
    return {"op": _verb("Replace" if replaces else "Add", dialect), "path": path, "value": manager_target_id}


def add_members_operation(target_ids: Sequence[str], dialect: Dialect) -> Operation:
    """Return the one operation that adds these members. Source: WIRE-105, WIRE-106."""
    return {"op": _verb("Add", dialect), "path": "members", "value": _member_values(target_ids)}


def remove_members_operations(target_ids: Sequence[str], dialect: Dialect) -> list[Operation]:
    """Return the operations that remove these members: one with a list, flagged one per member.

    Source: WIRE-107, WIRE-108.
    """
    if dialect is Dialect.DEFAULT:
        return [{"op": "Remove", "path": "members", "value": _member_values(target_ids)}]
    return [{"op": "remove", "path": f"members[value eq {quoted(target_id)}]"} for target_id in target_ids]


def _member_values(target_ids: Sequence[str]) -> list[dict[str, str]]:
    return [{"value": target_id} for target_id in target_ids]


def _verb(operation: str, dialect: Dialect) -> str:
    return operation if dialect is Dialect.DEFAULT else operation.lower()


def _default_operation(change: AttributeChange) -> Operation:
    path = TargetPath.parse(change.target_path)
    role_operation = _role_operation(change, path, Dialect.DEFAULT)
    if role_operation is not None:
        return role_operation
    operation: Operation = {"op": change.operation, "path": path.text}
    if change.lower_case_op:
        operation["op"] = change.operation.lower()
    if change.operation != "Remove":
        operation["value"] = text_json(
            change.new_value, change.type, path.leaf, is_sub_attribute=path.is_value_path and bool(path.sub_attribute)
        )
    return operation


def _flagged_operations(changes: Sequence[AttributeChange]) -> list[Operation]:
    """Return value paths, lists and objects first, one each; then one bundle of adds and one of replaces."""
    alone: list[Operation] = []
    bundles: dict[str, list[tuple[str, Any]]] = {"Add": [], "Replace": []}
    removals: list[Operation] = []
    for change in changes:
        path = TargetPath.parse(change.target_path)
        role_operation = _role_operation(change, path, Dialect.FLAGGED)
        value = typed_json(change.new_value, change.type, path.leaf)
        if role_operation is not None:
            alone.append(role_operation)
        elif change.operation == "Remove":
            (alone if path.is_value_path else removals).append({"op": "remove", "path": path.text})
        elif path.is_value_path or isinstance(value, list | dict):
            alone.append({"op": change.operation.lower(), "path": path.text, "value": value})
        else:
            bundles[change.operation].append((path.text, value))
    bundled = [_bundle(operation.lower(), members) for operation, members in bundles.items() if members]
    return alone + bundled + removals


def _bundle(verb: str, members: Sequence[tuple[str, Any]]) -> Operation:
    """Return a single attribute with its path, several without. Source: WIRE-070, WIRE-071."""
    if len(members) == 1:
        return {"op": verb, "path": members[0][0], "value": members[0][1]}
    return {"op": verb, "value": dict(members)}


def _role_operation(change: AttributeChange, path: TargetPath, dialect: Dialect) -> Operation | None:
    """Return the operation for app roles, None when the value is none.

    Source: WIRE-120 to WIRE-123. Assumed: the single role takes the verb of the comparison; the complex function only
    ever adds (ENG-105).
    """
    roles = roles_of(change.new_value) if path.name == "roles" and change.operation != "Remove" else ()
    if not roles:
        return None
    if change.lower_case_op:
        return {"op": "replace", "path": "roles", "value": [role_entry(role, primary=False) for role in roles]}
    is_single = path.is_value_path
    verb = _verb(change.operation if is_single else "Add", dialect)
    if dialect is Dialect.DEFAULT:
        return {"op": verb, "path": "roles", "value": [{"value": role_text(role)} for role in roles]}
    entries = [role_entry(role, primary=is_single, with_name=not is_single) for role in roles]
    return {"op": verb, "path": "roles", "value": entries}
