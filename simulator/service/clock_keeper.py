"""The clock across restarts of the process: (simulated, wall, rate) is stored. Source: design section 11.

Live is wall plus offset: time passes while the process is down. Frozen and 60x go on from the stored instant. Never
below it.
"""

from __future__ import annotations

from datetime import datetime

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.clock import wall_now
from entra_sim.simulator.store.codec import instant_column
from entra_sim.simulator.store.codec import instant_value
from entra_sim.simulator.store.directory import DirectoryStore


def stored_start(store: DirectoryStore, wall: datetime) -> tuple[datetime, float] | None:
    """Return the instant and rate to go on with, or None when nothing is stored."""
    simulated = instant_value(store.get_tenant("clock_simulated"))
    then = instant_value(store.get_tenant("clock_wall"))
    rate = store.get_tenant("clock_rate")
    if simulated is None or then is None or rate is None:
        return None
    if float(rate) == 1.0 and wall > then:
        return simulated + (wall - then), 1.0
    return simulated, float(rate)


class ClockKeeper:
    """Writes the clock down."""

    def __init__(self, store: DirectoryStore, clock: VirtualClock) -> None:
        self._store = store
        self._clock = clock

    def save(self) -> None:
        """Store where the clock stands."""
        for key, value in (
            ("clock_simulated", instant_column(self._clock.now())),
            ("clock_wall", instant_column(wall_now())),
            ("clock_rate", str(self._clock.rate)),
        ):
            assert value is not None
            self._store.save_tenant(key, value)
