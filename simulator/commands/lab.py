"""`entra-sim lab`: named copies of the whole World of a running instance."""

from __future__ import annotations

import json
from pathlib import Path

import click

from entra_sim.simulator.commands.instance_call import call_instance
from entra_sim.simulator.commands.instance_call import data_option
from entra_sim.simulator.commands.instance_call import json_option


@click.group("lab")
def command() -> None:
    """Save and restore a running instance ('entra-sim up') by name: directory, jobs, Tapt, clock.

    One save, 'undo', is made by itself before each time jump. Time goes back only by restoring.

    \b
    Examples:
      entra-sim lab save before-class
      entra-sim clock advance '31 days'
      entra-sim lab restore before-class
    """


@command.command()
@click.argument("name")
@data_option
@json_option
def save(name: str, data: Path, as_json: bool) -> None:
    """Save everything under NAME; an older save of that name is replaced."""
    facts = call_instance(data, "/api/lab", {"save": name})
    click.echo(json.dumps(facts, indent=2) if as_json else f"Saved as '{facts['name']}' at {facts['saved_at'][:19]}.")


@command.command()
@click.argument("name", default="undo")
@data_option
@json_option
def restore(name: str, data: Path, as_json: bool) -> None:
    """Go back to the save NAME (default: undo, the state before the last jump)."""
    facts = call_instance(data, "/api/lab", {"restore": name})
    text = f"Restored '{facts['name']}'; it is {facts['saved_at'][:19].replace('T', ' ')} UTC again."
    click.echo(json.dumps(facts, indent=2) if as_json else text)


@command.command(name="list")
@data_option
@json_option
def list_(data: Path, as_json: bool) -> None:
    """List the saves."""
    facts = call_instance(data, "/api/lab")
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    for item in facts["saves"]:
        reason = f"  ({item['reason']})" if item["reason"] else ""
        click.echo(f"{item['name']}  {item['saved_at'][:19].replace('T', ' ')}{reason}")
    if not facts["saves"]:
        click.echo("No saves yet. 'entra-sim lab save NAME' makes one.")
