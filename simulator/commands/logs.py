"""`entra-sim logs`: the provisioning log of a data folder."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entra_sim.simulator.commands.instance_call import data_option
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError

if TYPE_CHECKING:
    from entra_sim.simulator.model.log import ProvisioningLogEntry
    from entra_sim.simulator.service.simulator import Simulator
    from entra_sim.simulator.store.logs import LogFilter

ACTIONS = ("Create", "Update", "Delete", "Disable", "StagedDelete", "Other")
STATUSES = ("Success", "Failure", "Skipped", "Warning")
POLL_S = 0.5
NOTHING = "No entries fit. The log fills when a cycle has something to do."
_COLOURS = {"Success": "green", "Failure": "red", "Warning": "yellow", "Skipped": "bright_black"}


@click.command("logs")
@data_option
@click.option("--application", help="Only this application.")
@click.option("--action", type=click.Choice(ACTIONS, case_sensitive=False), help="Only this action.")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only this status.")
@click.option("--identity", help="Only identities that contain this text; newest first.")
@click.option("--code", help="Only this error code or skip reason.")
@click.option("--cycle", "cycle_id", help="Only this cycle.")
@click.option("--since", help="Only entries from this instant on, for example 2026-01-05 or 2026-01-05T09:00:00Z.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="The newest so many.")
@click.option("--follow", is_flag=True, help="Go on with new entries until Ctrl-C.")
@click.option("--details", is_flag=True, help="Show steps, modified properties and the reason of each entry.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in Graph's spelling.")
@click.option(
    "--csv", "csv_folder", type=click.Path(file_okay=False, path_type=Path), help="Write the three CSV files."
)
def command(
    data: Path,
    application: str | None,
    action: str | None,
    status: str | None,
    identity: str | None,
    code: str | None,
    cycle_id: str | None,
    since: str | None,
    limit: int,
    follow: bool,
    details: bool,
    as_json: bool,
    csv_folder: Path | None,
) -> None:
    """Show the provisioning log: oldest first, the newest 200 unless --limit says otherwise.

    --identity compares record by record, from the newest back, and prints what fits as it is found: a few seconds for
    a million records when little fits. --since and --limit end it earlier, as Ctrl-C does at any time. With --follow
    and --csv the order is oldest first as otherwise.

    \b
    Examples:
      entra-sim logs --status Failure --details
      entra-sim logs --identity ada.park --follow
      entra-sim logs --csv exported
      entra-sim logs --json | jq .provisioningStatusInfo
    """
    from entra_sim.simulator.service.reading import read_simulator
    from entra_sim.simulator.store.logs import LogFilter

    simulator = read_simulator(data)
    try:
        wanted = LogFilter(
            application_id=simulator.applications.get(application).application_id if application else "",
            action=_spelled(action, ACTIONS),
            status=_spelled(status, STATUSES),
            identity=identity or "",
            code=code or "",
            cycle_id=cycle_id or "",
            after=_instant(since) if since else None,
            before_sequence=simulator.core.logs.last_sequence() + 1,
        )
        queries = simulator.queries
        found = queries.stream_logs(wanted) if identity else queries.filtered_logs(wanted, limit=limit)
        if identity and csv_folder is None and not follow:
            _print_as_found(islice(found, limit), _shower(as_json=as_json, details=details), as_json=as_json)
            return
        entries = list(islice(found, limit))[::-1]
        if csv_folder is not None:
            _write_csv(csv_folder, entries)
            return
        show = _shower(as_json=as_json, details=details)
        for entry in entries:
            show(entry)
        if follow:
            _follow(simulator, wanted, show)
        elif not entries and not as_json:
            click.echo(NOTHING)
    finally:
        simulator.close()


def _print_as_found(
    entries: Iterable[ProvisioningLogEntry], show: Callable[[ProvisioningLogEntry], None], *, as_json: bool
) -> None:
    is_empty = True
    for entry in entries:
        show(entry)
        sys.stdout.flush()
        is_empty = False
    if is_empty and not as_json:
        click.echo(NOTHING)


def _follow(
    simulator: Simulator,
    wanted: LogFilter,
    show: Callable[[ProvisioningLogEntry], None],
) -> None:
    """Show what comes behind the filter's end, looking at each record once."""
    from dataclasses import replace

    pause = threading.Event()
    try:
        while not pause.wait(POLL_S):
            end = simulator.core.logs.last_sequence() + 1
            wanted = replace(wanted, since_sequence=wanted.before_sequence - 1, before_sequence=end)
            for entry in simulator.queries.filtered_logs(wanted, limit=-1, newest_first=False):
                show(entry)
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)


def _shower(*, as_json: bool, details: bool) -> Callable[[ProvisioningLogEntry], None]:
    def show(entry: ProvisioningLogEntry) -> None:
        if as_json:
            click.echo(json.dumps(entry.as_dict(), ensure_ascii=False))
            return
        status = click.style(f"{entry.status:<8}", fg=_COLOURS.get(entry.status))
        code = f"  {entry.code}" if entry.code else ""
        click.echo(f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.action:<12} {status} {entry.identity}{code}")
        if details:
            _show_details(entry)

    return show


def _show_details(entry: ProvisioningLogEntry) -> None:
    for step in entry.steps:
        click.echo(f"    {step.status:<8} {step.name}: {step.description}")
    for item in entry.modified_properties:
        click.echo(f"    {item.display_name}: {item.old_value or '(none)'} -> {item.new_value or '(none)'}")
    if entry.error is not None:
        click.echo(f"    {entry.error.reason}")
    elif entry.explanation:
        click.echo(f"    {entry.explanation}")
    if entry.rules:
        click.echo(f"    rules: {', '.join(entry.rules)}  ('entra-sim rules {entry.rules[0]}' tells)")


def _write_csv(folder: Path, entries: list[ProvisioningLogEntry]) -> None:
    from entra_sim.simulator.service.log_export import csv_files

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in csv_files(entries).items():
            (folder / f"{name}.csv").write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        raise StateConflict(f"The CSV files cannot be written to '{folder}' ({error.strerror or error}).") from error
    click.echo(f"Wrote {len(entries)} entries to three files in {folder}.")


def _spelled(value: str | None, words: tuple[str, ...]) -> str:
    return "" if value is None else next(word for word in words if word.lower() == value.lower())


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise UserInputError(f"--since {text}: write 2026-01-05 or 2026-01-05T09:00:00Z.") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
