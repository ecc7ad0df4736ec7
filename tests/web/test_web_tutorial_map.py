"""docs/web.md maps every sentence of the tutorial to a screen, a label and a test; none may be missing or untrue."""

from __future__ import annotations

import ast
import html
import json
import re
from functools import cache
from pathlib import Path

import pytest

from entra_sim.simulator.web import accounts

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WEB = Path(accounts.__file__).parent
TAPT = ROOT / "mock_tapt"
SENTENCES: list[dict[str, str]] = json.loads((HERE / "tutorial-sentences.json").read_text(encoding="utf-8"))
"""What the tutorial says, in its order, by number and fact."""
TABLE = (ROOT / "docs" / "web.md").read_text(encoding="utf-8").split("## The tutorial, sentence by sentence")[1]
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    for line in TABLE.split("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| no. ")
]


def test_every_sentence_has_its_row_and_every_row_its_sentence() -> None:
    assert [row[0] for row in ROWS] == [sentence["number"] for sentence in SENTENCES]
    assert all(sentence["fact"] for sentence in SENTENCES)


def test_the_sentences_go_from_the_prerequisites_over_all_six_steps_to_what_comes_after() -> None:
    parts = list(dict.fromkeys(sentence["number"].split(".")[0] for sentence in SENTENCES))
    assert parts == ["I", "P", "1", "2", "T", "A", "3", "4", "5", "6", "R", "G"]
    for part in parts:
        numbers = [int(s["number"].split(".")[1]) for s in SENTENCES if s["number"].startswith(f"{part}.")]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_sentence_has_its_screen_its_label_and_a_test_that_touches_the_label(row: list[str]) -> None:
    _number, _sentence, screen, label, test = row
    sources = shown_texts()
    named = rf"(set screen = '|block screen %}}){re.escape(screen)}['{{]"
    assert any(re.search(named, text) for text in sources), screen
    assert any(label in text for text in sources), label
    file, name = test.split("::")
    assert name in functions_of(file.removesuffix(".py")), test
    texts = texts_of(file.removesuffix(".py"), name)
    assert any(label in text for text in texts), f"{test} does not speak of '{label}'"


@cache
def shown_texts() -> tuple[str, ...]:
    """Return what pages of both sides are made of: templates, code, and the names that the default schema gives."""
    paths = [path for path in (*WEB.rglob("*"), *TAPT.glob("templates/*")) if path.suffix in (".html", ".py")]
    schema = WEB.parent / "data" / "template-scim.json"
    return tuple(html.unescape(path.read_text(encoding="utf-8")) for path in (*paths, schema))


@cache
def functions_of(module: str) -> dict[str, ast.FunctionDef]:
    """Return the functions that stand in a module of this folder."""
    tree = ast.parse((HERE / f"{module}.py").read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def texts_of(module: str, name: str) -> set[str]:
    """Return the texts that a function and those it calls, here or in modules of this folder, look for or type."""
    found: set[str] = set()
    waiting, seen = [(module, name)], set[tuple[str, str]]()
    while waiting:
        here, wanted = waiting.pop()
        if (here, wanted) in seen:
            continue
        seen.add((here, wanted))
        body = functions_of(here)[wanted]
        said = ast.get_docstring(body, clean=False)
        for node in ast.walk(body):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != said:
                found.add(node.value)
            elif isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                last = called.split(".")[-1]
                for other in (here, *imports_of(here)):
                    if called.count(".") <= 1 and last in functions_of(other):
                        waiting.append((other, last))
    return found


@cache
def imports_of(module: str) -> tuple[str, ...]:
    """Return the modules of this folder that a module imports."""
    tree = ast.parse((HERE / f"{module}.py").read_text(encoding="utf-8"))
    names = [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    return tuple(sorted({name for name in names if (HERE / f"{name}.py").exists()}))
