"""A World with a tenant, its admin center, and visitors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from entra_sim.scenarios.prepared import prepared_session
from entra_sim.scenarios.world import World
from entra_sim.simulator.web import bound
from entra_sim.simulator.web import create_app

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from visitor import Visitor  # noqa: E402

TUTORIAL = Path(__file__).parents[2] / "scenarios" / "library" / "tapt-tutorial.yaml"
LINKS = {"Tapt": "http://127.0.0.1:8471"}


@pytest.fixture(scope="session")
def app() -> Flask:
    """Return the app; one serves every World."""
    return create_app()


@pytest.fixture
def world() -> Iterator[World]:
    """Return a World with the people of the tutorial and nothing configured."""
    with prepared_session(TUTORIAL, steps=False) as session:
        yield session.world


@pytest.fixture
def token(world: World) -> str:
    """Return a live token of Tapt."""
    assert world.tapt is not None
    return str(world.tapt.generate_token().secret)


@pytest.fixture
def wsgi(app: Flask, world: World) -> Any:
    """Return the admin center of the World."""
    return bound(app, world.simulator, key="control-key", links=LINKS)


@pytest.fixture
def enter(wsgi: Any) -> Callable[[str], Visitor]:
    """Return a way to sign in as an account: its display name."""

    def sign_in(name: str) -> Visitor:
        person = Visitor(wsgi)
        person.open("/")
        button = next(item for item in person.page.all("button") if name in item.text)
        return person._submit(button)

    return sign_in


@pytest.fixture
def admin(enter: Callable[[str], Visitor]) -> Visitor:
    """Return a signed-in administrator."""
    return enter("Avery Stone")
