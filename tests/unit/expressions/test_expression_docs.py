"""The examples of the user's guide show what really happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from entra_sim.cli import root

GUIDE = Path(__file__).parents[3] / "docs" / "expressions.md"
BLOCKS = re.findall(r"^```console\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
EXAMPLES = [example for block in BLOCKS for example in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)]


@pytest.mark.parametrize(("line", "shown"), EXAMPLES, ids=[line for line, _ in EXAMPLES])
def test_an_example_of_the_guide_prints_what_the_guide_shows(line: str, shown: str) -> None:
    program, *words = shlex.split(line)
    assert program == "entra-sim"
    assert CliRunner().invoke(root, words).output == shown


def test_the_guide_has_examples() -> None:
    assert len(EXAMPLES) >= 7
