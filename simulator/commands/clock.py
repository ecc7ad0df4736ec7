"""`entra-sim clock`: the time of a running instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from entra_sim.simulator.commands.instance_call import call_instance
from entra_sim.simulator.commands.instance_call import data_option
from entra_sim.simulator.commands.instance_call import json_option


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
    _print(call_instance(data, "/api/clock"), as_json)


@command.command(context_settings={"ignore_unknown_options": True})  # "-40m" is a span, if a wrong one
@click.argument("span", nargs=-1, required=True)
@data_option
@json_option
def advance(span: tuple[str, ...], data: Path, as_json: bool) -> None:
    """Let time pass by SPAN (40m, 2h 30m, 31 days, 6 months); everything due on the way runs at its own instant."""
    _print(call_instance(data, "/api/clock", {"advance": " ".join(span)}), as_json)


@command.command(name="next")
@data_option
@json_option
def next_(data: Path, as_json: bool) -> None:
    """Jump to the next thing that is due and run it."""
    _print(call_instance(data, "/api/clock", {"next": True}), as_json)


@command.command()
@click.argument("rate", type=float)
@data_option
@json_option
def rate(rate: float, data: Path, as_json: bool) -> None:
    """Let the clock run at RATE simulated seconds per second: 0 frozen, 1 live, 60 an hour a minute."""
    _print(call_instance(data, "/api/clock", {"rate": rate}), as_json)


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
