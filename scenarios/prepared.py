"""A world prepared as a scenario file says, left open for a test or a lab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from entra_sim.scenarios.loader import DEFAULT_START
from entra_sim.scenarios.loader import load
from entra_sim.scenarios.model import Scenario
from entra_sim.scenarios.runner import set_up_application
from entra_sim.scenarios.runner import set_up_tenant
from entra_sim.scenarios.session import Session
from entra_sim.scenarios.spans import read_instant
from entra_sim.simulator.settings import Settings


@contextmanager
def prepared_session(
    path: Path | None, *, transport: str = "wsgi", steps: bool = True, clock: str | datetime | None = None
) -> Iterator[Session]:
    """Give a session over a fresh world.

    Args:
        path: a scenario file whose tenant and applications are set up; None for an empty tenant.
        steps: also do the file's steps; its expectations are left out.
        clock: first instant, over the file's.
    Raises:
        SimulatorError: the file is wrong or a step is refused.
    """
    from entra_sim.scenarios.world import World

    scenario = None if path is None else load(path)
    start = DEFAULT_START if scenario is None else scenario.start
    if clock is not None:
        start = read_instant(clock) if isinstance(clock, str) else clock
    settings = Settings.from_mapping({} if scenario is None else scenario.settings)
    seed = "pytest" if path is None else path.name
    with World.open(start=start, settings=settings, transport=transport, seed=seed) as world:
        session = Session(world, folder=Path() if path is None else path.parent)
        if scenario is not None:
            prepare(session, scenario, steps=steps)
        yield session


def prepare(session: Session, scenario: Scenario, *, steps: bool = True, up_to: int | None = None) -> None:
    """Set up a scenario's tenant and applications, and do its steps, all or the first `up_to`."""
    set_up_tenant(session, scenario)
    for plan in scenario.applications:
        set_up_application(session, plan)
    if scenario.applications:
        session.use_application(scenario.applications[0].name)
    for step in scenario.steps[:up_to] if steps else ():
        if step.verb is not None:
            session.perform(step)
