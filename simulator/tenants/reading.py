"""Files to a directory: which files, in which form, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from entra_sim.simulator.tenants.assembly import Assembly
from entra_sim.simulator.tenants.columns import Table
from entra_sim.simulator.tenants.decoding import file_problem
from entra_sim.simulator.tenants.decoding import read_text
from entra_sim.simulator.tenants.drafts import Drafts
from entra_sim.simulator.tenants.json_files import read_json
from entra_sim.simulator.tenants.limits import MAX_FILES
from entra_sim.simulator.tenants.records import DirectoryImage
from entra_sim.simulator.tenants.tables import Progress
from entra_sim.simulator.tenants.tables import read_table

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """What came of reading files.

    Args:
        image: the directory.
        notes: sentences for the user: columns and objects that were left out, and why.
        files: names of the files that were read, in order.
    """

    image: DirectoryImage
    notes: tuple[str, ...]
    files: tuple[str, ...]


def _quiet(name: str, count: int) -> None:
    return None


def read_directory(
    paths: Path | str | Sequence[Path | str],
    *,
    new_id: Callable[[str], str],
    known: DirectoryImage | None = None,
    keeps_missing: bool = True,
    leaves_out_unknown: bool = False,
    progress: Progress = _quiet,
) -> DirectoryImage:
    """Return the directory that files describe; see `read_report`."""
    return read_report(
        paths,
        new_id=new_id,
        known=known,
        keeps_missing=keeps_missing,
        leaves_out_unknown=leaves_out_unknown,
        progress=progress,
    ).image


def read_report(
    paths: Path | str | Sequence[Path | str],
    *,
    new_id: Callable[[str], str],
    known: DirectoryImage | None = None,
    keeps_missing: bool = True,
    leaves_out_unknown: bool = False,
    progress: Progress = _quiet,
) -> ReadReport:
    """Return the directory that files describe, with what was left out.

    Tables (CSV with any of , ; tab), JSON, JSON lines, pages of Graph, exports of PowerShell, downloads of the admin
    centers; of a folder its users.*, groups.*, members.*, managers.*, assignments.* and members/<group>.*. Columns may
    have schema, Graph, portal or PowerShell names (ENG-002).

    Args:
        paths: a file or folder, or several.
        new_id: called with "user" or "group" for each object without an id.
        known: the directory that these files are imported over. An object without an id is the known one of the same
            principal name (group: display name); what the files do not speak of stays as it is known.
        keeps_missing: whether known users and groups that the files do not name stay. Members of a group that
            occurs, and assignments where there is a table of them, are always taken as a whole.
        leaves_out_unknown: whether a reference to an unknown object is left out, with a note, instead of refused.
        progress: called every few thousand rows.
    Raises:
        DirectoryFileError: something is wrong; it holds every problem with file, row and column. Nothing is half read.
    """
    drafts = Drafts()
    files = tuple(_files([paths] if isinstance(paths, Path | str) else paths))
    if not files:
        raise file_problem("(no files)", "give a file or a folder to read")
    for file in files:
        text = read_text(file.path, file.name)
        read = read_json if _is_json(file, text) else read_table
        read(text, file.name, drafts, hint=file.table, progress=progress, group=file.group)
    drafts.check_pages()
    assembly = Assembly(
        drafts,
        new_id=new_id,
        known=known,
        keeps_missing=keeps_missing,
        leaves_out_unknown=leaves_out_unknown,
    )
    image = assembly.image()
    _note_lost_letters(image, drafts)
    notes = tuple(f"{sentence}{f' ({count:,})' if count > 1 else ''}" for sentence, count in drafts.notes.items())
    return ReadReport(image=image, notes=notes, files=tuple(file.name for file in files))


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    name: str
    table: Table | None
    group: str = ""


def _files(paths: Iterable[Path | str]) -> Iterable[_File]:
    count = 0
    for given in paths:
        path = Path(given)
        found = _of_folder(path, str(given)) if path.is_dir() else [_File(path, str(given), _table_of_name(path))]
        if not found:
            raise file_problem(
                str(given), f"holds none of {', '.join(f'{table}.csv' for table in Table)}, nor as .json"
            )
        count += len(found)
        if count > MAX_FILES:
            raise file_problem(str(given), f"brings more than {MAX_FILES:,} files; put pages together")
        yield from found


def _of_folder(folder: Path, name: str) -> list[_File]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise file_problem(name, f"cannot be listed ({error.strerror}); check its rights") from error
    readable = [entry for entry in entries if entry.suffix.lower() in (*JSON_SUFFIXES, *TABLE_SUFFIXES)]
    holds = {entry: _table_of_name(entry) for entry in readable}
    for entry in readable:  # people.csv beside people.groups.csv, as `tenant new` and `tenant export` write them
        if holds[entry] is None and any(
            table and other.stem.startswith(f"{entry.stem}.") for other, table in holds.items()
        ):
            holds[entry] = Table.USERS
    found = [_File(entry, str(entry), table) for table in Table for entry in readable if holds[entry] is table]
    members = folder / Table.MEMBERS
    if members.is_dir():
        found += [
            _File(entry, str(entry), Table.MEMBERS, group=entry.stem)
            for entry in sorted(members.iterdir(), key=lambda entry: entry.name)
            if entry.suffix.lower() in (*JSON_SUFFIXES, *TABLE_SUFFIXES)
        ]
    return found


def _table_of_name(path: Path) -> Table | None:
    """Return what a file holds by its name, the last word of it: "users.csv", "users.groups.json", "members-2.csv"."""
    parts = path.name.casefold().replace("-", ".").replace("_", ".").split(".")[:-1]
    return next((Table(part) for part in reversed(parts) if part in set(Table)), None)


def _is_json(file: _File, text: str) -> bool:
    suffix = file.path.suffix.lower()
    return suffix in JSON_SUFFIXES or (suffix not in TABLE_SUFFIXES and text.lstrip()[:1] in ("{", "["))


def _note_lost_letters(image: DirectoryImage, drafts: Drafts) -> None:
    """Note names that an export in a poor encoding has damaged."""
    lost = sum(
        "\ufffd" in name or "?" in name
        for name in (str(user.attributes.get("displayName", "")) for user in image.users)
    )
    if lost:
        drafts.note(f"{lost:,} display names hold '?' in place of letters; export with -Encoding utf8 to keep them")
