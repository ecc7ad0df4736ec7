"""Exports of the target's users and groups: SCIM JSON, JSON lines, CSV. An account at a time, for they are many."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator
from collections.abc import Iterator
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.planning.files import TargetImage
from entra_sim.simulator.planning.files import read_bytes_file
from entra_sim.simulator.planning.resources import NAMES
from entra_sim.simulator.planning.resources import Refusal
from entra_sim.simulator.planning.resources import from_paths

_RESOURCES = "a SCIM list, a list of resources, one resource a line, or a CSV whose columns are SCIM paths"
_BLANK = " \t\r\n"

Placed = tuple[str, Any]
"""A value of a file and its place, for messages."""


def read_target_files(paths: list[Path], image: TargetImage, kind: str = "") -> None:
    """Add the users and groups of files to an image.

    Args:
        kind: "User" or "Group" where the option says it; "" lets each resource say what it is.
    Raises:
        UserInputError: a file or a resource in it cannot be used; the message says where.
    """
    seen: dict[tuple[str, str], str] = {}
    for path in paths:
        for place, resource in _resources(path, read_bytes_file(path), kind):
            if not isinstance(resource, dict):
                raise UserInputError(f"{place}: no SCIM resource; give {_RESOURCES}")
            found = kind or _kind(resource)
            target_id = str(resource.get("id") or "")
            former = seen.setdefault((found, target_id), place) if target_id else place
            if former != place:
                raise UserInputError(f"{place}: the id '{target_id}' is there already ({former})")
            name = resource.get(NAMES[found])
            if not isinstance(name, str) or not name.strip():
                raise UserInputError(f"{place}: a {found.lower()} without {NAMES[found]}; add it or remove the entry")
            try:
                (image.users if found == "User" else image.groups).add(resource)
            except ValueError as error:
                raise UserInputError(f"{place}: what no SCIM server sends ({error}); correct the entry") from error


def _resources(path: Path, content: bytes, kind: str) -> Iterator[Placed]:
    head = content.lstrip()[:1]
    if not head:
        raise UserInputError(f"{path}: the file is empty; give {_RESOURCES}")
    if head not in b"[{":
        return _of_table(path, content, kind)
    lines = _lines(content)
    first = next((line for line in lines if line.strip()), "")
    second = next((line for line in lines if line.strip()), "")
    if second and _is_json(first):
        return _of_lines(path, content)
    del first, second, lines
    return _of_document(path, content.decode())


def _lines(content: bytes) -> Iterator[str]:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _of_lines(path: Path, content: bytes) -> Iterator[Placed]:
    for number, line in enumerate(_lines(content), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserInputError(f"{path}: line {number}, column {error.colno}: no JSON ({error.msg})") from error
        except RecursionError as error:
            raise UserInputError(f"{path}: line {number}: nested too deeply to be a resource") from error
        place = f"{path}: line {number}"
        entries = _entries(value)
        if entries is value:
            yield place, value
        else:
            yield from ((f"{place}: entry {entry}", item) for entry, item in enumerate(entries, 1))


def _entries(value: Any) -> Any:
    """Return the resources of a list, or the value itself where it is none."""
    found = value["Resources"] if isinstance(value, dict) and isinstance(value.get("Resources"), list) else value
    return list(found) if isinstance(found, list) else value


def _of_document(path: Path, text: str) -> Iterator[Placed]:
    """Yield the resources of one JSON document; a list of them is never there as a whole."""
    try:
        whole = None
        for number, item in enumerate(_streamed(text), 1):
            yield f"{path}: entry {number}", item
    except _NotStreamed as stop:
        whole = stop.value
    except json.JSONDecodeError as error:
        place = f"{path}: line {error.lineno}, column {error.colno}"
        raise UserInputError(f"{place}: no JSON ({error.msg}); give {_RESOURCES}") from error
    except RecursionError as error:
        raise UserInputError(f"{path}: nested too deeply to be a list of resources") from error
    if isinstance(whole, dict) and isinstance(whole.get("value"), list) and "userName" not in whole:
        raise UserInputError(f"{path}: an export of Graph, so of the directory, not of the target; give {_RESOURCES}")
    if whole is not None and not _is_empty_list(whole):
        yield str(path), whole


def _is_empty_list(value: Any) -> bool:
    """Return whether this is a list that leaves its empty `Resources` out. Source: RFC 7644 section 3.4.2."""
    return isinstance(value, dict) and value.get("totalResults") == 0 and "userName" not in value


class _NotStreamed(Exception):
    """The document is no list; `value` is it."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def _streamed(text: str) -> Iterator[Any]:
    """Yield the entries of a list, or of the list under "Resources".

    Raises:
        _NotStreamed: it is another value.
        JSONDecodeError: at the place in the text where it is no JSON.
    """
    decode = json.JSONDecoder().raw_decode
    place = _after_blanks(text, 0)
    if text[place] == "[":
        place = yield from _items(text, place, decode)
        _refuse_rest(text, place)
        return
    start, is_list = place, False
    place = _after_blanks(text, place + 1)
    while text[place : place + 1] == '"':
        key, place = decode(text, place)
        place = _expected(text, _after_blanks(text, place), ":", "Expecting ':' delimiter")
        place = _after_blanks(text, place)
        if key == "Resources" and text[place : place + 1] == "[":
            is_list = True
            place = yield from _items(text, place, decode)
        else:
            _value, place = decode(text, place)
        place = _after_blanks(text, place)
        if text[place : place + 1] != ",":
            break
        place = _after_blanks(text, place + 1)
    if not is_list:
        raise _NotStreamed(json.loads(text[start:] if start else text))
    _refuse_rest(text, _expected(text, place, "}", "Expecting ',' delimiter"))


def _items(text: str, place: int, decode: Any) -> Generator[Any, None, int]:
    """Yield the items of the list that begins here; returns the place behind it."""
    place = _after_blanks(text, place + 1)
    if text[place : place + 1] == "]":
        return place + 1
    while True:
        item, place = decode(text, place)
        yield item
        place = _after_blanks(text, place)
        if text[place : place + 1] == "]":
            return place + 1
        place = _after_blanks(text, _expected(text, place, ",", "Expecting ',' delimiter"))


def _after_blanks(text: str, place: int) -> int:
    while text[place : place + 1] in _BLANK and place < len(text):
        place += 1
    return place


def _expected(text: str, place: int, letter: str, message: str) -> int:
    if text[place : place + 1] != letter:
        raise json.JSONDecodeError(message, text, place)
    return place + 1


def _refuse_rest(text: str, place: int) -> None:
    place = _after_blanks(text, place)
    if place < len(text):
        raise json.JSONDecodeError("Extra data", text, place)


def _of_table(path: Path, content: bytes, kind: str) -> Iterator[Placed]:
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    head = lines.readline()
    delimiter = max(",;\t", key=head.count)
    rows = csv.reader(chain([head], lines), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip() for name in next(rows)]
        wanted = kind or ("User" if any(name.lower() == "username" for name in columns) else "Group")
        _check_columns(path, columns, kind, wanted)
        for row in rows:
            place = f"{path}: line {rows.line_num}"
            if len(row) > len(columns):
                raise UserInputError(f"{place}: {len(row)} cells under {len(columns)} columns; quote what holds commas")
            pairs = [(name, cell) for name, cell in zip(columns, row, strict=False) if cell != ""]
            if pairs:
                yield place, _of_pairs(place, wanted, pairs)
    except csv.Error as error:
        raise UserInputError(f"{path}: line {rows.line_num}: {error}; save the table as CSV again") from error


def _check_columns(path: Path, columns: list[str], kind: str, wanted: str) -> None:
    """Refuse a table without the name of its resources, or with one column twice.

    Raises:
        UserInputError: which column, and which title was probably meant.
    """
    names = (NAMES[kind],) if kind else tuple(NAMES.values())
    if not any(column.lower() == NAMES[wanted].lower() for column in columns):
        folded = {_letters(column): column for column in columns}
        near = next((folded[found] for name in names for found in get_close_matches(_letters(name), folded, n=1)), "")
        hint = f"rename '{near}'" if near else f"the titles are {', '.join(columns[:8])}; give {_RESOURCES}"
        raise UserInputError(f"{path}: line 1: there is no column {' or '.join(names)}; {hint}")
    for place, column in enumerate(columns):
        first = [other.lower() for other in columns].index(column.lower())
        if column and first != place:
            raise UserInputError(
                f"{path}: line 1: column {place + 1}, '{column}', is column {first + 1} again; remove one"
            )


def _letters(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum())


def _of_pairs(place: str, kind: str, pairs: list[tuple[str, str]]) -> dict[str, Any]:
    try:
        return from_paths(kind, pairs)
    except Refusal as refusal:
        raise UserInputError(f"{place}: {refusal}") from refusal
    except UserInputError as error:
        raise UserInputError(f"{place}: {error}") from error


def _kind(resource: Mapping[str, Any]) -> str:
    meta = resource.get("meta")
    stated = str(meta.get("resourceType", "")) if isinstance(meta, Mapping) else ""
    if stated in NAMES:
        return stated
    return "User" if "userName" in resource or "displayName" not in resource else "Group"
