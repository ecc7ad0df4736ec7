"""Values as the client sends them, brought into the form the schema asks for, and nothing more.

Texts and numbers are kept as sent (SRV-012); what is turned is written in B.2 of scim-wire.md: booleans as texts
(QRK-02, QRK-03), the manager as a text (QRK-12), names in another case (QRK-31), a scalar as a list of one (QRK-32),
nulls (QRK-33). Strict mode turns nothing. A value of the wrong type is refused, never dropped.
"""

from __future__ import annotations

import json
from typing import Any

from entra_sim.mock_tapt.errors import InvalidSyntax
from entra_sim.mock_tapt.errors import InvalidValue
from entra_sim.mock_tapt.schema import Attribute
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.schema import Schema
from entra_sim.mock_tapt.schema import key_of
from entra_sim.mock_tapt.schema import resolve

MAX_DEPTH = 32
_LISTS_OF_TEXTS = frozenset({"members", "roles", "entitlements"})
"""Where one bare text is taken as the only entry. Source: QRK-26."""
READ_ONLY_TOP = frozenset({"id", "meta", "groups", "schemas"})


def is_unassigned(value: Any) -> bool:
    """Return whether the value is the same state as absence: null, an empty list, an empty object.

    Source: SRV-018, QRK-33.
    """
    return value is None or value == [] or value == {}


def coerce(attribute: Attribute | None, value: Any, where: str, *, strict: bool) -> Any:
    """Return the value in the type of its attribute; None when that is no value at all.

    Args:
        attribute: the definition, None for an attribute that no schema knows (kept as sent).
        where: the path, for the sentence of a refusal.
    Raises:
        InvalidValue: the value has another type.
    """
    if is_unassigned(value):
        return None
    if attribute is None:
        return _without_nulls(value)
    if attribute.multi_valued:
        return coerce_list(attribute, value, where, strict=strict)
    if attribute.is_complex:
        return coerce_entry(attribute, value, where, strict=strict)
    if not strict:
        value = _unwrapped(value)
        if value is None:
            return None
    return _scalar(attribute, value, where, strict=strict)


def _unwrapped(value: Any) -> Any:
    """Return x for `[{"$ref": null, "value": x}]`, all other values as they are. Source: QRK-11, QRK-32, WIRE-080."""
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        return value
    entry = value[0]
    wraps = "value" in entry and all(item is None for name, item in entry.items() if name != "value")
    return entry["value"] if wraps else value


def _scalar(attribute: Attribute, value: Any, where: str, *, strict: bool) -> Any:
    if attribute.type == "boolean":
        if isinstance(value, bool):
            return value
        if not strict and isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        raise InvalidValue(f"'{where}' is a boolean; {_shown(value)} is none.")
    if not isinstance(value, str):
        raise InvalidValue(f"'{where}' is a text; {_shown(value)} is none.")
    return value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def coerce_list(attribute: Attribute, value: Any, where: str, *, strict: bool) -> list[Any] | None:
    """Return the entries of a multi-valued attribute; equal entries once.

    A single object counts as a list of one, when not strict; so does a text, where what it means cannot be doubted.

    Source: QRK-26.
    """
    if not strict and (isinstance(value, dict) or (isinstance(value, str) and attribute.name in _LISTS_OF_TEXTS)):
        value = [value]
    if not isinstance(value, list):
        raise InvalidValue(f"'{where}' is a list; {_shown(value)} is none.")
    entries: list[Any] = []
    seen: set[str] = set()
    for item in value:
        if attribute.is_complex:
            entry: Any = None if is_unassigned(item) else coerce_entry(attribute, item, where, strict=strict)
        else:
            entry = None if item is None else _scalar(attribute, item, where, strict=strict)
        if entry is None:
            continue
        mark = json.dumps(entry, sort_keys=True) if isinstance(entry, dict) else repr(entry)
        if mark not in seen:
            seen.add(mark)
            entries.append(entry)
    return entries or None


def coerce_entry(attribute: Attribute, value: Any, where: str, *, strict: bool) -> dict[str, Any] | None:
    """Return one object of a complex attribute; a bare text stands for its `value` when not strict. Source: QRK-12."""
    if not strict and not attribute.multi_valued and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and attribute.has_value_sub and not strict:
        return {"value": value} if value else None
    if not isinstance(value, dict):
        raise InvalidValue(f"'{where}' is an object; {_shown(value)} is none.")
    entry: dict[str, Any] = {}
    for key, item in value.items():
        sub = attribute.subs.get(key.lower())
        name = sub.name if sub else key
        part = coerce(sub, item, f"{where}.{name}", strict=strict)
        if part is None:
            continue
        if name in entry and entry[name] != part:
            raise InvalidSyntax(f"'{where}' has '{name}' twice, with different values.")
        entry[name] = part
    if not attribute.multi_valued and not strict and entry.get("value") == "" and attribute.has_value_sub:
        return None
    return entry or None


def _without_nulls(value: Any, depth: int = 0) -> Any:
    """Return a value without its nulls: they are as good as absent. Source: QRK-33."""
    if depth > MAX_DEPTH:
        raise InvalidSyntax(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        return {k: _without_nulls(v, depth + 1) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v, depth + 1) for v in value if v is not None]
    return value


def normalise(kind: ResourceType, body: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """Return a resource as it is stored, from the body of a POST or PUT: writable attributes only, canonical names.

    Extensions stand under their URN, known or not, listed in `schemas` or not; `id`, `meta` and `groups` are ignored;
    attributes that no schema knows are kept.

    Source: QRK-17, QRK-20, SRV-010, SRV-019.

    Raises:
        InvalidSyntax: `schemas` is missing, or an attribute stands twice.
        InvalidValue: a value has the wrong type, a required one is missing.
    """
    check_schemas(kind, body, strict=strict)
    resource: dict[str, Any] = {}
    for key, value in (body if strict else _without_core_urn(kind, body)).items():
        lowered = key.lower()
        if lowered in READ_ONLY_TOP and (lowered != "groups" or kind.name == "User"):
            continue
        if lowered[:4] == "urn:":
            _take_extension(kind, resource, key, value, strict=strict)
            continue
        attribute = kind.core.get(lowered)
        if attribute is None and not strict and lowered in kind.bare_extension_names:
            schema = kind.bare_extension_names[lowered]
            _merge(resource, schema.id, _extension(schema, {key: value}, strict=strict))
            continue
        name = attribute.name if attribute else key
        coerced = coerce(attribute, value, name, strict=strict)
        if coerced is None:
            continue
        held = name if attribute else key_of(resource, name)
        if held in resource and resource[held] != coerced:
            raise InvalidSyntax(f"The body has '{name}' twice, with different values.")
        resource[held or name] = coerced
    require_name(kind, resource)
    return resource


def _without_core_urn(kind: ResourceType, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with attributes that stand under, or behind, the URN of the core schema at the top.

    Raises:
        InvalidSyntax: one of them stands at the top already, with another value.
    """
    urn = kind.schema.id.lower()
    if not any(key[: len(urn)].lower() == urn for key in body):
        return body
    flat: dict[str, Any] = {}
    for key, value in body.items():
        named = {key: value}
        if key.lower() == urn and isinstance(value, dict):
            named = value
        elif key[: len(urn) + 1].lower() == f"{urn}:":
            named = {key[len(urn) + 1 :]: value}
        for name, item in named.items():
            if name in flat and flat[name] != item:
                raise InvalidSyntax(f"The body has '{name}' twice, with different values.")
            flat[name] = item
    return flat


def _take_extension(kind: ResourceType, resource: dict[str, Any], key: str, value: Any, *, strict: bool) -> None:
    path = resolve(kind, key)
    if path is None:
        raise InvalidSyntax(f"'{key}' is no schema URN.")
    if key.lower() == kind.schema.id.lower():
        raise InvalidSyntax(f"Attributes of '{key}' stand at the top of the resource.")
    if path.name and path.schema and path.schema.lower() in kind.extension_by_id:
        if strict:
            raise InvalidSyntax(f"'{key}' must stand in an object under '{path.schema}'.")
        _merge(
            resource,
            path.schema,
            _extension(kind.extension_by_id[path.schema.lower()], {path.name: value}, strict=strict),
        )
        return
    schema = kind.extension_by_id.get(key.lower())
    if value is None:
        return
    if schema is not None and not isinstance(value, dict):
        raise InvalidValue(f"'{key}' is an object; {_shown(value)} is none.")
    if isinstance(value, dict):
        _merge(resource, schema.id if schema else key, _extension(schema, value, strict=strict))
    elif path.name and path.schema and not strict:
        _merge(resource, path.schema, _extension(None, {path.name: value}, strict=strict))
    else:
        if any(held.lower() == key.lower() for held in resource):
            raise InvalidSyntax(f"The body has '{key}' twice.")
        resource[key] = _without_nulls(value)


def _extension(schema: Schema | None, value: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for key, item in value.items():
        if schema is not None and key.lower() == "schemas":
            continue  # some libraries repeat the URN inside the extension
        attribute = schema.by_name.get(key.lower()) if schema else None
        name = attribute.name if attribute else key
        coerced = coerce(attribute, item, f"{schema.id}:{name}" if schema else name, strict=strict)
        if coerced is None:
            continue
        if name in entry and entry[name] != coerced:
            raise InvalidSyntax(f"The body has '{name}' twice, with different values.")
        entry[name] = coerced
    return entry


def _merge(resource: dict[str, Any], urn: str, extension: dict[str, Any]) -> None:
    if not extension:
        return
    known = next((key for key in resource if key.lower() == urn.lower()), urn)
    held = resource.get(known, {})
    if not isinstance(held, dict) or any(name in held and held[name] != extension[name] for name in extension):
        raise InvalidSyntax(f"The body has '{urn}' twice, with different values.")
    resource[known] = held | extension


def check_schemas(kind: ResourceType, body: dict[str, Any], *, strict: bool) -> None:
    """Refuse a resource whose `schemas` is missing or no list of texts; unknown URIs are taken. Source: QRK-18, QRK-19.

    Raises:
        InvalidSyntax: as said; strict, also when the core schema is not among them.
    """
    schemas = next((value for key, value in body.items() if key.lower() == "schemas"), None)
    if isinstance(schemas, str) and not strict:
        schemas = [schemas]
    if not isinstance(schemas, list) or not schemas or not all(isinstance(urn, str) for urn in schemas):
        raise InvalidSyntax("'schemas' is missing, or is no list of URNs.")
    if strict and kind.schema.id.lower() not in (urn.lower() for urn in schemas):
        raise InvalidSyntax(f"'schemas' does not name {kind.schema.id}.")


def require_name(kind: ResourceType, resource: dict[str, Any]) -> None:
    """Refuse a resource without its name.

    Raises:
        InvalidValue: `userName` of a user or `displayName` of a group is missing or blank.
    """
    name = resource.get(kind.name_attribute)
    if not isinstance(name, str) or not name.strip():
        raise InvalidValue(f"'{kind.name_attribute}' is required and has no value.")
