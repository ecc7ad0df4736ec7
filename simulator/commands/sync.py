"""`entra-sim sync`: a directory from files into any SCIM endpoint, as Entra would."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import TextIO

import click

from entra_sim.simulator.commands.endpoint_options import FILE
from entra_sim.simulator.commands.endpoint_options import endpoint_of
from entra_sim.simulator.commands.endpoint_options import endpoint_options
from entra_sim.simulator.commands.schema_file import read_schema_file
from entra_sim.simulator.errors import UserInputError

if TYPE_CHECKING:
    from entra_sim.simulator.service.syncing import Source
    from entra_sim.simulator.service.syncing import Synchronizer
    from entra_sim.simulator.service.syncing_result import SyncResult
    from entra_sim.simulator.settings import Settings
    from entra_sim.simulator.transport.endpoint import Endpoint
    from entra_sim.simulator.transport.journal import Exchange

LONGEST_NAP_S = 0.5


@click.command("sync")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILES...")
@endpoint_options
@click.option("--assignments", type=FILE, metavar="FILE", help="Table of who is assigned; else everybody is.")
@click.option("--schema", type=FILE, metavar="FILE", help="Job schema (Graph synchronizationSchema JSON) to use.")
@click.option("--groups/--no-groups", "has_groups", default=None, help="Provision groups or not; kept for later runs.")
@click.option(
    "--drop-unknown-references",
    is_flag=True,
    help="Leave out managers, members and assignments whose object is not there, instead of refusing the file.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan: the target is read, never written; nothing is kept.")
@click.option("--har", type=FILE, metavar="FILE", help="Write all exchanges as an HTTP Archive, secrets masked.")
@click.option("--watch", is_flag=True, help="Repeat every 40 minutes, reading the files anew, until Ctrl-C.")
@click.option("--every", metavar="SPAN", help="Repeat as often as this, for example 5m; implies --watch.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Objects in flight at once.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".entra-sim"),
    show_default=True,
    help="Folder for links and watermarks, one inside for each target.",
)
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A setting; 'rules --settings' lists.")
@click.option("--all", "shows_all", is_flag=True, help="List every object, unchanged ones too.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON for machines; with --watch one object a cycle.")
def command(
    files: tuple[Path, ...],
    assignments: Path | None,
    schema: Path | None,
    has_groups: bool | None,
    drop_unknown_references: bool,
    dry_run: bool,
    har: Path | None,
    watch: bool,
    every: str | None,
    workers: int,
    data: Path,
    settings: tuple[str, ...],
    shows_all: bool,
    is_json: bool,
    **given: Any,
) -> None:
    """Provision a directory from CSV, JSON or Graph exports into any SCIM endpoint, request for request as Entra does.

    The first run creates or takes over accounts, later ones send differences. Who is missing from the files is
    disabled, and deleted 30 days later.

    \b
    Examples:
      entra-sim sync people.csv --url https://app.example/scim --dry-run
      entra-sim sync people.csv --url https://app.example/scim --token-file token.txt --har run.har
      entra-sim sync export/ --url 'https://app.example/scim?aadOptscim062020' --every 5m

    Exit code 0: done; 1: an object failed or the target cannot be used; 2: the input is wrong; 130: Ctrl-C.
    """
    from entra_sim.simulator.service.syncing import Source

    if dry_run and (watch or every):
        raise UserInputError("--dry-run looks once; leave out --watch and --every.")
    endpoint = endpoint_of(**given)
    source = Source(
        leaves_out_unknown=drop_unknown_references,
        files=files,
        assignments=assignments,
        schema=read_schema_file(schema) if schema else None,
        has_groups=has_groups,
    )
    values = _settings(settings, workers, every)
    with _state(data, endpoint, dry_run) as database, _har(har, endpoint) as sink:
        display = _display(is_json)
        synchronizer = _synchronizer(database, endpoint, values, dry_run, sink, display)
        exit_code = _work(synchronizer, source, display, watch or every is not None, shows_all, is_json)
    sys.exit(exit_code)


def _synchronizer(
    database: Any, endpoint: Endpoint, settings: Settings, dry_run: bool, sink: Any, display: Any
) -> Synchronizer:
    from entra_sim.simulator.clock import VirtualClock
    from entra_sim.simulator.clock import wall_now
    from entra_sim.simulator.ids import RandomIds
    from entra_sim.simulator.ids import fresh_chance
    from entra_sim.simulator.service.syncing import Synchronizer

    return Synchronizer(
        database=database,
        endpoint=endpoint,
        clock=VirtualClock(wall_now(), rate=1.0),
        ids=RandomIds(),
        chance=fresh_chance(),
        settings=settings,
        is_dry_run=dry_run,
        sink=sink,
        heard=display.heard,
    )


def _work(
    synchronizer: Synchronizer, source: Source, display: Any, is_watching: bool, shows_all: bool, is_json: bool
) -> int:
    from entra_sim.simulator.commands.interrupting import asks_then_insists
    from entra_sim.simulator.commands.sync_text import result_lines

    def tell(result: SyncResult) -> None:
        display.end()
        if is_json:
            click.echo(json.dumps(result.as_dict(), ensure_ascii=False, indent=None if is_watching else 2))
            return
        for line in result_lines(result, shows_all=shows_all):
            click.echo(line)

    try:
        with asks_then_insists(synchronizer.stop) as was_asked:
            synchronizer.load(source)
            if is_watching:
                _watch(synchronizer, source, tell, was_asked)
                code = 130 if was_asked() else 0
            else:
                result = synchronizer.run()
                tell(result)
                code = result.exit_code
    except KeyboardInterrupt:
        display.end()
        code = 130
    if code == 130:
        click.echo("Stopped. What was done is recorded; the same command continues.", err=True)
    return code


def _watch(synchronizer: Synchronizer, source: Source, tell: Any, was_asked: Any) -> None:
    """Run cycles by the clock; the files are read anew before each, and a file that is half written waits."""
    clock = synchronizer.simulator.clock
    synchronizer.start()
    is_first = True
    try:
        while not was_asked():
            left_s = synchronizer.seconds_until_due()
            if left_s > 0:
                clock.wait(min(left_s, LONGEST_NAP_S))
                continue
            if not is_first:
                try:
                    synchronizer.load(replace(source, schema=None, has_groups=None))
                except UserInputError as error:
                    click.echo(f"The files were left alone this time: {error}", err=True)
            is_first = False
            tell(synchronizer.cycle())
    finally:
        synchronizer.pause()


@contextmanager
def _state(data: Path, endpoint: Endpoint, dry_run: bool) -> Iterator[Any]:
    """Give the target's database, locked; for a dry run a copy that is thrown away."""
    from entra_sim.simulator.service.instance import FolderLock
    from entra_sim.simulator.service.syncing import open_state
    from entra_sim.simulator.service.syncing import target_folder

    folder = target_folder(data, endpoint.url)
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="entra-sim-") as scratch:
            database = open_state(folder, Path(scratch))
            try:
                yield database
            finally:
                database.close()
        return
    lock = FolderLock(folder)
    try:
        database = open_state(folder)
        try:
            yield database
        finally:
            database.close()
    finally:
        lock.release()


@contextmanager
def _har(path: Path | None, endpoint: Endpoint) -> Iterator[Any]:
    if path is None:
        yield None
        return
    from importlib.metadata import version

    from entra_sim.simulator.transport.har import HarWriter

    with _opened(path) as stream:
        writer = HarWriter(
            stream,
            endpoint.url,
            version=version("entra-sim"),
            authorization=endpoint.authorization(),
            secrets=endpoint.secrets,
        )

        def add(exchange: Exchange) -> None:
            writer.add(exchange)

        with writer:
            yield add


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise UserInputError(f"{path} cannot be written ({error.strerror}); name another file.") from error


def _settings(pairs: tuple[str, ...], workers: int, every: str | None) -> Settings:
    from entra_sim.simulator.clock import wall_now
    from entra_sim.simulator.settings import Settings
    from entra_sim.simulator.spans import parse_span

    values: dict[str, Any] = {"workers": workers}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UserInputError(f"--set {pair}: write NAME=VALUE, for example --set request_timeout_s=10.")
        values[name.strip()] = value.strip()
    if every is not None:
        minutes = parse_span(every, wall_now()).total_seconds() / 60
        if minutes <= 0:
            raise UserInputError("--every needs a span above nothing, for example 5m.")
        values["cycle_interval_minutes"] = minutes
    return Settings.from_mapping(values, where="--set")


def _display(is_json: bool) -> Any:
    from entra_sim.simulator.commands.sync_text import BarDisplay
    from entra_sim.simulator.commands.sync_text import LineDisplay
    from entra_sim.simulator.commands.sync_text import QuietDisplay

    if is_json:
        return QuietDisplay()
    return BarDisplay() if sys.stderr.isatty() else LineDisplay()
