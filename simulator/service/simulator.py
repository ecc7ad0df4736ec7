"""The simulator as one value: everything that a World, a command or a page may ask of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.clock import wall_now
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.ids import IdSource
from entra_sim.simulator.ids import RandomIds
from entra_sim.simulator.ids import fresh_chance
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.applications import ApplicationKey
from entra_sim.simulator.service.applications import ApplicationService
from entra_sim.simulator.service.clock_keeper import ClockKeeper
from entra_sim.simulator.service.core import Connect
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.service.cycles import CycleRunner
from entra_sim.simulator.service.discovery import DiscoveryService
from entra_sim.simulator.service.imports import DirectoryImports
from entra_sim.simulator.service.lab import Lab
from entra_sim.simulator.service.on_demand import OnDemandResult
from entra_sim.simulator.service.on_demand import OnDemandService
from entra_sim.simulator.service.provisioning import ProvisioningService
from entra_sim.simulator.service.queries import Queries
from entra_sim.simulator.service.runs import RunBuilder
from entra_sim.simulator.service.time_travel import Happening
from entra_sim.simulator.service.time_travel import TimeTravel
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.http import HttpTransport

DEFAULT_TENANT = {"name": "Contoso", "default_domain": "contoso.example"}
DATABASE_NAME = "simulator.db"


class Provisioning(ProvisioningService):
    """Configuration and control, and provision on demand beside them."""

    def __init__(
        self, core: Core, applications: ApplicationService, builder: RunBuilder, on_demand: OnDemandService
    ) -> None:
        super().__init__(core, applications, builder)
        self._on_demand = on_demand

    def provision_on_demand(
        self, key: ApplicationKey, principal_key: str, members: Sequence[str] = ()
    ) -> OnDemandResult:
        """Provision one user, or one group with picked members, now. See `OnDemandService.provision`."""
        return self._on_demand.provision(key, principal_key, members)


class Simulator:
    """The provisioning service of one tenant.

    Attributes:
        directory, applications, provisioning, discovery, queries: the use cases.
        time: the agenda and the way forward.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: VirtualClock,
        ids: IdSource,
        settings: Settings,
        connect: Connect,
        chance: random.Random,
    ) -> None:
        self.core = Core(database=database, clock=clock, ids=ids, settings=settings, connect=connect, chance=chance)
        self.clock = clock
        self.settings = settings
        self.builder = RunBuilder(self.core)
        self.directory = DirectoryImports(self.core)
        self.applications = ApplicationService(self.core, self.directory)
        self.directory.bind(self.core, self.applications)
        on_demand = OnDemandService(self.core, self.applications, self.directory, self.builder)
        self.provisioning = Provisioning(self.core, self.applications, self.builder, on_demand)
        self.discovery = DiscoveryService(self.core, self.applications, self.builder)
        self.runner = CycleRunner(self.core, self.builder)
        self.time = TimeTravel(self.core, self.directory, self.runner, clock)
        self.queries = Queries(self.core, self.applications, self.time)
        self.keeper = ClockKeeper(self.core.directory, clock)
        self.before_jump: Callable[[str], None] = lambda reason: None
        self.lab: Lab | None = None
        self.perform: Callable[[str], dict[str, Any]] | None = None
        self.prepare()

    @classmethod
    def open(
        cls,
        data: Path,
        *,
        settings: Settings | None = None,
        clock: VirtualClock | None = None,
        is_beside: bool = False,
    ) -> Simulator:
        """Return the simulator of a data folder, with random ids and targets over HTTP.

        Args:
            is_beside: to read, beside an instance that may own the folder; else the caller holds the folder's lock.
        Raises:
            StateConflict: the folder or its database cannot be used.
        """
        values = settings or Settings()
        return cls(
            database=Database.open(data / DATABASE_NAME, is_beside=is_beside),
            clock=clock or VirtualClock(wall_now(), rate=1.0),
            ids=RandomIds(),
            settings=values,
            connect=http_connect(values),
            chance=fresh_chance(),
        )

    def prepare(self) -> None:
        """Make a new store usable (the tenant's own facts), and forget what was compiled from a former one."""
        self.builder.forget()
        store = self.core.directory
        if store.get_tenant("id") is None:
            with self.core.database.atomic():
                store.save_tenant("id", self.core.ids.new("tenant"))
                for key, value in DEFAULT_TENANT.items():
                    store.save_tenant(key, value)

    def exchanges(self, since: int = 0) -> list[ExchangeRecord]:
        """Return the exchanges with targets after a sequence number, in the order of sending.

        The newest thousands are kept. They are kept as they were answered, which with several workers is another order.
        """
        kept = list(self.core.exchanges)  # at once: a worker may add to it meanwhile
        return sorted((record for record in kept if record.sequence > since), key=lambda record: record.sequence)

    def jump(self, span: timedelta) -> list[Happening]:
        """Let time pass by a span, as an administrator of the lab does: saved before, stored after."""
        self.before_jump("before a time jump")
        try:
            return self.time.advance(span)
        finally:
            self.keeper.save()

    def jump_to_next(self) -> list[Happening]:
        """Jump to the next thing that is due; an empty list when nothing is.

        Raises:
            StateConflict: nothing is scheduled.
        """
        agenda = self.time.agenda()
        if not agenda:
            raise StateConflict("Nothing is scheduled: start provisioning first.")
        return self.jump(max(agenda[0].at - self.clock.now(), timedelta(0)))

    def set_rate(self, rate: float) -> None:
        """Let the clock run at another rate: 0 frozen, 1 live."""
        self.clock.set_rate(rate)
        self.keeper.save()

    def close(self) -> None:
        """Close the database."""
        self.core.database.close()


def http_connect(
    settings: Settings, connect_to: Callable[[TenantUrl], tuple[str, int] | None] = lambda url: None
) -> Connect:
    """Return a way to targets over HTTP; `connect_to` may say where a tenant URL really listens."""

    def connect(url: TenantUrl, authorization: Callable[[], str]) -> Transport:
        return HttpTransport(url, authorization, timeout_s=settings.request_timeout_s, connect_to=connect_to(url))

    return connect
