"""Content codings of an answer, undone within the size limit. The client asks for none; some servers use one anyway."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

_AUTO_DETECT_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_RAW_DEFLATE = -zlib.MAX_WBITS


class TooLarge(Exception):
    """The body is larger than the limit, sent or decoded."""


class BrokenCoding(Exception):
    """The body is not what its Content-Encoding says."""


def decode_content(headers: Iterable[tuple[str, str]], body: bytes, limit: int) -> bytes:
    """Return the body without its content codings; an unknown coding leaves it as it is.

    Raises:
        TooLarge: the decoded body exceeds the limit.
        BrokenCoding: the body cannot be decoded or ends too early.
    """
    stated = next((value for name, value in headers if name.lower() == "content-encoding"), "")
    for coding in reversed([part.strip().lower() for part in stated.split(",")]):
        if coding in ("gzip", "x-gzip", "deflate") and body:
            body = _inflated(body, limit)
    return body


def _inflated(body: bytes, limit: int) -> bytes:
    for window in (_AUTO_DETECT_GZIP_OR_ZLIB, _RAW_DEFLATE):
        decoder = zlib.decompressobj(window)
        try:
            content = decoder.decompress(body, limit + 1)
        except zlib.error:
            continue
        if len(content) > limit:
            raise TooLarge
        if not decoder.eof:
            raise BrokenCoding
        return content
    raise BrokenCoding
