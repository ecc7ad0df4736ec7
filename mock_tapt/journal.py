"""What arrived and what was answered: a ring of set size, so that long runs do not grow.

Hand edits of a Tapt administrator stand in the same sequence, as another kind of entry. Findings are worked out when
somebody looks: a request is not slowed down by them.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from typing import Any

from entra_sim.mock_tapt.findings import Finding
from entra_sim.mock_tapt.findings import findings_of
from entra_sim.mock_tapt.messages import ScimRequest
from entra_sim.mock_tapt.messages import ScimResponse

DEFAULT_SIZE = 2_000
MAX_KEPT_BODY = 65_536
MAX_KEPT_BYTES = 48 * 1024 * 1024
"""Bodies kept in all; beyond, the oldest exchanges go although the ring has room."""
MASK = "••••"
_PASSWORD = re.compile(rb'("password"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer.

    Args:
        sequence: counts up over the organisation's life, hand edits included.
        at: Tapt's clock when the request came.
        path: decoded, behind `/scim/v2`.
        query: raw.
        request_headers, response_headers: pairs; Authorization is masked to its last four characters.
        fault: name of the fault that struck, or "".
        refusal: why it was refused, one sentence, or "".
        near_misses: what was nearly right.
        cut: "", "before" or "after": the connection was cut and the client saw no answer.
        took_s: real seconds the work took; not part of any transcript.
    """

    sequence: int
    at: datetime
    method: str
    path: str
    query: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes
    fault: str = ""
    refusal: str = ""
    near_misses: tuple[str, ...] = ()
    cut: str = ""
    is_strict: bool = False
    took_s: float = field(default=0.0, compare=False)

    kind = "exchange"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what can be said of the request and the answer against the RFC and the client's habits."""
        return findings_of(self)

    def request_header(self, name: str) -> str:
        """Return a request header, or ""."""
        return next((value for key, value in self.request_headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandEdit:
    """Something a Tapt administrator did."""

    sequence: int
    at: datetime
    who: str
    action: str
    subject: str

    kind = "by hand"
    weight = 0


class KeptExchange:
    """A request and its answer as they went by; made readable, and secrets masked, when somebody looks."""

    __slots__ = ("_made", "_values", "sequence", "weight")

    def __init__(self, sequence: int, request: ScimRequest, response: ScimResponse, values: tuple[Any, ...]) -> None:
        self.sequence = sequence
        self._values: tuple[Any, ...] | None = (request, response, *values)
        self._made: Exchange | None = None
        sizes = len(request.body), len(response.body)
        if max(sizes) > MAX_KEPT_BODY:  # at once, so that what is cut off is not kept
            made = self.exchange()
            sizes = len(made.request_body), len(made.response_body)
        self.weight = sizes[0] + sizes[1]

    def exchange(self) -> Exchange:
        """Return it, readable."""
        values = self._values
        if values is not None:
            request, response, at, fault, cut, is_strict, took_s = values
            self._made = Exchange(
                sequence=self.sequence,
                at=at,
                method=request.method,
                path=request.path,
                query=request.query,
                request_headers=masked_headers(request.headers.items()),
                request_body=kept_body(request.body),
                status=response.status,
                response_headers=tuple(response.headers),
                response_body=kept_body(response.body),
                fault=fault,
                refusal=response.refusal,
                near_misses=response.near_misses,
                cut=cut,
                is_strict=is_strict,
                took_s=took_s,
            )
            self._values = None
        assert self._made is not None
        return self._made


class Journal:
    """The last exchanges and hand edits of one organisation.

    Args:
        size: how many are kept.
    """

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self._entries: deque[KeptExchange | HandEdit] = deque()
        self._size = size
        self._bytes = 0
        self.last_sequence = 0

    def next_sequence(self) -> int:
        """Return the number of the next entry."""
        self.last_sequence += 1
        return self.last_sequence

    def note(
        self,
        request: ScimRequest,
        response: ScimResponse,
        *,
        at: datetime,
        fault: str,
        cut: str,
        is_strict: bool,
        took_s: float,
    ) -> None:
        """Keep a request and its answer, which nobody changes any more."""
        self.add(KeptExchange(self.next_sequence(), request, response, (at, fault, cut, is_strict, took_s)))

    def add(self, entry: KeptExchange | HandEdit) -> None:
        """Keep an entry; the oldest goes."""
        entries = self._entries
        entries.append(entry)
        self._bytes += entry.weight
        while len(entries) > self._size or (self._bytes > MAX_KEPT_BYTES and len(entries) > 1):
            self._bytes -= entries.popleft().weight

    def records(self, since: int = 0) -> list[Exchange | HandEdit]:
        """Return exchanges and hand edits with a sequence above `since`, oldest first."""
        found: list[Exchange | HandEdit] = []
        for entry in reversed(tuple(self._entries)):  # a copy: others may go on adding
            if entry.sequence <= since:
                break
            found.append(entry.exchange() if isinstance(entry, KeptExchange) else entry)
        return found[::-1]

    def exchanges(self, since: int = 0) -> list[Exchange]:
        """Return exchanges with a sequence above `since`, oldest first."""
        return [entry for entry in self.records(since) if isinstance(entry, Exchange)]

    def hand_edits(self, since: int = 0) -> list[HandEdit]:
        """Return hand edits with a sequence above `since`, oldest first."""
        return [entry for entry in self.records(since) if isinstance(entry, HandEdit)]

    def find(self, sequence: int) -> Exchange | None:
        """Return one exchange, or None when it has left the ring."""
        found = next((e for e in tuple(self._entries) if e.sequence == sequence), None)
        return found.exchange() if isinstance(found, KeptExchange) else None

    def clear(self) -> None:
        """Forget the entries; the sequence goes on."""
        self._entries.clear()
        self._bytes = 0


def masked_headers(pairs: Any) -> tuple[tuple[str, str], ...]:
    """Return headers with secrets cut to their last four characters."""
    return tuple(
        (name, _masked(value)) if name.lower() in ("authorization", "cookie", "proxy-authorization") else (name, value)
        for name, value in pairs
    )


def _masked(value: str) -> str:
    scheme, blank, secret = value.partition(" ")
    if not blank:
        scheme, secret = "", value
    last = secret[-4:] if len(secret) >= 12 else ""
    return f"{scheme} {MASK} {last}".strip()


def kept_body(body: bytes) -> bytes:
    """Return what the journal keeps of a body: passwords masked, not more than MAX_KEPT_BODY."""
    if b"password" in body.lower():
        body = _PASSWORD.sub(rb'\1"' + MASK.encode() + b'"', body)
        # a PATCH names the attribute in its path, the secret in its value
        if re.search(rb'"path"\s*:\s*"(?:[^"]*:)?password"', body, re.IGNORECASE):
            body = re.sub(rb'("value"\s*:\s*)"(?:[^"\\]|\\.)*"', rb'\1"' + MASK.encode() + b'"', body)
    return body if len(body) <= MAX_KEPT_BODY else body[:MAX_KEPT_BODY]
