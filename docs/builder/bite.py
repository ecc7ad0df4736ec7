"""`python -m entra_sim.docs.builder.bite`: break the code of sampled rules and see whether their tests notice.

For each rule of a seeded sample, the functions whose docstring names it under `Source:` are changed in small ways, one
at a time, in a copy of the tree; the tests that cite the rule must fail for at least one of the changes. A rule whose
tests let every change pass is not proven by them.
"""

from __future__ import annotations

import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from entra_sim.docs.builder.evidence import readers_of
from entra_sim.docs.builder.ledger import Entry
from entra_sim.docs.builder.ledger import build_ledger
from entra_sim.docs.builder.references import ID

ROOT = Path(__file__).resolve().parents[2]
TEST_LIMIT_S = 120
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
    """A place in a file that can be changed: the node at this position of `ast.walk`."""

    file: str
    position: int


@click.command()
@click.option("--rules", "rule_count", default=40, show_default=True, help="How many rules to sample.")
@click.option("--seed", default=1, show_default=True, help="Seed of the sample and of the changes.")
@click.option("--changes", "change_count", default=24, show_default=True, help="Changes tried for one rule at most.")
@click.option("--family", default="", help="Sample only ids that begin so: ENG, WIRE, SRV, QRK.")
@click.option("--only", multiple=True, help="Try these rules instead of a sample.")
def main(rule_count: int, seed: int, change_count: int, family: str, only: tuple[str, ...]) -> None:
    """Break the code of sampled rules; exit code 1 when the tests of a rule notice none of the changes."""
    chance = random.Random(seed)
    entries = [entry for entry in build_ledger(ROOT).entries if entry.code and _node_ids(entry)]
    entries = [entry for entry in entries if entry.rule.id.startswith(family)]
    if only:
        sample = [entry for entry in entries if entry.rule.id in only]
    else:
        sample = chance.sample(entries, min(rule_count, len(entries)))
    blind = []
    with tempfile.TemporaryDirectory() as folder:
        tree = _copy(Path(folder))
        for entry in sample:
            tried, noticed = _try(tree, entry, chance, change_count)
            if not noticed:
                blind.append(entry.rule.id)
            verdict = f"change {tried} noticed" if noticed else f"NONE of {tried} changes noticed"
            click.echo(f"{entry.rule.id:<9} {verdict} by {', '.join(_node_ids(entry))}")
    proven = len(sample) - len(blind)
    click.echo(f"\n{proven} of {len(sample)} sampled rules are proven by tests that notice a break (seed {seed}).")
    if blind:
        click.echo(f"Not noticed: {', '.join(blind)}")
        sys.exit(1)


def _node_ids(entry: Entry) -> list[str]:
    """Return what pytest is to run for a rule: the tests that cite it, the modules that read its files of cases."""
    ids = [test for test in entry.tests if ".py" in test]
    cases = [test for test in entry.tests if test.startswith("tests/") and ".py" not in test]
    if ids or not cases:
        return ids
    modules = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py")}
    return sorted({name.removesuffix("conftest.py") for case in cases for name in readers_of(case, modules)})


def _copy(folder: Path) -> Path:
    tree = folder / "entra_sim"
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "node_modules")
    shutil.copytree(ROOT, tree, ignore=ignored)
    return tree


def _try(tree: Path, entry: Entry, chance: random.Random, most: int) -> tuple[int, bool]:
    """Return how many changes were tried until the rule's tests noticed one, and whether they did.

    Raises:
        ClickException: the tests fail without any change.
    """
    if _tests_fail(tree, _node_ids(entry)):
        raise click.ClickException(f"the tests of {entry.rule.id} fail before anything is changed: {_node_ids(entry)}")
    spots = list(dict.fromkeys(spot for place in entry.code for spot in spots_of(ROOT, place)))
    chosen = chance.sample(spots, min(most, len(spots)))
    for number, spot in enumerate(chosen, start=1):
        path = tree / spot.file
        original = path.read_text(encoding="utf-8")
        path.write_text(broken(original, spot.position), encoding="utf-8")
        noticed = _tests_fail(tree, _node_ids(entry))
        path.write_text(original, encoding="utf-8")
        if noticed:
            return number, True
    return len(chosen), False


def _tests_fail(tree: Path, tests: list[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, timeout=TEST_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode == 1


def spots_of(root: Path, place: str) -> list[Spot]:
    """Return what can be changed in the code at `place` ("simulator/engine/decide.py: decide", or a whole file)."""
    file, _, name = place.partition(": ")
    tree = ast.parse((root / file).read_text(encoding="utf-8"), file)
    wanted = [node for node in ast.walk(tree) if isinstance(node, Owner) and node.name == name] if name else [tree]
    inside = {id(node) for owner in wanted for node in ast.walk(owner) if _can_change(node)}
    inside -= {id(node) for silent in _without_effect(tree) for node in ast.walk(silent)}
    return [Spot(file=file, position=position) for position, node in enumerate(ast.walk(tree)) if id(node) in inside]


def broken(source: str, position: int) -> str:
    """Return the source with the node at this position of `ast.walk` changed."""
    tree = ast.parse(source)
    _change(next(node for index, node in enumerate(ast.walk(tree)) if index == position))
    return ast.unparse(ast.fix_missing_locations(tree))


def _without_effect(tree: ast.AST) -> list[ast.AST]:
    """Return type hints, docstrings and ids of rules, which may change without any difference in what is done."""
    hints = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    ids = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and ID.fullmatch(str(node.value))]
    return [*(hint for hint in hints if hint is not None), *texts, *ids]


def _can_change(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in SWAPS
    if isinstance(node, ast.Return):
        return node.value is not None
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
    elif isinstance(node, ast.Return):
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
