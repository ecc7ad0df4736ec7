"""`entra-sim scenario`: list the library, write a template, check files, the schema for editors, all words."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click

from entra_sim.simulator.errors import UserInputError


@click.group("scenario")
def command() -> None:
    """Write and check scenario files.

    \b
    Examples:
      entra-sim scenario new "A contractor leaves"      a commented file to start from
      entra-sim scenario validate scenarios/            every mistake with file:line:column
      entra-sim scenario words advance                  what a step or expectation means
    """


@command.command("list")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-k", "words", metavar="WORDS", default="", help="Only scenarios whose file, folder or title has these words."
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON for machines.")
def list_scenarios(paths: tuple[str, ...], words: str, is_json: bool) -> None:
    """List scenarios with their purpose: the library, or those of PATH."""
    from entra_sim.scenarios.loader import load
    from entra_sim.scenarios.selection import select

    scenarios = [load(path, shown) for path, shown in select(paths, library=not paths, words=words)]
    if is_json:
        rows = [
            {
                "path": item.shown_path,
                "title": item.title,
                "why": item.why,
                "rules": list(item.rules),
                "guide": item.is_guide,
            }
            for item in scenarios
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for item in scenarios:
        kind = " (guide)" if item.is_guide else " (exercise)" if item.exercise else ""
        click.echo(f"{item.shown_path}{kind}\n    {item.title}" + (f"\n    {item.why}" if item.why else ""))


@command.command("new")
@click.argument("title")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; - prints it.",
)
def new(title: str, output: Path | None) -> None:
    """Write a commented scenario to start from, named after TITLE.

    \b
    Example:
      entra-sim scenario new "A contractor's account is disabled when the department changes"
    """
    from entra_sim.scenarios.template import template

    name = re.sub(r"[^a-z0-9]+", "-", title.casefold().replace("'", "")).strip("-") or "scenario"
    path = output or Path(f"{name[:80]}.yaml")
    text = template(name=path.stem if output is None or str(output) != "-" else name, title=title)
    if str(path) == "-":
        click.echo(text, nl=False)
        return
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise UserInputError(f"{path} exists already; name another file with --output") from error
    except OSError as error:
        raise UserInputError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"Wrote {path}. It runs as it is: entra-sim run {path}")


@command.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--json", "is_json", is_flag=True, help="Print JSON for machines.")
def validate(paths: tuple[str, ...], is_json: bool) -> None:
    """Check scenario files without running anything; every mistake with file:line:column.

    \b
    Exit code 0: all are right; 2: something is wrong.
    """
    from entra_sim.scenarios.loader import load
    from entra_sim.scenarios.problems import ScenarioProblems
    from entra_sim.scenarios.selection import select
    from entra_sim.simulator.errors import ScenarioError

    chosen = select(paths)
    wrong: list[dict[str, object]] = []
    for path, shown in chosen:
        try:
            load(path, shown)
        except UserInputError as error:
            parts = error.problems if isinstance(error, ScenarioProblems) else (error,)
            for part in parts:
                place = part if isinstance(part, ScenarioError) else None
                wrong.append(
                    {
                        "path": shown,
                        "line": place.line if place else 1,
                        "column": place.column if place else 1,
                        "message": place.message if place else str(part),
                        "text": str(part),
                    }
                )
    if is_json:
        click.echo(json.dumps({"files": len(chosen), "mistakes": wrong}, indent=2, ensure_ascii=False))
    else:
        for mistake in wrong:
            click.echo(str(mistake["text"]), err=True)
        noun = "file" if len(chosen) == 1 else "files"
        click.echo(
            f"{len(chosen)} {noun}, {len(wrong) or 'no'} mistake{'' if len(wrong) == 1 else 's'}", err=bool(wrong)
        )
    sys.exit(2 if wrong else 0)


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of scenario files, for completion and checking in editors.

    \b
    Example:
      entra-sim scenario schema > scenario.schema.json
      and as first line of a scenario:  # yaml-language-server: $schema=scenario.schema.json
    """
    from entra_sim.scenarios.editor_schema import editor_schema

    click.echo(json.dumps(editor_schema(), indent=2, ensure_ascii=False))


@command.command("words")
@click.argument("word", required=False)
@click.option("--markdown", "is_markdown", is_flag=True, help="Print the section 'All words' of docs/scenarios.md.")
def words(word: str | None, is_markdown: bool) -> None:
    """List every step and expectation, or explain those whose name holds WORD."""
    from entra_sim.scenarios.word_list import markdown
    from entra_sim.scenarios.word_list import word_list

    if is_markdown:
        click.echo(markdown(), nl=False)
        return

    lines = word_list(word or "")
    if not lines:
        raise UserInputError(f"no step or expectation has '{word}' in its name; 'entra-sim scenario words' lists all")
    for line in lines:
        click.echo(line)
