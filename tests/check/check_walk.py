"""Endpoints and runners for walks over a WSGI app of this process, or over HTTP."""

from __future__ import annotations

import random
from collections.abc import Callable
from collections.abc import Iterable
from datetime import UTC
from datetime import datetime
from typing import Any

from entra_sim.simulator.checking.job import checking_run
from entra_sim.simulator.checking.runner import CheckOptions
from entra_sim.simulator.checking.runner import CheckRunner
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.schemas import template_schema
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.endpoint import Endpoint
from entra_sim.simulator.transport.wsgi import WsgiTransport

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
TOKEN = "tiny-token-0123456789-0123456789"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def endpoint_of(app: WsgiApp | str, url: str = "https://tiny.example/scim") -> Endpoint:
    """Return the endpoint of an app in process, or of a base URL over HTTP."""
    tenant = TenantUrl.parse(app if isinstance(app, str) else url, allow_http=True)

    def opener(authorization: Callable[[], str]) -> Transport:
        assert not isinstance(app, str)
        return WsgiTransport(app, tenant, authorization)

    return Endpoint(
        url=tenant,
        authorization=BearerToken(TOKEN),
        secrets=(TOKEN,),
        opener=None if isinstance(app, str) else opener,
    )


def runner_of(endpoint: Endpoint, options: CheckOptions | None = None, schema: Any = None, **more: Any) -> CheckRunner:
    """Return a runner with a frozen clock and counted ids."""
    ids = CountedIds()
    chosen = options or CheckOptions(domain="check.example", has_load=False)
    run = checking_run(
        schema or template_schema("check"),
        domain=chosen.domain,
        now=lambda: NOW,
        new_id=lambda: ids.new("user"),
        chance=random.Random(1),
    )
    return CheckRunner(
        endpoint,
        run,
        chosen,
        run_id="t1",
        new_id=lambda: ids.new("user"),
        now=lambda: NOW,
        **{"pause": lambda seconds: None, **more},
    )
