"""Access tokens of the OAuth 2 client credentials grant. Source: ENG-134."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.parse import urlsplit

import orjson

from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import TargetTimeout
from entra_sim.simulator.errors import TargetUnauthorized
from entra_sim.simulator.errors import TargetUnreachable
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import DEFAULT_PORTS
from entra_sim.simulator.scim.profile import is_loopback
from entra_sim.simulator.transport.connection import Connection
from entra_sim.simulator.transport.credentials import checked_secret
from entra_sim.simulator.transport.http import tls_context
from entra_sim.simulator.transport.wire import WireRequest

DEFAULT_TOKEN_LIFE_S = 3600.0
"""Life of an access token whose answer does not say. Assumed: the usual hour."""

LONGEST_TOKEN_LIFE_S = 365 * 86400.0
EXPIRY_MARGIN_S = 30.0
"""A token is fetched anew this long before it expires, or at nine tenths of a life shorter than that."""

MAX_TOKEN_ANSWER_BYTES = 1024 * 1024


class ClientCredentials:
    """Access tokens of the OAuth 2 client credentials grant, fetched when needed and kept until they expire.

    One object serves all workers. Client id and secret travel in the body of the request.

    Args:
        token_endpoint: URL, https unless it is on this machine.
        client_id: as registered.
        client_secret: as registered.
        now: the clock by which tokens expire.
        scope: sent when it is not empty.
        timeout_s: real seconds for one request of a token.
        allow_http: permit plain http to other machines.
        ca_file: PEM file with the authorities to trust instead of the system's.
        insecure_tls: take any certificate.
        monotonic: seconds that never go back.
    Raises:
        UserInputError: endpoint, id or secret cannot be used.
    """

    def __init__(
        self,
        token_endpoint: str,
        client_id: str,
        client_secret: str,
        *,
        now: Callable[[], datetime],
        scope: str = "",
        timeout_s: float = 60.0,
        allow_http: bool = False,
        ca_file: Path | str | None = None,
        insecure_tls: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        scheme, host, port, self._target = _token_endpoint(token_endpoint, allow_http=allow_http)
        self._authority = host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"
        self._form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        if scope:
            self._form["scope"] = scope
        if not client_id or not client_secret:
            raise UserInputError("The client credentials grant needs both a client id and a client secret.")
        self._now = now
        self._timeout_s = timeout_s
        self._connection = Connection(
            address=(host.strip("[]"), port),
            tls=tls_context(ca_file, insecure_tls=insecure_tls) if scheme == "https" else None,
            server_name=host.strip("[]"),
            max_body_bytes=MAX_TOKEN_ANSWER_BYTES,
            monotonic=monotonic,
        )
        self._lock = threading.Lock()
        self._value = ""
        self._expires_at: datetime | None = None

    def __call__(self) -> str:
        """Return the value of the Authorization header.

        Raises:
            TargetUnauthorized: the endpoint refuses the credentials or gives no token.
            TargetTimeout: it does not answer in time.
            TargetUnreachable: it cannot be reached or fails.
        """
        with self._lock:
            if self._expires_at is None or self._now() >= self._expires_at:
                self._value, life_s = self._fetched()
                self._expires_at = self._now() + timedelta(seconds=max(life_s - EXPIRY_MARGIN_S, life_s * 0.9))
            return self._value

    def __repr__(self) -> str:
        """Return a form that is safe to log."""
        return f"ClientCredentials({self._authority}{self._target}, client {self._form['client_id']})"

    def forget(self) -> None:
        """Fetch a new token next time, for example because the target refused the present one."""
        with self._lock:
            self._expires_at = None

    def _fetched(self) -> tuple[str, float]:
        body = urlencode(self._form).encode()
        headers = (
            ("Host", self._authority),
            ("Accept", "application/json"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body))),
        )
        request = WireRequest(method="POST", target=self._target, headers=headers, body=body)
        reply = self._connection.exchange(request, self._timeout_s)
        self._connection.close()
        refusal = _refusal(reply)
        if refusal is not None:
            raise refusal
        return _token_of(reply)


def _refusal(reply: Reply) -> TargetError | None:
    if reply.failure == "Timeout":
        return TargetTimeout("The token endpoint gave no complete answer within the time allowed.")
    if reply.failure:
        return TargetUnreachable(f"The token endpoint cannot be used: {reply.detail}")
    if 200 <= reply.status < 300:
        return None
    if 400 <= reply.status < 500 and reply.status != 429:
        reason = str(_json_of(reply).get("error", ""))[:80]
        why = f": {reason}" if reason else f" with status {reply.status}"
        return TargetUnauthorized(f"The token endpoint refused the client credentials{why}.")
    return TargetUnreachable(f"The token endpoint answered with status {reply.status}.")


def _token_of(reply: Reply) -> tuple[str, float]:
    content = _json_of(reply)
    token = content.get("access_token")
    kind = content.get("token_type", "Bearer")
    if not isinstance(token, str) or not token.strip():
        raise TargetUnauthorized("The token endpoint's answer holds no access token.")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TargetUnauthorized("The token endpoint gives tokens that are no bearer tokens.")
    try:
        return f"Bearer {checked_secret(token.strip(), 'access token')}", _life_s(content.get("expires_in"))
    except UserInputError as error:
        raise TargetUnauthorized("The token endpoint gave an access token that cannot stand in a header.") from error


def _life_s(stated: Any) -> float:
    try:
        life_s = float(stated)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_TOKEN_LIFE_S
    return min(max(life_s, 0.0), LONGEST_TOKEN_LIFE_S) if math.isfinite(life_s) else DEFAULT_TOKEN_LIFE_S


def _json_of(reply: Reply) -> dict[str, Any]:
    try:
        content = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _token_endpoint(text: str, *, allow_http: bool) -> tuple[str, str, int, str]:
    """Return scheme, host (an IPv6 address in brackets), port and request target."""
    refused = UserInputError(
        f"The token endpoint '{text}' cannot be used: write a whole URL like https://login.example/oauth2/token."
    )
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise refused from error
    host = parts.hostname
    if parts.scheme not in DEFAULT_PORTS or not host or not text.strip().isascii() or " " in text.strip():
        raise refused
    if parts.username is not None:
        raise UserInputError(f"The token endpoint on '{host}' holds a user name or password: leave that out.")
    if parts.fragment:
        raise refused
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise UserInputError(f"The token endpoint '{text}' must begin with https://: a secret is sent there.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    written = f"[{host}]" if ":" in host else host
    return parts.scheme, written, port or DEFAULT_PORTS[parts.scheme], target
