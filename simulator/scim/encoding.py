"""Text as it stands in a request line: query strings and path segments, byte by byte. Pure.

The service form-encodes query values as the .NET class library does, which differs from most other encoders:
hexadecimal digits in lower case, `( ) * ! - _ .` left alone, the apostrophe and the tilde escaped. Ids in paths are
one segment.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_ALPHANUMERIC = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_KEPT_IN_QUERY = _ALPHANUMERIC + b"()*!-_."
_KEPT_IN_SEGMENT = _ALPHANUMERIC + b"-_.~"
_KEPT_IN_URL = _KEPT_IN_SEGMENT + b"!$&'()*+,;=:@/%"

_QUERY = tuple("+" if byte == 0x20 else chr(byte) if byte in _KEPT_IN_QUERY else f"%{byte:02x}" for byte in range(256))
_SEGMENT = tuple(chr(byte) if byte in _KEPT_IN_SEGMENT else f"%{byte:02X}" for byte in range(256))
_URL = tuple(chr(byte) if byte in _KEPT_IN_URL else f"%{byte:02X}" for byte in range(256))

_COLLECTIONS = ("/Users/", "/Groups/")
_KEPT_PATHS = frozenset({"/Users", "/Groups"})


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the pairs as a query string, in the order given, without a question mark; "" for no pairs.

    Source: WIRE-020, WIRE-022.
    """
    return "&".join([f"{_encode_name(name)}={encode_query_text(value)}" for name, value in pairs])


@lru_cache(maxsize=64)
def _encode_name(name: str) -> str:
    return encode_query_text(name)


def encode_query_text(text: str) -> str:
    """Return one name or value of a query, form-encoded: blank as "+", the rest as lower-case escapes.

    Source: WIRE-020.
    """
    return _byte_text(text).translate(_QUERY)


def encode_segment(text: str) -> str:
    """Return the text as one path segment: a slash inside becomes %2F, a blank %20.

    Source: WIRE-025. Assumed: digits in upper case here, as the class library's escaping of URI data has them.
    """
    if text in (".", ".."):
        return text.replace(".", "%2E")
    return _byte_text(text).translate(_SEGMENT)


def encode_path(path: str) -> str:
    """Return a Call's decoded path, encoded: what follows "/Users/" or "/Groups/" is one id and one segment.

    Source: WIRE-025.
    """
    if path in _KEPT_PATHS:
        return path
    for collection in _COLLECTIONS:
        if path.startswith(collection):
            return collection + encode_segment(path[len(collection) :])
    return "/".join([encode_segment(part) for part in path.split("/")])


def encode_url_text(text: str) -> str:
    """Return a piece of a URL that a person typed, with escapes only for what may not stand in a request line."""
    return _byte_text(text).translate(_URL)


def _byte_text(text: str) -> str:
    """Return a text whose characters are the bytes of this one in UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode().decode("latin-1")
    except UnicodeEncodeError:  # half of a surrogate pair: the class library sends the replacement character
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode().decode("latin-1")
