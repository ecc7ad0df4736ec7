"""A mapped value as JSON, by its target attribute's type: real types in a create, texts in a default PATCH. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

ROLE_TYPE = "WindowsAzureActiveDirectoryRole"
_BOOLEANS = {"true": True, "false": False}
_BOOLEAN_NAMES = frozenset({"active", "primary"})


def is_empty(value: Any) -> bool:
    """Return whether a value counts as absent: null, empty text or list. Source: ENG-014, WIRE-052."""
    return not value and not isinstance(value, bool | int | float)


def is_text_type(type_: str, name: str) -> bool:
    """Return whether a text of this type, at a path that ends in this name, is written as it is."""
    return type_ not in ("Boolean", "Integer") and name.lower() not in _BOOLEAN_NAMES


def typed_json(value: Any, type_: str, name: str) -> Any:
    """Return the value with its JSON type: what a create and the flagged dialect send.

    Args:
        value: as the mapping produced it.
        type_: the target attribute's type.
        name: the last name of the path; `active` and `primary` are booleans whatever their type says.

    A text that does not spell a value of its type stays a text. Source: WIRE-053, WIRE-072.
    Assumed: whole numbers are JSON numbers there too; no sample shows one.
    """
    if isinstance(value, str):
        if is_text_type(type_, name):
            return value
        if type_ == "Boolean" or name.lower() in _BOOLEAN_NAMES:
            return _BOOLEANS.get(value.strip().lower(), value)
        return _whole_number(value)
    if isinstance(value, (list, tuple)):
        return [typed_json(item, type_, name) for item in value]
    return value


def text_json(value: Any, type_: str, name: str, *, is_sub_attribute: bool) -> Any:
    """Return the value as the default dialect's PATCH has it: scalars are texts.

    Booleans are "True" and "False"; below a value path they were seen as "true" and "false".
    Source: WIRE-064, WIRE-090. Assumed: numbers become texts by the same rule.
    """
    if isinstance(value, (list, tuple)):
        return [text_json(item, type_, name, is_sub_attribute=is_sub_attribute) for item in value]
    typed = typed_json(value, type_, name)
    if isinstance(typed, bool):
        return str(typed).lower() if is_sub_attribute else str(typed)
    return str(typed) if isinstance(typed, int | float) else typed


def roles_of(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the app roles that a role mapping produced, () when the value is none of that.

    A role is a mapping with `value` (and `id`, `displayName`), or the JSON text of one.

    Source: ENG-104, ENG-105.
    """
    items = value if isinstance(value, (list, tuple)) else [value]
    roles = [role for item in items if (role := _role(item)) is not None]
    return tuple(roles) if len(roles) == len(items) else ()


def role_entry(role: Mapping[str, Any], *, primary: bool, with_name: bool = True) -> dict[str, Any]:
    """Return a role as a create and the flagged dialect write it.

    Source: WIRE-120 to WIRE-123. Assumed: the name is `display`, as in the assertive sample and in the RFC; one sample
    for AppRoleAssignmentsComplex says `displayName`.
    """
    entry: dict[str, Any] = {"primary": primary, "type": ROLE_TYPE}
    if with_name and not is_empty(role.get("displayName")):
        entry["display"] = role["displayName"]
    entry["value"] = role_value(role)
    return entry


def role_value(role: Mapping[str, Any]) -> Any:
    """Return the role's value, or its name when it has none."""
    return role.get("displayName") if is_empty(role.get("value")) else role.get("value")


def role_text(role: Mapping[str, Any]) -> str:
    """Return the role as the JSON text that the default dialect puts into `value`. Source: WIRE-120."""
    return orjson.dumps({name: role.get(name) for name in ("id", "value", "displayName")}).decode()


def _role(item: Any) -> Mapping[str, Any] | None:
    if isinstance(item, str) and item.startswith("{"):
        try:
            item = orjson.loads(item)
        except orjson.JSONDecodeError:
            return None
    return item if isinstance(item, Mapping) and ("value" in item or "displayName" in item) else None


def _whole_number(text: str) -> Any:
    digits = text.strip().removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else text
