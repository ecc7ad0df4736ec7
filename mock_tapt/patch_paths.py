"""The path of a PATCH operation: from text to the attribute it names, or a refusal.

Source: RFC 7644 section 3.5.2; scim-wire.md B.2 for what is taken beyond it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from entra_sim.mock_tapt import filters
from entra_sim.mock_tapt.errors import InvalidPath
from entra_sim.mock_tapt.errors import Mutability
from entra_sim.mock_tapt.schema import AttributePath
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.schema import key_of
from entra_sim.mock_tapt.schema import resolve

ReadOnly = Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parsed path: the attribute, what stands in brackets, and the sub-attribute behind them."""

    path: AttributePath
    selection: filters.Filter | None = None
    text: str = ""


@dataclass(slots=True, kw_only=True)
class Work:
    """What all operations of one request share."""

    kind: ResourceType
    resource: dict[str, Any]
    read_only: ReadOnly
    strict: bool


def empty_work(kind: ResourceType, *, strict: bool) -> Work:
    """Return what `parse_target` needs to read a path apart from any resource."""
    return Work(kind=kind, resource={}, read_only=dict, strict=strict)


def parse_target(work: Work, text: str, *, is_key: bool = False) -> Target:
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


def _known(work: Work, path: AttributePath | None, text: str, *, is_key: bool) -> AttributePath:
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
        if work.strict or not (is_key or _holds_sub(work, path)):
            raise InvalidPath(f"'{path}' names no sub-attribute.")
    is_known_urn = (path.schema or "").lower() in work.kind.extension_by_id
    if work.strict and definition is None and path.name and is_known_urn:
        raise InvalidPath(f"'{text}' names no attribute of {path.schema}.")
    return path


def _holds_sub(work: Work, path: AttributePath) -> bool:
    """Return whether some value has a part of this name, from a create that said more than the schema knows."""
    values = filters.values_at(path, work.resource)
    return any(filters.is_present(value) for value in values)
