"""`entra-sim lint`: known traps of a job schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

FILE = click.Path(dir_okay=False, path_type=Path)
FOUND = 1


@click.command("lint")
@click.argument("schema", type=FILE)
@click.option("--tenant", "tenants", type=click.Path(path_type=Path), multiple=True, help="Try it on this directory.")
@click.option("--scope", type=click.Choice(["assigned", "all"]), help="Who is synchronized; else everybody counts.")
@click.option("--drop-unknown-references", is_flag=True, help="Leave out managers and members that are not there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def command(
    schema: Path, tenants: tuple[Path, ...], scope: str | None, drop_unknown_references: bool, as_json: bool
) -> None:
    """Find known traps in SCHEMA, a job schema as Graph exports it; exits with 1 when there are any.

    With --tenant expressions are tried on everybody in scope, and findings say whom they hit.

    \b
    Examples:
      entra-sim lint schema.json
      entra-sim lint schema.json --tenant export --scope all
    """
    from entra_sim.simulator.commands.plan_text import tell_findings
    from entra_sim.simulator.planning.files import read_schema_file
    from entra_sim.simulator.planning.lint import lint_schema
    from entra_sim.simulator.planning.model import JobSettings

    document = read_schema_file(schema)
    image = None
    if tenants:
        from entra_sim.simulator.ids import CountedIds
        from entra_sim.simulator.tenants import read_directory

        image = read_directory(tenants, new_id=CountedIds().new, leaves_out_unknown=drop_unknown_references)
    config = None if scope is None else JobSettings(document=document, sync_all=scope == "all")
    findings = lint_schema(document, image, config)
    if as_json:
        click.echo(json.dumps([item.as_dict() for item in findings], indent=2, ensure_ascii=False))
    elif findings:
        tell_findings(findings)
    else:
        click.echo("No known trap found.")
    if findings:
        sys.exit(FOUND)
