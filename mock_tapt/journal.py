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


class Journal:
    """The last exchanges and hand edits of one organisation.

    Args:
        size: how many are kept.
    """

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self._entries: deque[Exchange | HandEdit] = deque()
        self._size = size
        self._bytes = 0
        self.last_sequence = 0

    def next_sequence(self) -> int:
        """Return the number of the next entry."""
        self.last_sequence += 1
        return self.last_sequence

    def add(self, entry: Exchange | HandEdit) -> None:
        """Keep an entry; the oldest goes."""
        self._entries.append(entry)
        self._bytes += _weight(entry)
        while len(self._entries) > self._size or (self._bytes > MAX_KEPT_BYTES and len(self._entries) > 1):
            self._bytes -= _weight(self._entries.popleft())

    def records(self, since: int = 0) -> list[Exchange | HandEdit]:
        """Return exchanges and hand edits with a sequence above `since`, oldest first."""
        found = []
        for entry in reversed(self._entries):
            if entry.sequence <= since:
                break
            found.append(entry)
        return found[::-1]

    def exchanges(self, since: int = 0) -> list[Exchange]:
        """Return exchanges with a sequence above `since`, oldest first."""
        return [entry for entry in self.records(since) if isinstance(entry, Exchange)]

    def hand_edits(self, since: int = 0) -> list[HandEdit]:
        """Return hand edits with a sequence above `since`, oldest first."""
        return [entry for entry in self.records(since) if isinstance(entry, HandEdit)]

    def find(self, sequence: int) -> Exchange | None:
        """Return one exchange, or None when it has left the ring."""
        return next((e for e in self._entries if e.sequence == sequence and isinstance(e, Exchange)), None)

    def clear(self) -> None:
        """Forget the entries; the sequence goes on."""
        self._entries.clear()
        self._bytes = 0


def _weight(entry: Exchange | HandEdit) -> int:
    return len(entry.request_body) + len(entry.response_body) if isinstance(entry, Exchange) else 0


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
