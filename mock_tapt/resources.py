"""What can be done to resources: create, replace, patch, delete; each change is noted in the history.

Between the protocol (service.py) and the tables (store.py): here uniqueness, required names, versions, members and
passwords are looked after, whoever asks: the SCIM API, a Tapt administrator, a test.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt import patch
from entra_sim.mock_tapt import patch_paths
from entra_sim.mock_tapt.clock import format_instant
from entra_sim.mock_tapt.errors import InvalidSyntax
from entra_sim.mock_tapt.errors import InvalidValue
from entra_sim.mock_tapt.errors import Uniqueness
from entra_sim.mock_tapt.ids import new_salt
from entra_sim.mock_tapt.passwords import hash_password
from entra_sim.mock_tapt.passwords import is_password
from entra_sim.mock_tapt.rendering import etag
from entra_sim.mock_tapt.rendering import render
from entra_sim.mock_tapt.schema import CORE_GROUP
from entra_sim.mock_tapt.schema import GROUP
from entra_sim.mock_tapt.schema import PATCH_OP
from entra_sim.mock_tapt.schema import USER
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.store import Row
from entra_sim.mock_tapt.store import Store
from entra_sim.mock_tapt.values import coerce_list
from entra_sim.mock_tapt.values import normalise

KINDS = {"User": USER, "Group": GROUP}
_KEPT = object()
"""Stands for the password while a PATCH is applied: it is still there afterwards when nobody touched it."""


class Resources:
    """The use cases of one organisation's resources.

    Args:
        store: its tables.
        now: its clock.
        new_id: hands out ids; kind "resource".
        salt: gives the salt of a password hash.
    """

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        new_id: Callable[[str], str],
        salt: Callable[[], bytes] = new_salt,
    ) -> None:
        self.salt = salt
        self.store = store
        self.now = now
        self.new_id = new_id

    def shown(self, row: Row, base_url: str, *, with_members: bool = True, with_groups: bool = True) -> dict[str, Any]:
        """Return a row as a whole resource."""
        kind = KINDS[row.type]
        members = self.store.members(row.seq) if kind is GROUP and with_members else None
        groups = self.store.groups_of(row.id) if kind is USER and with_groups else []
        return render(kind, row, row.resource(), base_url=base_url, groups=groups, members=members)

    def version(self, row: Row) -> str:
        """Return the ETag of a row."""
        return etag(row, self.store.groups_of(row.id) if row.type == "User" else [])

    def create(
        self, kind: ResourceType, body: dict[str, Any], *, who: str, origin: str = "scim", strict: bool = False
    ) -> Row:
        """Return the new row.

        Raises:
            ScimError: the body is refused, or the name is taken (SRV-013).
        """
        resource = normalise(kind, body, strict=strict)
        given = resource.pop("password", None)
        members = take_members(resource) if kind is GROUP else []
        if kind is USER and "active" not in resource:
            resource["active"] = True
        name = resource[kind.name_attribute]
        self.refuse_taken(kind, name, None)
        at = format_instant(self.now())
        row = Row(0, self.new_id("resource"), kind.name, 1, at, at, origin, _text(resource))
        row.seq = self.store.insert(row, name, hash_password(str(given), self.salt()) if given else None, resource)
        if members:
            self.store.put_members(row.seq, members)
        self.store.add_history(row.id, at, who, "created", name, "[]")
        return row

    def replace(self, row: Row, body: dict[str, Any], *, who: str, strict: bool = False) -> Row:
        """Return the row after its writable attributes were exchanged for those of the body. Source: SRV-041."""
        kind = KINDS[row.type]
        resource = normalise(kind, body, strict=strict)
        password = self._new_hash(row, resource.pop("password", None) or _KEPT)
        held = row.resource()
        if kind is USER and "active" not in resource and "active" in held:
            resource["active"] = held["active"]  # omitting it must not enable somebody who was disabled
        members = take_members(resource) if kind is GROUP else None
        return self.save(row, resource, members, who=who, password=password)

    def patch(self, row: Row, body: Any, *, who: str, strict: bool = False) -> Row:
        """Return the row after a PatchOp; all of it or nothing (SRV-042)."""
        kind = KINDS[row.type]
        if kind is GROUP:
            return self._patch_group(row, body, who=who, strict=strict)
        held = row.resource() | {"password": _KEPT}
        resource = patch.apply_patch(kind, held, lambda: self.read_only(row), body, strict=strict)
        password = self._new_hash(row, resource.pop("password", None))
        return self.save(row, resource, None, who=who, password=password)

    def _new_hash(self, row: Row, password: Any) -> str | None:
        """Return what the store is to keep of a password: None for no change, "" for none any more. Source: SRV-016."""
        if password is _KEPT:
            return None
        held = self.store.password_hash(row.seq)
        if password is None:
            return "" if held else None
        text = str(password)  # no schema says of which type it is in a group
        return None if is_password(text, held) else hash_password(text, self.salt())

    def read_only(self, row: Row) -> dict[str, Any]:
        """Return what a client may repeat but not change."""
        shown = self.shown(row, "", with_members=False)
        shown["meta"].pop("location")
        kept = {"id": shown["id"], "meta": shown["meta"]}
        return kept | ({"groups": shown.get("groups")} if row.type == "User" else {})

    def _patch_group(self, row: Row, body: Any, *, who: str, strict: bool) -> Row:
        """Patch a group; plain additions and removals of members do not read the thousands that are there."""
        operations = patch.operations_of(body, strict=strict)
        changes = [_member_change(operation, strict=strict) for operation in operations]
        if not any(changes) or any(
            change is None and _touches_members(operation)
            for change, operation in zip(changes, operations, strict=True)
        ):
            resource = row.resource()
            held = self.store.members(row.seq)
            if held:
                resource["members"] = held
            resource = patch.apply_patch(GROUP, resource, lambda: self.read_only(row), body, strict=strict)
            members = take_members(resource)
            return self.save(row, resource, members if members != held else None, who=who)
        rest = [operation for change, operation in zip(changes, operations, strict=True) if change is None]
        resource = row.resource()
        if rest:
            envelope = {"schemas": [PATCH_OP], "Operations": rest}
            resource = patch.apply_patch(GROUP, resource, lambda: self.read_only(row), envelope, strict=strict)
        changed: list[list[Any]] = []
        for change in changes:
            if change is not None:
                self._change_members(row, *change, changed)
        return self.save(row, resource, None, who=who, noted=changed)

    def _change_members(self, row: Row, verb: str, entries: list[dict[str, Any]], changed: list[list[Any]]) -> None:
        if verb == "add":
            merged = [(self.store.member_entry(row.seq, e["value"]) or {}) | e for e in entries]
            if self.store.put_members(row.seq, merged):
                changed.append(["members", None, [entry["value"] for entry in entries]])
        elif self.store.remove_members(row.seq, [entry["value"] for entry in entries]):
            changed.append(["members", [entry["value"] for entry in entries], None])

    def save(
        self,
        row: Row,
        resource: dict[str, Any],
        members: list[dict[str, Any]] | None,
        *,
        who: str,
        password: str | None = None,
        noted: list[list[Any]] | None = None,
    ) -> Row:
        """Return the row as written; when nothing differs, nothing is written and the version stays. Source: QRK-34."""
        kind = KINDS[row.type]
        held = row.resource()
        changes = list(noted or []) + differences(held, resource)
        if members is not None:
            before = self.store.members(row.seq)
            if before != members:
                changes.append(["members", [m["value"] for m in before], [m["value"] for m in members]])
                self.store.set_members(row.seq, members)
        if not changes and password is None:
            return row
        name = resource[kind.name_attribute]
        if name.casefold() != held[kind.name_attribute].casefold():
            self.refuse_taken(kind, name, row.id)
        at = format_instant(self.now())
        new = Row(row.seq, row.id, row.type, row.version + 1, row.created_at, at, row.origin, _text(resource))
        self.store.update(new, name, password, held=held, resource=resource)
        if password is not None:
            changes.append(["password", "••••", "••••" if password else None])
        self.store.add_history(row.id, at, who, "changed", name, orjson.dumps(changes).decode())
        return new

    def delete(self, row: Row, *, who: str) -> None:
        """Remove the row; the name is free at once and nobody's group holds it any more. Source: SRV-021."""
        name = row.resource()[KINDS[row.type].name_attribute]
        self.store.delete(row)
        self.store.add_history(row.id, format_instant(self.now()), who, "deleted", name, "[]")

    def refuse_taken(self, kind: ResourceType, name: str, own_id: str | None) -> None:
        """Refuse a name that another resource has, compared without case.

        Raises:
            Uniqueness: it is taken; the near miss says by whom, and whether that one is disabled (QRK-29).
        """
        other = self.store.by_name(kind.name, name)
        if other is None or other.id == own_id:
            return
        held = other.resource()
        state = "" if held.get("active", True) else ", which is disabled"
        raise Uniqueness(
            f"Another {kind.name} has the {kind.name_attribute} '{held[kind.name_attribute]}'.",
            near_misses=(f"taken by {other.id}{state}; made {other.created_at}",),
        )


def take_members(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """Take the members out of a group and return them, each member once.

    Raises:
        InvalidValue: an entry has no `value`.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in resource.pop("members", None) or ():
        value = entry.get("value")
        if not isinstance(value, str) or not value:
            raise InvalidValue("Every entry of 'members' needs a 'value', the id of the member.")
        found[value] = found.get(value, {}) | entry
    return list(found.values())


def _touches_members(operation: dict[str, Any]) -> bool:
    path = operation.get("path")
    if isinstance(path, str) and path.strip():
        return "members" in path.lower()
    value = operation.get("value")
    return not isinstance(value, dict) or any("members" in key.lower() or key[:4].lower() == "urn:" for key in value)


def _member_change(operation: dict[str, Any], *, strict: bool) -> tuple[str, list[dict[str, Any]]] | None:
    """Return ("add" or "remove", entries) for the plain forms of WIRE-105 to WIRE-108; None for all others."""
    path = operation.get("path")
    if not isinstance(path, str) or path.strip().lower().removeprefix(f"{CORE_GROUP.lower()}:")[:7] != "members":
        return None
    verb, value = operation["op"], operation.get("value")
    text = path.strip()
    attribute = GROUP.core["members"]
    if verb == "remove" and text.endswith("]"):
        work = patch_paths.empty_work(GROUP, strict=strict)
        target = patch_paths.parse_target(work, text)
        wanted = filters.as_values(target.selection) if target.selection else None
        if wanted is None or set(wanted) != {"value"} or target.path.sub:
            return None
        return ("remove", [{"value": wanted["value"]}])
    if not text.lower().endswith("members") or not isinstance(value, list | dict) or not value or verb == "replace":
        return None
    if verb == "remove" and strict:
        return None
    entries = coerce_list(attribute, value, "members", strict=strict) or []
    if not all(isinstance(entry.get("value"), str) and entry["value"] for entry in entries):
        return None
    return (verb, entries)


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[list[Any]]:
    """Return [path, old, new] for what differs; objects are looked into, lists are not."""
    found: list[list[Any]] = []
    for name in old.keys() | new.keys():
        before, after = old.get(name), new.get(name)
        if before == after and type(before) is type(after):
            continue
        if name == "password":
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            separator = ":" if name[:4].lower() == "urn:" else "."
            found += [[f"{name}{separator}{path}", was, now] for path, was, now in differences(before, after)]
        else:
            found.append([name, before, after])
    return sorted(found, key=lambda change: str(change[0]))


def _text(resource: dict[str, Any]) -> str:
    try:
        return orjson.dumps(resource).decode()
    except TypeError as error:
        raise InvalidSyntax("The body cannot be stored as JSON.") from error
