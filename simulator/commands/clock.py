"""`entra-sim clock`: the time of a running instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.service.instance import DEFAULT_FOLDER
from entra_sim.simulator.service.instance import running_instance

REQUEST_TIMEOUT_S = 600.0

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="Data folder of the instance.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@click.group("clock")
def command() -> None:
    """Show or move the simulated time of a running instance ('entra-sim up').

    \b
    Examples:
      entra-sim clock show
      entra-sim clock advance 40m
      entra-sim clock advance '31 days'
      entra-sim clock next
      entra-sim clock rate 60
    """


@command.command()
@data_option
@json_option
def show(data: Path, as_json: bool) -> None:
    """Show the simulated time and what is due next."""
    _print(_call(data, None), as_json)


@command.command()
@click.argument("span", nargs=-1, required=True)
@data_option
@json_option
def advance(span: tuple[str, ...], data: Path, as_json: bool) -> None:
    """Let time pass by SPAN (40m, 2h 30m, 31 days, 6 months); everything due on the way runs at its own instant."""
    _print(_call(data, {"advance": " ".join(span)}), as_json)


@command.command(name="next")
@data_option
@json_option
def next_(data: Path, as_json: bool) -> None:
    """Jump to the next thing that is due and run it."""
    _print(_call(data, {"next": True}), as_json)


@command.command()
@click.argument("rate", type=float)
@data_option
@json_option
def rate(rate: float, data: Path, as_json: bool) -> None:
    """Let the clock run at RATE simulated seconds per second: 0 frozen, 1 live, 60 an hour a minute."""
    _print(_call(data, {"rate": rate}), as_json)


def _call(data: Path, change: dict[str, Any] | None) -> dict[str, Any]:
    from urllib.error import HTTPError
    from urllib.error import URLError
    from urllib.request import Request
    from urllib.request import urlopen

    instance = running_instance(data)
    headers = {"Authorization": f"Bearer {instance.key}", "Content-Type": "application/json"}
    body = None if change is None else json.dumps(change).encode()
    request = Request(f"{instance.admin_url}/api/clock", data=body, headers=headers)
    try:
        with urlopen(request, timeout=REQUEST_TIMEOUT_S) as answer:
            facts: dict[str, Any] = json.load(answer)
            return facts
    except HTTPError as error:
        message = json.load(error).get("error", str(error))
        raise (StateConflict if error.code == 409 else UserInputError)(message) from error
    except (URLError, OSError) as error:
        raise NotFound(
            f"The instance at {instance.admin_url} does not answer. Start it again with 'entra-sim up'."
        ) from error


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    for item in facts.get("ran", []):
        click.echo(f"{_shown(item['at'])}  {item['text']}")
    rate = float(facts["rate"])
    state = "paused" if rate == 0 else f"running {rate:g}x"
    click.echo(f"Now {_shown(facts['now'])} UTC, {state}")
    for due in facts["agenda"]:
        click.echo(f"  {_shown(due['at'])}  {due['kind']}: {due['subject']} ({due['why']})")
    if not facts["agenda"]:
        click.echo("  Nothing is scheduled.")


def _shown(instant: str) -> str:
    return instant[:19].replace("T", " ")
