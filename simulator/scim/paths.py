"""Target paths as mappings write them, and what a resource holds at such a path.

Forms: `title`, `name.givenName`, `emails[type eq "work"].value`, `roles[primary eq "True"].value`,
`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager`, any other URN in front. Reading never raises: a
resource is whatever a server sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from functools import lru_cache
from typing import Any

import orjson

from entra_sim.simulator.errors import UserInputError

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
MANAGER_PATH = f"{ENTERPRISE}:manager"

_IN_RESOURCE_ITSELF = frozenset({"", CORE.lower(), CORE_GROUP.lower()})
_NAME = re.compile(r"[^\s\[\].:\"]+")
_COMPARISON = re.compile(
    r"\s*([^\s\[\]\"]+)\s+([A-Za-z]+)\s+(\"(?:[^\"\\]|\\.)*\"|true|false|null|-?\d+(?:\.\d+)?)\s*", re.IGNORECASE
)
_AND = re.compile(r"and(?=\s)", re.IGNORECASE)
_CACHED_PATHS = 4096


@dataclass(frozen=True, slots=True)
class Comparison:
    """`attribute eq literal` inside the brackets of a value path."""

    attribute: str
    literal: Any
    _spelling: str | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare what every entry is compared with."""
        object.__setattr__(self, "_spelling", _spelled(self.literal))

    def holds(self, entry: Mapping[str, Any]) -> bool:
        """Return whether an entry of a multi-valued attribute satisfies this.

        Texts compare without case; a text literal equals the boolean or number it spells. Source: WIRE-065, QRK-04.
        """
        value = entry.get(self.attribute)
        if type(value) is str:  # nearly always
            return value.lower() == self._spelling
        return _spelled(member(entry, self.attribute)) == self._spelling


@dataclass(frozen=True, slots=True)
class TargetPath:
    """A parsed target path.

    Args:
        text: as the mapping writes it; sent so.
        urn: the schema in front of the attribute, "" when there is none.
        attribute: name of the attribute itself, without schema, filter and sub-attribute.
        filter: the comparisons in brackets, joined with "and"; empty for other paths.
        sub_attribute: what follows the dot, "" for none.
        name: the attribute in lower case.
        leaf: name of what is read or written in the end.
        is_in_extension: the attribute stands in an object under its schema's URN.
        is_value_path: the path selects entries by a filter.
    """

    text: str
    urn: str
    attribute: str
    filter: tuple[Comparison, ...] = ()
    sub_attribute: str = ""
    name: str = field(init=False, repr=False, compare=False)
    leaf: str = field(init=False, repr=False, compare=False)
    is_in_extension: bool = field(init=False, repr=False, compare=False)
    is_value_path: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive what is asked of a path again and again."""
        object.__setattr__(self, "name", self.attribute.lower())
        object.__setattr__(self, "leaf", self.sub_attribute or self.attribute)
        object.__setattr__(self, "is_in_extension", self.urn.lower() not in _IN_RESOURCE_ITSELF)
        object.__setattr__(self, "is_value_path", bool(self.filter))

    @classmethod
    def parse(cls, text: str) -> TargetPath:
        """Return the parsed path; the same text gives the same object.

        Raises:
            UserInputError: the text is no path; the message says where.
        """
        return _parse(text)

    def read(self, resource: Mapping[str, Any]) -> Any:
        """Return what the resource holds here, or None for nothing, null, an empty text, list or object.

        Of a multi-valued attribute the first entry with a value counts when the path has a filter; without a filter a
        sub-attribute gives the only value, or the list of them. A manager object reads as its id.
        """
        holder = member(resource, self.urn) if self.is_in_extension else resource
        value = holder.get(self.attribute) if type(holder) is dict else None
        if value is None:  # spelled otherwise, or nothing
            value = member(holder, self.attribute)
        elif type(value) is str and not self.sub_attribute and not self.filter:
            return value or None
        if self.filter:
            return self._read_selected(value)
        if self.sub_attribute:
            return self._read_sub_attributes(value)
        if self.name == "manager" and isinstance(value, dict):
            return _none_if_empty(member(value, "value"))
        return _none_if_empty(value)

    def _read_selected(self, value: Any) -> Any:
        for entry in value if type(value) is list else _entries(value):
            if not isinstance(entry, dict):
                continue
            for comparison in self.filter:
                if not comparison.holds(entry):
                    break
            else:
                found = self._leaf_of(entry)
                if found is not None:
                    return found
        return None

    def _read_sub_attributes(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._leaf_of(value)
        values = [found for entry in _entries(value) if (found := self._leaf_of(entry)) is not None]
        return _none_if_empty(values if len(values) != 1 else values[0])

    def _leaf_of(self, entry: dict[str, Any]) -> Any:
        return _none_if_empty(member(entry, self.sub_attribute) if self.sub_attribute else entry)


def member(holder: Any, name: str) -> Any:
    """Return the member of this name, exactly or without regard to case; None when there is none.

    Source: WIRE-033 compares names as RFC 7643 section 2.1 has them, without case.
    """
    if not isinstance(holder, dict):
        return None
    if name in holder:
        return holder[name]
    wanted = name.lower()
    for key in holder:
        if isinstance(key, str) and len(key) == len(name) and key.lower() == wanted:
            return holder[key]
    return None


def quoted(value: str) -> str:
    """Return the text as a filter literal: in double quotes, escaped as in JSON, other characters as they are.

    Source: WIRE-023, WIRE-024.
    """
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # half of a surrogate pair
        return orjson.dumps(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")).decode()


@lru_cache(maxsize=_CACHED_PATHS)
def _parse(text: str) -> TargetPath:
    head, bracket, rest = text.strip().partition("[")
    urn, _, name = head.rpartition(":")
    comparisons: tuple[Comparison, ...] = ()
    if bracket:
        attribute = name
        comparisons, tail = _parse_filter(rest, text)
        dot, sub_attribute = tail[:1], tail[1:]
    else:
        attribute, dot, sub_attribute = name.partition(".")
    if dot not in ("", ".") or (dot and not sub_attribute):
        raise _unusable(text, "after the closing bracket comes a dot and a sub-attribute, or nothing")
    for part in (attribute, *([sub_attribute] if dot else [])):
        if not all(_NAME.fullmatch(piece) for piece in part.split(".")) or (part is attribute and "." in part):
            raise _unusable(text, f"'{part}' is no attribute name" if part else "an attribute name is missing")
    if urn and " " in urn:
        raise _unusable(text, "a schema URN holds no blank")
    return TargetPath(text.strip(), urn, attribute, comparisons, sub_attribute)


def _parse_filter(rest: str, text: str) -> tuple[tuple[Comparison, ...], str]:
    comparisons = []
    position = 0
    while True:
        found = _COMPARISON.match(rest, position)
        if found is None:
            raise _unusable(text, 'a filter reads like [type eq "work"]')
        name, operator, literal = found.groups()
        if operator.lower() != "eq":
            raise _unusable(text, f"the operator '{operator}' is not spoken, only 'eq'")
        comparisons.append(Comparison(name, _literal(literal, text)))
        position = found.end()
        if rest[position : position + 1] == "]":
            return tuple(comparisons), rest[position + 1 :]
        joined = _AND.match(rest, position)
        if joined is None:
            raise _unusable(text, "comparisons are joined with 'and' and closed with ']'")
        position = joined.end()


def _literal(literal: str, text: str) -> Any:
    try:
        return orjson.loads(literal if literal.startswith('"') else literal.lower())
    except orjson.JSONDecodeError as error:
        raise _unusable(text, f"{literal} is no value") from error


def _unusable(text: str, why: str) -> UserInputError:
    return UserInputError(f"The target attribute '{text}' cannot be read: {why}.")


def _entries(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [entry for entry in value if isinstance(entry, dict)]
    return [value] if isinstance(value, dict) else []


def _spelled(value: Any) -> str | None:
    if isinstance(value, str):
        return value.lower()
    return None if value is None or isinstance(value, dict | list) else str(value).lower()


def _none_if_empty(value: Any) -> Any:
    return value if value or isinstance(value, bool | int | float) else None
