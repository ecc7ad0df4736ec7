"""`entra-sim tenant`: make up, import, export and show directories."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import click

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.ids import RandomIds
from entra_sim.simulator.model.attributes import USER_ATTRIBUTES

if TYPE_CHECKING:
    from entra_sim.simulator.service import Simulator
    from entra_sim.simulator.tenants import Difference
    from entra_sim.simulator.tenants import DirectoryImage
    from entra_sim.simulator.tenants import GroupRecord
    from entra_sim.simulator.tenants import ReadReport
    from entra_sim.simulator.tenants import UserRecord

DATA = ".entra-sim"
PLAIN_PROGRESS_ROWS = 50_000

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(DATA),
    show_default=True,
    help="Folder of the simulator's state.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for machines.")
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "graph"]),
    help="csv, json, or graph (JSON as Microsoft Graph has it). Default: json for .json, else csv.",
)
force_option = click.option("--force", is_flag=True, help="Replace files that are there.")
pseudonymise_option = click.option(
    "--pseudonymise",
    metavar="SEED",
    help="Replace the people; domains, accents, lengths, gaps and relations stay. The same SEED, the same people.",
)
drop_option = click.option(
    "--drop-unknown-references",
    is_flag=True,
    help="Leave out managers, members and assignments whose object is not there, instead of refusing the file.",
)
FILES = click.Path(path_type=Path)


@click.group(name="tenant", short_help="Make up, import, export and show directories.")
def command() -> None:
    """Make up, import, export and show directories: users, groups, managers, assignments.

    \b
    Examples:
      entra-sim tenant new --people 200 --seed 7 --output people.csv
      entra-sim tenant import users.csv groups.json members.csv
      entra-sim tenant export --output backup --pseudonymise 'a secret of mine'
      entra-sim tenant show --person ada.park@contoso.example
    """


@command.command()
@click.option("--people", type=click.IntRange(0, 2_000_000), default=200, show_default=True, help="How many users.")
@click.option("--seed", default="1", show_default=True, help="Number or text; the same seed gives the same bytes.")
@click.option("--domain", default="contoso.example", show_default=True, help="The tenant's domain.")
@click.option("--demo", is_flag=True, help="The demo tenant of 40 people in place of a made-up one.")
@click.option("--output", type=FILES, required=True, help="A file (.csv, .json) or a folder.")
@format_option
@force_option
@json_option
def new(
    people: int, seed: str, domain: str, demo: bool, output: Path, form: str | None, force: bool, as_json: bool
) -> None:
    """Make up a tenant and write it to files.

    A folder gets users.csv, groups.csv and members.csv; FILE.csv gets the users, with FILE.groups.csv and
    FILE.members.csv beside it; FILE.json holds everything.

    \b
    Examples:
      entra-sim tenant new --people 100000 --seed 7 --output big
      entra-sim tenant new --demo --output demo.json
    """
    from entra_sim.simulator.tenants import demo_tenant
    from entra_sim.simulator.tenants import seeded_ids
    from entra_sim.simulator.tenants import synthesize

    _refuse_existing(output, force)
    progress = _Progress()
    ids = seeded_ids(seed)
    image = demo_tenant(ids) if demo else synthesize(people, seed, ids, domain=domain, progress=progress)
    progress.end()
    _write(image, output, form, as_json)


@command.command(name="import")
@click.argument("files", nargs=-1, required=True, type=FILES)
@data_option
@click.option("--remove-missing", is_flag=True, help="Delete users and groups that the files do not name.")
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@drop_option
@pseudonymise_option
@json_option
def import_(
    files: tuple[Path, ...],
    data: Path,
    remove_missing: bool,
    dry_run: bool,
    drop_unknown_references: bool,
    pseudonymise: str | None,
    as_json: bool,
) -> None:
    """Import a directory: CSV, JSON, pages of Microsoft Graph, PowerShell exports, downloads of the admin centers.

    Importing again feeds only the differences into the delta feed. With one mistake in the files nothing is imported.
    Objects without an id are recognised by principal name or display name. What the files do not speak of (an attribute
    without a column, users that are not named) stays.

    \b
    Examples:
      entra-sim tenant import exportUsers_2026-1-5.csv
      entra-sim tenant import export-folder --dry-run
      entra-sim tenant import users.json groups.json --pseudonymise 'a secret of mine'
    """
    from entra_sim.simulator.tenants import differences
    from entra_sim.simulator.tenants import laid_over

    with _opened(data, is_made=True) as simulator:
        known = simulator.directory.image()
        ids = RandomIds().new
        if pseudonymise:
            # Who is known under a pseudonym is recognised only after the replacement: the files stand for themselves.
            report = _read(files, ids, drop=drop_unknown_references)
            image = laid_over(_pseudonymised(report.image, pseudonymise), known, keeps_missing=not remove_missing)
        else:
            report = _read(files, ids, known=known, drop=drop_unknown_references, keeps=not remove_missing)
            image = report.image
        changes = differences(known, image)
        ignored = 0
        if changes and not dry_run:
            ignored = simulator.directory.import_image(image).ignored_assignments
    _tell_import(report, changes, dry_run=dry_run, ignored_count=ignored, as_json=as_json)


@command.command()
@click.option("--output", type=FILES, required=True, help="A file (.csv, .json) or a folder.")
@click.option("--from", "sources", multiple=True, type=FILES, help="Read these files instead of the simulator's state.")
@data_option
@format_option
@pseudonymise_option
@drop_option
@force_option
@json_option
def export(
    output: Path,
    sources: tuple[Path, ...],
    data: Path,
    form: str | None,
    pseudonymise: str | None,
    drop_unknown_references: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the directory, or another form of given files, to files that import reads back without loss.

    \b
    Examples:
      entra-sim tenant export --output backup.json
      entra-sim tenant export --from exportUsers.csv --pseudonymise 'a secret of mine' --output for-the-ticket.csv
    """
    _refuse_existing(output, force)
    if sources:
        report = _read(sources, drop=drop_unknown_references)
        _tell_notes(report, as_json)
        image = report.image
    else:
        with _opened(data) as simulator:
            image = simulator.directory.image()
    _write(_pseudonymised(image, pseudonymise) if pseudonymise else image, output, form, as_json)


@command.command()
@click.argument("files", nargs=-1, type=FILES)
@data_option
@click.option("--person", help="Show one user or group: principal name, display name or object id.")
@drop_option
@json_option
def show(files: tuple[Path, ...], data: Path, person: str | None, drop_unknown_references: bool, as_json: bool) -> None:
    """Show what is in the directory, or in files: counts, groups, which attributes have values.

    \b
    Examples:
      entra-sim tenant show
      entra-sim tenant show people.csv people.groups.csv people.members.csv
      entra-sim tenant show export-folder --person ada.park@contoso.example
    """
    if files:
        report = _read(files, drop=drop_unknown_references)
        _tell_notes(report, as_json)
        image = report.image
    else:
        with _opened(data) as simulator:
            image = simulator.directory.image()
    if person is not None:
        _show_one(image, person, as_json)
    else:
        _show_all(image, as_json)


# reading and writing


@contextmanager
def _opened(data: Path, *, is_made: bool = False) -> Iterator[Simulator]:
    """Give the simulator of a data folder; `is_made` makes the folder where there is none.

    Raises:
        UserInputError: there is no directory yet, or the folder cannot be made.
    """
    if not (data / "simulator.db").exists():
        if not is_made:
            raise UserInputError(
                f"There is no directory in {data} yet; bring one in with 'entra-sim tenant import FILE', or name files."
            )
        try:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            (data / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise UserInputError(
                f"{data} cannot be made ({error.strerror}); choose a folder with --data DIR."
            ) from error
    from entra_sim.simulator.service import Simulator

    simulator = Simulator.open(data)
    try:
        yield simulator
    finally:
        simulator.close()


def _read(
    files: tuple[Path, ...],
    new_id: Callable[[str], str] | None = None,
    *,
    drop: bool,
    known: DirectoryImage | None = None,
    keeps: bool = True,
) -> ReadReport:
    from entra_sim.simulator.tenants import read_report

    progress = _Progress()
    report = read_report(
        files,
        new_id=new_id or CountedIds().new,
        known=known,
        keeps_missing=keeps,
        leaves_out_unknown=drop,
        progress=progress,
    )
    progress.end()
    return report


def _pseudonymised(image: DirectoryImage, seed: str) -> DirectoryImage:
    from entra_sim.simulator.tenants import pseudonymise

    return pseudonymise(image, seed)


def _refuse_existing(output: Path, force: bool) -> None:
    if force or not output.exists():
        return
    if output.is_dir():
        there = next((name for name in sorted(output.iterdir()) if name.suffix in (".csv", ".json")), None)
        if there is None:
            return
        output = there
    raise UserInputError(f"{output} is there already; choose another --output, or add --force to replace it.")


def _write(image: DirectoryImage, output: Path, form: str | None, as_json: bool) -> None:
    from entra_sim.simulator.tenants import write_directory

    files = write_directory(image, output, form)
    counts = {"users": len(image.users), "groups": len(image.groups), "assignments": len(image.assignments)}
    if as_json:
        _print_json({"files": [str(file) for file in files], **counts})
        return
    click.echo(f"Wrote {_counted(counts)}: {', '.join(str(file) for file in files)}")


# telling


def _tell_notes(report: ReadReport, as_json: bool) -> None:
    if not as_json:
        for note in report.notes:
            click.echo(f"Note: {note}", err=True)


def _tell_import(
    report: ReadReport, changes: tuple[Difference, ...], *, dry_run: bool, ignored_count: int, as_json: bool
) -> None:
    counts: dict[str, dict[str, int]] = {}
    for change in changes:
        of_subject = counts.setdefault(f"{change.subject}s", {})
        of_subject[str(change.change)] = of_subject.get(str(change.change), 0) + 1
    if as_json:
        _print_json(
            {
                "files": list(report.files),
                "notes": list(report.notes),
                "changes": counts,
                "is_dry_run": dry_run,
                "ignored_assignment_count": ignored_count,
                "details": [_difference(change) for change in changes],
            }
        )
        return
    _tell_notes(report, as_json)
    read = {"users": len(report.image.users), "groups": len(report.image.groups)}
    click.echo(f"Read {', '.join(report.files)}: the directory has {_counted(read)}.")
    if not changes:
        click.echo("Nothing differs from the directory; nothing was changed.")
        return
    verb = "Would change" if dry_run else "Changed"
    parts = [
        f"{_number(number, subject)} {change}"
        for subject, by_change in counts.items()
        for change, number in by_change.items()
    ]
    click.echo(f"{verb}: {', '.join(parts)}.")
    if ignored_count:
        click.echo(
            f"{_number(ignored_count, 'assignments')} left out: they need a tenant with exactly one application.",
            err=True,
        )


def _difference(change: Difference) -> dict[str, Any]:
    return {
        "subject": str(change.subject),
        "change": str(change.change),
        "id": change.key,
        "attributes": list(change.attributes),
        "members_added": list(change.members_added) if "members" in change.attributes else [],
        "members_removed": list(change.members_removed) if "members" in change.attributes else [],
    }


def _show_all(image: DirectoryImage, as_json: bool) -> None:
    from entra_sim.simulator.tenants import summarise

    summary = summarise(image)
    if as_json:
        _print_json(dataclasses.asdict(summary))
        return
    facts = [
        ("users", summary.user_count),
        ("  guests", summary.guest_count),
        ("  disabled", summary.disabled_count),
        ("  without mail", summary.without_mail_count),
        ("  without manager", summary.without_manager_count),
        ("  who share a display name", summary.namesake_count),
        ("levels of managers", summary.manager_depth),
        ("groups", summary.group_count),
        ("  that are members of groups", summary.nested_group_count),
        ("assignments", summary.assignment_count),
    ]
    _print_table([(label, f"{number:,}") for label, number in facts])
    click.echo("\nDomains")
    _print_table([(f"  {domain}", f"{number:,}") for domain, number in list(summary.domain_counts.items())[:20]])
    click.echo("\nAttributes: users with a value, without")
    total = summary.user_count
    _print_table([(f"  {name}", f"{n:,}", f"{total - n:,}") for name, n in summary.attribute_counts.items()])
    if summary.groups:
        click.echo("\nGroups: direct users, direct groups")
        rows = [
            (
                f"  {group.display_name}{' (by rule)' if group.has_rule else ''}",
                f"{group.user_count:,}",
                f"{group.group_count:,}",
            )
            for group in summary.groups[:50]
        ]
        _print_table(rows)
        if len(summary.groups) > len(rows):
            click.echo(f"  ... and {len(summary.groups) - len(rows):,} more")


def _show_one(image: DirectoryImage, key: str, as_json: bool) -> None:
    from difflib import get_close_matches

    keys = image.readable_keys()
    record = _found(image, key)
    if record is None:
        near = get_close_matches(key, list(keys.values()), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "'tenant show' counts who is there."
        raise UserInputError(f"There is nobody and no group called '{key}'; {hint}")
    manager = getattr(record, "manager", None)
    relations = {
        "manager": keys.get(manager) if manager else None,
        "members": [keys.get(member, member) for member in getattr(record, "members", ())],
        "member of": [group.display_name for group in image.groups if record.object_id in group.members],
        "assigned": [row.role or "default access" for row in image.assignments if row.principal == record.object_id],
    }
    if as_json:
        _print_json({**record.attributes, **{name.replace(" ", "_"): value for name, value in relations.items()}})
        return
    rows = [(name, _shown(value)) for name, value in _ordered(record.attributes)]
    rows += [(name, _shown(value)) for name, value in relations.items() if value]
    _print_table(rows, right=False)


def _found(image: DirectoryImage, key: str) -> UserRecord | GroupRecord | None:
    folded = key.strip().casefold()
    records: tuple[UserRecord | GroupRecord, ...] = (*image.users, *image.groups)
    for name in ("objectId", "userPrincipalName", "displayName"):
        for record in records:
            if str(record.attributes.get(name, "")).casefold() == folded:
                return record
    return None


def _ordered(attributes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return attributes in the order of the reference, directory extensions last."""
    order = {row.name: number for number, row in enumerate(USER_ATTRIBUTES)}
    return sorted(attributes.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _number(number: int, plural: str) -> str:
    return f"{number:,} {plural.removesuffix('s') if number == 1 else plural}"


def _counted(counts: dict[str, int]) -> str:
    parts = [
        f"{number:,} {name.removesuffix('s') if number == 1 else name}" for name, number in counts.items() if number
    ]
    return ", ".join(parts) or "an empty directory"


def _print_table(rows: Sequence[tuple[str, ...]], *, right: bool = True) -> None:
    if not rows:
        return
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for label, *cells in rows:
        aligned = [cell.rjust(width) if right else cell for cell, width in zip(cells, widths[1:], strict=True)]
        click.echo("  ".join([label.ljust(widths[0]), *aligned]).rstrip())


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


class _Progress:
    """Tells on standard error how far it is: one line that counts up on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._width = 0

    def __call__(self, name: str, count: int) -> None:
        text = f"{name}: {count:,}"
        if self._is_terminal:
            click.echo(f"\r{text.ljust(self._width)}", nl=False, err=True)
            self._width = len(text)
        elif count % PLAIN_PROGRESS_ROWS == 0:
            click.echo(text, err=True)

    def end(self) -> None:
        """Clear the counting line."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", nl=False, err=True)
