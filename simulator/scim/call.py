"""One exchange with the target, as values: what is asked, what came back, and why it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Why a call, a skip or a value exists. It never goes on the wire.

    Args:
        purpose: what the call is for, in plain words ("match Ada Park by userName").
        rules: rule ids, for example ("ENG-160", "WIRE-032").
        source: the mapping row, expression, clause or directory change behind it.
    """

    purpose: str
    rules: tuple[str, ...] = ()
    source: str = ""


NO_PROVENANCE = Provenance(purpose="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to the target, before any encoding.

    Args:
        method: GET, POST, PATCH or DELETE.
        path: relative to the tenant URL, decoded, starting with "/": "/Users" or "/Users/<id>". An id is the rest of
            the path after "/Users/" or "/Groups/" and is encoded as one segment (WIRE-025).
        query: decoded pairs in wire order (WIRE-022).
        body: a JSON object in wire order of keys, or None.
        provenance: why.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: JsonObject | None = None
    provenance: Provenance = field(default=NO_PROVENANCE, compare=False)

    @property
    def is_write(self) -> bool:
        """Return whether the call may change the target."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back for a call.

    Args:
        status: HTTP status; 0 when there was no answer, then `failure` says why.
        headers: as received, in order.
        body: raw bytes after content decoding.
        failure: "" for an answer, else "Timeout", "WebExceptionProtocolError" (connection refused, cut, TLS,
            oversized or broken HTTP), or "Unauthorized" (no access token could be had, nothing was sent).
        detail: one fixed sentence for a failure, free of ports, addresses and machine words.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    failure: str = ""
    detail: str = ""

    def header(self, name: str) -> str | None:
        """Return the first header of this name, compared without case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)
