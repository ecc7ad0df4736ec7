"""An endpoint of somebody's own, as commands are given it: where it is, how to sign in, how to trust it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.http import DEFAULT_TIMEOUT_S
from entra_sim.simulator.transport.http import HttpTransport
from entra_sim.simulator.transport.http import tls_context
from entra_sim.simulator.transport.wire import wire_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to send, and with what.

    Args:
        url: the tenant URL, flags read.
        authorization: gives the Authorization header of each request.
        secrets: texts that must appear in no report.
        ca_file, insecure_tls: see HttpTransport.
        opener: makes a transport in place of HTTP; passed in by tests.
    """

    url: TenantUrl
    authorization: Callable[[], str]
    secrets: tuple[str, ...] = ()
    ca_file: Path | None = None
    insecure_tls: bool = False
    opener: Callable[[Callable[[], str]], Transport] | None = None

    def check_files(self) -> None:
        """Raise a UserInputError when the file of authorities cannot be used, before anything is begun."""
        if self.ca_file is not None:
            tls_context(self.ca_file, insecure_tls=self.insecure_tls)

    def transport(
        self,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        authorization: Callable[[], str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Transport:
        """Return a transport of its own connection.

        Args:
            timeout_s: seconds for one request.
            authorization: in place of the endpoint's own, to see what a wrong one leads to.
            headers: more headers than the service sends, to see whether their absence is what is refused.
        """
        signed = authorization or self.authorization
        if self.opener is not None:
            return self.opener(signed)
        kind = HttpTransport if headers is None else _WithHeaders
        made = kind(self.url, signed, timeout_s=timeout_s, ca_file=self.ca_file, insecure_tls=self.insecure_tls)
        if isinstance(made, _WithHeaders):
            made.headers = tuple((headers or {}).items())
        return made


class _WithHeaders(HttpTransport):
    """A transport that sends headers the service never sends."""

    headers: tuple[tuple[str, str], ...] = ()

    def send(self, call: Call) -> Reply:
        """Return what came back; see Transport."""
        try:
            authorization = self._authorization()
        except TargetError as refusal:
            return Reply(status=0, failure=refusal.code, detail=str(refusal))
        request = wire_request(call, self._tenant_url, authorization)
        return self._connection.exchange(replace(request, headers=request.headers + self.headers), self._timeout_s)
