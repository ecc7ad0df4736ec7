"""An exchange as people read it: the request line, bodies, curl, what differs from the one before. Secrets masked."""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.transport.masking import masked_text
from entra_sim.simulator.transport.wire import wire_request

MASK = "Bearer ****"
MOST_SHOWN = 200_000
"""Characters of one body on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """One exchange, ready to be shown. Bodies are raw and pretty texts, "" for none."""

    record: ExchangeRecord
    target: str
    request_headers: tuple[tuple[str, str], ...]
    request_raw: str
    request_pretty: str
    response_headers: tuple[tuple[str, str], ...]
    response_raw: str
    response_pretty: str
    curl: str


def inspected(record: ExchangeRecord) -> Inspected:
    """Return an exchange for people; the Authorization header and secrets are masked."""
    url = TenantUrl.parse(record.base, allow_http=True)
    wire = wire_request(record.call, url, MASK)
    request_raw = masked_text((wire.body or b"").decode("utf-8", "replace"))[:MOST_SHOWN]
    response_raw = masked_text(record.reply.body.decode("utf-8", "replace"))[:MOST_SHOWN]
    hidden = ("authorization", "set-cookie")
    return Inspected(
        record=record,
        target=wire.target,
        request_headers=wire.headers,
        request_raw=request_raw,
        request_pretty=pretty(request_raw),
        response_headers=tuple((k, "****" if k.lower() in hidden else v) for k, v in record.reply.headers),
        response_raw=response_raw,
        response_pretty=pretty(response_raw),
        curl=_curl(wire.method, f"{url.scheme}://{url.authority}{wire.target}", wire.headers, request_raw),
    )


def pretty(text: str) -> str:
    """Return JSON with indents, or the text itself when it is none."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _curl(method: str, address: str, headers: Sequence[tuple[str, str]], body: str) -> str:
    parts = ["curl", "-X", method, shlex.quote(address)]
    for name, value in headers:
        if name in ("Host", "Content-Length"):
            continue
        shown = '"Authorization: Bearer $TOKEN"' if name == "Authorization" else shlex.quote(f"{name}: {value}")
        parts += ["-H", shown]
    if body:
        parts += ["--data-binary", shlex.quote(body)]
    return " ".join(parts)


def resource_of(record: ExchangeRecord) -> str:
    """Return the path without its id for a write of a new object, else the path: what belongs together."""
    return unquote(record.call.path)


def differences(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines that differ as ("removed" or "added", line); [] when the texts are equal."""
    found = []
    for line in difflib.ndiff(before.splitlines()[:2_000], after.splitlines()[:2_000]):
        if line.startswith("- "):
            found.append(("removed", line[2:]))
        elif line.startswith("+ "):
            found.append(("added", line[2:]))
    return found
