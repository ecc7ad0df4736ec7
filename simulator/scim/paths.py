"""Target paths as mappings write them, and what a resource holds at such a path.

Forms: `title`, `name.givenName`, `emails[type eq "work"].value`, `roles[primary eq "True"].value`,
`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager`, any other URN in front. Reading never raises: a
resource is whatever a server sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
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

    def holds(self, entry: Mapping[str, Any]) -> bool:
        """Return whether an entry of a multi-valued attribute satisfies this.

        Texts compare without case; a text literal equals the boolean or number it spells. Source: WIRE-065, QRK-04.
        """
        return _spelled(member(entry, self.attribute)) == _spelled(self.literal)


@dataclass(frozen=True, slots=True)
class TargetPath:
    """A parsed target path.

    Args:
        text: as the mapping writes it; sent so.
        urn: the schema in front of the attribute, "" when there is none.
        attribute: name of the attribute itself, without schema, filter and sub-attribute.
        filter: the comparisons in brackets, joined with "and"; empty for other paths.
        sub_attribute: what follows the dot, "" for none.
    """

    text: str
    urn: str
    attribute: str
    filter: tuple[Comparison, ...] = ()
    sub_attribute: str = ""

    @classmethod
    def parse(cls, text: str) -> TargetPath:
        """Return the parsed path; the same text gives the same object.

        Raises:
            UserInputError: the text is no path; the message says where.
        """
        return _parse(text)

    @property
    def is_value_path(self) -> bool:
        """Return whether the path selects entries by a filter."""
        return bool(self.filter)

    @property
    def is_in_extension(self) -> bool:
        """Return whether the attribute stands in an object under its schema's URN."""
        return self.urn.lower() not in _IN_RESOURCE_ITSELF

    @property
    def leaf(self) -> str:
        """Return the name of what is read or written in the end."""
        return self.sub_attribute or self.attribute

    def read(self, resource: Mapping[str, Any]) -> Any:
        """Return what the resource holds here, or None for nothing, null, an empty text, list or object.

        Of a multi-valued attribute the first entry with a value counts when the path has a filter; without a filter a
        sub-attribute gives the only value, or the list of them. A manager object reads as its id.
        """
        holder = member(resource, self.urn) if self.is_in_extension else resource
        value = member(holder, self.attribute)
        if self.filter:
            return self._read_selected(value)
        if self.sub_attribute:
            values = [found for entry in _entries(value) if (found := self._leaf_of(entry)) is not None]
            return _none_if_empty(values if len(values) != 1 else values[0])
        if self.attribute.lower() == "manager" and isinstance(value, Mapping):
            return _none_if_empty(member(value, "value"))
        return _none_if_empty(value)

    def _read_selected(self, value: Any) -> Any:
        for entry in _entries(value):
            if all(comparison.holds(entry) for comparison in self.filter):
                found = self._leaf_of(entry)
                if found is not None:
                    return found
        return None

    def _leaf_of(self, entry: Mapping[str, Any]) -> Any:
        return _none_if_empty(member(entry, self.sub_attribute) if self.sub_attribute else entry)


def member(holder: Any, name: str) -> Any:
    """Return the member of this name, exactly or without regard to case; None when there is none.

    Source: WIRE-033 compares names as RFC 7643 section 2.1 has them, without case.
    """
    if not isinstance(holder, Mapping):
        return None
    if name in holder:
        return holder[name]
    wanted = name.lower()
    return next((value for key, value in holder.items() if isinstance(key, str) and key.lower() == wanted), None)


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


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
    elif isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, Mapping))


def _spelled(value: Any) -> str | None:
    if value is None or isinstance(value, Mapping | list):
        return None
    return str(value).lower()


def _none_if_empty(value: Any) -> Any:
    return None if value is None or value in ("", [], {}) else value
