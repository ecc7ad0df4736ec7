"""What the pages of one Simulator remember between requests, beside the database: notices, drafts, tests, work."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any

from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.service.on_demand import OnDemandResult
from entra_sim.simulator.service.provisioning import ConnectionResult
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.web.background import Background
from entra_sim.simulator.web.hooks import LabHooks

NOTICES_KEPT = 20
KEPT = 100
"""Drafts, tests, results and ended sessions each; the oldest go first."""

SESSION_KEY = "web_session_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One line of the bell. `kind` is ok, warn or bad."""

    at: datetime
    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedCredentials:
    """What somebody typed into Admin Credentials and tested; the secret is never shown again, only used by Save.

    Args:
        told: the verdict in one sentence.
        form: the rest of the form as it was typed, or None.
    """

    tenant_url: str
    secret: str
    mode: str
    result: ConnectionResult
    exchanges: tuple[ExchangeRecord, ...]
    told: str
    form: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A schema being edited: nothing is stored until Save."""

    document: dict[str, Any]
    base_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemandRun:
    """A result page of provision on demand."""

    run_id: str
    application_id: str
    principal_id: str
    members: tuple[str, ...]
    result: OnDemandResult
    exchanges: tuple[ExchangeRecord, ...]


class Shelf(OrderedDict[Any, Any]):
    """A mapping that forgets its oldest entries."""

    def put(self, key: Any, value: Any) -> None:
        """Store a value as the newest."""
        self.pop(key, None)
        self[key] = value
        while len(self) > KEPT:
            self.popitem(last=False)


@dataclass(slots=True, kw_only=True)
class WebState:
    """One per bound Simulator."""

    session_key: str
    asks_sign_in: bool
    access_key: str
    hooks: LabHooks
    notices: deque[Notice] = field(default_factory=lambda: deque(maxlen=NOTICES_KEPT))
    tests: Shelf = field(default_factory=Shelf)
    drafts: Shelf = field(default_factory=Shelf)
    runs: Shelf = field(default_factory=Shelf)
    facts: Shelf = field(default_factory=Shelf)
    ended_sessions: Shelf = field(default_factory=Shelf)
    work: Background = field(default_factory=Background)

    @classmethod
    def of(cls, simulator: Simulator, *, asks_sign_in: bool, access_key: str, hooks: LabHooks | None) -> WebState:
        """Return the state of a Simulator; the sessions' key is kept in its database."""
        store = simulator.core.directory
        key = store.get_tenant(SESSION_KEY)
        if key is None:
            key = secrets.token_hex(32)
            with simulator.core.database.atomic():
                store.save_tenant(SESSION_KEY, key)
        return cls(session_key=key, asks_sign_in=asks_sign_in, access_key=access_key, hooks=hooks or LabHooks())

    def exchanges_after(self, simulator: Simulator, before: Sequence[ExchangeRecord]) -> tuple[ExchangeRecord, ...]:
        """Return what was exchanged since a former list of exchanges."""
        last = before[-1].sequence if before else 0
        return tuple(simulator.exchanges(last))


def new_token() -> str:
    """Return a text that nobody can guess."""
    return secrets.token_urlsafe(24)
