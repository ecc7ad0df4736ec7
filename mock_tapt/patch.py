"""PATCH: a resource and a PatchOp body give another resource, or a refusal; the given one is never changed.

Read from the top: `apply_patch` checks the envelope and takes the operations one by one; `_apply` finds the place
that a path names (patch_paths.py) and changes it (patch_edits.py). What is taken beyond the RFC when not strict
is named at its line by its number in the table of quirks (QRK).
Source: RFC 7644 section 3.5.2; scim-wire.md SRV-042 to SRV-049 and B.2.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from entra_sim.mock_tapt.errors import InvalidPath
from entra_sim.mock_tapt.errors import InvalidSyntax
from entra_sim.mock_tapt.errors import InvalidValue
from entra_sim.mock_tapt.errors import Mutability
from entra_sim.mock_tapt.errors import NoTarget
from entra_sim.mock_tapt.errors import TooMany
from entra_sim.mock_tapt.patch_edits import MISSING
from entra_sim.mock_tapt.patch_edits import remove_value
from entra_sim.mock_tapt.patch_edits import set_value
from entra_sim.mock_tapt.patch_paths import ReadOnly
from entra_sim.mock_tapt.patch_paths import Target
from entra_sim.mock_tapt.patch_paths import Work
from entra_sim.mock_tapt.patch_paths import parse_target
from entra_sim.mock_tapt.schema import PATCH_OP
from entra_sim.mock_tapt.schema import AttributePath
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.schema import key_of
from entra_sim.mock_tapt.values import coerce
from entra_sim.mock_tapt.values import is_unassigned
from entra_sim.mock_tapt.values import require_name

MAX_OPERATIONS = 1_000
_ENDS_IN_TYPE = re.compile(r":\d+\.\d+:[\w-]+$")


def operations_of(body: Any, *, strict: bool) -> list[dict[str, Any]]:
    """Return the operations of a PatchOp body, with keys and verbs in lower case.

    Raises:
        InvalidSyntax: schemas or Operations missing, unknown verb.
        TooMany: more than MAX_OPERATIONS.

    Source: SRV-044, QRK-01.
    """
    if not isinstance(body, dict):
        raise InvalidSyntax("The body is no object.")
    lowered = body if strict else {key.lower(): value for key, value in body.items()}
    schemas = lowered.get("schemas")
    if isinstance(schemas, str) and not strict:
        schemas = [schemas]
    if not isinstance(schemas, list) or not schemas or not all(isinstance(urn, str) for urn in schemas):
        raise InvalidSyntax("'schemas' is missing, or is no list of URNs.")
    if strict and PATCH_OP not in schemas:
        raise InvalidSyntax(f"'schemas' does not name {PATCH_OP}.")
    operations = lowered.get("Operations" if strict else "operations")
    if not isinstance(operations, list) or not operations:
        raise InvalidSyntax("'Operations' is missing, or is no list of operations.")
    if len(operations) > MAX_OPERATIONS:
        raise TooMany(f"The request has more than {MAX_OPERATIONS} operations.")
    taken: list[dict[str, Any]] = []
    for number, operation in enumerate(operations, 1):
        if not isinstance(operation, dict):
            raise InvalidSyntax(f"Operation {number} is no object.")
        item = dict(operation) if strict else {key.lower(): value for key, value in operation.items()}
        verb = item.get("op")
        if not isinstance(verb, str) or verb.lower() not in ("add", "replace", "remove"):
            raise InvalidSyntax(f"Operation {number} has the op {verb!r}; it can be add, replace or remove.")
        item["op"] = verb.lower()  # RFC 7644 errata 4960: names of operations are compared without case
        if item.get("path") is not None and not isinstance(item["path"], str):
            raise InvalidPath(f"Operation {number} has a path that is no text.")
        taken.append(item)
    return taken


def apply_patch(
    kind: ResourceType, resource: dict[str, Any], read_only: ReadOnly, body: Any, *, strict: bool = False
) -> dict[str, Any]:
    """Return the resource after all operations; one that fails undoes all.

    Args:
        resource: as stored (no id, meta, groups, schemas).
        read_only: gives id, meta and groups as a client sees them: repeated unchanged they are ignored (QRK-09).
    Raises:
        ScimError: the first operation that cannot be done.
    """
    work = Work(kind=kind, resource=_copied(resource), read_only=read_only, strict=strict)
    for operation in operations_of(body, strict=strict):
        verb, value = operation["op"], operation.get("value", MISSING)
        path = operation.get("path")
        if verb != "remove" and value is MISSING:
            raise InvalidValue(f"'{verb}' needs a value.")
        if path is None or not path.strip():
            _apply_without_path(work, verb, value)
        else:
            _apply(work, verb, parse_target(work, path.strip()), value)
    require_name(kind, work.resource)
    return work.resource


def _copied(value: Any) -> Any:
    """Return a copy of JSON down to the scalars; several times faster than copy.deepcopy."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _apply_without_path(work: Work, verb: str, value: Any) -> None:
    if verb == "remove":
        raise NoTarget("'remove' needs a path.")
    if isinstance(value, list) and len(value) == 1 and not work.strict:
        value = value[0]
        if isinstance(value, dict) and key_of(value, "value"):
            raise InvalidValue(f"'{verb}' of list entries needs the path of their list.")
    if not isinstance(value, dict):
        raise InvalidValue(f"'{verb}' without a path needs an object of attributes.")
    for key, item in value.items():
        if key.lower() in ("id", "meta", "schemas") or (key.lower() == "groups" and work.kind.name == "User"):
            _check_repeated(work, key, item)
            continue
        target = parse_target(work, key, is_key=True)
        if target.path.name == "" and (target.path.schema or "").lower() == work.kind.schema.id.lower():
            _apply_without_path(work, verb, item)
            continue
        _apply(work, verb, target, item)


def _check_repeated(work: Work, key: str, item: Any) -> None:
    """Take read-only attributes that say what is so anyway. Source: QRK-09."""
    if key.lower() == "schemas":
        if isinstance(item, list) and all(isinstance(urn, str) for urn in item):
            return
        raise InvalidValue("'schemas' is a list of URNs.")
    held = work.read_only().get(key.lower())
    if is_unassigned(item) or item == held:
        return
    if isinstance(item, dict) and isinstance(held, dict) and all(held.get(k) == v for k, v in item.items()):
        return
    raise Mutability(f"'{key}' is read-only.")


def _apply(work: Work, verb: str, target: Target, value: Any) -> None:
    target = _whole_members(work, target, value)
    path = _whole_extension(work, target.path, value) or target.path
    if path.name.lower() == "schemas" and path.schema is None:
        _check_repeated(work, "schemas", value)
        return
    if path.name == "":
        _apply_to_extension(work, verb, path, value)
        return
    container = _container(work, path, make=verb != "remove")
    if container is None:
        return
    try:
        if verb == "remove":
            remove_value(work, container, target, value)
        else:
            set_value(work, container, target, verb, value)
    finally:
        _drop_empty(work, path)
    if work.kind.core.get(path.name.lower()) is path.attribute is not None and path.attribute.required:
        _check_required(work, path, verb)


def _whole_members(work: Work, target: Target, value: Any) -> Target:
    """Return `members` for `members.value` with ids beside it: those join or leave, the others stay."""
    path = target.path
    if work.strict or path.name != "members" or path.sub != "value" or target.selection is not None:
        return target
    if value is MISSING or is_unassigned(value) or path.schema is not None:
        return target
    return replace(target, path=replace(path, sub=None, sub_attribute=None))


def _whole_extension(work: Work, path: AttributePath, value: Any) -> AttributePath | None:
    """Return the extension that an object under an unknown URN is, as a create takes it. Source: QRK-17.

    `urn:tapt:extras` could be the attribute `extras` of `urn:tapt`; an object tells. After a version, as in
    `urn:x:2.0:User:tag`, the last part is an attribute whatever it holds.
    """
    urn = path.schema
    if urn is None or not path.name or path.sub or not isinstance(value, dict) or path.attribute is not None:
        return None
    if key_of(work.resource, urn) or urn.lower() in work.kind.extension_by_id or _ENDS_IN_TYPE.search(urn):
        return None
    return AttributePath(schema=f"{urn}:{path.name}", name="")


def _check_required(work: Work, path: AttributePath, verb: str) -> None:
    if path.name not in work.resource:
        if verb == "remove":
            raise Mutability(f"'{path.name}' is required and cannot be removed.")
        raise InvalidValue(f"'{path.name}' is required and cannot be empty.")


def _container(work: Work, path: AttributePath, *, make: bool) -> dict[str, Any] | None:
    if path.schema is None:
        return work.resource
    key = key_of(work.resource, path.schema)
    if key is None:
        if not make:
            return None
        key = path.schema
        work.resource[key] = {}
    held = work.resource[key]
    if not isinstance(held, dict):
        raise InvalidPath(f"'{key}' is no object.")
    return held


def _drop_empty(work: Work, path: AttributePath) -> None:
    if path.schema is not None:
        key = key_of(work.resource, path.schema)
        if key is not None and work.resource[key] == {}:
            del work.resource[key]


def _apply_to_extension(work: Work, verb: str, path: AttributePath, value: Any) -> None:
    """Act on a whole extension object: its keys are paths of their own."""
    assert path.schema is not None
    key = key_of(work.resource, path.schema)
    if path.schema.lower() == work.kind.schema.id.lower():
        if verb == "remove":
            raise NoTarget("'remove' needs a path to an attribute.")
        _apply_without_path(work, verb, value)
        return
    if verb == "remove" or is_unassigned(value):
        if key is not None:
            del work.resource[key]
        return
    if not isinstance(value, dict):
        if path.schema.lower() in work.kind.extension_by_id:
            raise InvalidValue(f"'{path.schema}' is an object of attributes.")
        urn, _, name = path.schema.rpartition(":")
        container = work.resource.setdefault(key_of(work.resource, urn) or urn, {})
        container[name] = coerce(None, value, path.schema, strict=work.strict)
        return
    for name, item in value.items():
        if name.lower() == "schemas" and path.schema.lower() in work.kind.extension_by_id:
            continue  # some libraries repeat the URN inside the extension
        if key_of(work.resource, path.schema) is None:
            work.resource[path.schema] = {}  # so that names inside belong to this extension, whatever they hold
        target = parse_target(work, f"{path.schema}:{name}", is_key=True)
        _apply(work, verb, target, item)
    _drop_empty(work, path)
