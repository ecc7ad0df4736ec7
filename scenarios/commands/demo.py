"""`entra-sim demo`: the tutorial over real HTTP, told step by step."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from entra_sim.scenarios.commands.interrupt import exits_on_interrupt

if TYPE_CHECKING:
    from rich.console import Console

    from entra_sim.scenarios.narrator import Narrator
    from entra_sim.scenarios.outcome import ScenarioOutcome

STYLES = {
    "head": "bold",
    "say": "bold",
    "at": "dim",
    "do": "cyan",
    "fact": "",
    "good": "green",
    "bad": "red",
    "quiet": "dim",
    "plain": "",
}


@click.command("demo")
@click.option("--json", "is_json", is_flag=True, help="Print JSON for machines instead of the story.")
def command(is_json: bool) -> None:
    """Play the tutorial "Configure Tapt for automatic user provisioning" end to end, over real HTTP.

    Both sides start on free loopback ports, and nothing leaves this machine. The story is the scenario file
    library/tapt-tutorial.yaml.

    \b
    Examples:
      entra-sim demo
      entra-sim run --library -k tapt-tutorial --transcript out      the same as a checked run
    """
    from entra_sim.scenarios.loader import load
    from entra_sim.scenarios.narrator import Narrator
    from entra_sim.scenarios.outcome import worst
    from entra_sim.scenarios.runner import RunOptions
    from entra_sim.scenarios.runner import run
    from entra_sim.scenarios.selection import LIBRARY

    began = time.perf_counter()
    scenario = load(LIBRARY / "tapt-tutorial.yaml", "library/tapt-tutorial.yaml")
    with exits_on_interrupt("Stopped. Both sides are down; nothing is left running."):
        if is_json:
            outcome = run(scenario, RunOptions(transport="http"))
            from entra_sim.scenarios.reports.machine import as_json

            click.echo(json.dumps(as_json([outcome], worst([outcome]), time.perf_counter() - began), indent=2))
            sys.exit(worst([outcome]))
        console = _console()
        narrator = Narrator(lambda line, style: _print(console, line, style))
        outcome = run(scenario, RunOptions(transport="http"), narrator)
        _ending(console, narrator, outcome, time.perf_counter() - began)
    sys.exit(worst([outcome]))


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def _print(console: Console, line: str, style: str) -> None:
    console.print(line, style=STYLES.get(style) or None)


def _ending(console: Console, narrator: Narrator, outcome: ScenarioOutcome, seconds: float) -> None:
    from entra_sim.scenarios.reports.text import details
    from entra_sim.scenarios.reports.text import span_text

    console.print("")
    if outcome.failure is not None:
        console.print("The tutorial did not end as it should:", style="red")
        for line in details(outcome):
            console.print(line)
        return
    _table(
        console,
        "What Tapt holds now",
        ("userName", "Display name", "Email", "Department", "Manager", "Status"),
        [
            (
                item.user_name,
                item.display_name,
                item.email,
                item.department,
                item.manager,
                "Active" if item.is_active else "Deactivated",
            )
            for item in outcome.holdings
        ],
    )
    rows = [(action, status, str(count)) for action, status, count in narrator.log_summary()]
    _table(console, "The provisioning log", ("Action", "Status", "Entries"), rows)
    simulated = span_text(outcome.simulated)
    console.print(f"{narrator.request_count} requests over HTTP; {simulated} of simulated time in {seconds:.1f} s.")
    console.print("")
    console.print("How to go on", style="bold")
    for line in (
        "entra-sim up                           both sides in the browser, ready for the tutorial by hand (make up)",
        "entra-sim run --library                every scenario that comes along",
        'entra-sim scenario new "My story"      a commented scenario file to start from',
        "entra-sim --help                       everything else",
    ):
        console.print(f"  {line}")


def _table(console: Console, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table: with rich on a terminal, as aligned plain text when piped."""
    console.print(title, style="bold")
    if console.is_terminal:
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table, soft_wrap=False)
    else:
        widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
        for row in (columns, *rows):
            console.print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    console.print("")
