"""`python -m entra_sim.docs.builder.bite`: break the code of sampled rules and see whether their tests notice.

For each rule of a seeded sample, the code that names it is changed in small ways, one at a time, in a copy of the tree;
the tests that cite the rule must fail for at least one of the changes. A rule whose tests let every change pass is not
proven by them, nor is one that no code names. Code of a rule are functions, classes and tables; of a table in whose
rows the rule stands, these rows, which are also left out; of a file of data its values, of a page its labels. A module
is taken as a whole only where nothing inside it names the rule.

A change that makes the tests hang proves nothing: they are stopped, with all they started, and the next is tried.
What is changed for a rule follows from the seed and its id alone: `--only` repeats what the sample did.
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import click

from entra_sim.docs.builder.evidence import assigned_name
from entra_sim.docs.builder.evidence import readers_of
from entra_sim.docs.builder.ledger import Entry
from entra_sim.docs.builder.ledger import build_ledger
from entra_sim.docs.builder.references import ID

ROOT = Path(__file__).resolve().parents[2]
TEST_LIMIT_S = 240
SHORTEST_LIMIT_S = 20
TIMES_UNBROKEN = 5
"""How many times as long as with whole code the tests may take until they count as hanging."""
STORY_TEST = "tests/test_scenarios.py::test_a_library_scenario_passes_and_repeats_itself"
LABEL = re.compile(r"(?<=>)[^<>{}\n]*[A-Za-z][^<>{}\n]*(?=<)")
"""A text that a page shows."""
SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
Owner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a file that can be changed: the node at this position of `ast.walk`, the n-th value of data or label.

    Args:
        row: which row of a table to leave out; None to change the node itself.
    """

    file: str
    position: int
    row: int | None = None


class Verdict(Enum):
    """What the tests of a rule did after a change."""

    NOTICED = "noticed"
    PASSED = "passed"
    HUNG = "hung"
    NOT_RUN = "not run"
    """They could not even be loaded: that tells nothing about the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of the changes made for one rule.

    Args:
        tried: how many changes, up to the one that was noticed; 0 when the tests fail with whole code.
        hung: at how many of them the tests did not end.
    """

    tried: int
    hung: int
    noticed: bool

    def told(self, entry: Entry) -> str:
        """Return the trial as a few words."""
        if not entry.code:
            return "NO code names it"
        if not self.tried:
            return "tests FAIL before anything is changed"
        hung = f", {self.hung} hung" if self.hung else ""
        if self.noticed:
            return f"change {self.tried} noticed{hung}"
        return f"NONE of {self.tried} changes noticed{hung}"


@click.command()
@click.option("--rules", "rule_count", default=40, show_default=True, help="How many rules to sample.")
@click.option("--seed", default=1, show_default=True, help="Seed of the sample and of the changes.")
@click.option("--changes", "change_count", default=24, show_default=True, help="Changes tried for one rule at most.")
@click.option("--family", default="", help="Sample only ids that begin so: ENG, WIRE, SRV, QRK.")
@click.option("--only", multiple=True, help="Try these rules instead of a sample.")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True, help="How many rules are tried at once.")
def main(rule_count: int, seed: int, change_count: int, family: str, only: tuple[str, ...], processes: int) -> None:
    """Break the code of sampled rules; exit code 1 when the tests of a rule notice none of the changes."""
    click.echo("Reading the rules, their tests and their code ...")
    entries = [entry for entry in build_ledger(ROOT).entries if entry.rule.id.startswith(family) and entry.tests]
    sample = _sampled(entries, seed, rule_count, only)
    blind = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(processes) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(processes):
            trees.put(_copy(Path(folder) / str(number)))

        def tried(entry: Entry) -> Trial:
            tree = trees.get()
            try:
                return _try(tree, entry, random.Random(f"{seed} {entry.rule.id}"), change_count)
            finally:
                trees.put(tree)

        for number, (entry, trial) in enumerate(zip(sample, pool.map(tried, sample), strict=True), start=1):
            if not trial.noticed:
                blind.append(entry.rule.id)
            tests = ", ".join(_node_ids(entry))
            click.echo(f"{number:>3}/{len(sample)} {entry.rule.id:<9} {trial.told(entry)} by {tests}")
    proven = len(sample) - len(blind)
    click.echo(f"\n{proven} of {len(sample)} sampled rules are proven by tests that notice a break (seed {seed}).")
    uncited = [entry.rule.id for entry in entries if not spots_of_rule(ROOT, entry.rule.id, entry.code)]
    if uncited and not only:
        click.echo(f"{len(uncited)} simulated rules were no part of the sample, since no code names them.")
    if blind:
        click.echo(f"Not noticed: {', '.join(blind)}")
        sys.exit(1)


def _sampled(entries: list[Entry], seed: int, rule_count: int, only: tuple[str, ...]) -> list[Entry]:
    if only:
        unknown = set(only) - {entry.rule.id for entry in entries}
        if unknown:
            raise click.ClickException(f"no simulated rule {', '.join(sorted(unknown))}")
        return [entry for entry in entries if entry.rule.id in only]
    cited = [entry for entry in entries if _node_ids(entry) and spots_of_rule(ROOT, entry.rule.id, entry.code)]
    return random.Random(seed).sample(cited, min(rule_count, len(cited)))


def _node_ids(entry: Entry) -> list[str]:
    """Return what pytest is to run for a rule: the tests that cite it.

    When none does: the modules that read its files of cases; when it has none either: the tests of its scenarios.
    """
    ids = [test for test in entry.tests if ".py" in test]
    cases = [test for test in entry.tests if test.startswith("tests/") and ".py" not in test]
    if ids:
        return ids
    if not cases:
        return [f"{STORY_TEST}[{Path(test).stem}]" for test in entry.tests if test.endswith(".yaml")]
    modules = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py")}
    return sorted({name.removesuffix("conftest.py") for case in cases for name in readers_of(case, modules)})


def _copy(folder: Path) -> Path:
    tree = folder / "entra_sim"
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "node_modules")
    shutil.copytree(ROOT, tree, ignore=ignored)
    return tree


def _try(tree: Path, entry: Entry, chance: random.Random, most: int) -> Trial:
    """Change the code of a rule until its tests notice; when they fail before any change, they could not tell."""
    tests = _node_ids(entry)
    started = time.monotonic()
    if _verdict(tree, tests, TEST_LIMIT_S) is not Verdict.PASSED:
        return Trial(tried=0, hung=0, noticed=False)
    limit_s = max(SHORTEST_LIMIT_S, TIMES_UNBROKEN * (time.monotonic() - started))
    hung = 0
    chosen = _in_turn(spots_of_rule(tree, entry.rule.id, entry.code), chance)[:most]
    for number, spot in enumerate(chosen, start=1):
        path = tree / spot.file
        original = path.read_text(encoding="utf-8")
        path.write_text(broken_text(original, spot), encoding="utf-8")
        verdict = _verdict(tree, tests, limit_s)
        path.write_text(original, encoding="utf-8")
        hung += verdict is Verdict.HUNG
        if verdict is Verdict.NOTICED:
            return Trial(tried=number, hung=hung, noticed=True)
    return Trial(tried=len(chosen), hung=hung, noticed=False)


def _in_turn(spots: list[Spot], chance: random.Random) -> list[Spot]:
    """Return the spots in a drawn order in which the files take turns: a long one does not crowd out the rest."""
    files: dict[str, list[Spot]] = {}
    for spot in chance.sample(spots, len(spots)):
        files.setdefault(spot.file, []).append(spot)
    return [spot for row in zip_longest(*files.values()) for spot in row if spot is not None]


def _verdict(tree: Path, tests: list[str], limit_s: float) -> Verdict:
    """Run tests in a process group of their own, and stop the whole group when they do not end in time."""
    without = [word for plugin in ("cacheprovider", "hypothesispytest") for word in ("-p", f"no:{plugin}")]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *without, *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=tree, env=environment, stdout=nowhere, stderr=nowhere, start_new_session=True
    ) as run:
        try:
            code = run.wait(limit_s)
        except subprocess.TimeoutExpired:
            if sys.platform == "win32":
                run.kill()
            else:
                os.killpg(run.pid, signal.SIGKILL)
            return Verdict.HUNG
    return {0: Verdict.PASSED, 1: Verdict.NOTICED}.get(code, Verdict.NOT_RUN)


def spots_of_rule(root: Path, rule_id: str, places: tuple[str, ...]) -> list[Spot]:
    """Return what can be changed in the code of a rule, each spot once."""
    inner = [place for place in places if ": " in place or not place.endswith(".py")]
    return list(dict.fromkeys(spot for place in inner or places for spot in spots_of(root, place, rule_id)))


def spots_of(root: Path, place: str, rule_id: str = "") -> list[Spot]:
    """Return what can be changed at `place`: "simulator/engine/decide.py: decide", a table, a whole file, a JSON file.

    Args:
        rule_id: of a table whose rows name it, only those rows are taken.
    """
    file, _, name = place.partition(": ")
    text = (root / file).read_text(encoding="utf-8")
    if not file.endswith(".py"):
        values = list(_leaves(json.loads(text)) if file.endswith(".json") else LABEL.finditer(text))
        return [Spot(file=file, position=position) for position in range(len(values))]
    tree = ast.parse(text, file)
    wanted = [node for node in ast.walk(tree) if _is_called(node, name)] if name else [tree]
    rows = [found for node in wanted if assigned_name(node) for found in _rows_naming(node, rule_id)]
    inside = {
        id(node) for owner in [row for _, _, row in rows] or wanted for node in ast.walk(owner) if _can_change(node)
    }
    inside -= {id(node) for silent in _without_effect(tree) for node in ast.walk(silent)}
    positions = {id(node): position for position, node in enumerate(ast.walk(tree))}
    left_out = [Spot(file=file, position=positions[id(table)], row=number) for table, number, _ in rows]
    return left_out + [Spot(file=file, position=position) for node, position in positions.items() if node in inside]


def _is_called(node: ast.AST, name: str) -> bool:
    return node.name == name if isinstance(node, Owner) else assigned_name(node) == name


def _rows_naming(statement: ast.AST, rule_id: str) -> Iterator[tuple[ast.AST, int, ast.AST]]:
    """Yield the rows of a table that name a rule: the table, the number of the row, the row."""
    for table in ast.walk(statement):
        rows: list[list[ast.expr | None]] = []
        if isinstance(table, ast.Dict):
            rows = [[key, value] for key, value in zip(table.keys, table.values, strict=True)]
        elif isinstance(table, ast.Tuple | ast.List | ast.Set):
            rows = [[item] for item in table.elts]
        named = [number for number, row in enumerate(rows) if any(_names(part, rule_id) for part in row)]
        if named and len(rows) > 1:
            for number in named:
                yield from ((table, number, part) for part in rows[number] if part is not None)
            return


def _names(part: ast.AST | None, rule_id: str) -> bool:
    nodes = ast.walk(part) if part is not None else ()
    return any(isinstance(node, ast.Constant) and node.value == rule_id for node in nodes)


def _leaves(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every text, number and truth of a JSON document, in its order."""
    items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    if isinstance(value, str | int | float):
        yield place
    for key, item in items:
        yield from _leaves(item, (*place, key))


def broken_text(source: str, spot: Spot) -> str:
    """Return the text of a file with one spot changed."""
    if spot.file.endswith(".json"):
        document = json.loads(source)
        *way, last = list(_leaves(document))[spot.position]
        holder = document
        for key in way:
            holder = holder[key]
        node = ast.Constant(value=holder[last])
        _change(node)
        holder[last] = node.value
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if spot.file.endswith(".html"):
        label = list(LABEL.finditer(source))[spot.position]
        return f"{source[: label.end()]}~{source[label.end() :]}"
    return broken(source, spot.position, spot.row)


def broken(source: str, position: int, row: int | None = None) -> str:
    """Return the source with the node at this position of `ast.walk` changed, or that row of it left out."""
    tree = ast.parse(source)
    node = next(node for index, node in enumerate(ast.walk(tree)) if index == position)
    if row is None:
        _change(node)
    elif isinstance(node, ast.Dict):
        del node.keys[row], node.values[row]
    else:
        assert isinstance(node, ast.Tuple | ast.List | ast.Set)
        del node.elts[row]
    return ast.unparse(ast.fix_missing_locations(tree))


def _without_effect(tree: ast.AST) -> list[ast.AST]:
    """Return what may change while the same is done: type hints, docstrings, ids of rules, the marks of dataclasses."""
    hints = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    ids = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and ID.fullmatch(str(node.value))]
    frozen = [mark for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for mark in node.decorator_list]
    return [*(hint for hint in hints if hint is not None), *texts, *ids, *frozen]


def _can_change(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in SWAPS
    if isinstance(node, ast.Return):
        return node.value is not None
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float | str)
    if isinstance(node, ast.Tuple | ast.List):
        return len(node.elts) > 1 and isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.If | ast.IfExp | ast.While | ast.BoolOp)


def _change(node: ast.AST) -> None:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
    elif isinstance(node, ast.Compare):
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.Return | ast.Expr):  # a call by itself is left out
        node.value = ast.Constant(value=None)
    elif isinstance(node, ast.Tuple | ast.List):
        node.elts.pop()
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            node.value += "~"
        else:
            assert isinstance(node.value, int | float)
            node.value = not node.value if isinstance(node.value, bool) else node.value + 1


if __name__ == "__main__":
    main()
