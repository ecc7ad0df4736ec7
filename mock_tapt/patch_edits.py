"""What a PATCH operation does at its place: set or remove in the object that holds the attribute.

`set_value` and `remove_value` choose by what the path names: a single value, a part of an object, a list, or the
entries that a value filter selects. What is taken beyond the RFC when not strict is named at its line (QRK).
Source: RFC 7644 sections 3.5.2.1 to 3.5.2.3; scim-wire.md SRV-045 to SRV-049.
"""

from __future__ import annotations

import json
from typing import Any

from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt.errors import InvalidPath
from entra_sim.mock_tapt.errors import InvalidValue
from entra_sim.mock_tapt.errors import Mutability
from entra_sim.mock_tapt.errors import NoTarget
from entra_sim.mock_tapt.patch_paths import Target
from entra_sim.mock_tapt.patch_paths import Work
from entra_sim.mock_tapt.schema import key_of
from entra_sim.mock_tapt.values import coerce
from entra_sim.mock_tapt.values import coerce_entry
from entra_sim.mock_tapt.values import coerce_list
from entra_sim.mock_tapt.values import is_unassigned

MISSING = object()
_DECORATION = frozenset({"type", "primary", "display", "$ref"})


def set_value(work: Work, container: dict[str, Any], target: Target, verb: str, value: Any) -> None:
    """Carry out add or replace in the object that holds the attribute."""
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


def _clears(work: Work, value: Any) -> bool:
    """Return whether the value takes the attribute away: null, and an empty text when not strict. Source: QRK-15."""
    return is_unassigned(value) or (value == "" and not work.strict)


def _put(container: dict[str, Any], key: str, value: Any) -> None:
    if is_unassigned(value):
        container.pop(key, None)
    else:
        container[key] = value


def _set_complex(work: Work, container: dict[str, Any], key: str, target: Target, value: Any) -> None:
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


def _set_sub(work: Work, container: dict[str, Any], key: str, target: Target, value: Any) -> None:
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


def _set_list(work: Work, container: dict[str, Any], key: str, target: Target, verb: str, value: Any) -> None:
    attribute = target.path.attribute
    assert attribute is not None
    if _clears(work, value):
        if verb == "replace":
            container.pop(key, None)
        return
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


def _set_selected(work: Work, container: dict[str, Any], key: str, target: Target, verb: str, value: Any) -> None:
    """Set what a value filter selects; when it selects nothing, make the entry. Source: QRK-05, QRK-06."""
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


def _made_entry(work: Work, target: Target, entries: list[dict[str, Any]]) -> dict[str, Any]:
    wanted = None if work.strict else filters.as_values(target.selection) if target.selection else None
    if wanted is None:
        names = {name for entry in entries for name in entry}
        near = tuple(
            f"path {target.text} matches nothing; nearest: {name} {json.dumps(entry[name], ensure_ascii=False)}"
            for entry in entries[:3]
            for name in sorted(names & {"type", "value", "primary"} & set(entry))
        )
        raise NoTarget(f"'{target.text}' selects nothing.", near_misses=near)
    return dict(wanted)


def _changed_entry(
    work: Work, target: Target, verb: str, value: Any, entry: dict[str, Any], wanted: dict[str, Any]
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


def remove_value(work: Work, container: dict[str, Any], target: Target, value: Any) -> None:
    """Carry out remove in the object that holds it; what is not there is no error. Source: SRV-047, QRK-16."""
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
        del container[key]  # a value beside a single-valued path is ignored


def _remove_listed(work: Work, container: dict[str, Any], key: str, target: Target, value: Any) -> None:
    """Remove only the entries that are named in the value. Source: QRK-10, QRK-11, SRV-048."""
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


def _remove_sub(work: Work, container: dict[str, Any], key: str, target: Target) -> None:
    path, attribute = target.path, target.path.attribute
    assert path.sub is not None
    if attribute is not None and attribute.multi_valued:
        _put(container, key, _without_sub(work, target, _entries(container, key), None))
        return
    held = container.get(key)
    if not isinstance(held, dict):
        return
    _put(container, key, {name: item for name, item in held.items() if name.lower() != path.sub.lower()})


def _remove_selected(work: Work, container: dict[str, Any], key: str, target: Target) -> None:
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
    work: Work, target: Target, entries: list[dict[str, Any]], selection: filters.Filter | None
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
