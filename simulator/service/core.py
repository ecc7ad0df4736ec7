"""What all use cases share: the stores, time, ids, chance, settings, and the way to a target."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from itertools import count

from entra_sim.simulator.clock import Clock
from entra_sim.simulator.ids import IdSource
from entra_sim.simulator.model.job import AuditEvent
from entra_sim.simulator.model.job import Mail
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.claims import Claims
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.cycle_tally import CycleTally
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.directory import DirectoryStore
from entra_sim.simulator.store.feed import FeedStore
from entra_sim.simulator.store.jobs import JobStore
from entra_sim.simulator.store.logs import LogStore
from entra_sim.simulator.store.progress import ProgressStore
from entra_sim.simulator.transport.base import Transport

Connect = Callable[[TenantUrl, Callable[[], str]], Transport]
"""Gives a transport to a tenant URL, with the authorization for each request."""

EXCHANGES_KEPT = 5000

ADMIN = "admin"
SERVICE = "Azure AD Provisioning Service"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRecord:
    """One exchange of the simulator with a target: what the request inspector and transcripts show."""

    sequence: int
    at: datetime
    answered_at: datetime
    application_id: str
    application_name: str
    base: str
    call: Call
    reply: Reply


@dataclass(slots=True, kw_only=True)
class Core:
    """The parts behind every use case; built by `Simulator.open` and by Worlds.

    `running` holds the ids of the jobs whose cycle runs at this moment: it is finished before anything is dropped.
    """

    database: Database
    clock: Clock
    ids: IdSource
    settings: Settings
    connect: Connect
    chance: random.Random
    directory: DirectoryStore = field(init=False)
    feed: FeedStore = field(init=False)
    jobs: JobStore = field(init=False)
    progress: ProgressStore = field(init=False)
    logs: LogStore = field(init=False)
    tally: CycleTally = field(init=False)
    exchanges: deque[ExchangeRecord] = field(default_factory=lambda: deque(maxlen=EXCHANGES_KEPT))
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    running: set[str] = field(default_factory=set)
    claims: Claims = field(default_factory=Claims)

    def __post_init__(self) -> None:
        self.directory = DirectoryStore(self.database)
        self.feed = FeedStore(self.database)
        self.jobs = JobStore(self.database)
        self.progress = ProgressStore(self.database)
        self.logs = LogStore(self.database)
        self.tally = CycleTally(self.database)

    @property
    def tenant_id(self) -> str:
        """Return the tenant's GUID."""
        return self.directory.get_tenant("id") or ""

    @property
    def default_domain(self) -> str | None:
        """Return the tenant's default domain, or None."""
        return self.directory.get_tenant("default_domain")

    def audit(
        self,
        activity: str,
        target: str,
        *,
        result: str = "success",
        reason: str = "",
        by: str = ADMIN,
        category: str = "ProvisioningManagement",
    ) -> None:
        """Append an audit event. Source: ENG-352, ENG-289, ENG-353."""
        self.logs.append_audit(
            AuditEvent(
                sequence=0,
                at=self.clock.now(),
                activity=activity,
                category=category,
                service="Account Provisioning" if category == "ProvisioningManagement" else "Core Directory",
                result=result,
                reason=reason,
                initiated_by=by,
                target=target,
                details={},
            )
        )

    def mail(self, recipient: str, subject: str, text: str) -> None:
        """Put a message into the local outbox. Source: ENG-288."""
        sender = "azure-noreply@microsoft.com"
        message = Mail(sequence=0, at=self.clock.now(), sender=sender, recipient=recipient, subject=subject, text=text)
        self.logs.append_mail(message)
