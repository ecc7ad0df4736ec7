"""`entra-sim do`: one scenario step or expectation against a running instance."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from entra_sim.simulator.commands.instance_call import call_instance
from entra_sim.simulator.commands.instance_call import data_option
from entra_sim.simulator.commands.instance_call import json_option


@click.command("do")
@click.argument("step", nargs=-1, required=True)
@data_option
@json_option
def command(step: tuple[str, ...], data: Path, as_json: bool) -> None:
    """Do one STEP, or check one expectation, on a running instance ('entra-sim up'), as a scenario file words it.

    Exit code 1 when an expectation does not hold. Requests and logs count from the previous 'expect' made here.

    \b
    Examples:
      entra-sim do 'unassign: Tapt people'
      entra-sim do 'advance: 40m'
      entra-sim do 'expect: {target users: [{userName: ada.park@contoso.example, active: false}]}'
      entra-sim scenario words                     every step and expectation
    """
    facts = call_instance(data, "/api/steps", {"step": " ".join(step)})
    if as_json:
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        _print(facts)
    if facts["failure"] is not None:
        sys.exit(1)


def _print(facts: dict[str, Any]) -> None:
    for event in facts["events"]:
        click.echo(f"{event['at'][:19].replace('T', ' ')}  {event['title']}")
    failure = facts["failure"]
    if failure is None:
        click.echo(f"ok  {facts['step']}")
        return
    click.echo(f"failed  {failure['message']}")
    click.echo(f"  expected: {failure['expected']}")
    click.echo(f"  actual:   {failure['actual']}")
