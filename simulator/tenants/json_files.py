"""JSON to drafts: this tool's own files, JSON lines, pages of Microsoft Graph, and what ConvertTo-Json makes of users.

They differ in letter case and nesting only; a record is read by what its keys mean (`columns`), wherever it stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from entra_sim.simulator.tenants.columns import Column
from entra_sim.simulator.tenants.columns import Role
from entra_sim.simulator.tenants.columns import Table
from entra_sim.simulator.tenants.columns import column_of
from entra_sim.simulator.tenants.columns import table_of_titles
from entra_sim.simulator.tenants.decoding import file_problem
from entra_sim.simulator.tenants.drafts import Drafts
from entra_sim.simulator.tenants.drafts import LinkDraft
from entra_sim.simulator.tenants.drafts import ObjectDraft
from entra_sim.simulator.tenants.exports import flattened_remedy
from entra_sim.simulator.tenants.exports import whole_export
from entra_sim.simulator.tenants.json_places import JsonPlaces
from entra_sim.simulator.tenants.problems import DirectoryFileError
from entra_sim.simulator.tenants.problems import Place
from entra_sim.simulator.tenants.problems import Problem
from entra_sim.simulator.tenants.tables import PROGRESS_ROWS
from entra_sim.simulator.tenants.tables import Progress
from entra_sim.simulator.tenants.tables import link_roles
from entra_sim.simulator.tenants.values import is_flattened
from entra_sim.simulator.tenants.values import texts

Path = tuple[str | int, ...]

_GRAPH_EXPAND_LIMIT = 20
"""Most members that Graph gives with $expand; there is no link to the rest."""

_TYPES = {
    "user": Table.USERS,
    "group": Table.GROUPS,
    "approleassignment": Table.ASSIGNMENTS,
}
_CONTEXTS = {
    "users": Table.USERS,
    "groups": Table.GROUPS,
    "approleassignments": Table.ASSIGNMENTS,
    "approleassignedto": Table.ASSIGNMENTS,
}


@dataclass(slots=True)
class JsonSource:
    """One JSON text: a file, or a line of a file.

    Args:
        name: the file as the user gave it.
        text: the JSON text.
        first_line: line of the file where it begins, 1-based.
    """

    name: str
    text: str
    first_line: int = 1
    _places: JsonPlaces | None = None

    def place(self, position: Any, name: str = "") -> Place:
        """Return the place of an attribute or role; `position` is the path of the record and its table."""
        path, table = position

        def find() -> tuple[int, int]:
            self._places = self._places or JsonPlaces(self.text)
            start = self._places.offset(path)
            try:
                record = orjson.loads(_value_at(self.text, start))
            except orjson.JSONDecodeError:
                record = None
            inner = _path_of(record, name, table) if name and isinstance(record, dict) and table else ()
            line, column = self._places.line_and_column((*path, *inner))
            return line + self.first_line - 1, column

        return Place(path=self.name, find=find)


def _value_at(text: str, start: int) -> str:
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except json.JSONDecodeError:
        return ""
    return text[start:end]


def _path_of(record: Mapping[str, Any], name: str, table: Table) -> Path:
    for key, value in record.items():
        column = column_of(key, table)
        if _key(column) == name:
            return (key,)
        if isinstance(value, dict) and (inner := _path_of(value, name, table)):
            return (key, *inner)
    return ()


def _key(column: Column) -> str:
    return column.attribute.name if column.attribute else str(column.role)


def read_json(text: str, name: str, drafts: Drafts, *, hint: Table | None, progress: Progress, group: str = "") -> None:
    """Add what a JSON or JSON lines file says to the drafts; what is wrong is noted there.

    Args:
        text: the file's text.
        name: the file as the user gave it.
        drafts: what is added to.
        hint: what its records are, where the file's name says so.
        progress: told of the records.
        group: for a file with the members of one group, that group's name or id.
    Raises:
        DirectoryFileError: the file is not JSON.
    """
    reader = _JsonReader(name, drafts, progress, group)
    if not text.strip():
        raise file_problem(name, "is empty; it needs users or groups, or pages of Microsoft Graph")
    whole = _parsed(text)
    if not isinstance(whole, orjson.JSONDecodeError):
        reader.read(whole, JsonSource(name, text), (), hint)
        return
    first = text.lstrip().partition("\n")[0]
    if isinstance(_parsed(first), orjson.JSONDecodeError) or not isinstance(_parsed(first), dict):
        raise DirectoryFileError([_broken(name, whole, 0)])
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        value = _parsed(line)
        if isinstance(value, orjson.JSONDecodeError):
            broken = _broken(name, value, number - 1)
            drafts.problems.add(broken.place, broken.message)
        else:
            reader.read(value, JsonSource(name, line, number), (), hint)


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return error


def _broken(name: str, error: orjson.JSONDecodeError, lines_before: int) -> Problem:
    place = Place(path=name, line=error.lineno + lines_before, column=error.colno)
    return Problem(place=place, message=f"this is not JSON ({error.msg}); export the file again")


class _JsonReader:
    def __init__(self, name: str, drafts: Drafts, progress: Progress, group: str) -> None:
        self._name = name
        self._drafts = drafts
        self._progress = progress
        self._group = group
        self._count = 0

    def read(self, value: Any, source: JsonSource, path: Path, hint: Table | None) -> None:
        """Read whatever this value is: an own file, a page, a list of either, a record."""
        if isinstance(value, list):
            for index, item in enumerate(value):
                self.read(item, source, (*path, index), hint)
            return
        if not isinstance(value, dict):
            self._problem(source, path, "here an object is expected: a user, a group, or a page of Microsoft Graph")
            return
        sections = [table for table in Table if isinstance(value.get(table), list)]
        if isinstance(value.get("value"), list):
            self._read_page(value, source, path, hint)
        elif sections and not self._looks_like_record(value):
            for table in sections:
                self._drafts.tables.add(table)
                self.read(value[table], source, (*path, str(table)), table)
        else:
            self._read_record(value, source, path, hint)

    @staticmethod
    def _looks_like_record(value: Mapping[str, Any]) -> bool:
        folded = {key.casefold() for key in value}
        return bool(folded & {"id", "objectid", "displayname", "userprincipalname"})

    def _read_page(self, page: Mapping[str, Any], source: JsonSource, path: Path, hint: Table | None) -> None:
        table = _table_of_context(str(page.get("@odata.context", ""))) or hint
        if page.get("@odata.nextLink"):
            self._drafts.open_pages[str(table)] = source.place((path, None))
        else:
            self._drafts.last_pages.add(str(table))
        if table is not None:
            self._drafts.tables.add(table)
        self.read(page["value"], source, (*path, "value"), table)

    def _read_record(self, record: dict[str, Any], source: JsonSource, path: Path, hint: Table | None) -> None:
        self._count += 1
        if self._count % PROGRESS_ROWS == 0:
            self._progress(self._name, self._count)
            if self._drafts.is_full():
                raise file_problem(self._name, "brings more records than can be imported; split the directory")
        record = _flat(record)
        table = self._table_of(record, source, path, hint)
        if table is None:
            return
        self._drafts.tables.add(table)
        if "@removed" in record:
            self._drafts.note(f"{self._name}: {table} that a delta page marks as removed were left out")
        elif table in (Table.USERS, Table.GROUPS):
            draft = self._object(record, table, source, path)
            if draft is not None:
                (self._drafts.users if table is Table.USERS else self._drafts.groups).append(draft)
        else:
            self._link(record, table, source, path)

    def _table_of(self, record: Mapping[str, Any], source: JsonSource, path: Path, hint: Table | None) -> Table | None:
        if self._group:
            return self._table_of_member(record)
        type_name = _type_of(record)
        if type_name and hint not in (Table.MEMBERS, Table.MANAGERS):
            table = _TYPES.get(type_name)
            if table is None:
                self._drafts.note(
                    f"{self._name}: objects of type {type_name} were left out; only users and groups count"
                )
            return table
        if hint is not None:
            return hint
        table = table_of_titles(record)
        needed = {Table.USERS: "userPrincipalName", Table.GROUPS: "displayName"}.get(table)
        if needed and not any(_key(column_of(key, table)) == needed for key in record):
            self._problem(source, path, "this is neither a user nor a group; a user needs a userPrincipalName")
            return None
        return table

    def _table_of_member(self, record: Mapping[str, Any]) -> Table | None:
        if _type_of(record) in ("user", "group", ""):
            return Table.MEMBERS
        self._drafts.note(f"{self._name}: members that are neither users nor groups were left out")
        return None

    def _object(self, record: Mapping[str, Any], table: Table, source: JsonSource, path: Path) -> ObjectDraft | None:
        values: dict[str, Any] = {}
        covered: set[str] = set()
        ranks: dict[str, int] = {}
        draft = ObjectDraft(source=source, position=(path, table), values=values, covered=frozenset())
        for key, value in record.items():
            column = column_of(key, table)
            role = column.role
            if role is Role.ATTRIBUTE:
                name = _key(column)
                if name in ranks and (value in (None, "") or ranks[name] <= column.rank):
                    continue
                ranks[name] = column.rank
                covered.add(name)
                self._value(draft, key, name, value, column, table)
            elif role is Role.MANAGER:
                self._manager(draft, value, covered)
            elif role is Role.MEMBERS:
                self._members(draft, value, covered)
            elif role is Role.DELETED_AT and value:
                self._drafts.note(f"{self._name}: {table} that are deleted were left out")
                return None
            elif role is Role.CONTAINER and isinstance(value, str) and is_flattened(value):
                self._flattened(draft, key, value, str(role), table)
            elif column.misspelling_of:
                meant = column.misspelling_of
                message = f"there is no attribute '{key}'; did you mean '{meant}'? Rename or remove it"
                self._problem(source, (*path, key), message)
        draft.covered = frozenset(covered)
        return draft

    def _value(self, draft: ObjectDraft, key: str, name: str, value: Any, column: Column, table: Table) -> None:
        if isinstance(value, str) and is_flattened(value):
            self._flattened(draft, key, value, name, table)
            return
        assert column.attribute is not None
        if name.startswith("extension_") and isinstance(value, bool | int):
            draft.values[name] = value
            return
        if isinstance(value, list) and len(value) > 1 and not column.attribute.is_multi_valued:
            self._drafts.note(f"{self._name}: of several values of {name} only the first was taken")
        try:
            read = column.read(value)
        except ValueError as error:
            self._drafts.problems.add(draft.place(name), f"{key} {error}")
            return
        if read is not None:
            draft.values[name] = read

    def _flattened(self, draft: ObjectDraft, key: str, value: str, name: str, table: Table) -> None:
        message = f"'{key}' holds '{value[:60]}': {flattened_remedy(key)}"
        self._drafts.problems.add(draft.place(name), message, remedy=whole_export(table))

    def _manager(self, draft: ObjectDraft, value: Any, covered: set[str]) -> None:
        if isinstance(value, dict) and _reference(_flat(value)) is None:
            return  # PowerShell writes an empty object where the manager was not asked for
        covered.add(str(Role.MANAGER))
        draft.manager = self._referred(value, draft, Role.MANAGER)

    def _members(self, draft: ObjectDraft, value: Any, covered: set[str]) -> None:
        if value is None:
            return
        covered.add(str(Role.MEMBERS))
        if isinstance(value, str):
            draft.members = texts(value) or ()
            return
        items = value if isinstance(value, list) else [value]
        found = [self._referred(item, draft, Role.MEMBERS) for item in items]
        draft.members = tuple(key for key in found if key)
        if len(items) == _GRAPH_EXPAND_LIMIT and all(
            isinstance(item, dict) and "@odata.type" in item for item in items
        ):
            group = draft.values.get("displayName", "a group")
            self._drafts.note(
                f"{self._name}: '{group}' has exactly {_GRAPH_EXPAND_LIMIT} members, the most that $expand=members"
                " gives; if it has more, export its members by themselves"
            )

    def _referred(self, value: Any, draft: ObjectDraft, role: Role) -> str | None:
        """Return the key of a manager or member; remember the object itself where Graph gives it in full."""
        if not isinstance(value, dict):
            return str(value).strip() or None if value is not None else None
        record = _flat(value)
        key = _reference(record)
        if key is None:
            self._drafts.problems.add(draft.place(role), f"an entry of '{role}' has neither id nor principal name")
            return None
        if "@removed" in record:
            return None
        type_name = _type_of(record)
        if type_name and type_name not in ("user", "group"):
            self._drafts.note(f"{self._name}: members that are neither users nor groups were left out")
            return None
        path, _ = draft.position
        is_user = type_name == "user" or any(
            _key(column_of(name, Table.USERS)) == "userPrincipalName" for name in record
        )
        table = Table.USERS if is_user else Table.GROUPS
        needed = "userPrincipalName" if is_user else "displayName"
        if any(_key(column_of(name, table)) == needed and record[name] for name in record):
            full = self._object(record, table, draft.source, path)  # type: ignore[arg-type]
            if full is not None:
                full.is_reference_only = True
                (self._drafts.users if is_user else self._drafts.groups).append(full)
        return key

    def _link(self, record: Mapping[str, Any], table: Table, source: JsonSource, path: Path) -> None:
        roles = link_roles(table)
        found: dict[Role, tuple[int, str]] = {}
        if self._group:
            found[Role.GROUP] = (0, self._group)
        for key, value in record.items():
            column = column_of(key, table)
            written = _reference(_flat(value)) if isinstance(value, dict) else value
            text = str(written).strip() if written is not None else ""
            if text and column.role in roles and column.rank < found.get(column.role, (99, ""))[0]:
                found[column.role] = (column.rank, text)
        left, right = (found.get(role, (0, ""))[1] for role in roles)
        position = (path, table)
        for role, key in zip(roles, (left, right), strict=True):
            if not key and role not in (Role.APP_ROLE, Role.MANAGER):
                self._drafts.problems.add(source.place(position, role), f"'{role}' is missing; write an id or a name")
        self._drafts.links[table].append(LinkDraft(source=source, position=position, left=left, right=right or None))

    def _problem(self, source: JsonSource, path: Path, message: str) -> None:
        self._drafts.problems.add(source.place((path, None)), message)


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with the attributes of nested objects at its own level."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        folded = key.casefold()
        if isinstance(value, dict) and folded in (
            "onpremisesextensionattributes",
            "employeeorgdata",
            "additionalproperties",
        ):
            flat.update(value)
        elif folded == "members@delta":
            flat["members"] = value
        else:
            flat[key] = value
    return flat


def _reference(record: Mapping[str, Any]) -> str | None:
    by_name = {key.casefold(): value for key, value in record.items()}
    for name in ("id", "objectid", "userprincipalname"):
        if by_name.get(name):
            return str(by_name[name])
    address = by_name.get("@odata.id")
    return str(address).rstrip("/").rpartition("/")[2].strip("'()") or None if address else None


def _type_of(record: Mapping[str, Any]) -> str:
    """Return the last part of @odata.type in lower case, "user"; "" where there is none."""
    written = record.get("@odata.type") or record.get("OdataType") or ""
    return str(written).rpartition(".")[2].casefold()


def _table_of_context(context: str) -> Table | None:
    part = context.partition("#")[2].casefold()
    for segment in reversed([piece.partition("(")[0] for piece in part.split("/")]):
        if segment in _CONTEXTS:
            return _CONTEXTS[segment]
    return None
