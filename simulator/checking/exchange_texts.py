"""Requests and answers as text for findings, without secrets."""

from __future__ import annotations

from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.transport.endpoint import Endpoint
from entra_sim.simulator.transport.masking import masked_text
from entra_sim.simulator.transport.wire import encode_body
from entra_sim.simulator.transport.wire import request_target

LONGEST_TEXT = 2000


class ExchangeTexts:
    """Writes exchanges with one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._url = endpoint.url
        parameters = [part.partition("=")[2] for part in endpoint.url.query.split("&")]
        self._hidden = [text for text in (*endpoint.secrets, *parameters) if text]

    def call(self, call: Call) -> str:
        """Return the request line and the body as they were sent."""
        text = f"{call.method} {request_target(call, self._url)}"
        if call.body is not None:
            text += f"\n{encode_body(call.body).decode()}"
        return self.clean(_shortened(text))

    def reply(self, reply: Reply) -> str:
        """Return status, media type and body, or why no answer came."""
        if not reply.status:
            return f"no answer: {reply.failure}: {self.clean(reply.detail)}"
        media = reply.header("Content-Type")
        head = f"{reply.status}{f' {media}' if media else ''}"
        body = reply.body.decode("utf-8", "replace").strip()
        return self.clean(_shortened(f"{head}\n{body}" if body else head))

    def clean(self, text: str) -> str:
        """Return a text without the endpoint's secrets."""
        return masked_text(text, self._hidden)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
