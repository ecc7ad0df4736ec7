"""YAML text as a tree that remembers where everything stands, without YAML's surprises.

Only `true`, `false`, `null` and decimal numbers mean something else than their text: `on`, `no`, `12:30`, `010` and
dates stay what was written. Duplicate keys, anchors, aliases, tags, tabs, several documents, very deep and very large
files are refused with one sentence. The tree is built from the parser's events, so no YAML constructor ever runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from entra_sim.scenarios.problems import Place
from entra_sim.simulator.errors import ScenarioError

MAX_BYTES = 4_000_000
MAX_DEPTH = 40
MAX_NODES = 400_000

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `text` is what was written; `value` is what it means where any JSON value may stand."""

    place: Place
    text: str
    is_plain: bool

    @property
    def value(self) -> str | int | float | bool | None:
        """Return the text, or the boolean, null or number that unquoted text spells."""
        if not self.is_plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _NUMBER.fullmatch(self.text):
            return float(self.text) if "." in self.text else int(self.text)
        return self.text


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file."""

    place: Place
    entries: dict[str, Node]
    key_places: dict[str, Place]


Node = Scalar | Sequence | Mapping
Path = tuple[str | int, ...]


def plain(node: Node) -> Any:
    """Return the node as a JSON value."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


def place_of(node: Node, path: Path) -> Place:
    """Return where the deepest existing part of `path` stands; a key of a mapping counts as its own place."""
    place = node.place
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            place = node.key_places[step]
            node = node.entries[step]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            place = node.place
        else:
            break
    return place


def read_nodes(text: str, *, path: str) -> Node:
    """Return the tree of one YAML document.

    Args:
        text: the whole file.
        path: the file's name as the user gave it, for messages.
    Raises:
        ScenarioError: the text is not YAML, or uses a part of YAML that scenario files leave out; the first such place.
    """
    import yaml

    if len(text) > MAX_BYTES:
        raise ScenarioError(f"the file is larger than {MAX_BYTES // 1_000_000} MB; split it", path=path, line=1)
    _refuse_tabs(text, path)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(path)
    try:
        return builder.document(yaml.parse(text, Loader=loader))
    except yaml.YAMLError as error:
        raise _yaml_error(error, path) from error


def _refuse_tabs(text: str, path: str) -> None:
    if "\t" not in text:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            raise ScenarioError(
                "a tab stands in the indentation; use blanks", path=path, line=number, column=indent.index("\t") + 1
            )


def _yaml_error(error: Any, path: str) -> ScenarioError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or "the file cannot be read as YAML").strip()
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    hint = "put quotes round text that holds any of [ ] { } , # & * or a colon with a blank"
    if "mapping values" in problem:
        hint += "; lines that stand deeper need a line above them that ends in a colon"
    if type(error).__name__ == "ReaderError":
        return ScenarioError("the file holds a character that YAML does not allow", path=path, line=1)
    return ScenarioError(f"this is not YAML: {problem}; {hint}", path=path, line=line, column=column)


class _Builder:
    """Turns parser events into nodes; one instance per file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0

    def document(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        for event in events:
            kind = type(event).__name__
            if kind in ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent"):
                if root is not None:
                    raise self._error(event, "a second document begins; a file holds one scenario")
                root = self._node(event, events, 1)
        if root is None:
            raise ScenarioError(
                "the file is empty; 'entra-sim scenario new' writes one to start from", path=self._path, line=1
            )
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self._check(event, depth)
        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        kind = type(event).__name__
        if kind == "ScalarEvent":
            return Scalar(place, event.value, event.style is None or event.style == "")
        if kind == "SequenceStartEvent":
            items = []
            while type(event := next(events)).__name__ != "SequenceEndEvent":
                items.append(self._node(event, events, depth + 1))
            return Sequence(place, tuple(items))
        return self._mapping(place, events, depth)

    def _mapping(self, place: Place, events: Iterator[Any], depth: int) -> Mapping:
        entries: dict[str, Node] = {}
        places: dict[str, Place] = {}
        while type(event := next(events)).__name__ != "MappingEndEvent":
            key = self._node(event, events, depth + 1)
            if not isinstance(key, Scalar):
                raise self._error(event, "a list or mapping cannot be a key; put quotes round it if it is text")
            if key.text in entries:
                first = places[key.text]
                raise self._error(
                    event, f"the key '{key.text}' stands here a second time; the first is in line {first.line}"
                )
            if key.text == "<<" and key.is_plain:
                raise self._error(event, "merge keys (<<) are not used in scenario files; write the entries out")
            places[key.text] = key.place
            entries[key.text] = self._node(next(events), events, depth + 1)
        return Mapping(place, entries, places)

    def _check(self, event: Any, depth: int) -> None:
        self._count += 1
        if type(event).__name__ == "AliasEvent":
            raise self._error(
                event, f"aliases (*{event.anchor}) are not used in scenario files; write it out, or quote the text"
            )
        if event.anchor is not None:
            raise self._error(
                event, f"anchors (&{event.anchor}) are not used in scenario files; write it out, or quote the text"
            )
        if event.tag is not None and event.tag != "!":
            raise self._error(
                event, f"tags ({event.tag}) are not used in scenario files; quote the text if it begins with !"
            )
        if depth > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        if self._count > MAX_NODES:
            raise self._error(event, f"more than {MAX_NODES} values; split the file, or read people from a CSV file")

    def _error(self, event: Any, message: str) -> ScenarioError:
        mark = event.start_mark
        return ScenarioError(message, path=self._path, line=mark.line + 1, column=mark.column + 1)
