"""One request and one answer of the SCIM API, as values: no web framework inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from urllib.parse import unquote

SCIM_MEDIA_TYPE = "application/scim+json"
MAX_BODY_BYTES = 8 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class ScimRequest:
    """What arrived.

    Args:
        method: in capitals.
        path: decoded, behind `/scim/v2`, with its slash: "/Users/…".
        query: raw, as on the wire.
        headers: by name in lower case.
        body: raw bytes.
        base_url: what `meta.location` starts with, without a slash at the end.
        is_too_large: the body was larger than MAX_BODY_BYTES and was not read.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    is_too_large: bool = False

    def parameters(self) -> dict[str, list[str]]:
        """Return the query, decoded as a form, by parameter name in lower case. Source: QRK-24."""
        found: dict[str, list[str]] = {}
        for part in self.query.split("&"):
            if part:
                name, _, value = part.replace("+", " ").partition("=")
                found.setdefault(unquote(name).lower(), []).append(unquote(value) if "%" in value else value)
        return found


@dataclass(slots=True, kw_only=True)
class ScimResponse:
    """What is answered.

    Args:
        body: raw bytes; empty for 204 and 304.
        refusal: the reason, when the answer is an error; for the inspector.
        near_misses: what was nearly right; for the inspector.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    refusal: str = ""
    near_misses: tuple[str, ...] = ()
