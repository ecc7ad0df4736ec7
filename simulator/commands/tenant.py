"""`entra-sim tenant`: make up, import, export and show directories."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextlib import ExitStack
from contextlib import contextmanager
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.ids import RandomIds

if TYPE_CHECKING:
    from entra_sim.simulator.clock import VirtualClock
    from entra_sim.simulator.service import Simulator
    from entra_sim.simulator.tenants import DirectoryImage
    from entra_sim.simulator.tenants import ReadReport

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
    A running instance over the data folder takes them over at once; its Undo brings the former state back.
    Objects without an id are recognised by principal name or display name. What the files do not speak of (an attribute
    without a column, users that are not named) stays.

    \b
    Examples:
      entra-sim tenant import exportUsers_2026-1-5.csv
      entra-sim tenant import export-folder --dry-run
      entra-sim tenant import users.json groups.json --pseudonymise 'a secret of mine'
    """
    from entra_sim.simulator.commands.tenant_report import tell_import
    from entra_sim.simulator.tenants import DirectoryImage
    from entra_sim.simulator.tenants import differences
    from entra_sim.simulator.tenants import laid_over

    is_new = not (data / "simulator.db").exists()
    with ExitStack() as stack:
        # A new folder is made only for files without a mistake.
        is_running = not (dry_run or is_new) and _is_running(data)
        glances = dry_run or is_new or is_running
        simulator = stack.enter_context(_glanced_at(data) if glances else _opened(data, is_made=True))
        known = simulator.directory.image() if simulator is not None else DirectoryImage()
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
        if changes and is_running:
            ignored = _handed_over(data, image, removes_missing=remove_missing)
        elif changes and not dry_run:
            simulator = simulator or stack.enter_context(_opened(data, is_made=True))
            ignored = simulator.directory.import_image(image).ignored_assignments
    tell_import(report, changes, dry_run=dry_run, ignored_count=ignored, as_json=as_json)


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
    from entra_sim.simulator.commands.tenant_report import tell_notes

    _refuse_existing(output, force)
    if sources:
        report = _read(sources, drop=drop_unknown_references)
        tell_notes(report, as_json)
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
    from entra_sim.simulator.commands.tenant_report import show_all
    from entra_sim.simulator.commands.tenant_report import show_one
    from entra_sim.simulator.commands.tenant_report import tell_notes

    if files:
        report = _read(files, drop=drop_unknown_references)
        tell_notes(report, as_json)
        image = report.image
    else:
        with _opened(data) as simulator:
            image = simulator.directory.image()
    if person is not None:
        show_one(image, person, as_json)
    else:
        show_all(image, as_json)


# reading and writing


@contextmanager
def _opened(data: Path, *, is_made: bool = False) -> Iterator[Simulator]:
    """Give the simulator of a data folder: to read it, or with `is_made` to change it, made where there is none.

    Raises:
        UserInputError: there is no directory yet.
        StateConflict: the folder cannot be used, or an instance that runs over it holds it.
    """
    from entra_sim.simulator.service import Simulator
    from entra_sim.simulator.service.instance import FolderLock
    from entra_sim.simulator.service.reading import read_simulator

    if not is_made and not (data / "simulator.db").exists():
        raise UserInputError(
            f"There is no directory in {data} yet; bring one in with 'entra-sim tenant import FILE', or name files."
        )
    lock = FolderLock(data) if is_made else None
    try:
        clock = _clock_of(data)
        simulator = Simulator.open(data, clock=clock) if is_made else read_simulator(data, clock=clock)
        try:
            yield simulator
            if is_made:
                simulator.keeper.save()
        finally:
            simulator.close()
    finally:
        if lock is not None:
            lock.release()


def _glanced_at(data: Path) -> AbstractContextManager[Simulator | None]:
    """Give the simulator of a data folder to read it, None where there is none."""
    return _opened(data) if (data / "simulator.db").exists() else nullcontext()


def _is_running(data: Path) -> bool:
    """Return whether an instance holds a data folder.

    Raises:
        StateConflict: another command holds it.
    """
    from entra_sim.simulator.service.instance import FolderLock
    from entra_sim.simulator.service.instance import running_instance

    try:
        FolderLock(data).release()
    except StateConflict as held:
        try:
            running_instance(data)
        except NotFound:
            raise held from None
        return True
    return False


def _handed_over(data: Path, image: DirectoryImage, *, removes_missing: bool) -> int:
    """Let the instance over the folder import the directory; return how many assignments it ignored."""
    from entra_sim.simulator.commands.instance_call import call_instance
    from entra_sim.simulator.tenants import write_directory

    name = f"import-{RandomIds().new('import').replace('-', '')[:16]}.json"
    try:
        write_directory(image, data / name)
        answer = call_instance(data, "/api/import", {"file": name, "removes_missing": removes_missing})
        return int(answer["ignored_assignments"])
    finally:
        (data / name).unlink(missing_ok=True)


def _clock_of(data: Path) -> VirtualClock | None:
    """Return the clock with which an instance would go on over this folder: a change must not lie in its future."""
    from entra_sim.simulator.clock import VirtualClock
    from entra_sim.simulator.clock import wall_now
    from entra_sim.simulator.service import Simulator
    from entra_sim.simulator.service.clock_keeper import stored_start

    if not (data / "simulator.db").exists():
        return None
    simulator = Simulator.open(data, is_beside=True)
    try:
        start = stored_start(simulator.core.directory, wall_now())
    finally:
        simulator.close()
    return None if start is None else VirtualClock(*start)


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
    from entra_sim.simulator.commands.tenant_report import counted
    from entra_sim.simulator.commands.tenant_report import print_json
    from entra_sim.simulator.tenants import write_directory

    files = write_directory(image, output, form)
    counts = {"users": len(image.users), "groups": len(image.groups), "assignments": len(image.assignments)}
    if as_json:
        print_json({"files": [str(file) for file in files], **counts})
        return
    click.echo(f"Wrote {counted(counts)}: {', '.join(str(file) for file in files)}")


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
