"""The head of an answer of the commonest shape, read at a glance. Pure; whatever is unusual is left to the library."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

HEADER_FIELDS = 100
"""How many header fields an answer may have."""

_MOST_BYTES = 8192
"""How long a head may be to be remembered."""

_UNCOMMON = frozenset({"transfer-encoding", "content-encoding", "connection"})
"""Header fields that change how a body is read, or what becomes of the connection."""


class PlainHead(NamedTuple):
    """Status and header fields. `head_length` counts the head's bytes, the empty line included."""

    status: int
    fields: tuple[tuple[str, str], ...]
    head_length: int
    body_length: int


def plain_head(seen: bytes) -> PlainHead | None:
    """Return the head that these bytes begin with, or None when they are anything but the commonest shape.

    That is: HTTP/1.1, a final status, well-formed header lines, one Content-Length, all of it there already.
    """
    end = seen.find(b"\r\n\r\n")
    if not 0 <= end <= _MOST_BYTES:
        return None
    return _read(seen[:end])


@lru_cache(maxsize=256)
def _read(head: bytes) -> PlainHead | None:
    """Return what a head says; servers send few different ones."""
    if not head.startswith(b"HTTP/1.1 ") or not head[9:12].isdigit() or head[9:10] < b"2":
        return None
    status_line, *lines = head.decode("latin-1").split("\r\n")
    if len(lines) > HEADER_FIELDS or len(status_line) < 12 or status_line[12:13] not in ("", " "):
        return None
    fields: list[tuple[str, str]] = []
    length: int | None = None
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or line[0] in " \t" or "\n" in line or "\r" in line:
            return None
        name, value = name.strip(), value.strip()
        fields.append((name, value))
        known = name.lower()
        if known == "content-length":
            if length is not None or not (value.isascii() and value.isdigit() and len(value) <= 18):
                return None
            length = int(value)
        elif known in _UNCOMMON:
            return None
    status = int(status_line[9:12])
    if length is None or status in (204, 304):
        return None
    return PlainHead(status, tuple(fields), len(head) + 4, length)
