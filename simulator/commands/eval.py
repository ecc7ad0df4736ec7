"""`entra-sim eval`: an expression's value, its trace, its mistake; a list of the functions; lines of JSON."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from typing import NoReturn

import click

from entra_sim.simulator.clock import wall_now
from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.expressions import FunctionDescription
from entra_sim.simulator.expressions import Result
from entra_sim.simulator.expressions import TraceNode
from entra_sim.simulator.expressions import functions
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.expressions import text_of
from entra_sim.simulator.expressions import to_graph
from entra_sim.simulator.expressions import trace
from entra_sim.simulator.expressions.lines import INPUT_ERROR
from entra_sim.simulator.expressions.lines import context_of
from entra_sim.simulator.expressions.lines import evaluate_line
from entra_sim.simulator.expressions.lines import failure_of
from entra_sim.simulator.expressions.lines import json_value
from entra_sim.simulator.expressions.lines import outcome_of
from entra_sim.simulator.ids import RandomIds
from entra_sim.simulator.ids import seeded_chance

WRONG_INPUT = UserInputError.exit_code
LOOKUP = "entra_sim.simulator.service.lookup"
"""Finds a user of a data directory: `source_attributes(upn, folder)` gives the source attributes by name."""

WINDOW = 100
"""Characters of a line that are shown around a mistake."""

EPILOG = """\b
Examples:
  entra-sim eval 'Join(" ", [givenName], [surname])' -a givenName=Ada -a surname=Park
  entra-sim eval '[mail]' --attributes ada.json
  entra-sim eval 'Append([mail], Guid())' --attributes ada@contoso.example --trace
  entra-sim eval --functions Replace
  entra-sim eval --jsonl < cases.jsonl
"""


@click.command(name="eval", epilog=EPILOG)
@click.argument("expression", required=False)
@click.option(
    "--attributes",
    "attributes_from",
    metavar="FILE",
    help="JSON object of source attributes, - for standard input, or the UPN of a user of the data directory.",
)
@click.option("-a", "--attribute", "pairs", multiple=True, metavar="NAME=VALUE", help="One source attribute, a text.")
@click.option("--now", metavar="INSTANT", help="What Now() gives, ISO 8601; else the machine's clock.")
@click.option("--default-domain", metavar="DOMAIN", help="What DefaultDomain() gives.")
@click.option("--taken", multiple=True, metavar="TEXT", help="A text the target has already, for SelectUniqueValue.")
@click.option("--seed", metavar="TEXT", help="Makes RandomString repeatable.")
@click.option("--data", "data_dir", metavar="DIR", default=".entra-sim", show_default=True, help="The data directory.")
@click.option("--trace", "is_traced", is_flag=True, help="Show the tree with the value of every node.")
@click.option(
    "--graph", "is_graph", is_flag=True, help="Show the expression as Microsoft Graph writes it, unevaluated."
)
@click.option("--json", "is_json", is_flag=True, help="Print the outcome as one JSON object.")
@click.option("--jsonl", "is_lines", is_flag=True, help="One case a line on standard input, one outcome a line out.")
@click.option(
    "--functions",
    "function_name",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="List the functions, or tell everything about one.",
)
def command(
    expression: str | None,
    attributes_from: str | None,
    pairs: tuple[str, ...],
    now: str | None,
    default_domain: str | None,
    taken: tuple[str, ...],
    seed: str | None,
    data_dir: str,
    is_traced: bool,
    is_graph: bool,
    is_json: bool,
    is_lines: bool,
    function_name: str | None,
) -> None:
    """Evaluate the EXPRESSION of an attribute mapping (- reads it from standard input).

    Prints the text form of the value; a list as JSON. Exit code 0 for a value, 2 for a mistake.
    """
    if function_name is not None:
        _show_functions(function_name or expression or "", is_json=is_json)
        return
    context = _context(now=now, default_domain=default_domain, taken=taken, seed=seed)
    if is_lines:
        _evaluate_lines(sys.stdin.buffer, context)
        return
    if expression is None:
        raise click.UsageError("Give an EXPRESSION, --jsonl or --functions.")
    text = sys.stdin.read() if expression == "-" else expression
    attributes = {**_attributes(attributes_from, data_dir), **_given(pairs)}
    _evaluate_one(text, attributes, context, is_traced=is_traced, is_graph=is_graph, is_json=is_json)


def _context(
    *, now: str | None, default_domain: str | None, taken: tuple[str, ...], seed: str | None
) -> EvaluationContext:
    """Return the context of the options; chance is fresh unless a seed is given."""
    ids = RandomIds()
    base = EvaluationContext(
        now=wall_now,
        new_id=lambda: ids.new("expression"),
        chance=seeded_chance(seed if seed is not None else ids.new("expression")),
        default_domain=default_domain,
    )
    given: dict[str, Any] = {"target_existing": list(taken)} if taken else {}
    if now is not None:
        given["now"] = now
    try:
        return context_of(given, base)
    except ValueError as error:
        raise UserInputError(f"--now takes a date and time such as 2026-01-05T09:00:00Z, not {now}") from error


def _given(pairs: tuple[str, ...]) -> dict[str, str]:
    attributes = {}
    for pair in pairs:
        name, sign, value = pair.rpartition("=") if "]=" in pair else pair.partition("=")
        if not sign or not name:
            raise UserInputError(f"--attribute takes NAME=VALUE, not '{pair}'")
        attributes[name] = value
    return attributes


def _attributes(source: str | None, data_dir: str) -> Mapping[str, Any]:
    """Return the source attributes of a JSON file, of standard input, or of a user of the data directory."""
    if source is None:
        return {}
    if source != "-" and not Path(source).is_file():
        if "@" in source:
            return _user(source, data_dir)
        raise UserInputError(f"there is no file {source} to read attributes from")
    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        found = json.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise UserInputError(f"{source} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UserInputError(f"{source} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise UserInputError(f"{source} must hold a JSON object of attribute names and values")
    return found


def _user(upn: str, data_dir: str) -> Mapping[str, Any]:
    try:
        lookup = importlib.import_module(LOOKUP)
    except ModuleNotFoundError as error:
        if error.name != LOOKUP:
            raise
        raise NotFound(f"there is no user {upn}: no data directory") from error
    found: Mapping[str, Any] = lookup.source_attributes(upn, Path(data_dir))
    return found


def _evaluate_one(
    text: str,
    attributes: Mapping[str, Any],
    context: EvaluationContext,
    *,
    is_traced: bool,
    is_graph: bool,
    is_json: bool,
) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        _fail(error, text, is_json=is_json)
    if is_graph:
        click.echo(json.dumps(to_graph(expression), indent=2))
        return
    traced = trace(expression, attributes, context)
    if is_json:
        outcome = failure_of(traced.error) if traced.error else outcome_of(traced.result or Result(None))
        if is_traced:
            outcome["trace"] = _trace_json(traced.root)
        click.echo(json.dumps(outcome))
        sys.exit(WRONG_INPUT if traced.error else 0)
    if is_traced:
        for line in _trace_lines(traced.root):
            click.echo(line)
    if traced.error:
        _fail(traced.error, text, is_json=False)
    if traced.result is not None:
        _show(traced.result, is_short=not is_traced)


def _show(result: Result, *, is_short: bool) -> None:
    if is_short:
        click.echo(_shown(result, is_quoted=False))
    if result.log_value != result.value:
        click.echo(f"(the logs show {result.log_value})", err=True)


def _shown(result: Result, *, is_quoted: bool) -> str:
    """Return what a person reads: the text form, JSON for lists, words in parentheses for what is no value."""
    if result.ignore:
        return f"(the {result.ignore} is left out of the operation)"
    if result.value is None:
        return "(no value)"
    if isinstance(result.value, tuple | list | Mapping) or (is_quoted and isinstance(result.value, str)):
        return json.dumps(json_value(result.value), ensure_ascii=False)
    return text_of(result.value) or ""


def _trace_lines(node: TraceNode, before: str = "", branch: str = "") -> Iterable[str]:
    """Yield the tree, one node a line, with what each gave."""
    yield f"{before}{branch}{node.label}{_gave(node)}"
    inner = before + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
    for index, child in enumerate(node.children):
        yield from _trace_lines(child, inner, "└─ " if index == len(node.children) - 1 else "├─ ")


def _gave(node: TraceNode) -> str:
    if node.state == "constant":
        return ""
    if node.error is not None:
        return f"  failed: {node.error}"
    return "  (not evaluated)" if node.result is None else f"  → {_shown(node.result, is_quoted=True)}"


def _trace_json(node: TraceNode) -> dict[str, Any]:
    outcome: dict[str, Any] = {"text": node.text, "state": node.state}
    if node.error is not None:
        outcome.update(failure_of(node.error))
    elif node.result is not None:
        outcome.update(outcome_of(node.result))
    return {**outcome, "operands": [_trace_json(child) for child in node.children]}


def _fail(error: ExpressionError, text: str, *, is_json: bool) -> NoReturn:
    """Print the mistake with a caret under its column, and end.

    Raises:
        SystemExit: always.
    """
    if is_json:
        click.echo(json.dumps(failure_of(error)))
        sys.exit(WRONG_INPUT)
    click.echo(f"entra-sim: {error.code}: {error}", err=True)
    for line in _caret(text, error.column):
        click.echo(f"  {line}", err=True)
    description = next((one for one in functions() if one.name == error.function), None)
    if description is not None:
        click.echo(f"  {description.signature}", err=True)
    sys.exit(WRONG_INPUT)


def _caret(text: str, column: int) -> tuple[str, ...]:
    """Return the line of the text that holds the column, and a caret under it."""
    position = min(max(column - 1, 0), len(text))
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    first = max(start, min(position - WINDOW // 2, end - WINDOW))
    last = min(end, first + WINDOW)
    shown = "".join(character if character.isprintable() else " " for character in text[first:last])
    if not shown.strip():
        return ()
    left, right = "..." if first > start else "", "..." if last < end else ""
    return f"{left}{shown}{right}", " " * (len(left) + position - first) + "^"


def _evaluate_lines(lines: Iterable[bytes], context: EvaluationContext) -> None:
    """Print one outcome for each line that is not blank, in order; exit 2 if a line was no case."""
    is_wrong = False
    for line in lines:
        if not line.strip():
            continue
        try:
            outcome = evaluate_line(json.loads(line.decode("utf-8-sig")), context)
        except (ValueError, RecursionError) as error:
            outcome = {"error": INPUT_ERROR, "message": f"the line is not JSON: {error}"}
        is_wrong = is_wrong or outcome.get("error") == INPUT_ERROR
        click.echo(json.dumps(outcome))
    sys.exit(WRONG_INPUT if is_wrong else 0)


def _show_functions(name: str, *, is_json: bool) -> None:
    """Print the list of functions, or everything about one."""
    chosen = functions()
    if name:
        chosen = tuple(one for one in chosen if one.name.lower() == name.lower())
        if not chosen:
            names = {one.name.lower(): one.name for one in functions()}
            near = get_close_matches(name.lower(), names, n=1)
            hint = f"; did you mean {names[near[0]]}?" if near else "; 'entra-sim eval --functions' lists them"
            raise NotFound(f"there is no function {name}{hint}")
    if is_json:
        click.echo(json.dumps([_description_json(one) for one in chosen], indent=2))
        return
    for one in chosen:
        click.echo(f"{one.signature}\n    {one.meaning}\n    {_example(one)}")


def _example(one: FunctionDescription) -> str:
    value = one.example_value
    if isinstance(value, str) and value.startswith("~"):
        return f"Example: {one.example}"
    attributes = one.example_attributes.items()
    given = ", ".join(f"{key}: {json.dumps(member, ensure_ascii=False)}" for key, member in attributes)
    shown = json.dumps(value, ensure_ascii=False) if isinstance(value, tuple) else value
    return f"Example: {one.example}{f' with {given}' if given else ''} gives {shown}"


def _description_json(one: FunctionDescription) -> dict[str, Any]:
    return {
        "name": one.name,
        "signature": one.signature,
        "meaning": one.meaning,
        "example": one.example,
        "exampleAttributes": dict(one.example_attributes),
        "exampleValue": one.example_value,
        "parameters": [
            {
                "name": parameter.graph_key,
                "type": parameter.type,
                "required": parameter.required,
                "allowMultipleOccurrences": parameter.repeated,
            }
            for parameter in one.parameters
        ],
    }
