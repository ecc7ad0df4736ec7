"""A stored resource as the client sees it: schemas, id, meta, and only the attributes it asked for."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from entra_sim.mock_tapt.schema import AttributePath
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.schema import key_of
from entra_sim.mock_tapt.schema import resolve
from entra_sim.mock_tapt.store import Row

ALWAYS = ("schemas", "id")


def etag(row: Row, groups: list[tuple[str, str]]) -> str:
    """Return the version of what is shown: the stored version, and the groups that a user is shown with."""
    if not groups:
        return f'W/"{row.version}"'
    return f'W/"{row.version}.{zlib.crc32(repr(groups).encode("utf-8", "surrogatepass")):08x}"'


def render(
    kind: ResourceType,
    row: Row,
    resource: dict[str, Any],
    *,
    base_url: str,
    groups: list[tuple[str, str]],
    members: list[dict[str, Any]] | None,
) -> dict[str, Any]:
    """Return the whole resource.

    Args:
        groups: id and name of the groups a user is in. Source: SRV-017.
        members: entries of a group; None leaves them out.
    Source: SRV-011, SRV-012.
    """
    shown: dict[str, Any] = {
        "schemas": [kind.schema.id, *(key for key in resource if key[:4].lower() == "urn:")],
        "id": row.id,
        **resource,
    }
    if members:
        shown["members"] = members
    if groups:
        shown["groups"] = [
            {"value": group_id, "$ref": f"{base_url}/Groups/{group_id}", "display": name, "type": "direct"}
            for group_id, name in groups
        ]
    shown["meta"] = {
        "resourceType": kind.name,
        "created": row.created_at,
        "lastModified": row.modified_at,
        "location": f"{base_url}{kind.endpoint}/{row.id}",
        "version": etag(row, groups),
    }
    return shown


@dataclass(frozen=True, slots=True)
class Projection:
    """Which attributes a client asked for. Source: SRV-034, RFC 7644 section 3.9."""

    included: tuple[AttributePath, ...] = ()
    excluded: tuple[AttributePath, ...] = ()
    has_list: bool = False

    def drops(self, name: str) -> bool:
        """Return whether a top-level attribute is not needed at all."""
        if any(p.schema is None and p.name == name and p.sub is None for p in self.excluded):
            return True
        return self.has_list and not any(p.schema is None and p.name == name for p in self.included)

    def apply(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Return the resource with only what was asked for; id and schemas always."""
        if self.has_list:
            kept: dict[str, Any] = {name: shown[name] for name in ALWAYS if name in shown}
            for path in self.included:
                _copy(path, shown, kept)
            shown = {name: kept[name] for name in shown if name in kept}
        if self.excluded:
            shown = dict(shown)
            for path in self.excluded:
                _drop(path, shown)
        return shown


EVERYTHING = Projection()


def projection(kind: ResourceType, attributes: list[str], excluded: list[str], *, has_list: bool) -> Projection:
    """Return what `attributes` and `excludedAttributes` ask for; names that nobody knows are ignored."""
    return Projection(
        included=tuple(p for name in attributes if (p := resolve(kind, name)) is not None),
        excluded=tuple(
            p
            for name in excluded
            if (p := resolve(kind, name)) is not None and not (p.schema is None and p.name in ALWAYS)
        ),
        has_list=has_list,
    )


def _copy(path: AttributePath, shown: dict[str, Any], kept: dict[str, Any]) -> None:
    source, target = shown, kept
    if path.schema is not None:
        key = key_of(shown, path.schema)
        if key is None or not isinstance(shown[key], dict):
            return
        if path.name == "":
            kept[key] = shown[key]
            return
        source = shown[key]
        name = key_of(source, path.name)
        if name is None:
            return
        target = kept.setdefault(key, {})
    else:
        name = key_of(source, path.name)
        if name is None:
            return
    value = source[name]
    if path.sub is None or not isinstance(value, dict | list):
        target[name] = value
    elif isinstance(value, dict):
        part = key_of(value, path.sub)
        if part is not None:
            target[name] = {**target.get(name, {}), part: value[part]}
    else:
        held = target.get(name) or [{} for _ in value]
        target[name] = [
            {**before, **{k: v for k, v in entry.items() if k.lower() == (path.sub or "").lower()}}
            for before, entry in zip(held, value, strict=True)
            if isinstance(entry, dict)
        ]


def _drop(path: AttributePath, shown: dict[str, Any]) -> None:
    container = shown
    if path.schema is not None:
        key = key_of(shown, path.schema)
        if key is None:
            return
        if path.name == "":
            del shown[key]
            return
        if not isinstance(shown[key], dict):
            return
        container = shown[key] = dict(shown[key])
    name = key_of(container, path.name)
    if name is None:
        return
    if path.sub is None:
        del container[name]
        return
    sub = path.sub.lower()
    value = container[name]
    if isinstance(value, dict):
        container[name] = {k: v for k, v in value.items() if k.lower() != sub}
    elif isinstance(value, list):
        container[name] = [
            {k: v for k, v in e.items() if k.lower() != sub} if isinstance(e, dict) else e for e in value
        ]
