"""docs/web.md maps every sentence of the tutorial to a screen, a label and a test; each of them has to exist."""

from __future__ import annotations

import ast
import html
import re
from pathlib import Path

import pytest

from entra_sim.simulator.web import accounts

ROOT = Path(__file__).parents[2]
WEB = Path(accounts.__file__).parent
TABLE = (ROOT / "docs" / "web.md").read_text(encoding="utf-8").split("## The tutorial, sentence by sentence")[1]
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    for line in TABLE.split("\n## ")[0].splitlines()
    if line.startswith("| ") and "::" in line
]


def test_the_map_covers_prerequisites_all_six_steps_and_what_comes_after() -> None:
    beginnings = [row[0].split(":")[0] for row in ROWS]
    assert beginnings[0].startswith("You need")
    assert {f"Step {number}" for number in range(1, 7)} <= set(beginnings)
    assert beginnings[-1] == "More"


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:60] for row in ROWS])
def test_a_sentence_has_its_screen_its_label_and_its_test(row: list[str]) -> None:
    _sentence, screen, label, test = row
    sources = [path.read_text(encoding="utf-8") for path in WEB.rglob("*") if path.suffix in (".html", ".py")]
    assert any(re.search(rf"set screen = '{re.escape(screen)}'", text) for text in sources), screen
    assert any(label in html.unescape(text) for text in sources), label
    file, name = test.split("::")
    tree = ast.parse((ROOT / "tests" / "web" / file).read_text(encoding="utf-8"))
    assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
