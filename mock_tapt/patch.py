"""PATCH: a resource and a PatchOp body give another resource, or a refusal; the given one is never changed.

Read from the top: `apply_patch` checks the envelope and takes the operations one by one; `_apply` finds the place
that a path names; `_set_*` and `_remove_*` act on it. What is taken beyond the RFC when not strict is named at its line
by its number in the table of quirks (QRK).
Source: RFC 7644 section 3.5.2; scim-wire.md SRV-042 to SRV-049 and B.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt.errors import InvalidPath
from entra_sim.mock_tapt.errors import InvalidSyntax
from entra_sim.mock_tapt.errors import InvalidValue
from entra_sim.mock_tapt.errors import Mutability
from entra_sim.mock_tapt.errors import NoTarget
from entra_sim.mock_tapt.errors import TooMany
from entra_sim.mock_tapt.schema import PATCH_OP
from entra_sim.mock_tapt.schema import AttributePath
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.schema import key_of
from entra_sim.mock_tapt.schema import resolve
from entra_sim.mock_tapt.values import coerce
from entra_sim.mock_tapt.values import coerce_entry
from entra_sim.mock_tapt.values import coerce_list
from entra_sim.mock_tapt.values import is_unassigned
from entra_sim.mock_tapt.values import require_name

MAX_OPERATIONS = 1_000
MISSING = object()
ReadOnly = Callable[[], dict[str, Any]]
_DECORATION = frozenset({"type", "primary", "display", "$ref"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parsed path: the attribute, what stands in brackets, and the sub-attribute behind them."""

    path: AttributePath
    selection: filters.Filter | None = None
    text: str = ""


@dataclass(slots=True, kw_only=True)
class _Work:
    """What all operations of one request share."""

    kind: ResourceType
    resource: dict[str, Any]
    read_only: ReadOnly
    strict: bool


def empty_work(kind: ResourceType, *, strict: bool) -> _Work:
    """Return what `parse_target` needs to read a path apart from any resource."""
    return _Work(kind=kind, resource={}, read_only=dict, strict=strict)


def operations_of(body: Any, *, strict: bool) -> list[dict[str, Any]]:
    """Return the operations of a PatchOp body, with keys and verbs in lower case.

    Raises:
        InvalidSyntax: schemas or Operations missing, unknown verb. Source: SRV-044.
        TooMany: more than MAX_OPERATIONS.
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
        item["op"] = verb.lower()  # RFC 7644 errata 4960: names of operations are compared without case (QRK-01)
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
    work = _Work(kind=kind, resource=_copied(resource), read_only=read_only, strict=strict)
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


def _apply_without_path(work: _Work, verb: str, value: Any) -> None:
    if verb == "remove":
        raise NoTarget("'remove' needs a path.")
    if isinstance(value, list) and len(value) == 1 and not work.strict:
        value = value[0]
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


def _check_repeated(work: _Work, key: str, item: Any) -> None:
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


def parse_target(work: _Work, text: str, *, is_key: bool = False) -> Target:
    """Return what a path names.

    Args:
        is_key: the text is a key of a path-less value; a name that no schema knows is then taken as a create takes it.
    Raises:
        InvalidPath: the path cannot be parsed or names no attribute.
        InvalidFilter: the filter in brackets cannot be parsed.
        Mutability: the attribute is read-only.
    """
    urns = tuple(key for key in work.resource if key[:4].lower() == "urn:")
    head, bracket, rest = text.partition("[")
    if not bracket:
        path = resolve(work.kind, head, urns)
        if path is None and head.lower().startswith("urn:") and is_key:
            path = AttributePath(schema=head, name="")
        return Target(path=_known(work, path, text, is_key=is_key), text=text)
    inner, tail = _split_brackets(rest, text)
    path = resolve(work.kind, head, urns)
    if path is None or path.sub or path.name == "" or not re.match(r"^(?:\.[A-Za-z$_][\w$-]*)?$", tail):
        raise InvalidPath(f"'{text}' is no path.", near_misses=filters.nearest_names(work.kind, head))
    path = _known(work, path, text, is_key=is_key)
    selection = filters.parse_value_filter(inner, work.kind, path, strict=work.strict)
    if tail:
        whole = resolve(work.kind, head + tail, urns)
        if whole is None:
            raise InvalidPath(f"'{text}' is no path.")
        path = _known(work, whole, text, is_key=is_key)
    return Target(path=path, selection=selection, text=text)


def _split_brackets(rest: str, text: str) -> tuple[str, str]:
    """Return what stands before and after the closing bracket; brackets inside texts do not count."""
    in_text = False
    index = 0
    while index < len(rest):
        character = rest[index]
        if in_text and character == "\\":
            index += 1
        elif character == '"':
            in_text = not in_text
        elif character == "]" and not in_text:
            return rest[:index], rest[index + 1 :]
        index += 1
    raise InvalidPath(f"'{text}' has a bracket that never closes.")


def _known(work: _Work, path: AttributePath | None, text: str, *, is_key: bool) -> AttributePath:
    if path is None:
        raise InvalidPath(f"'{text}' is no path.", near_misses=filters.nearest_names(work.kind, text))
    definition = path.attribute
    if definition is None and path.name and not is_key and path.schema is None:
        stored = key_of(work.resource, path.name)
        if stored is None:
            near = filters.nearest_names(work.kind, text)
            raise InvalidPath(f"'{text}' names no attribute of {work.kind.name}.", near_misses=near)
        return AttributePath(schema=None, name=stored, sub=path.sub)
    if definition is not None and definition.mutability == "readOnly":
        raise Mutability(f"'{definition.name}' is read-only.")
    if path.sub_attribute is not None and path.sub_attribute.mutability == "readOnly" and work.strict:
        raise Mutability(f"'{path}' is read-only.")
    if definition is not None and path.sub and path.sub_attribute is None:
        if not definition.is_complex:
            raise InvalidPath(f"'{definition.name}' has no sub-attributes.")
        if work.strict:
            raise InvalidPath(f"'{path}' names no sub-attribute.")
    is_known_urn = (path.schema or "").lower() in work.kind.extension_by_id
    if work.strict and definition is None and path.name and is_known_urn:
        raise InvalidPath(f"'{text}' names no attribute of {path.schema}.")
    return path


def _apply(work: _Work, verb: str, target: Target, value: Any) -> None:
    path = target.path
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
            _remove(work, container, target, value)
        else:
            _set(work, container, target, verb, value)
    finally:
        _drop_empty(work, path)
    if work.kind.core.get(path.name.lower()) is path.attribute is not None and path.attribute.required:
        _check_required(work, path, verb)


def _check_required(work: _Work, path: AttributePath, verb: str) -> None:
    if path.name not in work.resource:
        if verb == "remove":
            raise Mutability(f"'{path.name}' is required and cannot be removed.")
        raise InvalidValue(f"'{path.name}' is required and cannot be empty.")


def _container(work: _Work, path: AttributePath, *, make: bool) -> dict[str, Any] | None:
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


def _drop_empty(work: _Work, path: AttributePath) -> None:
    if path.schema is not None:
        key = key_of(work.resource, path.schema)
        if key is not None and work.resource[key] == {}:
            del work.resource[key]


def _apply_to_extension(work: _Work, verb: str, path: AttributePath, value: Any) -> None:
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
        target = parse_target(work, f"{path.schema}:{name}", is_key=True)
        _apply(work, verb, target, item)


# add and replace


def _set(work: _Work, container: dict[str, Any], target: Target, verb: str, value: Any) -> None:
    path, attribute = target.path, target.path.attribute
    key = key_of(container, path.name) or path.name
    if target.selection is not None:
        _set_selected(work, container, key, target, verb, value)
    elif path.sub is not None:
        _set_sub(work, container, key, target, value)
    elif attribute is not None and attribute.multi_valued:
        _set_list(work, container, key, target, verb, value)
    elif attribute is not None and attribute.is_complex:
        _set_complex(work, container, key, target, value)
    else:
        coerced = None if _clears(work, value) else coerce(attribute, value, target.text, strict=work.strict)
        if attribute is None and verb == "add" and isinstance(container.get(key), list) and coerced is not None:
            more = coerced if isinstance(coerced, list) else [coerced]
            coerced = container[key] + [item for item in more if item not in container[key]]
        _put(container, key, coerced)


def _clears(work: _Work, value: Any) -> bool:
    """Return whether the value takes the attribute away: null, and an empty text when not strict. Source: QRK-15."""
    return is_unassigned(value) or (value == "" and not work.strict)


def _put(container: dict[str, Any], key: str, value: Any) -> None:
    if is_unassigned(value):
        container.pop(key, None)
    else:
        container[key] = value


def _set_complex(work: _Work, container: dict[str, Any], key: str, target: Target, value: Any) -> None:
    """Set the sub-attributes that are given and leave the others. Source: RFC 7644 section 3.5.2.3."""
    attribute = target.path.attribute
    assert attribute is not None
    if _clears(work, value):
        container.pop(key, None)
        return
    given = value[0] if isinstance(value, list) and len(value) == 1 and not work.strict else value
    if attribute.has_value_sub and not work.strict:
        # a reference such as the manager is exchanged as a whole: its other parts belong to the old value
        _put(container, key, coerce_entry(attribute, given, target.text, strict=work.strict))
        return
    if not isinstance(given, dict):
        raise InvalidValue(f"'{target.text}' is an object of sub-attributes.")
    entry = dict(container.get(key) or {})
    coerced = coerce_entry(attribute, given, target.text, strict=work.strict) or {}
    cleared = {
        attribute.subs[k.lower()].name if k.lower() in attribute.subs else k
        for k, v in given.items()
        if _clears(work, v)
    }
    entry = {name: item for name, item in (entry | coerced).items() if name not in cleared}
    _put(container, key, entry)


def _set_sub(work: _Work, container: dict[str, Any], key: str, target: Target, value: Any) -> None:
    """Set one sub-attribute: of the object, or of every entry of a list."""
    path, attribute = target.path, target.path.attribute
    assert path.sub is not None
    if _clears(work, value):
        _remove_sub(work, container, key, target)
        return
    coerced = coerce(path.sub_attribute, value, target.text, strict=work.strict)
    held = container.get(key)
    if attribute is not None and attribute.multi_valued:
        entries = [dict(entry) for entry in held or [{}]]
        for entry in entries:
            entry[key_of(entry, path.sub) or path.sub] = coerced
        _put(container, key, _one_primary(entries, entries if coerced is True else []))
        return
    if held is not None and not isinstance(held, dict):
        raise InvalidPath(f"'{path.name}' has no sub-attributes.")
    entry = dict(held or {})
    entry[key_of(entry, path.sub) or path.sub] = coerced
    container[key] = entry


def _set_list(work: _Work, container: dict[str, Any], key: str, target: Target, verb: str, value: Any) -> None:
    attribute = target.path.attribute
    assert attribute is not None
    if _clears(work, value):
        if verb == "replace":
            container.pop(key, None)
        return
    if isinstance(value, str) and attribute.name == "members" and not work.strict:
        value = [value]
    given = coerce_list(attribute, value, target.text, strict=work.strict) or []
    if verb == "replace":
        _put(container, key, given)
        return
    held = list(container.get(key) or [])
    touched: list[Any] = []
    index = _EntryIndex(held, by_value=attribute.name == "members")
    for entry in given:
        position = index.find(entry)
        if position is None:
            index.add(entry)
            touched.append(entry)
        elif isinstance(entry, dict):
            held[position] = held[position] | entry
            touched.append(held[position])
    _put(container, key, _one_primary(held, touched))


class _EntryIndex:
    """Finds the entry of a list that an added one repeats: equal, or of the same value and type. Source: SRV-045."""

    def __init__(self, held: list[Any], *, by_value: bool = False) -> None:
        self.held = held
        self.by_value = by_value
        self.keys: dict[Any, int] = {}
        for position, entry in enumerate(held):
            self.keys.setdefault(self.key(entry), position)

    def key(self, entry: Any) -> Any:
        if not isinstance(entry, dict):
            return ("simple", entry)
        if isinstance(entry.get("value"), str):
            kind = None if self.by_value else entry.get("type")
            return ("value", entry["value"], kind.casefold() if isinstance(kind, str) else None)
        return ("whole", repr(sorted(entry.items(), key=lambda item: item[0])))

    def find(self, entry: Any) -> int | None:
        key = self.key(entry)
        found = self.keys.get(key)
        if found is None and key[0] == "value" and not self.by_value and "type" not in entry:
            return self._any_type(entry["value"])
        return found

    def _any_type(self, value: str) -> int | None:
        return next((p for k, p in self.keys.items() if k[0] == "value" and k[1] == value), None)

    def add(self, entry: Any) -> None:
        self.keys[self.key(entry)] = len(self.held)
        self.held.append(entry)


def _one_primary(entries: list[Any], touched: list[Any]) -> list[Any]:
    """Return the entries with the primary mark only on the entry that was just given it. Source: RFC 7644 3.5.2."""
    chosen = next((e for e in reversed(touched) if isinstance(e, dict) and e.get("primary") is True), None)
    if chosen is None:
        return entries
    return [
        entry | {"primary": False}
        if isinstance(entry, dict) and entry is not chosen and entry.get("primary") is True
        else entry
        for entry in entries
    ]


def _entries(container: dict[str, Any], key: str) -> list[dict[str, Any]]:
    held = container.get(key)
    if held is None:
        return []
    return [entry for entry in (held if isinstance(held, list) else [held]) if isinstance(entry, dict)]


def _set_selected(work: _Work, container: dict[str, Any], key: str, target: Target, verb: str, value: Any) -> None:
    """Set what a value filter selects; when it selects nothing, make the entry (QRK-05)."""
    path, attribute = target.path, target.path.attribute
    assert target.selection is not None
    if attribute is not None and not attribute.is_complex:
        raise InvalidPath(f"'{path.name}' has no sub-attributes to select by.")
    entries = _entries(container, key)
    chosen = [position for position, entry in enumerate(entries) if filters.matches(target.selection, entry)]
    if _clears(work, value):
        if chosen:
            _remove_selected(work, container, key, target)
        return
    if not chosen:
        entries.append(_made_entry(work, target, entries))
        chosen = [len(entries) - 1]
    touched = []
    wanted = filters.as_values(target.selection) or {}
    for position in chosen:
        entries[position] = _changed_entry(work, target, verb, value, entries[position], {} if work.strict else wanted)
        touched.append(entries[position])
    kept = [entry for entry in entries if entry]
    if attribute is not None and not attribute.multi_valued:
        _put(container, key, kept[-1] if kept else None)
    else:
        _put(container, key, _one_primary(kept, touched))


def _made_entry(work: _Work, target: Target, entries: list[dict[str, Any]]) -> dict[str, Any]:
    wanted = None if work.strict else filters.as_values(target.selection) if target.selection else None
    if wanted is None:
        names = {name for entry in entries for name in entry}
        near = tuple(
            f"path {target.text} matches nothing; nearest: {name} {entry[name]!r}"
            for entry in entries[:3]
            for name in sorted(names & {"type", "value", "primary"} & set(entry))
        )
        raise NoTarget(f"'{target.text}' selects nothing.", near_misses=near)
    return dict(wanted)


def _changed_entry(
    work: _Work, target: Target, verb: str, value: Any, entry: dict[str, Any], wanted: dict[str, Any]
) -> dict[str, Any]:
    path, attribute = target.path, target.path.attribute
    if path.sub is not None:
        coerced = coerce(path.sub_attribute, value, target.text, strict=work.strict)
        changed = dict(entry)
        _put(changed, key_of(changed, path.sub) or path.sub, coerced)
        return changed
    given = value[0] if isinstance(value, list) and len(value) == 1 and not work.strict else value
    if attribute is None:
        if not isinstance(given, dict):
            raise InvalidValue(f"'{target.text}' needs an object.")
        coerced_entry = given
    else:
        coerced_entry = coerce_entry(attribute, given, target.text, strict=work.strict) or {}
    if verb == "add":
        return entry | coerced_entry
    return {name: item for name, item in wanted.items() if name not in coerced_entry} | coerced_entry


# remove


def _remove(work: _Work, container: dict[str, Any], target: Target, value: Any) -> None:
    path, attribute = target.path, target.path.attribute
    key = key_of(container, path.name)
    if key is None:
        if attribute is not None and attribute.required:
            raise Mutability(f"'{attribute.name}' is required and cannot be removed.")
        return
    if target.selection is not None:
        _remove_selected(work, container, key, target)
    elif path.sub is not None:
        _remove_sub(work, container, key, target)
    elif value is not MISSING and value is not None and attribute is not None and attribute.multi_valued:
        _remove_listed(work, container, key, target, value)
    else:
        del container[key]  # a value beside a single-valued path is ignored (QRK-16)


def _remove_listed(work: _Work, container: dict[str, Any], key: str, target: Target, value: Any) -> None:
    """Remove only the entries that are named in the value. Source: QRK-10, SRV-048."""
    if work.strict:
        raise InvalidValue("'remove' takes no value; name the entries in the path, as members[value eq \"...\"].")
    items = value if isinstance(value, list) else [value]
    attribute = target.path.attribute
    assert attribute is not None
    if not attribute.is_complex:
        _put(container, key, [entry for entry in container[key] if entry not in items])
        return
    shapes = [coerce_entry(attribute, item, target.text, strict=False) or {} for item in items]
    by_value = {s["value"] for s in shapes if "value" in s and (attribute.name == "members" or len(s) == 1)}
    whole = [s for s in shapes if s and s.get("value") not in by_value]
    _put(
        container,
        key,
        [e for e in container[key] if e.get("value") not in by_value and not any(_covers(s, e) for s in whole)],
    )


def _covers(shape: dict[str, Any], entry: dict[str, Any]) -> bool:
    """Return whether the entry has everything that the shape names."""
    return all(_same(entry.get(name), item) for name, item in shape.items() if name not in ("$ref", "display"))


def _same(held: Any, given: Any) -> bool:
    if isinstance(held, str) and isinstance(given, str):
        return held.casefold() == given.casefold()
    return bool(held == given) and type(held) is type(given)


def _remove_sub(work: _Work, container: dict[str, Any], key: str, target: Target) -> None:
    path, attribute = target.path, target.path.attribute
    assert path.sub is not None
    if attribute is not None and attribute.multi_valued:
        _put(container, key, _without_sub(work, target, _entries(container, key), None))
        return
    held = container.get(key)
    if not isinstance(held, dict):
        return
    _put(container, key, {name: item for name, item in held.items() if name.lower() != path.sub.lower()})


def _remove_selected(work: _Work, container: dict[str, Any], key: str, target: Target) -> None:
    path, attribute = target.path, target.path.attribute
    assert target.selection is not None
    entries = _entries(container, key)
    if path.sub is not None:
        kept = _without_sub(work, target, entries, target.selection)
    else:
        kept = [entry for entry in entries if not filters.matches(target.selection, entry)]
    if attribute is not None and not attribute.multi_valued:
        _put(container, key, kept[0] if kept else None)
    else:
        _put(container, key, kept)


def _without_sub(
    work: _Work, target: Target, entries: list[dict[str, Any]], selection: filters.Filter | None
) -> list[dict[str, Any]]:
    """Return the entries without the sub-attribute; one that has lost its substance goes as well. Source: SRV-047."""
    sub = target.path.sub
    assert sub is not None
    kept = []
    for entry in entries:
        if selection is not None and not filters.matches(selection, entry):
            kept.append(entry)
            continue
        rest = {name: item for name, item in entry.items() if name.lower() != sub.lower()}
        lost = len(rest) < len(entry) and not (set(rest) - _DECORATION)
        if rest and not (lost and sub.lower() not in _DECORATION and not work.strict):
            kept.append(rest)
    return kept
