"""Tables to drafts: CSV of any separator with the titles of Graph, the portals, PowerShell or the schema."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from entra_sim.simulator.tenants.columns import Column
from entra_sim.simulator.tenants.columns import Role
from entra_sim.simulator.tenants.columns import Table
from entra_sim.simulator.tenants.columns import column_of
from entra_sim.simulator.tenants.columns import table_of_titles
from entra_sim.simulator.tenants.decoding import Row
from entra_sim.simulator.tenants.decoding import file_problem
from entra_sim.simulator.tenants.decoding import rows
from entra_sim.simulator.tenants.drafts import Drafts
from entra_sim.simulator.tenants.drafts import LinkDraft
from entra_sim.simulator.tenants.drafts import ObjectDraft
from entra_sim.simulator.tenants.exports import flattened_remedy
from entra_sim.simulator.tenants.exports import whole_export
from entra_sim.simulator.tenants.problems import Place
from entra_sim.simulator.tenants.values import is_flattened
from entra_sim.simulator.tenants.values import texts

Progress = Callable[[str, int], None]
"""Called now and then with the name of what is read and how many rows of it are done."""

PROGRESS_ROWS = 5_000


@dataclass(slots=True)
class Sheet:
    """The file of a table: knows which column holds what.

    Args:
        name: the file as the user gave it.
        columns: attribute or role → 1-based column.
    """

    name: str
    columns: dict[str, int] = field(default_factory=dict)

    def place(self, position: Any, name: str = "") -> Place:
        """Return the place of a cell; `position` is the line of the row."""
        return Place(path=self.name, line=int(position), column=self.columns.get(name, 0))


@dataclass(slots=True)
class _Cell:
    index: int
    title: str
    key: str
    column: Column


def read_table(
    text: str, name: str, drafts: Drafts, *, hint: Table | None, progress: Progress, group: str = ""
) -> None:
    """Add the rows of one table to the drafts; what is wrong is noted there.

    Args:
        text: the file's text.
        name: the file as the user gave it.
        drafts: what is added to.
        hint: what the rows are, where the file's name says so.
        progress: told of the rows.
        group: for a file with the members of one group, that group's name or id.
    Raises:
        DirectoryFileError: the file is no table at all.
    """
    lines = rows(text, name)
    head = next(lines, None)
    if head is None:
        raise file_problem(name, "is empty; it needs a row of titles, for example userPrincipalName,displayName")
    table = Table.MEMBERS if group else hint or table_of_titles(head.cells)
    drafts.tables.add(table)
    sheet = Sheet(name)
    cells = _cells(head, table, sheet, drafts)
    if not _has_what_it_needs(cells, table, head, sheet, drafts, group=group):
        return
    counted = _counted(lines, name, len(head.cells), sheet, drafts, progress)
    if table in (Table.USERS, Table.GROUPS):
        _read_objects(counted, table, cells, sheet, drafts)
    else:
        _read_links(counted, table, cells, sheet, drafts, group=group)


def _cells(head: Row, table: Table, sheet: Sheet, drafts: Drafts) -> list[_Cell]:
    """Return the columns that are read; note what is left out, misspelt or there twice."""
    best: dict[str, _Cell] = {}
    left_out: list[str] = []
    for index, title in enumerate(head.cells):
        column = column_of(title, table)
        key = column.attribute.name if column.attribute else str(column.role)
        if column.role is Role.CONTAINER:
            key = title
        place = Place(path=sheet.name, line=head.line, column=index + 1)
        if column.role is Role.IGNORED or column.role is Role.COMPUTED:
            if column.misspelling_of:
                meant = column.misspelling_of
                drafts.problems.add(
                    place, f"there is no attribute '{title}'; did you mean '{meant}'? Rename or remove it"
                )
            elif title.strip():
                left_out.append(title.strip())
            continue
        other = best.get(key)
        if other is None or column.rank < other.column.rank:
            best[key] = _Cell(index, title.strip(), key, column)
        elif column.rank == other.column.rank and column.role is Role.ATTRIBUTE:
            message = f"column '{title}' holds {key} as column {other.index + 1} does already; remove one of them"
            drafts.problems.add(place, message)
    if left_out:
        drafts.note(f"{sheet.name}: left out columns that provisioning does not use: {', '.join(left_out)}")
    sheet.columns.update({cell.key: cell.index + 1 for cell in best.values()})
    return sorted(best.values(), key=lambda cell: cell.index)


_NEEDS: dict[Table, tuple[tuple[str, str], ...]] = {
    Table.USERS: (("userPrincipalName", "userPrincipalName"),),
    Table.GROUPS: (("displayName", "displayName"),),
    Table.MEMBERS: ((Role.GROUP, "group"), (Role.MEMBER, "member")),
    Table.MANAGERS: ((Role.USER, "user"), (Role.MANAGER, "manager")),
    Table.ASSIGNMENTS: ((Role.PRINCIPAL, "principal"),),
}


def _has_what_it_needs(
    cells: list[_Cell], table: Table, head: Row, sheet: Sheet, drafts: Drafts, *, group: str
) -> bool:
    keys = {cell.key for cell in cells}
    missing = [name for key, name in _NEEDS[table] if key not in keys and not (group and key == Role.GROUP)]
    if missing:
        columns = " and ".join(f"'{name}'" for name in missing)
        noun = "columns" if len(missing) > 1 else "a column"
        shown = ", ".join(head.cells[:8])
        message = f"{table} need {noun} {columns}; the titles are: {shown}"
        drafts.problems.add(Place(path=sheet.name, line=head.line), message)
    return not missing


def _counted(
    lines: Iterable[Row], name: str, width: int, sheet: Sheet, drafts: Drafts, progress: Progress
) -> Iterator[Row]:
    for number, row in enumerate(lines, start=1):
        if len(row.cells) != width:
            message = (
                f"this row has {len(row.cells)} cells, the titles are {width}; put cells that hold a separator in"
                " quotation marks"
            )
            column = min(len(row.cells), width) + 1
            drafts.problems.add(Place(path=sheet.name, line=row.line, column=column), message)
            continue
        yield row
        if number % PROGRESS_ROWS == 0:
            progress(name, number)
            if drafts.is_full():
                raise file_problem(name, "brings more rows than can be imported; split the directory")


def _read_objects(lines: Iterable[Row], table: Table, cells: list[_Cell], sheet: Sheet, drafts: Drafts) -> None:
    attributes = [cell for cell in cells if cell.column.role is Role.ATTRIBUTE]
    others = {cell.column.role: cell.index for cell in cells if cell.column.role is not Role.ATTRIBUTE}
    manager, members, deleted = (others.get(role) for role in (Role.MANAGER, Role.MEMBERS, Role.DELETED_AT))
    covered = frozenset(cell.key for cell in attributes) | {
        str(role) for role in (Role.MANAGER, Role.MEMBERS) if role in others
    }
    suspects = [cell for cell in cells if cell.column.role in (Role.MANAGER, Role.MEMBERS, Role.CONTAINER)]
    found = drafts.users if table is Table.USERS else drafts.groups
    for row in lines:
        if deleted is not None and row.cells[deleted].strip():
            drafts.note(f"{sheet.name}: {table} that are deleted were left out")
            continue
        for cell in suspects:
            if is_flattened(row.cells[cell.index]):
                _flattened(sheet, row, cell, table, drafts)
        values = _values(row, attributes, table, sheet, drafts)
        draft = ObjectDraft(source=sheet, position=row.line, values=values, covered=covered)
        if manager is not None:
            draft.manager = row.cells[manager].strip() or None
        if members is not None:
            draft.members = texts(row.cells[members]) or ()
        found.append(draft)


def _values(row: Row, attributes: list[_Cell], table: Table, sheet: Sheet, drafts: Drafts) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for cell in attributes:
        written = row.cells[cell.index]
        if not written:
            continue
        if is_flattened(written):
            _flattened(sheet, row, cell, table, drafts)
            continue
        try:
            value = cell.column.read(written)
        except ValueError as error:
            place = Place(path=sheet.name, line=row.line, column=cell.index + 1)
            drafts.problems.add(place, f"column '{cell.title}' {error}")
            continue
        if value is not None:
            values[cell.key] = value
    return values


def _flattened(sheet: Sheet, row: Row, cell: _Cell, table: Table, drafts: Drafts) -> None:
    place = Place(path=sheet.name, line=row.line, column=cell.index + 1)
    message = f"column '{cell.title}' holds '{row.cells[cell.index][:60]}': {flattened_remedy(cell.title)}"
    drafts.problems.add(place, message, fault="flattened", remedy=whole_export(table))


def _read_links(
    lines: Iterable[Row], table: Table, cells: list[_Cell], sheet: Sheet, drafts: Drafts, *, group: str
) -> None:
    index = {cell.column.role: cell.index for cell in cells}
    left_role, right_role = link_roles(table)
    left, right = index.get(left_role), index.get(right_role)
    for row in lines:
        one = group or ("" if left is None else row.cells[left].strip())
        other = "" if right is None else row.cells[right].strip()
        for role, key in ((left_role, one), (right_role, other)):
            if not key and role is not Role.APP_ROLE and role is not Role.MANAGER:
                place = sheet.place(row.line, role)
                drafts.problems.add(
                    place, f"column '{role}' is empty; write an id or a principal name, or remove the row"
                )
        drafts.links[table].append(LinkDraft(source=sheet, position=row.line, left=one, right=other or None))


def link_roles(table: Table) -> tuple[Role, Role]:
    """Return the roles of the two sides of a table of references."""
    return {
        Table.MEMBERS: (Role.GROUP, Role.MEMBER),
        Table.MANAGERS: (Role.USER, Role.MANAGER),
        Table.ASSIGNMENTS: (Role.PRINCIPAL, Role.APP_ROLE),
    }[table]
