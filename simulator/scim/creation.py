"""The body of a create: mapped values as one resource, in the service's order of keys. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from typing import NamedTuple

from entra_sim.simulator.model.change import TargetValue
from entra_sim.simulator.scim.paths import CORE
from entra_sim.simulator.scim.paths import CORE_GROUP
from entra_sim.simulator.scim.paths import ENTERPRISE
from entra_sim.simulator.scim.paths import TargetPath
from entra_sim.simulator.scim.values import ROLE_TYPE
from entra_sim.simulator.scim.values import is_empty
from entra_sim.simulator.scim.values import is_text_type
from entra_sim.simulator.scim.values import role_entry
from entra_sim.simulator.scim.values import role_value
from entra_sim.simulator.scim.values import roles_of
from entra_sim.simulator.scim.values import typed_json

GROUP_EXTENSION = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
SCHEMAS = {"User": (CORE, ENTERPRISE), "Group": (CORE_GROUP, GROUP_EXTENSION)}

_FIRST_KEYS = {
    "User": ("schemas", "externalId", "userName", "active", "displayName", "emails", "meta", "name"),
    "Group": ("schemas", "externalId", "displayName", "meta"),
}
_LEFT_OUT = frozenset({"schemas", "meta", "id", "members"})
_LISTS = frozenset({"emails", "phonenumbers", "addresses", "ims", "photos", "roles", "entitlements"})
_FIRST_IN_ENTRY = ("primary", "type")


def resource_body(object_type: str, values: Sequence[TargetValue]) -> dict[str, Any]:
    """Return the resource that a create sends.

    Left out: values that are empty, references (manager, members follow in a PATCH of their own), and what the service
    writes itself (`schemas`, `meta`, `id`). Booleans are JSON booleans in both dialects.

    Args:
        object_type: "User" or "Group".
        values: in mapping order, which is the order of the keys after the fixed first ones.

    Source: ENG-083, WIRE-050 to WIRE-058, WIRE-101, ENG-084.
    """
    body: dict[str, Any] = {"schemas": list(SCHEMAS[object_type]), "meta": {"resourceType": object_type}}
    for value in values:
        content = value.value
        place = _place(value.target_path, value.type)
        if place.is_plain_text and type(content) is str and not value.multi_valued:  # nearly always
            if content:
                holder = _object_at(body, place.holder) if place.holder else body
                holder[place.path.leaf] = content
        elif not is_empty(content) and not place.is_left_out:
            _put(body, place.path, value)
    _finish_entries(body)
    ordered = {key: body[key] for key in _FIRST_KEYS[object_type] if key in body}
    return ordered | body


class _Place(NamedTuple):
    """Where a value goes. A tuple, worked out once for each path.

    Args:
        is_plain_text: a text stands there as it is, in the resource itself or in the object that `holder` names.
        holder: the schema of an extension, or an attribute with sub-attributes that is no list; "" for neither.
    """

    path: TargetPath
    is_left_out: bool
    is_plain_text: bool
    holder: str


@lru_cache(maxsize=1024)
def _place(target_path: str, type_: str) -> _Place:
    path = TargetPath.parse(target_path)
    is_left_out = _is_left_out(path, type_)
    is_nested = bool(path.sub_attribute)
    is_simple = not (path.filter or path.name == "roles")
    if is_nested:
        is_simple = is_simple and not path.is_in_extension and path.name not in _LISTS
    holder = path.attribute if is_nested else path.urn if path.is_in_extension else ""
    return _Place(path, is_left_out, is_simple and not is_left_out and is_text_type(type_, path.leaf), holder)


def _is_left_out(path: TargetPath, type_: str) -> bool:
    if type_ == "Reference":
        return True
    if path.is_in_extension:
        return path.name == "manager" and path.urn.lower() == ENTERPRISE.lower()
    return path.name in _LEFT_OUT


def _put(body: dict[str, Any], path: TargetPath, value: TargetValue) -> None:
    holder = _object_at(body, path.urn) if path.is_in_extension else body
    if path.name == "roles" and _put_roles(holder, path, value.value):
        return
    content = typed_json(value.value, value.type, path.leaf)
    if path.filter:
        _entry_at(holder, path)[path.sub_attribute or "value"] = content
    elif path.sub_attribute:
        is_list = path.name in _LISTS and not path.is_in_extension
        target = _entry_at(holder, path) if is_list else _object_at(holder, path.attribute)
        target[path.sub_attribute] = content
    else:
        holder[path.attribute] = [content] if value.multi_valued and not isinstance(content, list) else content


def _put_roles(holder: dict[str, Any], path: TargetPath, value: Any) -> bool:
    """Write app roles; a single role goes through its filter, a list gives one entry per role, none primary."""
    roles = roles_of(value)
    if not roles:
        return False
    if path.filter:
        parts = {"display": roles[0].get("displayName"), "type": ROLE_TYPE}
        _entry_at(holder, path)[path.sub_attribute or "value"] = parts.get(path.sub_attribute, role_value(roles[0]))
        return True
    if path.sub_attribute:
        return False
    _list_at(holder, path.attribute).extend(role_entry(role, primary=False) for role in roles)
    return True


def _object_at(holder: dict[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(holder.get(name), dict):
        holder[name] = {}
    found: dict[str, Any] = holder[name]
    return found


def _list_at(holder: dict[str, Any], name: str) -> list[Any]:
    if not isinstance(holder.get(name), list):
        holder[name] = []
    found: list[Any] = holder[name]
    return found


def _entry_at(holder: dict[str, Any], path: TargetPath) -> dict[str, Any]:
    """Return the entry that the path's filter selects; rows with the same filter build one entry. Source: ENG-084."""
    entries = _list_at(holder, path.attribute)
    for entry in entries:
        if isinstance(entry, dict) and all(comparison.holds(entry) for comparison in path.filter):
            return entry
    new = {one.attribute: typed_json(one.literal, "String", one.attribute) for one in path.filter}
    entries.append(new)
    return new


def _finish_entries(body: dict[str, Any]) -> None:
    """Mark the work e-mail as primary, name the type of a primary role, and put both keys first. Source: WIRE-054."""
    for name, entries in body.items():
        if not isinstance(entries, list) or name.lower() not in _LISTS:
            continue
        for position, entry in enumerate(entries):
            if not isinstance(entry, dict):
                continue
            given = dict(entry)
            if name.lower() == "emails" and str(given.get("type")).lower() == "work":
                given.setdefault("primary", True)
            if name.lower() == "roles" and "primary" in given:
                given.setdefault("type", ROLE_TYPE)
            entries[position] = {key: given[key] for key in _FIRST_IN_ENTRY if key in given} | given
