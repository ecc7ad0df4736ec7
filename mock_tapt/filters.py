"""The filter language of RFC 7644 section 3.4.2.2: text to tree, and what a tree says of one object.

The grammar, and what is taken beyond it when not strict: a comparison on a value path (`emails[type eq "work"].value eq
"x"`, QRK-21), values without quotes (the ids of WIRE-040), `True` for `true`. A filter on a list runs in SQL
(filter_sql.py); this module's `matches` is for value filters inside a PATCH path and for single objects in hand.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from entra_sim.mock_tapt.errors import InvalidFilter
from entra_sim.mock_tapt.schema import Attribute
from entra_sim.mock_tapt.schema import AttributePath
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.schema import key_of
from entra_sim.mock_tapt.schema import resolve

OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
MAX_FILTER_LENGTH = 16_384
MAX_COMPARISONS = 200
MAX_NESTING = 40

Literal = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Compare:
    """`path op value`."""

    path: AttributePath
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Present:
    """`path pr`."""

    path: AttributePath


@dataclass(frozen=True, slots=True)
class ValuePath:
    """`path[inner]`, or `path[inner].sub op value`: one entry satisfies both. Paths of both are of the entry."""

    path: AttributePath
    inner: Filter
    tail: Compare | Present | None = None


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some part holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


Filter = Compare | Present | ValuePath | And | Or | Not

_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[()\[\]])|(?P<word>[^\s()\[\]"]+)|(?P<bad>"))')
_NUMBER = re.compile(r"^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$")
_BARE = re.compile(r"^[\w@.:+-]+$")


class _Tokens:
    """The tokens of a filter, with the place of each."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.items: list[tuple[str, str, int]] = []
        position = 0
        end = len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup == "bad":
                raise InvalidFilter(f"The filter has a quotation mark at position {position + 1} that never closes.")
            self.items.append((str(match.lastgroup), match[str(match.lastgroup)], match.start(str(match.lastgroup))))
            position = match.end()
        self.index = 0

    def peek(self) -> tuple[str, str, int]:
        return self.items[self.index] if self.index < len(self.items) else ("end", "", len(self.text))

    def take(self) -> tuple[str, str, int]:
        token = self.peek()
        self.index += 1
        return token


class _Parser:
    """Recursive descent; `scope` is the complex attribute inside whose brackets the parser is."""

    def __init__(self, text: str, kind: ResourceType, strict: bool, urns: tuple[str, ...] = ()) -> None:
        if len(text) > MAX_FILTER_LENGTH:
            raise InvalidFilter(f"The filter is longer than {MAX_FILTER_LENGTH} characters.")
        self.tokens = _Tokens(text)
        self.kind = kind
        self.strict = strict
        self.urns = urns
        self.count = 0
        self.depth = 0

    def whole(self, scope: AttributePath | None) -> Filter:
        tree = self.disjunction(scope)
        kind, word, place = self.tokens.peek()
        if kind != "end":
            raise InvalidFilter(f"The filter should end at position {place + 1}, but '{word}' follows.")
        return tree

    def disjunction(self, scope: AttributePath | None) -> Filter:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise InvalidFilter(f"The filter is nested deeper than {MAX_NESTING} levels.")
        parts = [self.conjunction(scope)]
        while self.is_word("or"):
            self.tokens.take()
            parts.append(self.conjunction(scope))
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self, scope: AttributePath | None) -> Filter:
        parts = [self.term(scope)]
        while self.is_word("and"):
            self.tokens.take()
            parts.append(self.term(scope))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def is_word(self, word: str) -> bool:
        kind, text, _ = self.tokens.peek()
        return kind == "word" and text.lower() == word

    def term(self, scope: AttributePath | None) -> Filter:
        negated = False
        if self.is_word("not"):
            self.tokens.take()
            negated = True
            if self.tokens.peek()[1] != "(":
                raise InvalidFilter("After 'not' the filter needs an expression in parentheses.")
        if self.tokens.peek()[:2] == ("mark", "("):
            self.tokens.take()
            inner = self.disjunction(scope)
            self.expect(")")
            return Not(inner) if negated else inner
        return self.expression(scope)

    def expect(self, mark: str) -> None:
        kind, text, place = self.tokens.take()
        if (kind, text) != ("mark", mark):
            raise InvalidFilter(f"The filter needs '{mark}' at position {place + 1}.")

    def expression(self, scope: AttributePath | None) -> Filter:
        """Return a comparison, or one inside a list, which may go on behind its brackets. Source: QRK-21, QRK-30."""
        self.count += 1
        if self.count > MAX_COMPARISONS:
            raise InvalidFilter(f"The filter has more than {MAX_COMPARISONS} comparisons.")
        kind, word, place = self.tokens.take()
        if kind != "word":
            raise InvalidFilter(f"The filter needs an attribute at position {place + 1}.")
        path = self.path(word, scope)
        if self.tokens.peek()[:2] != ("mark", "["):
            return self.comparison(path)
        if scope is not None or path.sub:
            raise InvalidFilter(f"'{word}' cannot take a filter in brackets here.")
        self.tokens.take()
        inner = self.disjunction(path)
        self.expect("]")
        kind, word, place = self.tokens.peek()
        if kind != "word" or not word.startswith("."):
            return ValuePath(path, inner)
        if self.strict:
            raise InvalidFilter("A comparison on a value path is outside the grammar of RFC 7644.")
        self.tokens.take()
        tail = self.comparison(self.path(word[1:], path))
        return ValuePath(path, inner, tail)

    def path(self, word: str, scope: AttributePath | None) -> AttributePath:
        if scope is not None:
            return _entry_path(word, scope)
        path = resolve(self.kind, word, self.urns)
        if path is None:
            raise InvalidFilter(f"'{word}' is no attribute path.", near_misses=nearest_names(self.kind, word))
        if path.attribute is not None and path.attribute.returned == "never":
            raise InvalidFilter(f"'{path}' cannot be used in a filter.")
        return path

    def comparison(self, path: AttributePath) -> Compare | Present:
        kind, word, place = self.tokens.take()
        operator = word.lower()
        if kind == "word" and operator == "pr":
            return Present(path)
        if kind != "word" or operator not in OPERATORS:
            near = get_close_matches(operator, (*OPERATORS, "pr"), n=1)
            raise InvalidFilter(
                f"'{word}' at position {place + 1} is no operator.",
                near_misses=(f"operator '{word}' is unknown; nearest: '{near[0]}'",) if near else (),
            )
        kind, word, place = self.tokens.take()
        return Compare(path, operator, convert(path, operator, self.literal(kind, word, place)))

    def literal(self, kind: str, word: str, place: int) -> Literal:
        if kind == "string":
            try:
                value = json.loads(word, strict=False)
            except ValueError as error:
                raise InvalidFilter(f"The text at position {place + 1} has a broken escape.") from error
            assert isinstance(value, str)
            return value.encode("utf-8", "replace").decode()
        if kind == "word":
            constant = word if self.strict else word.lower()
            if constant in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[constant]
            if _NUMBER.match(word):
                return _number(word)
            if not self.strict and _BARE.match(word):
                return word
        raise InvalidFilter(f"The filter needs a value at position {place + 1}; texts stand in double quotes.")


def _number(word: str) -> Literal:
    value = float(word) if re.search(r"[.eE]", word) else int(word)
    if abs(value) > 2**62:
        raise InvalidFilter(f"The number {word[:40]} is out of range.")
    return value


def _entry_path(word: str, scope: AttributePath) -> AttributePath:
    """Return the path of a sub-attribute inside brackets; `value` of a simple list is the element itself."""
    name = word.partition(":")[0] if scope.attribute is None else word
    if not re.match(r"^[A-Za-z$_][\w$-]*$", name):
        raise InvalidFilter(f"'{word}' is no sub-attribute.")
    definition = scope.attribute.subs.get(name.lower()) if scope.attribute else None
    return AttributePath(schema=None, name=definition.name if definition else name, attribute=definition)


def nearest_names(kind: ResourceType, word: str) -> tuple[str, ...]:
    """Return which attribute somebody may have meant, as near misses."""
    names = [a.name for a in kind.core.values()] + [a.name for s in kind.extensions for a in s.attributes]
    wanted = re.split(r"[.\[]", word.partition("[")[0].rpartition(":")[2])[0]
    near = get_close_matches(wanted.lower(), [name.lower() for name in names], n=1)
    exact = next((name for name in names if near and name.lower() == near[0]), None)
    return (f"'{wanted}' is no attribute of {kind.name}; nearest: '{exact}'",) if exact else ()


def parse_filter(text: str, kind: ResourceType, *, strict: bool = False, urns: tuple[str, ...] = ()) -> Filter:
    """Return the tree of a filter on a list.

    Raises:
        InvalidFilter: it cannot be parsed, or compares what cannot be compared; the detail names the position.
    """
    if not text.strip():
        raise InvalidFilter("The filter is empty.")
    return _Parser(text, kind, strict, urns).whole(None)


def parse_value_filter(text: str, kind: ResourceType, scope: AttributePath, *, strict: bool = False) -> Filter:
    """Return the tree of what stands in brackets after the attribute `scope`."""
    if not text.strip():
        raise InvalidFilter("The filter in brackets is empty.")
    return _Parser(text, kind, strict).whole(scope)


def compared_attribute(path: AttributePath) -> Attribute | None:
    """Return the definition whose type decides the comparison: of a complex attribute it is `value`.

    Source: QRK-25.
    """
    leaf = path.leaf
    if leaf is not None and leaf.is_complex:
        return leaf.subs.get("value")
    return leaf


def convert(path: AttributePath, operator: str, value: Literal) -> Literal:
    """Return the literal in the type of the attribute: `"True"` for a boolean is true. Source: QRK-04.

    Raises:
        InvalidFilter: the type has no such comparison.
    """
    leaf = path.leaf
    if leaf is not None and leaf.is_complex and not leaf.has_value_sub:
        raise InvalidFilter(f"'{path}' is complex; name one of its sub-attributes.")
    if value is None:
        if operator not in ("eq", "ne"):
            raise InvalidFilter(f"null can only be compared with eq and ne, not with '{operator}'.")
        return None
    definition = compared_attribute(path)
    if definition is None:
        if isinstance(value, bool) and operator not in ("eq", "ne"):
            raise InvalidFilter(f"A boolean cannot be compared with '{operator}'.")
        return value
    if definition.type == "boolean":
        if operator not in ("eq", "ne"):
            raise InvalidFilter(f"'{path}' is a boolean; it can be compared with eq and ne only.")
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise InvalidFilter(f"'{path}' is a boolean; compare it with true or false.")
        return value
    if definition.type == "binary" and operator in ("gt", "ge", "lt", "le"):
        raise InvalidFilter(f"'{path}' is binary; it has no order.")
    text = value if isinstance(value, str) else json.dumps(value)
    if definition.type == "dateTime" and operator not in ("co", "sw", "ew"):
        return _instant_text(text, path)
    return text


def _instant_text(text: str, path: AttributePath) -> str:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidFilter(f"'{path}' is a dateTime; '{text[:60]}' is none.") from error
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError as error:
        raise InvalidFilter(f"'{text[:60]}' is out of range.") from error


def matches(tree: Filter, resource: dict[str, Any]) -> bool:
    """Return whether the object satisfies the filter; for a value filter the object is one entry."""
    if isinstance(tree, And):
        return all(matches(part, resource) for part in tree.parts)
    if isinstance(tree, Or):
        return any(matches(part, resource) for part in tree.parts)
    if isinstance(tree, Not):
        return not matches(tree.part, resource)
    if isinstance(tree, Present):
        return any(is_present(value) for value in values_at(tree.path, resource))
    if isinstance(tree, Compare):
        return _compare(tree, resource)
    entries = [entry for entry in values_at(tree.path, resource) if isinstance(entry, dict)]
    return any(matches(tree.inner, entry) and (tree.tail is None or matches(tree.tail, entry)) for entry in entries)


def _compare(tree: Compare, resource: dict[str, Any]) -> bool:
    values = values_at(tree.path, resource)
    definition = compared_attribute(tree.path)
    if tree.value is None:
        return any(is_present(value) for value in values) == (tree.operator == "ne")
    plain = [value.get("value") if isinstance(value, dict) else value for value in values]
    plain = [value for value in plain if value is not None]
    if not plain:
        return tree.operator == "ne"
    return any(compare_value(definition, tree.operator, value, tree.value) for value in plain)


def values_at(path: AttributePath, resource: dict[str, Any]) -> list[Any]:
    """Return the values a path names, entries of lists one by one."""
    container: Any = resource
    if path.schema is not None:
        key = key_of(resource, path.schema)
        container = resource.get(key) if key else None
        if path.name == "":
            return [container] if container is not None else []
    found = _step(container, path.name)
    if path.sub is not None:
        found = [value for entry in found for value in _step(entry, path.sub)]
    return found


def _step(container: Any, name: str) -> list[Any]:
    if not isinstance(container, dict):
        return []
    key = key_of(container, name)
    if key is None:
        return []
    value = container[key]
    return value if isinstance(value, list) else [value]


def is_present(value: Any) -> bool:
    """Return whether a value counts as present: null, empty lists and empty objects do not, an empty text does not."""
    return value is not None and value != "" and value != [] and value != {}


def compare_value(definition: Attribute | None, operator: str, stored: Any, wanted: Literal) -> bool:
    """Return whether one stored value stands in the relation to the literal; other types never do but for `ne`."""
    if isinstance(stored, bool) or isinstance(wanted, bool):
        if definition is None and isinstance(stored, bool) and isinstance(wanted, str):
            equal = wanted.lower() == ("true" if stored else "false")
        else:
            equal = isinstance(stored, bool) and isinstance(wanted, bool) and stored == wanted
        return equal == (operator == "eq") if operator in ("eq", "ne") else False
    if isinstance(stored, str) and isinstance(wanted, str):
        if definition is None or not definition.case_exact:
            stored, wanted = stored.casefold(), wanted.casefold()
        return _relation(operator, stored, wanted)
    if isinstance(stored, int | float) and isinstance(wanted, int | float):
        return operator not in ("co", "sw", "ew") and _relation(operator, stored, wanted)
    return operator == "ne"


def _relation(operator: str, stored: Any, wanted: Any) -> bool:
    match operator:
        case "eq":
            return bool(stored == wanted)
        case "ne":
            return bool(stored != wanted)
        case "co":
            return wanted in stored
        case "sw":
            return bool(stored.startswith(wanted))
        case "ew":
            return bool(stored.endswith(wanted))
        case "gt":
            return bool(stored > wanted)
        case "ge":
            return bool(stored >= wanted)
        case "lt":
            return bool(stored < wanted)
        case _:
            return bool(stored <= wanted)


def as_values(tree: Filter) -> dict[str, Any] | None:
    """Return the entry that satisfies a filter made of `eq` and `and` alone, or None. Source: QRK-05."""
    if isinstance(tree, Compare) and tree.operator == "eq" and tree.value is not None and tree.path.sub is None:
        return {tree.path.name: tree.value}
    if isinstance(tree, And):
        entry: dict[str, Any] = {}
        for part in tree.parts:
            values = as_values(part)
            if values is None or any(key in entry and entry[key] != value for key, value in values.items()):
                return None
            entry |= values
        return entry
    return None


def sort_value(path: AttributePath, resource: dict[str, Any]) -> str | float | None:
    """Return what a resource sorts by: of a list the primary entry or the first. Source: RFC 7644 section 3.4.2.3."""
    values = values_at(AttributePath(schema=path.schema, name=path.name, attribute=path.attribute), resource)
    if not values:
        return None
    value = next((v for v in values if isinstance(v, dict) and v.get("primary") is True), values[0])
    if isinstance(value, dict):
        wanted = (path.sub or "value").lower()
        value = next((v for k, v in value.items() if k.lower() == wanted), None)
    if isinstance(value, str):
        return value if path.leaf is not None and path.leaf.case_exact else value.casefold()
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None
