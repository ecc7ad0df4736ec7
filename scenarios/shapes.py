"""What may stand where in a scenario file: one declaration that reads, explains mistakes and yields a JSON Schema.

pydantic could check such files too; a shape also knows the place of each mistake, the nearest known key and the schema
for editors from the same few lines, and costs no import.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any
from typing import Protocol

from entra_sim.scenarios.problems import Problems
from entra_sim.scenarios.problems import Reference
from entra_sim.scenarios.problems import not_known
from entra_sim.scenarios.spans import SPAN_EXAMPLES
from entra_sim.scenarios.spans import Span
from entra_sim.scenarios.spans import read_instant
from entra_sim.scenarios.spans import read_span
from entra_sim.scenarios.yaml_nodes import Mapping
from entra_sim.scenarios.yaml_nodes import Node
from entra_sim.scenarios.yaml_nodes import Scalar
from entra_sim.scenarios.yaml_nodes import Sequence
from entra_sim.scenarios.yaml_nodes import plain

JsonSchema = dict[str, Any]


class Shape(Protocol):
    """One kind of value."""

    @property
    def noun(self) -> str:
        """Return what is wanted, to stand after "needs": "a span of time such as 40m"."""
        ...

    def read(self, node: Node, problems: Problems) -> Any:
        """Return the value; None after noting a mistake in `problems`."""
        ...

    def json_schema(self) -> JsonSchema:
        """Return the JSON Schema of what may be written."""
        ...


def _refuse(node: Node, shape: Shape, problems: Problems) -> None:
    problems.add(node.place, f"{_written(node)} stands where {shape.noun} is needed", key=_written(node))


def _written(node: Node) -> str:
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    return f"'{node.text}'" if node.text else "nothing"


@dataclass(frozen=True, slots=True)
class Text:
    """Any text; a number or `true` that is written without quotes is taken as the text it is."""

    noun: str = "a text"
    max_length: int = 20_000

    def read(self, node: Node, problems: Problems) -> str | None:
        if not isinstance(node, Scalar) or node.text == "":
            _refuse(node, self, problems)
            return None
        if len(node.text) > self.max_length:
            problems.add(node.place, f"the text is longer than {self.max_length} characters")
            return None
        return node.text

    def json_schema(self) -> JsonSchema:
        return {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a user (userPrincipalName), a group (displayName) or either; an object id works too.

    Args:
        kind: user, group or principal.
    """

    kind: str

    @property
    def noun(self) -> str:
        return {
            "user": "a userPrincipalName or object id",
            "group": "the displayName or object id of a group",
            "principal": "a userPrincipalName, the displayName of a group, or an object id",
        }[self.kind]

    def read(self, node: Node, problems: Problems) -> str | None:
        if not isinstance(node, Scalar) or node.text == "":
            _refuse(node, self, problems)
            return None
        problems.references.append(Reference(self.kind, node.text, node.place))
        return node.text

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "description": self.noun}


@dataclass(frozen=True, slots=True)
class Value:
    """A single value of a directory attribute: text, true, false, number; null clears it. Numbers stay text."""

    noun: str = "a single value"

    def read(self, node: Node, problems: Problems) -> Any:
        if not isinstance(node, Scalar):
            _refuse(node, self, problems)
            return None
        value = node.value
        return node.text if isinstance(value, int | float) and not isinstance(value, bool) else value

    def json_schema(self) -> JsonSchema:
        return {"type": ["string", "number", "boolean", "null"]}


@dataclass(frozen=True, slots=True)
class Json:
    """Any JSON value, as written."""

    noun: str = "a value"

    def read(self, node: Node, problems: Problems) -> Any:
        return plain(node)

    def json_schema(self) -> JsonSchema:
        return {}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    noun: str = "true or false"

    def read(self, node: Node, problems: Problems) -> bool | None:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        _refuse(node, self, problems)
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number of `minimum` or more, whole unless `is_whole` is off."""

    minimum: float = 0
    maximum: float = 1e12
    is_whole: bool = True

    @property
    def noun(self) -> str:
        kind = "a whole number" if self.is_whole else "a number"
        upper = "" if self.maximum >= 1e12 else f" and at most {self.maximum:g}"
        return f"{kind} of {self.minimum:g} or more{upper}"

    def read(self, node: Node, problems: Problems) -> Any:
        value = node.value if isinstance(node, Scalar) else None
        is_number = isinstance(value, int if self.is_whole else int | float) and not isinstance(value, bool)
        if is_number and self.minimum <= value <= self.maximum:  # type: ignore[operator]
            return value
        _refuse(node, self, problems)
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "integer" if self.is_whole else "number", "minimum": self.minimum}


@dataclass(frozen=True, slots=True)
class Word:
    """One of a few words. Args: words: each with its meaning for the editor; what: what such a word is called."""

    what: str
    words: tuple[str, ...]

    @property
    def noun(self) -> str:
        return f"one of {', '.join(self.words)}"

    def read(self, node: Node, problems: Problems) -> str | None:
        if isinstance(node, Scalar) and node.text in self.words:
            return node.text
        if isinstance(node, Scalar) and node.text:
            problems.add(node.place, not_known(self.what, node.text, self.words), key=node.text)
        else:
            _refuse(node, self, problems)
        return None

    def json_schema(self) -> JsonSchema:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class SpanShape:
    """A length of time."""

    noun: str = f"a span of time such as {SPAN_EXAMPLES}"

    def read(self, node: Node, problems: Problems) -> Span | None:
        try:
            return read_span(node.text if isinstance(node, Scalar) else "")
        except ValueError:
            _refuse(node, self, problems)
            return None

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\s*([0-9]+(\.[0-9]+)?\s*[a-z]+\s*)+$"}


@dataclass(frozen=True, slots=True)
class InstantShape:
    """An instant in UTC."""

    noun: str = "an instant such as 2026-01-05T09:00:00Z"

    def read(self, node: Node, problems: Problems) -> datetime | None:
        try:
            return read_instant(node.text if isinstance(node, Scalar) else "")
        except ValueError:
            _refuse(node, self, problems)
            return None

    def json_schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}"}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one shape; with `or_single`, one item may stand without the list."""

    item: Shape
    or_single: bool = False

    @property
    def noun(self) -> str:
        return f"a list, each item {self.item.noun}"

    def read(self, node: Node, problems: Problems) -> tuple[Any, ...] | None:
        if isinstance(node, Sequence):
            return tuple(self.item.read(item, problems) for item in node.items)
        if self.or_single and not (isinstance(node, Scalar) and node.value is None):
            return (self.item.read(node, problems),)
        _refuse(node, self, problems)
        return None

    def json_schema(self) -> JsonSchema:
        listed: JsonSchema = {"type": "array", "items": self.item.json_schema()}
        return {"anyOf": [self.item.json_schema(), listed]} if self.or_single else listed


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose keys the user chooses: `{ada@contoso.example: ...}`. Args: key: what a key is, or names."""

    key: str | Name
    value: Shape

    @property
    def noun(self) -> str:
        return f"a mapping from {self.key if isinstance(self.key, str) else self.key.noun} to {self.value.noun}"

    def read(self, node: Node, problems: Problems) -> dict[str, Any] | None:
        if isinstance(node, Mapping) and node.entries:
            if isinstance(self.key, Name):
                for key, place in node.key_places.items():
                    problems.references.append(Reference(self.key.kind, key, place))
            return {key: self.value.read(value, problems) for key, value in node.entries.items()}
        _refuse(node, self, problems)
        return None

    def json_schema(self) -> JsonSchema:
        return {"type": "object", "additionalProperties": self.value.json_schema(), "minProperties": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A mapping with known keys.

    Args:
        what: what a key is called in messages: "application key".
        fields: key → shape.
        required: keys that must stand there.
        open_prefixes: keys that begin so are allowed too, with the shape `open_shape`.
        noun: after "needs".
    """

    what: str
    fields: MappingType[str, Shape]
    required: tuple[str, ...] = ()
    open_prefixes: tuple[str, ...] = ()
    open_shape: Shape = field(default_factory=Value)
    help: MappingType[str, str] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        return f"a mapping with {', '.join(self.required or tuple(self.fields)[:6])}"

    def read(self, node: Node, problems: Problems) -> dict[str, Any] | None:
        if not isinstance(node, Mapping):
            _refuse(node, self, problems)
            return None
        values: dict[str, Any] = {}
        for key, value in node.entries.items():
            shape = self._shape_of(key)
            if shape is None:
                message = not_known(self.what, key, self.fields)
                if key in problems.steps:
                    message += f"; '{problems.steps[key]}' is a step: put it under 'steps'"
                problems.add(node.key_places[key], message, key=key)
            else:
                values[key] = shape.read(value, problems)
        for key in self.required:
            if key not in node.entries:
                problems.add(node.place, f"the {self.what} '{key}' is missing", key=key)
        return values

    def _shape_of(self, key: str) -> Shape | None:
        if key in self.fields:
            return self.fields[key]
        return self.open_shape if self.open_prefixes and key.startswith(self.open_prefixes) else None

    def json_schema(self) -> JsonSchema:
        properties = {
            key: _described(shape.json_schema(), self.help.get(key, "")) for key, shape in self.fields.items()
        }
        schema: JsonSchema = {"type": "object", "properties": properties, "additionalProperties": False}
        if self.open_prefixes:
            schema["patternProperties"] = {f"^{prefix}": self.open_shape.json_schema() for prefix in self.open_prefixes}
        if self.required:
            schema["required"] = list(self.required)
        return schema


@dataclass(frozen=True, slots=True)
class Either:
    """Text, list or mapping: the first shape that fits the kind of node that stands there."""

    scalar: Shape | None = None
    sequence: Shape | None = None
    mapping: Shape | None = None

    @property
    def noun(self) -> str:
        return ", or ".join(shape.noun for shape in (self.scalar, self.sequence, self.mapping) if shape is not None)

    def read(self, node: Node, problems: Problems) -> Any:
        shape = self.scalar
        if isinstance(node, Sequence):
            shape = self.sequence
        elif isinstance(node, Mapping):
            shape = self.mapping
        if shape is None:
            _refuse(node, self, problems)
            return None
        return shape.read(node, problems)

    def json_schema(self) -> JsonSchema:
        shapes = [shape for shape in (self.scalar, self.sequence, self.mapping) if shape is not None]
        return {"anyOf": [shape.json_schema() for shape in shapes]}


@dataclass(frozen=True, slots=True)
class Nullable:
    """A shape, or null."""

    shape: Shape

    @property
    def noun(self) -> str:
        return f"{self.shape.noun}, or null"

    def read(self, node: Node, problems: Problems) -> Any:
        if isinstance(node, Scalar) and node.value is None:
            return None
        return self.shape.read(node, problems)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.shape.json_schema(), {"type": "null"}]}


def _described(schema: JsonSchema, text: str) -> JsonSchema:
    return {**schema, "description": text} if text else schema
