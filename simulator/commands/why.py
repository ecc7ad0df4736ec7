"""`entra-sim why`: what the next cycle will do with one user or group, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entra_sim.simulator.commands.instance_call import data_option
from entra_sim.simulator.commands.instance_call import json_option
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import UserInputError

if TYPE_CHECKING:
    from entra_sim.simulator.service.explaining import Explanation
    from entra_sim.simulator.service.simulator import Simulator


@click.command("why")
@click.argument("person")
@click.option("--application", help="Which application; needed when there are several.")
@data_option
@json_option
def command(person: str, application: str | None, data: Path, as_json: bool) -> None:
    """Explain what the next cycle will do with PERSON (a UPN, a group's name or an object id), and why.

    The target is read, never written. The engine itself decides; every line names its rules.

    \b
    Examples:
      entra-sim why ada.park@contoso.example
      entra-sim why 'Tapt people' --json
    """
    from entra_sim.simulator.service.explaining import explain
    from entra_sim.simulator.service.reading import read_simulator

    simulator = read_simulator(data)
    try:
        explanation = explain(simulator, application or _only_application(simulator), person)
    finally:
        simulator.close()
    if as_json:
        click.echo(json.dumps(explanation.as_dict(), indent=2, ensure_ascii=False, default=str))
    else:
        _print(explanation)


def _only_application(simulator: Simulator) -> str:
    applications = simulator.applications.list()
    if not applications:
        raise NotFound("There is no application yet; create one first.")
    if len(applications) > 1:
        names = ", ".join(f"'{item.name}'" for item in applications)
        raise UserInputError(f"There are several applications; name one with --application: {names}.")
    return applications[0].application_id


def _print(item: Explanation) -> None:
    click.secho(item.headline, bold=True)
    click.echo(f"  when        {item.timing}")
    click.echo(f"  assignment  {item.entitlement}")
    for clause in item.clauses:
        mark = "holds" if clause.holds else "fails"
        click.echo(f"  clause      {mark}: {clause.key}, the value is {clause.value!r}")
    if not item.clauses:
        click.echo("  filters     none: everybody passes")
    click.echo(f"  link        {item.link}")
    click.echo(f"  decision    {item.decision} ({', '.join(item.rules)})")
    for change in item.changes:
        old = f"{change.old_value} -> " if change.old_value is not None else ""
        click.echo(f"  attribute   {change.display_name}: {old}{change.new_value}")
    for call in item.calls:
        query = "&".join(f"{key}={value}" for key, value in call.query)
        would = "would send" if call.is_write else "read      "
        click.echo(f"  {would}  {call.method} {call.path}{'?' + query if query else ''}")
        if call.is_write and call.body is not None:
            click.echo(f"              {json.dumps(call.body, ensure_ascii=False)}")
        if call.is_write and call.provenance.source:
            click.echo(f"              because {call.provenance.source}")
    for advice in item.advice:
        click.echo(f"  to change   {advice}")
