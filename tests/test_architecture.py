"""What imports cannot show: the homes of time, chance and printing, sizes, names, packaging lists, outside addresses.

Import direction itself is a set of contracts in setup.cfg (`lint-imports`).
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from configparser import ConfigParser
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import click
import pytest

from entra_sim.cli import COMMANDS
from entra_sim.cli import SECTIONS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("simulator", "mock_tapt", "scenarios")

# what may be named only in its home: pattern of the full dotted name → files
HOMES: dict[str, tuple[str, ...]] = {
    "datetime.datetime.now": ("simulator/clock.py", "mock_tapt/clock.py"),
    "datetime.datetime.utcnow": (),
    "datetime.datetime.today": (),
    "datetime.date.today": (),
    "time.time": ("simulator/clock.py", "mock_tapt/clock.py"),
    "time.time_ns": (),
    "time.sleep": ("simulator/clock.py", "mock_tapt/clock.py"),
    "time.localtime": (),
    "time.gmtime": (),
    "uuid.uuid1": (),
    "uuid.uuid4": ("simulator/ids.py", "mock_tapt/ids.py"),
    "random.[a-z]*": ("simulator/ids.py", "mock_tapt/ids.py"),
    "random.SystemRandom": (),
    "random.Random()": (
        "simulator/ids.py",
        "mock_tapt/ids.py",
    ),  # without a seed; a seeded one is a value like any other
    "builtins.print": (),
}

# over 400 lines with a reason; over 500 lines nothing may be that does not stand here
LONG_FILES: dict[str, str] = {
    "simulator/expressions/functions.py": "a flat list: one small function for each documented function",
}
WARN_LINES, MOST_LINES, MOST_FUNCTION_LINES = 400, 500, 90
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc"}

SIX = {
    "flask": "flask",
    "sqlite-utils": "sqlite_utils",
    "apscheduler": "apscheduler",
    "click": "click",
    "jinja2": "jinja2",
    "pytest": "pytest",
}
# names of schemas and specifications that look like addresses but are never fetched
NAMES_NOT_ADDRESSES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml")


def _product_files() -> list[Path]:
    files = [ROOT / "cli.py", ROOT / "__init__.py"]
    return files + [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), _name(path))


def _dotted_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield (full dotted name, line) of everything that is named, imported names resolved to their origin."""
    origin = {"print": "builtins.print"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                origin[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                origin[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield f"{node.module}.{alias.name}", node.lineno
    unseeded = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and not node.args}
    for node in ast.walk(tree):
        parts: list[str] = []
        inner: ast.expr | ast.AST = node
        while isinstance(inner, ast.Attribute):
            parts.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in origin and isinstance(inner.ctx, ast.Load):
            name = ".".join([origin[inner.id], *parts])
            yield name + ("()" if name == "random.Random" and id(node) in unseeded else ""), inner.lineno


def _strays(name: str, tree: ast.Module) -> list[str]:
    return [
        f"{name}:{line} names {dotted}"
        for dotted, line in dict.fromkeys(_dotted_names(tree))
        for pattern, homes in HOMES.items()
        if fnmatchcase(dotted, pattern) and name not in homes
    ]


def test_time_chance_and_printing_stay_in_their_one_home() -> None:
    assert [stray for path in _product_files() for stray in _strays(_name(path), _tree(path))] == []


@pytest.mark.parametrize(
    ("source", "stray"),
    [
        ("from datetime import datetime\ndatetime.now()", "x.py:2 names datetime.datetime.now"),
        ("import datetime as dt\nf = dt.datetime.utcnow", "x.py:2 names datetime.datetime.utcnow"),
        ("from datetime import date\ndate.today()", "x.py:2 names datetime.date.today"),
        ("from time import sleep as wait\nwait(1)", "x.py:1 names time.sleep"),
        ("import time\ntime.time()", "x.py:2 names time.time"),
        ("import uuid\nx = dict(default_factory=uuid.uuid4)", "x.py:2 names uuid.uuid4"),
        ("import random\nrandom.choice('ab')", "x.py:2 names random.choice"),
        ("import random\nr = random.Random()", "x.py:2 names random.Random()"),
        ("print('x')", "x.py:1 names builtins.print"),
    ],
)
def test_the_walk_sees_through_import_styles(source: str, stray: str) -> None:
    assert _strays("x.py", ast.parse(source))[0] == stray


def test_the_walk_lets_pass_what_is_handed_in() -> None:
    source = "def f(clock, chance, now):\n    return clock.now(), chance.choice('ab'), now.today()"
    assert _strays("x.py", ast.parse(source)) == []
    assert _strays("x.py", ast.parse("import random\nchance = random.Random(7)")) == []


def test_files_and_functions_keep_to_one_idea() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _product_files()}
    warnings = {name: length for name, length in sorted(lengths.items()) if length > WARN_LINES}
    too_long = {name: length for name, length in warnings.items() if length > MOST_LINES and name not in LONG_FILES}
    assert too_long == {}, f"look for the second idea in them; over {WARN_LINES} lines: {warnings}"
    functions = {
        f"{_name(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in _product_files()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in functions.items() if length > MOST_FUNCTION_LINES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = [_name(path) for path in _product_files() if VAGUE_NAMES & {path.stem, *path.relative_to(ROOT).parts}]
    assert names == []


def _metadata() -> ConfigParser:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def test_setup_cfg_lists_every_package_and_no_other() -> None:
    found = {"entra_sim"}
    for path in _product_files():
        if path.parent != ROOT:
            found.add(".".join(("entra_sim", *path.parent.relative_to(ROOT).parts)))
    listed = _metadata()["options"]["packages"].split()
    assert sorted(listed) == sorted(found)
    assert all((ROOT / Path(*name.split(".")[1:]) / "__init__.py").exists() for name in found)


def test_each_of_the_six_required_packages_is_declared() -> None:
    config = _metadata()
    lines = config["options"]["install_requires"] + config["options.extras_require"]["test"]
    declared = set(re.findall(r"^([\w-]+)", lines, re.MULTILINE))
    assert declared >= set(SIX)


@pytest.mark.parametrize("package", sorted(SIX))
def test_each_of_the_six_required_packages_is_used(package: str) -> None:
    files = list((ROOT / "tests").rglob("*.py")) if package == "pytest" else _product_files()
    users = [_name(path) for path in files if SIX[package] in _imports(_tree(path))]
    assert users, f"nothing imports {SIX[package]}"


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_what_is_imported_is_declared() -> None:
    import sys

    declared = {"click", "entra_sim"} | {
        {"pyyaml": "yaml", "sqlite-utils": "sqlite_utils"}.get(name.lower(), name.lower())
        for name in re.findall(r"^([\w-]+)", _metadata()["options"]["install_requires"], re.MULTILINE)
    }
    strangers = {
        f"{_name(path)} imports {name}"
        for path in _product_files()
        for name in _imports(_tree(path)) - declared - sys.stdlib_module_names - {"__future__"}
    }
    # what a declared package brings along and what is only asked for when it is there
    allowed = {"werkzeug", "markupsafe", "pytest"}
    assert {line for line in strangers if line.rsplit(" ", 1)[1] not in allowed} == set()


def _page_files() -> list[Path]:
    kinds = {".html", ".css", ".js", ".svg", ".txt", ".jinja", ".j2", ".webmanifest"}
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*")) if path.suffix in kinds]


def _outside_addresses(text: str) -> list[str]:
    for name in NAMES_NOT_ADDRESSES:
        text = text.replace(f'"{name}"', '""')
    found = re.findall(r"https?://[^\s\"'<>)`]+|(?:src|href|action)\s*=\s*[\"']//[^\"']+|url\(\s*[\"']?//[^)]+", text)
    inside = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]|(?:[\w-]+\.)+example)(?=[/:?]|$)|https?://\{\{")
    return [address for address in found if not inside.match(address)]


def test_no_page_names_an_address_outside_this_machine() -> None:
    files = [path for path in _page_files() if not path.stem.upper().startswith("LICENSE")]
    outside = {_name(path): _outside_addresses(path.read_text(encoding="utf-8")) for path in files}
    assert {name: found for name, found in outside.items() if found} == {}


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ('<a href="https://fonts.host.test/x">', ["https://fonts.host.test/x"]),
        ('<script src="//cdn.host.test/x.js">', ['src="//cdn.host.test/x.js']),
        ("@import url(//cdn.host.test/x.css)", ["url(//cdn.host.test/x.css"]),
        ('<svg xmlns="http://www.w3.org/2000/svg">', []),
        ("http://127.0.0.1:8471/scim/v2 http://localhost:8470 https://tapt.example/scim/v2", []),
        ("https://tapt.example.evil.test/", ["https://tapt.example.evil.test/"]),
    ],
)
def test_outside_addresses_are_told_from_inside_ones(text: str, outside: list[str]) -> None:
    assert _outside_addresses(text) == outside


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_of_the_list_can_be_loaded(name: str) -> None:
    module, attribute = COMMANDS[name][0].split(":")
    assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)
    assert COMMANDS[name][1].endswith(".")
    assert COMMANDS[name][2] in SECTIONS


def test_every_module_with_a_command_is_in_the_list() -> None:
    listed = {entry[0].split(":")[0] for entry in COMMANDS.values()}
    modules = {
        ".".join(("entra_sim", *path.relative_to(ROOT).with_suffix("").parts))
        for folder in ("simulator/commands", "scenarios/commands")
        for path in (ROOT / folder).glob("*.py")
        if any(isinstance(node, ast.FunctionDef) and node.name == "command" for node in _tree(path).body)
    }
    assert modules - listed == set()
