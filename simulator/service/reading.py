"""Reading a data folder beside a running instance: nothing is written, no lock is kept."""

from __future__ import annotations

from pathlib import Path

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.service.instance import FolderLock
from entra_sim.simulator.service.simulator import DATABASE_NAME
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.redo import redo_path


def read_simulator(data: Path, settings: Settings | None = None, *, clock: VirtualClock | None = None) -> Simulator:
    """Return the simulator of an existing data folder, to be read only: what is committed of a running instance.

    Raises:
        NotFound: the folder holds no state; says how to make some.
    """
    if not (data / DATABASE_NAME).exists():
        raise NotFound(f"There is no state in '{data}'. Start with 'entra-sim up', or name its folder with --data DIR.")
    _finish_killed(data)
    return Simulator.open(data, settings=settings, clock=clock, is_beside=True)


def _finish_killed(data: Path) -> None:
    """Bring back what a killed instance had recorded, unless another one is up by now and has done it."""
    if not redo_path(data / DATABASE_NAME).exists():
        return
    try:
        lock = FolderLock(data)
    except StateConflict:
        return
    try:
        Database.open(data / DATABASE_NAME).close()
    finally:
        lock.release()
