"""Exchanges as an HTTP Archive (HAR 1.2), written entry by entry so that a long run needs no memory.

Secrets are masked: the Authorization header, the tenant URL's own parameters, password attributes, and every text that
is named as a secret, wherever it stands.
"""

from __future__ import annotations

import base64
import http
import json
from collections.abc import Iterable
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from types import TracebackType
from typing import Any
from typing import TextIO
from urllib.parse import parse_qsl

from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.journal import Exchange
from entra_sim.simulator.transport.masking import HIDDEN
from entra_sim.simulator.transport.masking import masked_authorization
from entra_sim.simulator.transport.masking import masked_text
from entra_sim.simulator.transport.wire import wire_request

_SECRET_HEADERS = frozenset({"set-cookie", "authorization"})


class HarWriter:
    """Writes a HAR document to a text stream; use it in a `with` block, which ends the document.

    Args:
        stream: opened for UTF-8 text; closed by whoever opened it.
        tenant_url: where the calls went.
        version: of this program.
        authorization: what the Authorization header held; it is masked here.
        secrets: texts that must not appear anywhere.
    """

    def __init__(
        self,
        stream: TextIO,
        tenant_url: TenantUrl,
        *,
        version: str,
        authorization: str = "",
        secrets: Sequence[str] = (),
    ) -> None:
        self._stream = stream
        self._tenant_url = tenant_url
        self._authorization = masked_authorization(authorization)
        own = [value for _, value in parse_qsl(tenant_url.query)]
        own += [part.partition("=")[2] for part in tenant_url.query.split("&")]
        credentials = authorization.partition(" ")[2]
        self._secrets = [text for text in (*secrets, *own, credentials) if text]
        self._is_first = True
        creator = json.dumps({"name": "entra-sim", "version": version})
        stream.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": [')

    def __enter__(self) -> HarWriter:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the document, also after an error: what was recorded so far stays readable."""
        self.close()

    def add(self, exchange: Exchange) -> None:
        """Write one exchange; usable as the sink of a journal."""
        entry = json.dumps(self._entry(exchange), ensure_ascii=False)
        separator = "\n" if self._is_first else ",\n"
        self._stream.write(separator + entry.encode("utf-8", "replace").decode())
        self._is_first = False

    def close(self) -> None:
        """End the document."""
        self._stream.write("\n]}}\n")

    def _entry(self, exchange: Exchange) -> dict[str, Any]:
        took_ms = max((exchange.answered_at - exchange.at).total_seconds() * 1000, 0.0)
        provenance = exchange.call.provenance
        entry: dict[str, Any] = {
            "startedDateTime": _instant(exchange.at),
            "time": took_ms,
            "request": self._request(exchange),
            "response": self._response(exchange),
            "cache": {},
            "timings": {"send": 0, "wait": took_ms, "receive": 0},
        }
        if provenance.purpose:
            rules = f" ({', '.join(provenance.rules)})" if provenance.rules else ""
            entry["comment"] = self._clean(provenance.purpose + rules)
        return entry

    def _request(self, exchange: Exchange) -> dict[str, Any]:
        wire = wire_request(exchange.call, self._tenant_url, self._authorization)
        origin = f"{self._tenant_url.scheme}://{self._tenant_url.authority}"
        request: dict[str, Any] = {
            "method": wire.method,
            "url": self._clean(origin + wire.target),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(wire.headers),
            "queryString": _pairs(
                (name, self._clean(value))
                for name, value in parse_qsl(wire.target.partition("?")[2], keep_blank_values=True)
            ),
            "headersSize": -1,
            "bodySize": 0 if wire.body is None else len(wire.body),
        }
        if wire.body is not None:
            request["postData"] = {
                "mimeType": dict(wire.headers)["Content-Type"],
                "params": [],
                "text": self._clean(wire.body.decode()),
            }
        return request

    def _response(self, exchange: Exchange) -> dict[str, Any]:
        reply = exchange.reply
        response: dict[str, Any] = {
            "status": reply.status,
            "statusText": _phrase(reply.status),
            "httpVersion": "HTTP/1.1" if reply.status else "",
            "cookies": [],
            "headers": _pairs(
                (name, HIDDEN if name.lower() in _SECRET_HEADERS else self._clean(value))
                for name, value in reply.headers
            ),
            "content": self._content(reply.body, reply.header("Content-Type") or ""),
            "redirectURL": self._clean(reply.header("Location") or ""),
            "headersSize": -1,
            "bodySize": len(reply.body) if reply.status else -1,
        }
        if reply.failure:
            response["comment"] = f"{reply.failure}: {self._clean(reply.detail)}"
        return response

    def _content(self, body: bytes, media_type: str) -> dict[str, Any]:
        content: dict[str, Any] = {"size": len(body), "mimeType": media_type}
        try:
            content["text"] = self._clean(body.decode())
        except UnicodeDecodeError:
            content["text"] = base64.b64encode(body).decode("ascii")
            content["encoding"] = "base64"
        return content

    def _clean(self, text: str) -> str:
        return masked_text(text, self._secrets)


def _pairs(items: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""
