"""The transport over HTTP: one keep-alive connection, the headers of the service and none besides."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.base import MAX_BODY_BYTES
from entra_sim.simulator.transport.base import timed_out
from entra_sim.simulator.transport.connection import Connection
from entra_sim.simulator.transport.wire import wire_request

DEFAULT_TIMEOUT_S = 60.0


class HttpTransport:
    """Sends calls to a tenant URL. Not to be shared between threads: each worker has its own.

    Args:
        tenant_url: where the endpoint is.
        authorization: gives the value of the Authorization header for each request ("Bearer ..."). A TargetError that
            it raises, because no access token can be had, becomes the reply.
        timeout_s: real seconds for one request, from connecting to the last byte of the answer. Source: ENG-279.
        max_body_bytes: the largest body that is read.
        ca_file: PEM file with the authorities to trust instead of the system's.
        insecure_tls: take any certificate.
        connect_to: host and port to connect to instead of the tenant URL's; Host header and certificate name stay.
        now: the target's clock when that is not the real one: an answer that took `timeout_s` or longer by it came too
            late, too. On a frozen clock a delay moves that clock, and nothing sleeps.
        monotonic: seconds that never go back; passed in by tests.
    Raises:
        UserInputError: the file of authorities cannot be used.

    Source: WIRE-007, WIRE-010 to WIRE-014.
    """

    def __init__(
        self,
        tenant_url: TenantUrl,
        authorization: Callable[[], str],
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        max_body_bytes: int = MAX_BODY_BYTES,
        ca_file: Path | str | None = None,
        insecure_tls: bool = False,
        connect_to: tuple[str, int] | None = None,
        now: Callable[[], datetime] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tenant_url = tenant_url
        self._authorization = authorization
        self._timeout_s = timeout_s
        self._now = now
        self._connection = Connection(
            address=connect_to or (tenant_url.host, tenant_url.port),
            tls=tls_context(ca_file, insecure_tls=insecure_tls) if tenant_url.scheme == "https" else None,
            server_name=tenant_url.host,
            max_body_bytes=max_body_bytes,
            monotonic=monotonic,
        )

    def send(self, call: Call) -> Reply:
        """Return what came back; see Transport."""
        try:
            authorization = self._authorization()
        except TargetError as refusal:
            return Reply(status=0, failure=refusal.code, detail=str(refusal))
        request = wire_request(call, self._tenant_url, authorization)
        if self._now is None:
            return self._connection.exchange(request, self._timeout_s)
        sent_at = self._now()
        reply = self._connection.exchange(request, self._timeout_s)
        return timed_out() if (self._now() - sent_at).total_seconds() >= self._timeout_s else reply

    def use_waits(self, work: Callable[[], None]) -> None:
        """Have work done on the sending thread whenever a request is on its way; it must not take long, nor raise."""
        self._connection.meanwhile = work

    def close(self) -> None:
        """Give up the connection; the next call opens a new one."""
        self._connection.close()


def tls_context(ca_file: Path | str | None, *, insecure_tls: bool) -> ssl.SSLContext:
    """Return a context for TLS 1.2 or later. Source: WIRE-007, ENG-135.

    Raises:
        UserInputError: the file of authorities is missing or holds none.
    """
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise UserInputError(
            f"The file of certificate authorities '{ca_file}' cannot be used: it must exist and hold certificates "
            "in PEM form."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if insecure_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
