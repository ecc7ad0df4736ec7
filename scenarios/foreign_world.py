"""A World whose target is a foreign endpoint: one side only, with a frozen clock as for mock Tapt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from entra_sim.scenarios.world import World
from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.core import Connect
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.transport.base import Transport

Reach = Callable[[TenantUrl, Callable[[], str], float, Callable[[], datetime]], Transport]


class ForeignWorld(World):
    """A fresh World in memory without mock Tapt.

    Args:
        reach: gives a transport to a tenant URL: authorization, timeout in seconds and the clock are handed to it.
    """

    def __init__(self, reach: Reach, *, start: datetime, settings: Settings, seed: str) -> None:
        self._reach = reach
        super().__init__(
            simulator_database=Database.open(None),
            tapt_database=":memory:",
            clock=VirtualClock(start, 0.0),
            ids=CountedIds(),
            tapt_ids=CountedIds(side=1),
            settings=settings,
            transport="http",
            seed=seed,
            public_url=None,
            has_tapt=False,
        )

    def _connect(self, transport: str) -> Connect:
        def connect(url: TenantUrl, authorization: Callable[[], str]) -> Transport:
            return self._reach(url, authorization, self.settings.request_timeout_s, self.clock.now)

        return connect
