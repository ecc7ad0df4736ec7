"""Whole-world tests: the directory on one side, what was sent, held and logged on the other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab import Lab


@pytest.fixture
def open_lab() -> Iterator[Callable[..., Lab]]:
    """Give a way to open labs with settings; they are closed at the end."""
    opened: list[Lab] = []

    def open_one(**settings: Any) -> Lab:
        opened.append(Lab(settings))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def lab(open_lab: Callable[..., Lab]) -> Lab:
    """Give a lab with the default settings, not started."""
    return open_lab()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the long random walk."""
    parser.addoption("--walk-steps", type=int, default=0, help="steps of the random walk, instead of a short one")
    parser.addoption("--walk-seed", type=int, default=1, help="seed of the long walk")
