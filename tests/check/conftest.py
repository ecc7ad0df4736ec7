"""A walk of the checks over a WSGI app of this process, or over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from check_walk import WsgiApp
from check_walk import endpoint_of
from check_walk import runner_of

from entra_sim.simulator.checking.results import CheckReport
from entra_sim.simulator.checking.runner import CheckOptions


@pytest.fixture
def walk() -> Callable[..., CheckReport]:
    """Return a function that walks an app (or a base URL) and gives the report."""

    def walked(app: WsgiApp | str, **options: Any) -> CheckReport:
        chosen = CheckOptions(**{"domain": "check.example", "has_load": False, **options})
        return runner_of(endpoint_of(app), chosen).walk()

    return walked
