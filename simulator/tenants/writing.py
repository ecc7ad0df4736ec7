"""A directory to files: tables, JSON, or JSON as Microsoft Graph has it. What is written reads back as it was."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.attributes import AttributeType
from entra_sim.simulator.model.attributes import SourceObjectType
from entra_sim.simulator.model.attributes import attributes_of
from entra_sim.simulator.model.attributes import source_attribute
from entra_sim.simulator.tenants.columns import Table
from entra_sim.simulator.tenants.records import AssignmentRecord
from entra_sim.simulator.tenants.records import DirectoryImage
from entra_sim.simulator.tenants.records import GroupRecord
from entra_sim.simulator.tenants.records import UserRecord
from entra_sim.simulator.tenants.records import looks_like_id
from entra_sim.simulator.tenants.values import cell_of


class Format(StrEnum):
    """Forms in which a directory is written."""

    CSV = "csv"
    JSON = "json"
    GRAPH = "graph"


_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#{}"
_JSON_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def format_of(path: Path) -> Format:
    """Return the form that fits a path: JSON for .json, tables for anything else."""
    return Format.JSON if path.suffix.lower() == ".json" else Format.CSV


def write_directory(image: DirectoryImage, path: Path | str, format: Format | str | None = None) -> tuple[Path, ...]:
    """Write a directory and return the files that were written, users first.

    A path with a suffix is a file: JSON holds everything in it; a table holds the users, and what else there is stands
    beside it ("people.csv", "people.groups.csv", "people.members.csv", "people.assignments.csv"). A path without one
    is a folder with users.*, groups.* and so on. Files are complete or not there; those of the same names are replaced.

    Raises:
        UserInputError: a file cannot be written, or values of a directory extension are of several types.
    """
    path = Path(path)
    form = Format(format) if format else format_of(path)
    if form is Format.CSV:
        texts = dict(_tables(image))
    elif form is Format.JSON:
        texts = _json_texts(image, in_one=bool(path.suffix))
    else:
        texts = _graph_texts(image, in_one=bool(path.suffix))
    suffix = "csv" if form is Format.CSV else "json"
    if path.suffix:
        files = {
            path if table is Table.USERS else path.with_suffix(f".{table}{path.suffix}"): text
            for table, text in texts.items()
        }
    else:
        files = {path / f"{table}.{suffix}": text for table, text in texts.items()}
    for file, content in files.items():
        _write(file, content)
    _remove_stale(path, set(files), suffix)
    return tuple(files)


def _remove_stale(path: Path, written: set[Path], suffix: str) -> None:
    """Remove tables of an earlier export that this one has no rows for, so that they are not read with it."""
    for table in Table:
        beside = path.with_suffix(f".{table}{path.suffix}") if path.suffix else path / f"{table}.{suffix}"
        if beside not in written:
            beside.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UserInputError(
            f"{path}: cannot be written ({error.strerror or error}); choose another place or check its rights."
        ) from error


# tables


def _tables(image: DirectoryImage) -> Iterator[tuple[Table, bytes]]:
    keys = image.readable_keys()
    users = [user.attributes for user in image.users]
    managers = [keys.get(user.manager, user.manager) if user.manager else "" for user in image.users]
    yield Table.USERS, _objects_table(users, SourceObjectType.USER, managers)
    if image.groups:
        yield Table.GROUPS, _objects_table([group.attributes for group in image.groups], SourceObjectType.GROUP, None)
        links = ((keys[group.object_id], keys.get(key, key)) for group in image.groups for key in group.members)
        yield Table.MEMBERS, _csv((("group", "member"), *links))
    if image.assignments:
        rows = ((keys.get(row.principal, row.principal), row.role or "") for row in image.assignments)
        yield Table.ASSIGNMENTS, _csv((("principal", "role"), *rows))


def _objects_table(
    objects: list[Mapping[str, Any]], kind: SourceObjectType, managers: list[str | None] | list[str] | None
) -> bytes:
    names = _columns(objects, kind)
    titles = [_title(name, objects, kind) for name in names]
    rows: list[list[str]] = [[*titles, *(["manager"] if managers is not None else [])]]
    for number, attributes in enumerate(objects):
        row = [_cell(attributes.get(name)) for name in names]
        if managers is not None:
            row.append(managers[number] or "")
        rows.append(row)
    return _csv(rows)


def _columns(objects: Iterable[Mapping[str, Any]], kind: SourceObjectType) -> list[str]:
    """Return the attributes that occur, those that every object has always, in the order of the reference."""
    present = {name for attributes in objects for name in attributes}
    always = {"objectId", "displayName"} | (
        {"userPrincipalName", "accountEnabled"} if kind is SourceObjectType.USER else set()
    )
    known = [row.name for row in attributes_of(kind) if row.name in present | always]
    return known + sorted(present - set(known))


def _title(name: str, objects: Iterable[Mapping[str, Any]], kind: SourceObjectType) -> str:
    """Return the column's title; of a directory extension that holds no text with its type, "extension_..:Boolean"."""
    attribute = source_attribute(name, kind)
    if attribute is None or not name.startswith("extension_"):
        return name
    types = {type(attributes[name]) for attributes in objects if name in attributes}
    if len(types) > 1:
        raise UserInputError(f"{name}: a directory extension has one type, here are several; write JSON instead.")
    kinds = {bool: AttributeType.BOOLEAN, int: AttributeType.INTEGER}
    found = kinds.get(next(iter(types), str))
    return f"{name}:{found}" if found else name


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return cell_of(tuple(value)) if isinstance(value, list | tuple) else str(value)


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


# JSON


def _json_texts(image: DirectoryImage, *, in_one: bool) -> dict[Table, bytes]:
    sections: dict[Table, list[dict[str, Any]]] = {
        Table.USERS: [{**user.attributes, "manager": user.manager} for user in image.users],
        Table.GROUPS: [{**group.attributes, "members": list(group.members)} for group in image.groups],
        Table.ASSIGNMENTS: [{"principal": row.principal, "role": row.role} for row in image.assignments],
    }
    if not image.assignments:
        del sections[Table.ASSIGNMENTS]
    if in_one:
        return {Table.USERS: orjson.dumps({str(table): rows for table, rows in sections.items()}, option=_JSON_OPTIONS)}
    return {table: orjson.dumps(rows, option=_JSON_OPTIONS) for table, rows in sections.items()}


def _graph_texts(image: DirectoryImage, *, in_one: bool) -> dict[Table, bytes]:
    group_ids = {group.object_id for group in image.groups}
    pages = {
        Table.USERS: _page("users(manager())", [_graph_user(user) for user in image.users]),
        Table.GROUPS: _page("groups(members())", [_graph_group(group, group_ids) for group in image.groups]),
        Table.ASSIGNMENTS: _page(
            "appRoleAssignments", [_graph_assignment(row, group_ids) for row in image.assignments]
        ),
    }
    if not image.assignments:
        del pages[Table.ASSIGNMENTS]
    if in_one:
        return {Table.USERS: orjson.dumps(list(pages.values()), option=_JSON_OPTIONS)}
    return {table: orjson.dumps(page, option=_JSON_OPTIONS) for table, page in pages.items()}


def _page(context: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    return {"@odata.context": _CONTEXT.format(context), "value": values}


def _graph_properties(attributes: Mapping[str, Any], kind: SourceObjectType) -> dict[str, Any]:
    """Return the attributes under their Graph names, nested where Graph nests them. Source: ENG-002."""
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        row = source_attribute(name, kind)
        outer, _, inner = (row.graph_name if row else name).rpartition(".")
        if inner == "businessPhones":
            value = [value]
        if outer:
            found.setdefault(outer, {})[inner] = value
        else:
            found[inner] = value
    return found


def _graph_user(user: UserRecord) -> dict[str, Any]:
    manager = {"@odata.type": "#microsoft.graph.user", "id": user.manager} if user.manager else None
    return {**_graph_properties(user.attributes, SourceObjectType.USER), "manager": manager}


def _graph_group(group: GroupRecord, group_ids: set[str]) -> dict[str, Any]:
    members = [
        {"@odata.type": f"#microsoft.graph.{'group' if key in group_ids else 'user'}", "id": key}
        for key in group.members
    ]
    return {**_graph_properties(group.attributes, SourceObjectType.GROUP), "members": members}


def _graph_assignment(row: AssignmentRecord, group_ids: set[str]) -> dict[str, Any]:
    """Return an assignment; a role that is known by its value only stands in a property that Graph does not have."""
    role = row.role or "00000000-0000-0000-0000-000000000000"
    kind = "Group" if row.principal in group_ids else "User"
    name = "appRoleId" if looks_like_id(role) else "appRoleValue"
    return {"principalId": row.principal, "principalType": kind, name: role}
