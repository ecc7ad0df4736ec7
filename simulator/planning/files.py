"""The files a plan is made of: an exported job schema, and exports of the target's users and groups."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from entra_sim.simulator.engine.mapping import compile_mapping
from entra_sim.simulator.engine.scoping import check_filters
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.planning.resources import NAMES
from entra_sim.simulator.planning.resources import Refusal
from entra_sim.simulator.planning.resources import from_paths

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_RESOURCES = 1_000_000
_RESOURCES = "a SCIM list, a list of resources, one resource a line, or a CSV whose columns are SCIM paths"


@dataclass(slots=True)
class TargetImage:
    """What the target holds, as far as files or the endpoint say. `notes`: what could not be had."""

    users: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_text_file(path: Path) -> str:
    """Return the text of a file.

    Raises:
        UserInputError: it cannot be read, is too large or is no UTF-8 text.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserInputError(f"{path}: larger than {MAX_FILE_BYTES // 1024 // 1024} MB; split it")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserInputError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise UserInputError(f"{path}: byte {error.start} is no UTF-8; save the file as UTF-8") from error


def read_json_file(path: Path) -> Any:
    """Return the JSON of a file.

    Raises:
        UserInputError: it cannot be read or is no JSON; the message says where.
    """
    try:
        return json.loads(read_text_file(path))
    except json.JSONDecodeError as error:
        place = f"{path}: line {error.lineno}, column {error.colno}"
        raise UserInputError(f"{place}: no JSON ({error.msg}); export the file again") from error
    except RecursionError as error:
        raise UserInputError(f"{path}: nested too deeply to be a schema") from error


def read_schema_file(path: Path) -> dict[str, Any]:
    """Return a synchronizationSchema that the engine can use.

    Raises:
        UserInputError: it is none; the message says where.
    """
    document = read_json_file(path)
    if isinstance(document, Mapping) and isinstance(document.get("schema"), Mapping):
        document = document["schema"]
    check_schema(document, str(path))
    return dict(document)


def check_schema(document: Any, where: str) -> None:
    """Refuse what is no usable synchronizationSchema.

    Raises:
        UserInputError: what is wrong and where.
    """
    if not isinstance(document, Mapping):
        raise UserInputError(f"{where}: this is no synchronizationSchema; export it from the job's schema editor")
    try:
        schema = read_schema(document, where)
        for mapping in (schema.user, schema.group):
            compile_mapping(mapping)
            check_filters(mapping.scoping_filters, f"{where}: {mapping.name}", mapping.object_type)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, UserInputError):
            raise
        text = f"{where}: this is no synchronizationSchema ({type(error).__name__}: {error}); export it again"
        raise UserInputError(text) from error
    except UserInputError as error:
        text = str(error)
        raise error if text.startswith(where) else UserInputError(f"{where}: {text}") from error


def read_target_files(paths: list[Path], image: TargetImage, kind: str = "") -> None:
    """Add the users and groups of files to an image.

    Args:
        kind: "User" or "Group" where the option says it; "" lets each resource say what it is.
    Raises:
        UserInputError: a file or a resource in it cannot be used; the message says where.
    """
    for path in paths:
        seen: dict[str, str] = {}
        for place, resource in _resources(path, read_text_file(path), kind):
            found = kind or _kind(resource)
            target_id = str(resource.get("id") or "")
            if target_id and target_id in seen:
                raise UserInputError(f"{place}: the id '{target_id}' is there already ({seen[target_id]})")
            seen[target_id] = place
            name = resource.get(NAMES[found])
            if not isinstance(name, str) or not name.strip():
                raise UserInputError(f"{place}: a {found.lower()} without {NAMES[found]}; add it or remove the entry")
            (image.users if found == "User" else image.groups).append(resource)


def _resources(path: Path, text: str, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    head = text.lstrip()[:1]
    if not head:
        raise UserInputError(f"{path}: the file is empty; give {_RESOURCES}")
    if head not in "[{":
        yield from _of_table(path, text, kind)
        return
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        lines = text.splitlines()
        if len([line for line in lines if line.strip()]) < 2 or not _is_json(lines[0]):
            place = f"{path}: line {error.lineno}, column {error.colno}"
            raise UserInputError(f"{place}: no JSON ({error.msg}); give {_RESOURCES}") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield from _of_value(f"{path}: line {number}", _line(path, number, line))
        return
    yield from _of_value(str(path), content)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return False
    return True


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise UserInputError(f"{path}: line {number}, column {error.colno}: no JSON ({error.msg})") from error


def _of_value(place: str, content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(content, dict) and isinstance(content.get("Resources"), list):
        content = content["Resources"]
    items = content if isinstance(content, list) else [content]
    for number, item in enumerate(items, 1):
        where = f"{place}: entry {number}" if isinstance(content, list) else place
        if not isinstance(item, dict):
            raise UserInputError(f"{where}: no SCIM resource; give {_RESOURCES}")
        yield where, item


def _of_table(path: Path, text: str, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    head = text.splitlines()[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        columns = [name.strip() for name in next(rows)]
        wanted = kind or ("User" if any(name.lower() == "username" for name in columns) else "Group")
        if not any(name.lower() == NAMES[wanted].lower() for name in columns):
            raise UserInputError(f"{path}: line 1: there is no column {NAMES[wanted]}; give {_RESOURCES}")
        for row in rows:
            place = f"{path}: line {rows.line_num}"
            if len(row) > len(columns):
                raise UserInputError(f"{place}: {len(row)} cells under {len(columns)} columns; quote what holds commas")
            pairs = [(name, cell) for name, cell in zip(columns, row, strict=False) if cell != ""]
            if pairs:
                yield place, _of_pairs(place, wanted, pairs)
    except csv.Error as error:
        raise UserInputError(f"{path}: line {rows.line_num}: {error}; save the table as CSV again") from error


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
