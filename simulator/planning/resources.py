"""What a SCIM server makes of a create and of a PATCH, as far as a provisioning client sends them. Pure.

This is the pretend target's side of the wire, not a rule of the provisioning service: types are those of RFC 7643, and
a path that names no attribute is refused (RFC 7644 section 3.5.2). Texts that spell a boolean count as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from entra_sim.simulator.scim.paths import CORE
from entra_sim.simulator.scim.paths import CORE_GROUP
from entra_sim.simulator.scim.paths import ENTERPRISE
from entra_sim.simulator.scim.paths import TargetPath
from entra_sim.simulator.scim.paths import member
from entra_sim.simulator.scim.values import typed_json

Resource = dict[str, Any]

TEXT, BOOLEAN, OBJECT, LIST, REFERENCE = "text", "boolean", "object", "list", "reference"

_COMMON = {"externalid": TEXT}
_USER = _COMMON | {
    **dict.fromkeys(("username", "displayname", "nickname", "profileurl", "title", "usertype"), TEXT),
    **dict.fromkeys(("preferredlanguage", "locale", "timezone", "password"), TEXT),
    "active": BOOLEAN,
    "name": OBJECT,
    **dict.fromkeys(("emails", "phonenumbers", "ims", "photos", "addresses"), LIST),
    **dict.fromkeys(("entitlements", "roles", "x509certificates"), LIST),
}
CORE_TYPES: Mapping[str, Mapping[str, str]] = {
    "User": _USER,
    "Group": _COMMON | {"displayname": TEXT, "members": LIST},
}
EXTENSION_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("employeenumber", "costcenter", "organization", "division", "department"), TEXT),
    "manager": REFERENCE,
}
READ_ONLY = frozenset({"id", "meta", "groups"})
NAMES = {"User": "userName", "Group": "displayName"}
_CORE_URNS = frozenset({CORE.lower(), CORE_GROUP.lower()})


class Refusal(Exception):
    """The pretend target refuses a request, with an HTTP status and a sentence."""

    def __init__(self, status: int, scim_type: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.scim_type = scim_type


def created(kind: str, body: Mapping[str, Any]) -> Resource:
    """Return the resource that a create makes, without id and meta.

    Raises:
        Refusal: a value has the wrong type, or the name is missing.
    """
    resource: Resource = {}
    for key, value in body.items():
        lowered = key.lower()
        if lowered in READ_ONLY or lowered in ("schemas", "password"):
            continue
        if lowered.startswith("urn:") and isinstance(value, Mapping):
            for name, item in value.items():
                _put(_container(resource, key, make=True), name, _shaped(kind, key, name, item))
        elif lowered in EXTENSION_TYPES and lowered not in CORE_TYPES[kind] and kind == "User":
            _put(_container(resource, ENTERPRISE, make=True), key, _shaped(kind, ENTERPRISE, key, value))
        else:
            _put(resource, key, _shaped(kind, "", key, value))
    if kind == "User":
        resource.setdefault("active", True)
    _require_name(kind, resource)
    return {key: value for key, value in resource.items() if value != {}}


def patched(kind: str, resource: Mapping[str, Any], body: Mapping[str, Any]) -> Resource:
    """Return the resource after all operations of a PatchOp; one that fails undoes all.

    Raises:
        Refusal: a path names nothing, a value has the wrong type, or a read-only attribute is written.
    """
    changed = _copied(resource)
    for operation in body.get("Operations", ()):
        verb, value = str(operation["op"]).lower(), operation.get("value")
        path = operation.get("path")
        if path:
            _apply(kind, changed, verb, TargetPath.parse(path), value, is_key=False)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                _apply(kind, changed, verb, TargetPath.parse(key), item, is_key=True)
        else:
            raise Refusal(400, "invalidValue", f"'{verb}' without a path needs an object of attributes.")
    _require_name(kind, changed)
    return {key: value for key, value in changed.items() if value != {}}


def values_at(path: TargetPath, resource: Mapping[str, Any]) -> list[str]:
    """Return every value that a filter on this path looks at, as texts."""
    holder = member(resource, path.urn) if path.is_in_extension else resource
    held = member(holder, path.attribute)
    entries = held if isinstance(held, list) else [] if held is None else [held]
    found = []
    for entry in entries:
        if isinstance(entry, dict):
            if path.filter and not all(one.holds(entry) for one in path.filter):
                continue
            entry = member(entry, path.sub_attribute or "value")
        if entry is not None and not isinstance(entry, dict | list):
            found.append(str(entry))
    return found


def _apply(kind: str, resource: Resource, verb: str, path: TargetPath, value: Any, *, is_key: bool) -> None:
    urn = path.urn if path.is_in_extension else ""
    if not urn and kind == "User" and path.name in EXTENSION_TYPES and path.name not in CORE_TYPES[kind]:
        urn = ENTERPRISE
    if not urn and path.name in READ_ONLY:
        raise Refusal(400, "mutability", f"'{path.attribute}' is read-only.")
    if not urn and not is_key and path.name not in CORE_TYPES[kind] and _key(resource, path.attribute) is None:
        raise Refusal(400, "invalidPath", f"'{path.text}' names no attribute of {kind}.")
    holder = _container(resource, urn, make=True) if urn else resource
    key = _key(holder, path.attribute) or _spelling(kind, urn, path.attribute)
    if verb == "remove":
        holder.pop(key, None)
    elif path.filter:
        _set_selected(kind, holder, key, path, verb, value)
    elif path.sub_attribute:
        _set_sub(holder, key, path, value)
    elif isinstance(value, list) and verb == "add" and isinstance(holder.get(key), list):
        holder[key] = _joined(holder[key], _shaped(kind, urn, key, value))
    elif isinstance(value, Mapping) and isinstance(holder.get(key), dict) and path.name != "manager":
        holder[key] = holder[key] | dict(value)
    else:
        _put(holder, key, _shaped(kind, urn, key, value))


def _set_selected(kind: str, holder: Resource, key: str, path: TargetPath, verb: str, value: Any) -> None:
    held = holder.get(key)
    entries = [dict(entry) for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []
    chosen = [entry for entry in entries if all(one.holds(entry) for one in path.filter)]
    if not chosen:
        new = {one.attribute: typed_json(one.literal, "String", one.attribute) for one in path.filter}
        entries.append(new)
        chosen = [new]
    for entry in chosen:
        if path.sub_attribute:
            entry[_key(entry, path.sub_attribute) or path.sub_attribute] = _part(path.sub_attribute, value)
        elif isinstance(value, Mapping):
            entry.update(value)
        elif isinstance(value, str):
            entry["value"] = value
        else:
            raise Refusal(400, "invalidValue", f"'{path.text}' needs an object.")
    holder[key] = _one_primary(entries, chosen)


def _set_sub(holder: Resource, key: str, path: TargetPath, value: Any) -> None:
    held = holder.get(key)
    part = _part(path.sub_attribute, value)
    if isinstance(held, list):
        entries = [dict(entry) for entry in held] or [{}]
        for entry in entries:
            entry[_key(entry, path.sub_attribute) or path.sub_attribute] = part
        holder[key] = entries
        return
    if path.name in _USER and _USER[path.name] == LIST and held is None:
        holder[key] = [{path.sub_attribute: part}]
        return
    if held is not None and not isinstance(held, dict):
        raise Refusal(400, "invalidPath", f"'{path.attribute}' has no sub-attributes.")
    entry = dict(held or {})
    entry[_key(entry, path.sub_attribute) or path.sub_attribute] = part
    holder[key] = entry


def _part(name: str, value: Any) -> Any:
    if name.lower() == "primary" and isinstance(value, str):
        return typed_json(value, "Boolean", name)
    return value


def _one_primary(entries: list[Resource], touched: Sequence[Resource]) -> list[Resource]:
    """Return the entries with the primary mark only on the entry that was just written. Source: RFC 7644 3.5.2."""
    chosen = next((entry for entry in reversed(touched) if entry.get("primary") is True), None)
    if chosen is None:
        return entries
    return [
        entry | {"primary": False} if entry is not chosen and entry.get("primary") is True else entry
        for entry in entries
    ]


def _joined(held: list[Any], added: Any) -> list[Any]:
    entries = list(held)
    places = {_mark(entry): place for place, entry in enumerate(entries)}
    for entry in added:
        place = places.get(_mark(entry))
        if place is None:
            places[_mark(entry)] = len(entries)
            entries.append(entry)
        elif isinstance(entry, dict):
            entries[place] = entries[place] | entry
    return _one_primary(entries, [entry for entry in added if isinstance(entry, dict)])


def _mark(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return ("simple", str(entry))
    if isinstance(entry.get("value"), str):
        return ("value", entry["value"], str(entry.get("type") or "").casefold())
    return ("whole", repr(sorted(entry.items(), key=lambda item: item[0])))


def _shaped(kind: str, urn: str, name: str, value: Any) -> Any:
    """Return a whole attribute's value in its type; None for no value."""
    if value is None or value == [] or value == {}:
        return None
    wanted = _type(kind, urn, name)
    if wanted == TEXT and type(value) is str:  # nearly always
        return value
    if wanted == BOOLEAN:
        typed = typed_json(value, "Boolean", name) if isinstance(value, str) else value
        if not isinstance(typed, bool):
            raise Refusal(400, "invalidValue", f"'{name}' is a boolean; {value!r} is none.")
        return typed
    if wanted == REFERENCE:
        return {"value": value} if isinstance(value, str) else dict(value)
    if wanted == TEXT and isinstance(value, list) and len(value) == 1:
        value = value[0]
    expected = {TEXT: str, OBJECT: dict, LIST: list}.get(wanted or "")
    if wanted == LIST and isinstance(value, dict):
        value = [value]
    if expected is not None and not isinstance(value, expected):
        raise Refusal(400, "invalidValue", f"'{name}' is a {wanted}; {value!r} is none.")
    if wanted == LIST:
        return [_entry(name, entry) for entry in value]
    return value


@lru_cache(maxsize=4096)
def _type(kind: str, urn: str, name: str) -> str | None:
    if not urn or urn.lower() in _CORE_URNS:
        return CORE_TYPES[kind].get(name.lower())
    return EXTENSION_TYPES.get(name.lower()) if urn.lower() == ENTERPRISE.lower() else None


def _entry(name: str, entry: Any) -> Any:
    if not isinstance(entry, dict):
        if not isinstance(entry, str):
            raise Refusal(400, "invalidValue", f"an entry of '{name}' is an object.")
        return {"value": entry}
    return {key: _part(key, item) for key, item in entry.items() if item is not None}


def _require_name(kind: str, resource: Mapping[str, Any]) -> None:
    name = resource.get(NAMES[kind])
    if not isinstance(name, str) or not name.strip():
        raise Refusal(400, "invalidValue", f"'{NAMES[kind]}' is required and has no value.")


def _put(holder: Resource, key: str, value: Any) -> None:
    if value is None:
        holder.pop(key, None)
    else:
        holder[key] = value


def _container(resource: Resource, urn: str, *, make: bool) -> Resource:
    if urn.lower() in _CORE_URNS:
        return resource
    key = _key(resource, urn) or urn
    if not isinstance(resource.get(key), dict) and make:
        resource[key] = {}
    found: Resource = resource[key]
    return found


def _key(holder: Mapping[str, Any], name: str) -> str | None:
    if name in holder:
        return name
    wanted = name.lower()
    return next((key for key in holder if key.lower() == wanted), None)


_SPELLINGS = {
    name.lower(): name
    for name in (
        *("externalId", "userName", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage"),
        *("locale", "timezone", "active", "name", "emails", "phoneNumbers", "ims", "photos", "addresses", "members"),
        *("entitlements", "roles", "x509Certificates", "employeeNumber", "costCenter", "organization", "division"),
        *("department", "manager"),
    )
}


def _spelling(kind: str, urn: str, name: str) -> str:
    known = EXTENSION_TYPES if urn else CORE_TYPES[kind]
    return _SPELLINGS[name.lower()] if name.lower() in known and name.lower() in _SPELLINGS else name


def _copied(resource: Mapping[str, Any]) -> Resource:
    """Return a copy whose objects can be changed; entries of lists are copied where they are written."""
    return {key: dict(value) if isinstance(value, dict) else value for key, value in resource.items()}


def from_paths(kind: str, pairs: Sequence[tuple[str, str]]) -> Resource:
    """Return the resource that has these values at these paths, as a table of accounts gives them.

    Raises:
        Refusal: a value has the wrong type.
        UserInputError: a path cannot be read.
    """
    resource: Resource = {}
    for name, value in pairs:
        if name.lower() == "id":
            resource["id"] = value
        elif name.lower() not in READ_ONLY and name.lower() != "schemas":
            _apply(kind, resource, "replace", TargetPath.parse(name), value, is_key=True)
    return resource
