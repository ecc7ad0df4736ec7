"""Reading a data folder beside a running instance: nothing is written, no lock is taken."""

from __future__ import annotations

from pathlib import Path

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.service.simulator import DATABASE_NAME
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.settings import Settings


def read_simulator(data: Path, settings: Settings | None = None) -> Simulator:
    """Return the simulator of an existing data folder, to be read only.

    Raises:
        NotFound: the folder holds no state; says how to make some.
    """
    if not (data / DATABASE_NAME).exists():
        raise NotFound(f"There is no state in '{data}'. Start with 'entra-sim up', or name its folder with --data DIR.")
    return Simulator.open(data, settings=settings)
