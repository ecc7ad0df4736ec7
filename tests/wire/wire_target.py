"""The target of one case as the client sees it: a tenant URL and a transport."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field

from wire_cases import FLAG
from wire_cases import Case
from wire_stub import BASE_PATH
from wire_stub import Recorded
from wire_stub import StubTarget
from wire_stub import served

from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.http import HttpTransport
from entra_sim.simulator.transport.wsgi import WsgiTransport


@dataclass
class Target:
    """Where a case's requests go.

    Args:
        tenant_url: carries the flag when the case's job does.
        stub: the server.
        address: host and port when it listens on a socket, None in-process.
    """

    tenant_url: TenantUrl
    stub: StubTarget
    address: tuple[str, int] | None
    _opened: ExitStack = field(default_factory=ExitStack)

    @property
    def recorded(self) -> list[Recorded]:
        """Return what came so far."""
        return self.stub.recorded

    def transport(self) -> Transport:
        """Return a new transport to the target; it is closed at the end of the test."""
        token = BearerToken("wire-case-token-0123456789")
        made: Transport
        if self.address is None:
            made = WsgiTransport(self.stub, self.tenant_url, token)
        else:
            made = HttpTransport(self.tenant_url, token, connect_to=self.address, timeout_s=10.0)
        self._opened.callback(made.close)
        return made


@contextmanager
def started_target(case: Case, *, over_http: bool) -> Iterator[Target]:
    """Serve a case's target until the block ends."""
    stub = StubTarget(case)
    flag = f"?{FLAG}" if case.is_flagged else ""
    tenant_url = TenantUrl.parse(f"http://tapt.example{BASE_PATH}{flag}", allow_http=True)
    with ExitStack() as stack:
        address = stack.enter_context(served(stub)) if over_http else None
        target = Target(tenant_url, stub, address)
        stack.enter_context(target._opened)
        yield target
