"""The only loop that sends: it drives an engine generator with a transport, and keeps what was exchanged."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from typing import TypeVar

from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import JobConfiguration
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.journal import Exchange
from entra_sim.simulator.transport.journal import JournalingTransport

Result = TypeVar("Result")


def drive(generator: Generator[Call, Reply, Result], send: Callable[[Call], Reply]) -> Result:
    """Return what the generator returns, sending every call it yields; its exceptions come through."""
    try:
        call = next(generator)
        while True:
            call = generator.send(send(call))
    except StopIteration as stop:
        result: Result = stop.value
        return result


def open_transport(
    core: Core, application: Application, configuration: JobConfiguration, *, tenant_url: str = "", secret: str = ""
) -> Transport:
    """Return a journaled transport to the job's target, or to the tenant URL and secret given instead.

    Raises:
        UserInputError: URL or secret cannot be used.
    """
    url = TenantUrl.parse(tenant_url or configuration.tenant_url, allow_http=True)
    authorization = BearerToken(secret or configuration.secret)

    def keep(exchange: Exchange) -> None:
        core.exchanges.append(
            ExchangeRecord(
                sequence=exchange.sequence,
                at=exchange.at,
                answered_at=exchange.answered_at,
                application_id=application.application_id,
                application_name=application.name,
                base=url.base,
                call=exchange.call,
                reply=exchange.reply,
            )
        )

    return JournalingTransport(core.connect(url, authorization), core.clock.now, keep, numbers=core.numbers)
