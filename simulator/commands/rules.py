"""`entra-sim rules`: the fidelity ledger, and what a code or a pasted log sentence means."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import PurePosixPath
from shutil import get_terminal_size
from typing import Any

import click

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ledger.codes import Code
from entra_sim.simulator.ledger.rules import Ledger
from entra_sim.simulator.ledger.rules import LedgerRule
from entra_sim.simulator.ledger.rules import count_by_status
from entra_sim.simulator.ledger.rules import load_ledger
from entra_sim.simulator.settings import SettingDescription
from entra_sim.simulator.settings import describe

NARROWEST = 60
WIDEST = 120
PASTED_LIMIT = 100_000
MOST_SCENARIOS = 3
STATUSES = ("simulated", "not yet", "never", "assumed")


@click.command(
    "rules",
    epilog="""\b
Examples:
  entra-sim rules ENG-186
  entra-sim rules InvalidAnchor
  entra-sim rules "StatusCode: Conflict Message: Processing of the HTTP request ..."
  entra-sim rules --status never
  entra-sim rules --settings
  entra-sim rules --json
""",
)
@click.argument("words", nargs=-1, metavar="[ID | CODE | ERROR TEXT | -]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@click.option("--settings", "show_settings", is_flag=True, help="List the settings with type, unit, default, source.")
@click.option("--status", type=click.Choice(STATUSES), help="List only these; assumed: the guesses.")
def command(words: tuple[str, ...], as_json: bool, show_settings: bool, status: str | None) -> None:
    """Say what is simulated, what is not, what is assumed, and what an error or skip code means.

    Without an argument, list every rule of the references. With a rule's id or a function's name, show its text, what
    proves it, what is assumed in it and the setting that changes it. With an error code, a skip or quarantine reason,
    or a sentence pasted from a log (- reads it from standard input), show cause, remedy and the scenario that shows it.
    """
    if show_settings:
        if words or status:
            raise UserInputError("--settings lists all settings; give it alone, or with --json")
        _print_settings(as_json)
        return
    ledger = load_ledger()
    text = _pasted(words)
    if not text:
        rules = [rule for rule in ledger.rules if _is_listed(rule, status)]
        _print_list(rules, as_json)
        if status == "assumed" and not as_json:
            _print_guesses(ledger)
        return
    if status:
        raise UserInputError("--status narrows the list of all rules; leave it out when you ask for one")
    found = ledger.find(text)
    if as_json:
        items = [_as_json(ledger, item) for item in found]
        click.echo(json.dumps(items[0] if len(items) == 1 else items, ensure_ascii=False, indent=2))
        return
    for number, item in enumerate(found):
        if number:
            click.echo()
        lines = _code_lines(ledger, item) if isinstance(item, Code) else _rule_lines(item)
        click.echo("\n".join(lines))


def _pasted(words: tuple[str, ...]) -> str:
    if words == ("-",):
        return sys.stdin.read(PASTED_LIMIT).strip()
    return " ".join(words).strip()[:PASTED_LIMIT]


def _status(rule: LedgerRule) -> str:
    return "not yet" if rule.is_open else "simulated" if rule.status == "simulated" else "never"


def _is_listed(rule: LedgerRule, status: str | None) -> bool:
    if status == "assumed":
        return rule.assumed is not None
    return status in (None, _status(rule))


def _as_json(ledger: Ledger, item: Code | LedgerRule) -> dict[str, Any]:
    if isinstance(item, LedgerRule):
        return {**item.as_json(), "section": item.section, "document": item.document, "text": item.text}
    return {
        "code": item.name,
        "kind": item.kind,
        "cause": item.cause,
        "remedy": item.remedy,
        "rules": list(item.rules),
        "scenarios": list(ledger.reproduced_by.get(item.name, ())),
    }


def _print_list(rules: Sequence[LedgerRule], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([rule.as_json() for rule in rules], ensure_ascii=False, indent=1))
        return
    width = max((len(rule.id) for rule in rules if "-" in rule.id), default=8)
    for rule in rules:
        click.echo(f"{rule.id:<{width}}  {_status(rule):<9}  {rule.title}")
    counts = count_by_status(rules)
    click.echo(f"\n{len(rules)} rules: " + ", ".join(f"{count} {status}" for status, count in counts.items()) + ".")
    click.echo("'entra-sim rules ID' shows one in full.")


def _print_guesses(ledger: Ledger) -> None:
    click.echo("\nGuesses of the code:")
    for guess in ledger.guesses:
        for line in textwrap.wrap(f"{guess.text} [{guess.place}]", _width() - 4, break_on_hyphens=False):
            click.echo(f"    {line}")


def _rule_lines(rule: LedgerRule) -> Iterator[str]:
    yield click.style(f"{rule.id}  {rule.title}", bold=True)
    yield f"{rule.section} ({rule.document})"
    yield ""
    for line in rule.text.splitlines():
        yield from textwrap.wrap(line, _width()) if len(line) > _width() and not line.startswith("|") else [line]
    yield ""
    yield from _field("Status", f"{rule.status} (not yet)" if rule.is_open else rule.status)
    if rule.reason and not rule.is_open:
        yield from _field("Reason", rule.reason)
    for number, test in enumerate(rule.tests):
        yield from _field("" if number else "Proven by", test)
    for number, place in enumerate(rule.code):
        yield from _field("" if number else "Code", place)
    if rule.assumed:
        yield from _field("Assumed", rule.assumed)
    settings = {item.name: item for item in describe()}
    for name in (rule.setting or "").split(", "):
        if name in settings:
            yield from _field("Setting", f"{name} = {_default(settings[name])}: {settings[name].meaning}")


def _code_lines(ledger: Ledger, code: Code) -> Iterator[str]:
    yield click.style(code.name, bold=True) + f"  ({code.kind})"
    yield ""
    yield from _field("Cause", code.cause)
    yield from _field("Remedy", code.remedy)
    yield from _field("Rules", ", ".join(code.rules))
    for number, scenario in enumerate(ledger.reproduced_by.get(code.name, ())[:MOST_SCENARIOS]):
        yield from _field("" if number else "See it", f"entra-sim run --library -k {PurePosixPath(scenario).stem}")


def _field(name: str, text: str) -> list[str]:
    head = f"{name + ':' if name else '':<11}"
    return textwrap.wrap(
        text, _width(), initial_indent=head, subsequent_indent=" " * 11, break_long_words=False, break_on_hyphens=False
    )


def _width() -> int:
    return min(WIDEST, max(NARROWEST, get_terminal_size((100, 24)).columns))


def _print_settings(as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_setting_json(item) for item in describe()], ensure_ascii=False, indent=1))
        return
    width = max(len(item.name) for item in describe())
    for item in describe():
        unit = f" {item.unit}" if item.unit else ""
        where = ", ".join(filter(None, (item.source, item.question)))
        click.echo(f"{item.name:<{width}}  {item.type:<5}  {_default(item)}{unit}")
        for line in textwrap.wrap(f"{item.meaning} [{where}]", _width() - 4):
            click.echo(f"    {line}")


def _setting_json(item: SettingDescription) -> dict[str, Any]:
    return {
        "name": item.name,
        "type": item.type,
        "unit": item.unit,
        "default": item.default,
        "meaning": item.meaning,
        "source": item.source,
        "question": item.question,
    }


def _default(item: SettingDescription) -> str:
    return str(item.default).lower() if isinstance(item.default, bool) else f"{item.default:g}"
