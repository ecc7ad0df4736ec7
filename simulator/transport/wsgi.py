"""The transport into a WSGI app of this process: no socket, no server, the same reply byte for byte.

Agreements with the app, all through the WSGI environment:

* `entra_sim.timeout_s`: seconds that this client waits.
* `entra_sim.wait`: call it with seconds instead of sleeping. It lets the time pass (frozen: the clock moves by the
  delay or by what is left of the time-out, whichever is shorter) and returns False when the client has given up by
  then; the app may still do its work, its answer is not read any more.
* `entra_sim.cut`: set it to True and the client sees the connection cut, whatever is returned. So it does when the app
  raises.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.base import BROKEN_HTTP
from entra_sim.simulator.transport.base import CUT
from entra_sim.simulator.transport.base import MAX_BODY_BYTES
from entra_sim.simulator.transport.base import TOO_LARGE
from entra_sim.simulator.transport.base import failed
from entra_sim.simulator.transport.base import timed_out
from entra_sim.simulator.transport.content import BrokenCoding
from entra_sim.simulator.transport.content import TooLarge
from entra_sim.simulator.transport.content import decode_content
from entra_sim.simulator.transport.wire import WireRequest
from entra_sim.simulator.transport.wire import wire_request

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_WITHOUT_BODY = frozenset({204, 304})
_LOG = logging.getLogger(__name__)


def _no_wait(seconds: float) -> None:
    """Let no time pass."""


class WsgiTransport:
    """Sends calls into a WSGI app.

    Args:
        app: the target.
        tenant_url: what the app believes to be its public address.
        authorization: as for HttpTransport.
        timeout_s: seconds of the app's clock for one request.
        max_body_bytes: the largest body that is read.
        wait: lets seconds of the app's clock pass; told at most what is left of the time-out.
        now: the app's clock, for apps that wait in their own way: an answer that took `timeout_s` or longer by it came
            too late, too.
        environ: more entries for the WSGI environment (the World travels here).
    """

    def __init__(
        self,
        app: WsgiApp,
        tenant_url: TenantUrl,
        authorization: Callable[[], str],
        *,
        timeout_s: float = 60.0,
        max_body_bytes: int = MAX_BODY_BYTES,
        wait: Callable[[float], None] = _no_wait,
        now: Callable[[], datetime] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> None:
        self._app = app
        self._tenant_url = tenant_url
        self._authorization = authorization
        self._timeout_s = timeout_s
        self._max_body_bytes = max_body_bytes
        self._wait = wait
        self._now = now
        self._environ = dict(environ or {})

    def send(self, call: Call) -> Reply:
        """Return what came back; see Transport."""
        try:
            authorization = self._authorization()
        except TargetError as refusal:
            return Reply(status=0, failure=refusal.code, detail=str(refusal))
        patience = _Patience(self._timeout_s, self._wait, self._now)
        environ = self._environ_for(wire_request(call, self._tenant_url, authorization), patience)
        answer = _Answer(self._max_body_bytes)
        try:
            answer.take(self._app(environ, answer.start_response))
        except TooLarge:
            return failed(TOO_LARGE)
        except Exception:  # whatever breaks in the app, over HTTP its client would see the connection end
            _LOG.exception("app.failed method=%s path=%s", call.method, call.path)
            return timed_out() if patience.is_exhausted else failed(CUT)
        if patience.is_exhausted:
            return timed_out()
        return failed(CUT) if environ.get("entra_sim.cut") else answer.reply()

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _environ_for(self, request: WireRequest, patience: _Patience) -> dict[str, Any]:
        path, _, query = request.target.partition("?")
        body = request.body or b""
        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": request.target,
            "SERVER_NAME": self._tenant_url.host,
            "SERVER_PORT": str(self._tenant_url.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self._tenant_url.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "entra_sim.timeout_s": self._timeout_s,
            "entra_sim.wait": patience.wait,
            "entra_sim.cut": False,
            **self._environ,
        }
        for name, value in request.headers:
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return environ


class _Patience:
    """What is left of the time for one request, on the app's clock."""

    def __init__(self, timeout_s: float, wait: Callable[[float], None], now: Callable[[], datetime] | None) -> None:
        self._timeout_s = timeout_s
        self._left_s = timeout_s
        self._wait = wait
        self._now = now
        self._sent_at = None if now is None else now()

    @property
    def is_exhausted(self) -> bool:
        """Return whether the client has given up."""
        if self._left_s <= 0:
            return True
        if self._now is None or self._sent_at is None:
            return False
        return (self._now() - self._sent_at).total_seconds() >= self._timeout_s

    def wait(self, seconds: float) -> bool:
        """Let the time pass; return False when the client gives up before it is over."""
        passing = min(max(seconds, 0.0), self._left_s)
        self._left_s -= passing
        self._wait(passing)
        return not self.is_exhausted


class _Answer:
    """Collects what the app answers, as a server would pass it on."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._status = ""
        self._headers: tuple[tuple[str, str], ...] = ()
        self._pieces: list[bytes] = []
        self._size = 0

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        """Take status and headers."""
        self._status = status
        self._headers = tuple(headers)
        return self._write

    def take(self, pieces: Iterable[bytes]) -> None:
        """Read the body."""
        try:
            for piece in pieces:
                self._write(piece)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def reply(self) -> Reply:
        """Return the reply that a client behind a server would see."""
        code = self._status.partition(" ")[0]
        if not (code.isascii() and code.isdigit() and len(code) == 3):
            return failed(BROKEN_HTTP)
        status = int(code)
        body = b"" if status in _WITHOUT_BODY else b"".join(self._pieces)
        stated = next((value for name, value in self._headers if name.lower() == "content-length"), "")
        if stated.isascii() and stated.isdigit() and status not in _WITHOUT_BODY:
            if int(stated) > len(body):
                return failed(CUT)
            body = body[: int(stated)]
        try:
            content = decode_content(self._headers, body, self._limit)
        except TooLarge:
            return failed(TOO_LARGE)
        except BrokenCoding:
            return failed(BROKEN_HTTP)
        return Reply(status=status, headers=self._headers, body=content)

    def _write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise TooLarge
        self._pieces.append(piece)
