"""HTTP/1 requests from bytes, as tolerant as the fronts of real web services: nginx, IIS, Node.

Pure: bytes in, values out; the sockets are in http_server.py. What one of those fronts takes is taken: every visible
character in a target, escaped or not, raw UTF-8, absolute targets, methods in lower case, bare line feeds, chunks. What
all of them refuse is refused with a 4xx: blanks in a target, two lengths, no Host in HTTP/1.1.
Source: RFC 9112.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from entra_sim.mock_tapt.errors import error_body

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers together; Node takes 16 KB, IIS 32 KB, nginx 32 KB."""
MAX_HEADER_COUNT = 200
MAX_BODY_BYTES = 64 * 1024 * 1024
"""What is kept of a body; what the applications take is less, and theirs to say."""
MAX_CHUNK_LINE_BYTES = 4096

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BLANK_LINES = re.compile(rb"[\r\n]*")
_LINE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) +([^\x00-\x20\x7f]+) +HTTP/(\d)\.(\d) *")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://([^/?#]*)([^#]*)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
_TLS = b"\x16\x03"
_BREAK = re.compile(rb"\r?\n")
_FIRST_COUNTS = frozenset(
    {
        "HTTP_AUTHORIZATION", "CONTENT_TYPE", "HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_FROM", "HTTP_MAX_FORWARDS",
        "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_PROXY_AUTHORIZATION",
    }
)  # fmt: skip
"""Headers of which a second one is dropped, as Node does it; all others are joined by a comma."""


class BadRequest(Exception):
    """What arrived is no request that could be answered in its own words; the connection ends after the answer.

    Args:
        status: 400, 408, 413, 414, 417 or 431.
        reason: one sentence for the client.
        line: the request line, as far as there is one.
    """

    def __init__(self, status: int, reason: str, line: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.line = line

    def to_body(self) -> dict[str, Any]:
        """Return what the client is told."""
        return error_body(self.status, None, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The headers of a request, ready for a WSGI environment.

    Args:
        environ: `HTTP_...`, CONTENT_TYPE, CONTENT_LENGTH, and all of them by their names in lower case under
            `entra_sim.headers`, so that nobody has to put them together again.
        length: of the body; None when there is none or it comes in chunks.
        keeps_alive: what `Connection` says; None when it says nothing.
    """

    environ: dict[str, Any]
    length: int | None
    is_chunked: bool
    keeps_alive: bool | None
    expects_continue: bool


@dataclass(slots=True, kw_only=True)
class HttpRequest:
    """One request.

    Args:
        path: decoded, as PEP 3333 has it: bytes as latin-1.
        query: raw, bytes as latin-1.
        target: as sent.
        is_cut_short: the body was larger than MAX_BODY_BYTES; the connection cannot be used again.
    """

    method: str
    target: str
    path: str
    query: str
    version: str
    environ: dict[str, Any]
    keeps_alive: bool
    body: bytes = b""
    is_cut_short: bool = False


class RequestReader:
    """Takes bytes as they come and gives requests in their order; one for each connection.

    `wants_continue`: the client waits for leave to send its body (RFC 9110 section 10.1.1); whoever gives it clears it.
    """

    def __init__(self) -> None:
        self.wants_continue = False
        self._buffer = b""
        self._at = 0
        self._searched = 0
        self._trailed = 0
        self._request: HttpRequest | None = None
        self._missing = 0
        self._is_chunked = False
        self._is_after_chunk = False
        self._in_trailer = False
        self._parts: list[bytes] = []
        self._kept = 0
        self._last_block = ""
        self._last_fields: Fields | None = None

    @property
    def is_between_requests(self) -> bool:
        """Return whether nothing of a next request has arrived."""
        return self._request is None and self._at >= len(self._buffer)

    @property
    def is_in_head(self) -> bool:
        """Return whether a part of a head has arrived."""
        return self._request is None and self._at < len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
        self._searched = max(self._searched - self._at, 0)
        self._at = 0

    def next(self) -> HttpRequest | None:
        """Return the next whole request, or None until more arrives.

        Raises:
            BadRequest: it will never be one.
        """
        if self._request is None and not self._read_head():
            return None
        if not (self._read_chunks() if self._is_chunked else self._read_body()):
            return None
        request = self._request
        assert request is not None
        if self._parts:
            request.body = b"".join(self._parts)
        self._request, self._parts, self._kept, self.wants_continue = None, [], 0, False
        return request

    def _read_head(self) -> bool:
        buffer = self._buffer
        if buffer[self._at : self._at + 1] in (b"\r", b"\n"):  # left over from the request before
            blank = _BLANK_LINES.match(buffer, self._at)
            self._at = blank.end() if blank else self._at
        if buffer.startswith(_TLS, self._at):
            raise BadRequest(400, "The client speaks HTTPS (TLS); this is HTTP: the URL begins with http://.")
        end = _HEAD_END.search(buffer, max(self._at, self._searched - 3))
        if end is None or end.start() - self._at > MAX_HEAD_BYTES:
            if len(buffer) - self._at > MAX_HEAD_BYTES:
                is_long_line = b"\n" not in buffer[self._at : self._at + MAX_HEAD_BYTES]
                raise BadRequest(414 if is_long_line else 431, f"Headers are limited to {MAX_HEAD_BYTES} bytes.")
            self._searched = len(buffer)  # so that a head that comes byte by byte is not gone through again each time
            return False
        line, _, block = buffer[self._at : end.start()].decode("latin-1").partition("\n")
        self._at = end.end()
        line = line.rstrip("\r")
        fields = self._last_fields
        if fields is None or block != self._last_block:  # most clients repeat theirs
            fields = read_fields(block, line)
            self._last_block, self._last_fields = block, fields
        self._request = _request_of(line, fields)
        self._is_chunked, self._missing = fields.is_chunked, fields.length or 0
        if self._missing > MAX_BODY_BYTES:
            self._missing, self._request.is_cut_short = 0, True
        has_more = self._at < len(buffer)
        self.wants_continue = fields.expects_continue and self._request.version != "HTTP/1.0" and not has_more
        return True

    def _read_body(self) -> bool:
        if self._missing:
            taken = self._buffer[self._at : self._at + self._missing]
            self._at += len(taken)
            self._missing -= len(taken)
            self._keep(taken)
        return not self._missing

    def _keep(self, taken: bytes) -> None:
        self._kept += len(taken)
        assert self._request is not None
        if self._kept > MAX_BODY_BYTES:
            self._request.is_cut_short = True
        elif taken:
            self._parts.append(taken)

    def _read_chunks(self) -> bool:
        """Return whether the last chunk and the trailer have been read."""
        assert self._request is not None
        while not self._request.is_cut_short:
            if self._in_trailer:
                return self._read_trailer()
            if self._missing:
                if not self._read_body():
                    return False
                self._is_after_chunk = True
            elif self._is_after_chunk:
                if self._matched(_BREAK) is None:
                    return False
                self._is_after_chunk = False
            else:
                size = self._matched(_CHUNK)
                if size is None:
                    return False
                self._missing = min(int(size[1], 16), MAX_BODY_BYTES + 1)
                self._in_trailer = self._missing == 0
        return True

    def _matched(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Take a line between chunks, or return None until the whole of it is there."""
        found = pattern.match(self._buffer, self._at)
        if found is not None:
            self._at = found.end()
        elif self._buffer.find(b"\n", self._at) >= 0 or len(self._buffer) - self._at > MAX_CHUNK_LINE_BYTES:
            raise BadRequest(400, "The chunks of the body are not divided as RFC 9112 section 7.1 says.")
        return found

    def _read_trailer(self) -> bool:
        """Return whether the trailer has ended; what it says is dropped."""
        while True:
            end = self._buffer.find(b"\n", self._at)
            if self._trailed + (end if end >= 0 else len(self._buffer)) - self._at > MAX_HEAD_BYTES:
                raise BadRequest(431, f"Trailers are limited to {MAX_HEAD_BYTES} bytes.")
            if end < 0:
                return False
            line, self._at = self._buffer[self._at : end], end + 1
            self._trailed += len(line)
            if line in (b"", b"\r"):
                self._in_trailer, self._trailed = False, 0
                return True


def _request_of(line: str, fields: Fields) -> HttpRequest:
    match = _LINE.fullmatch(line)
    if match is None:
        raise BadRequest(400, _trouble_with(line), line)
    method, target, major, minor = match.groups()
    if major != "1":
        raise BadRequest(400, f"HTTP/{major}.{minor} is not spoken here; HTTP/1.1 is.", line)
    environ = fields.environ
    path, _, query = target.partition("#")[0].partition("?")
    if not path.startswith("/"):
        whole = _ABSOLUTE.fullmatch(target.partition("#")[0])
        if whole is not None:
            path, _, query = whole[2].partition("?")
            path = path or "/"
            host = whole[1].rpartition("@")[2]
            headers = {**environ["entra_sim.headers"], "host": host}
            environ = {**environ, "HTTP_HOST": host, "entra_sim.headers": headers}
        elif target != "*" or method.upper() != "OPTIONS":
            raise BadRequest(400, "The request target is a path that begins with a slash, or a whole URL.", line)
    if minor != "0" and "HTTP_HOST" not in environ:
        raise BadRequest(400, "A request of HTTP/1.1 needs a Host header.", line)
    if "%" in path:
        path = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
    if "/." in path:
        path = _without_dots(path)
    keeps_alive = fields.keeps_alive
    if minor == "0" and fields.is_chunked:  # RFC 9112 section 6.1: what follows cannot be trusted
        keeps_alive = False
    return HttpRequest(
        method=method.upper(),
        target=target,
        path=path,
        query=query,
        version="HTTP/1.0" if minor == "0" else "HTTP/1.1",
        environ=environ,
        keeps_alive=(minor != "0") if keeps_alive is None else keeps_alive,
    )


def _trouble_with(line: str) -> str:
    if _CONTROL.search(line):
        return "The request line holds a control character."
    if line.count(" ") > 2 and " HTTP/" in line:
        return "The request target holds a blank; send it as %20, or in the query as +."
    return "The request line is not 'METHOD target HTTP/1.1'."


def _without_dots(path: str) -> str:
    """Return a path whose `.` and `..` are worked out. Source: RFC 3986 section 5.2.4."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    joined = "/".join(kept)
    ends_in_folder = path.endswith(("/.", "/..")) and not joined.endswith("/")
    return f"{joined}/" if ends_in_folder else joined


@lru_cache(maxsize=512)
def _environ_name(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def read_fields(block: str, line: str = "") -> Fields:
    """Return the headers of a request.

    Args:
        block: the lines between the request line and the empty one, bytes as latin-1.
        line: the request line, for the refusal.
    Raises:
        BadRequest: a line is no header, or headers contradict each other.
    """
    environ: dict[str, str] = {}
    lines = block.split("\n") if block else []
    if len(lines) > MAX_HEADER_COUNT:
        raise BadRequest(431, f"There are more than {MAX_HEADER_COUNT} headers.", line)
    last = ""
    for text in lines:
        text = text.removesuffix("\r")
        if _CONTROL.search(text):
            raise BadRequest(400, "A header holds a control character.", line)
        if text[:1] in (" ", "\t"):  # folded over two lines; RFC 9112 section 5.2 lets a server join them
            if not last:
                raise BadRequest(400, "The first header begins with a blank.", line)
            environ[last] = f"{environ[last]} {text.strip()}"
            continue
        name, colon, value = text.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise BadRequest(400, f"'{name[:60]}' is no header.", line)
        value = value.strip(" \t")
        if "_" in name:  # could not be told from the name with hyphens; nginx drops it too
            last = "dropped"
            environ[last] = ""
            continue
        last = _environ_name(name)
        held = environ.get(last)
        if held is None:
            environ[last] = value
        elif last in ("CONTENT_LENGTH", "HTTP_HOST"):
            if held != value:
                raise BadRequest(400, f"There are two different {name} headers.", line)
        elif last not in _FIRST_COUNTS:
            environ[last] = f"{held}{'; ' if last == 'HTTP_COOKIE' else ', '}{value}"
    environ.pop("dropped", None)
    return _framed(environ, line)


def _framed(environ: dict[str, str], line: str) -> Fields:
    """Return the headers with what they say of the body and the connection."""
    coding = environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    is_chunked = coding == "chunked"
    if coding in ("identity", ""):
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    elif not is_chunked:
        raise BadRequest(400, "The only transfer coding taken here is chunked.", line)
    length = environ.get("CONTENT_LENGTH")
    if length is not None:
        if is_chunked:
            raise BadRequest(400, "Content-Length and Transfer-Encoding contradict each other.", line)
        if not (length.isascii() and length.isdigit() and len(length) <= 18):
            raise BadRequest(400, "Content-Length is no number.", line)
    names = {key: key.removeprefix("HTTP_").replace("_", "-").lower() for key in environ}
    connection = environ.get("HTTP_CONNECTION", "").lower()
    options = {option.strip() for option in connection.split(",")}
    keeps_alive = False if "close" in options else True if "keep-alive" in options else None
    return Fields(
        environ={**environ, "entra_sim.headers": {names[key]: value for key, value in environ.items()}},
        length=int(length) if length is not None else None,
        is_chunked=is_chunked,
        keeps_alive=keeps_alive,
        expects_continue=environ.get("HTTP_EXPECT", "").lower() == "100-continue",
    )
