"""One keep-alive HTTP/1.1 connection over the standard library's client, with a deadline for the whole exchange.

The library guards each read by itself; a server that sends a byte a second would hold it for ever. Here every read and
write gets what is left of the time, and what comes in is counted. Nothing is sent a second time; redirects are answers.
A request leaves in one piece. An answer of the commonest shape is read at a glance; for all others the library does the
framing, while header fields are read here, because it hands them to the mail parser, which takes longer than everything
else together.
"""

from __future__ import annotations

import http
import http.client
import io
import re
import select
import socket
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.transport.base import BROKEN_HTTP
from entra_sim.simulator.transport.base import CUT
from entra_sim.simulator.transport.base import TLS_REFUSED
from entra_sim.simulator.transport.base import TOO_LARGE
from entra_sim.simulator.transport.base import UNREACHABLE
from entra_sim.simulator.transport.base import failed
from entra_sim.simulator.transport.base import timed_out
from entra_sim.simulator.transport.content import BrokenCoding
from entra_sim.simulator.transport.content import TooLarge
from entra_sim.simulator.transport.content import decode_content
from entra_sim.simulator.transport.plain_head import HEADER_FIELDS
from entra_sim.simulator.transport.plain_head import PlainHead
from entra_sim.simulator.transport.plain_head import plain_head
from entra_sim.simulator.transport.wire import WireRequest

_FRAMING_BYTES = 1024 * 1024
"""What status line, headers and chunk sizes may take beyond the body."""

_HEADER_LINE_BYTES = 64 * 1024

_INTERIM_ANSWERS = 20
"""How many 1xx answers may precede the real one."""

_PIECE_BYTES = 64 * 1024

_NOT_IN_TARGET = re.compile("[\x00-\x20\x7f]")
_HEADER_NAME = re.compile(r"[^:\s][^:\r\n]*")
_BROKEN_VALUE = re.compile(r"\n(?![ \t])|\r(?![ \t\n])")


class _Unreachable(Exception):
    """The connection was never made; the argument is the fixed sentence."""


class Connection:
    """A connection to one address that is made when needed and kept.

    Args:
        address: host and port to connect to.
        tls: context, or None for plain HTTP.
        server_name: the name that the certificate must bear.
        max_body_bytes: size limit of a body, as sent and decoded.
        monotonic: seconds that never go back.

    Attributes:
        meanwhile: called when a request has been sent, before its answer is awaited; may be replaced.
    """

    def __init__(
        self,
        *,
        address: tuple[str, int],
        tls: ssl.SSLContext | None,
        server_name: str,
        max_body_bytes: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._address = address
        self._tls = tls
        self._server_name = server_name
        self._max_body_bytes = max_body_bytes
        self._monotonic = monotonic
        self._channel: _Channel | None = None
        self.meanwhile: Callable[[], None] = _nothing

    def exchange(self, request: WireRequest, timeout_s: float) -> Reply:
        """Return the answer to one request, or a failure with a fixed sentence.

        A kept connection that the server has closed, or on which something unasked lies, is replaced before sending.
        """
        deadline = self._monotonic() + timeout_s
        if self._channel is not None and not self._channel.is_clean():
            self.close()
        is_kept = False
        try:
            if self._channel is None:
                self._channel = self._connected(deadline)
            self._channel.begin(deadline, self._max_body_bytes + _FRAMING_BYTES)
            reply, is_kept = self._exchanged(self._channel, request)
        except _Unreachable as failure:
            return failed(str(failure))
        except TimeoutError:
            return timed_out()
        except TooLarge:
            return failed(TOO_LARGE)
        except (http.client.IncompleteRead, OSError):  # RemoteDisconnected is an OSError, too
            return failed(CUT)
        except (http.client.HTTPException, ValueError, BrokenCoding):
            return failed(BROKEN_HTTP)
        finally:
            if not is_kept:
                self.close()
        return reply

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._channel is not None:
            self._channel.close_for_good()
            self._channel = None

    def _connected(self, deadline: float) -> _Channel:
        try:
            found = socket.getaddrinfo(*self._address, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _Unreachable(UNREACHABLE) from error
        for family, kind, protocol, _, address in found:
            plain = socket.socket(family, kind, protocol)
            try:
                plain.settimeout(_left(deadline, self._monotonic))
                plain.connect(address)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except TimeoutError:
                plain.close()
                raise
            except OSError:
                plain.close()
                continue
            return _Channel(self._secured(plain, deadline), self._monotonic)
        raise _Unreachable(UNREACHABLE)

    def _secured(self, plain: socket.socket, deadline: float) -> socket.socket:
        if self._tls is None:
            return plain
        try:
            plain.settimeout(_left(deadline, self._monotonic))
            return self._tls.wrap_socket(plain, server_hostname=self._server_name)
        except TimeoutError:
            plain.close()
            raise
        except ssl.SSLError as error:
            plain.close()
            raise _Unreachable(TLS_REFUSED) from error
        except (OSError, ValueError) as error:
            plain.close()
            raise _Unreachable(UNREACHABLE) from error

    def _exchanged(self, channel: _Channel, request: WireRequest) -> tuple[Reply, bool]:
        """Return the answer and whether the connection can be used again."""
        is_sent = True
        try:
            _send(channel, request)
        except (BrokenPipeError, ConnectionResetError):
            is_sent = False  # the server may have answered before it had read everything, for example 413
        self.meanwhile()
        plain = plain_head(channel.peek())
        if plain is not None:
            body = channel.body(plain, self._max_body_bytes)
            return Reply(status=plain.status, headers=plain.fields, body=body), is_sent
        response = _answer(channel, request.method)
        content = decode_content(response.fields, self._read(response), self._max_body_bytes)
        reply = Reply(status=response.status, headers=response.fields, body=content)
        return reply, is_sent and not response.will_close

    def _read(self, response: _Response) -> bytes:
        limit = self._max_body_bytes
        if response.length is not None:
            if response.length > limit:
                raise TooLarge
            return response.read()
        pieces = []
        size = 0
        while piece := response.read(_PIECE_BYTES):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise TooLarge
        return b"".join(pieces)


def _nothing() -> None:
    pass


def _send(channel: _Channel, request: WireRequest) -> None:
    target = request.target
    if _NOT_IN_TARGET.search(target):
        raise http.client.InvalidURL("a request target with blanks or control characters")
    lines = [f"{request.method} {target} HTTP/1.1\r\n".encode("ascii")]
    lines += [_header_line(name, value) for name, value in request.headers]
    lines.append(b"\r\n")
    if request.body:
        lines.append(request.body)
    channel.send_out(b"".join(lines))


@lru_cache(maxsize=512)
def _header_line(name: str, value: str) -> bytes:
    """Return a header line; most are the same in every request.

    Raises:
        ValueError: a line break in it, or a character that no header holds.
    """
    if not _HEADER_NAME.fullmatch(name) or _BROKEN_VALUE.search(value):
        raise ValueError("a header that cannot be sent")
    return f"{name}: {value}\r\n".encode("latin-1")


def _answer(channel: _Channel, method: str) -> _Response:
    for _ in range(_INTERIM_ANSWERS):
        response = _Response(channel, method=method)  # type: ignore[arg-type]
        try:
            response.begin()
        except http.client.HTTPException:
            if not channel.is_at_end:
                raise
        if channel.is_at_end:  # the status line or the headers broke off
            raise ConnectionResetError
        if not 100 <= response.status < 200 or response.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            return response
    raise http.client.HTTPException("too many interim answers")


class _Response(http.client.HTTPResponse):
    """An answer whose header fields are a tuple of pairs, in `fields`."""

    fp: Any
    fields: tuple[tuple[str, str], ...]

    def begin(self) -> None:
        """Read status line and header fields, and find out how the body ends. Source: RFC 9112 sections 4 to 6, 9.3."""
        text, self.status, self.reason = self._read_status()  # type: ignore[attr-defined]
        self.version = 10 if text in ("HTTP/1.0", "HTTP/0.9") else 11
        self.fields = self._read_fields()
        stated = {name.lower(): value.strip().lower() for name, value in reversed(self.fields)}
        coding = stated.get("transfer-encoding", "")
        connection = stated.get("connection", "")
        self.chunked, self.chunk_left = False, None
        self.length = _length(stated.get("content-length"))
        if coding:
            self.length = None
            self.chunked = coding.endswith("chunked")
        if self.status in (204, 304) or 100 <= self.status < 200:
            self.length, self.chunked = 0, False
        self.will_close = "close" in connection or (self.version == 10 and "keep-alive" not in connection)
        if self.length is None and not self.chunked:
            self.will_close = True

    def _read_fields(self) -> tuple[tuple[str, str], ...]:
        fields: list[tuple[str, str]] = []
        while (line := self.fp.readline(_HEADER_LINE_BYTES + 1)) not in (b"\r\n", b"\n", b""):
            if len(line) > _HEADER_LINE_BYTES or len(fields) >= HEADER_FIELDS:
                raise http.client.HTTPException("the header section is too large")
            text = line.decode("latin-1").rstrip("\r\n")
            name, colon, value = text.partition(":")
            if text[0] in " \t" and fields:  # a folded line, obsolete but sent
                fields[-1] = (fields[-1][0], f"{fields[-1][1]} {text.strip()}".strip())
            elif colon:
                fields.append((name.strip(), value.strip()))
            else:
                raise http.client.HTTPException("a header line without a colon")
        return tuple(fields)


def _length(stated: str | None) -> int | None:
    """Return a Content-Length, None when there is none; a list of equal ones counts as one.

    Raises:
        HTTPException: it is no length.
    """
    if stated is None:
        return None
    different = {part.strip() for part in stated.split(",")}
    length = different.pop()
    if different or not (length.isascii() and length.isdigit() and len(length) <= 18):
        raise http.client.HTTPException("a Content-Length that is none")
    return int(length)


def _left(deadline: float, monotonic: Callable[[], float]) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Channel(io.RawIOBase):
    """A socket as the library sees it: writes and reads take what is left of the time, and reads are counted.

    One buffered reader lives as long as the connection, so that nothing is lost between answers.
    """

    def __init__(self, sock: socket.socket, monotonic: Callable[[], float]) -> None:
        self._sock = sock
        self._monotonic = monotonic
        self._deadline = 0.0
        self._budget = 0
        self._is_asking = True
        self.is_at_end = False
        self._reader = _KeptReader(self, _PIECE_BYTES)
        self._poll: Any = None
        if hasattr(select, "poll") and not isinstance(sock, ssl.SSLSocket):  # TLS may hold data of its own
            self._poll = select.poll()
            self._poll.register(sock, select.POLLIN)

    def begin(self, deadline: float, budget: int) -> None:
        """Start an exchange."""
        self._deadline = deadline
        self._budget = budget

    def is_clean(self) -> bool:
        """Return whether nothing has come since the last answer: no data, no end of file, no reset."""
        self._is_asking = False
        try:
            return not self._reader.peek(1) and not self.is_at_end
        except (OSError, ValueError):
            return False
        finally:
            self._is_asking = True

    def send_out(self, data: bytes) -> None:
        """Send everything in the time that is left."""
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(_left(self._deadline, self._monotonic))
            rest = rest[self._sock.send(rest) :]

    def peek(self) -> bytes:
        """Return what has come of an answer, waiting for its beginning; nothing is consumed. Empty at the end."""
        return self._reader.peek(1)

    def body(self, head: PlainHead, limit: int) -> bytes:
        """Consume an answer's head, return its body.

        Raises:
            TooLarge: it is larger than the limit.
            IncompleteRead: it breaks off.
        """
        if head.body_length > limit:
            raise TooLarge
        self._reader.read(head.head_length)
        body: bytes = self._reader.read(head.body_length)
        if len(body) < head.body_length:
            raise http.client.IncompleteRead(body, head.body_length - len(body))
        return body

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return the reader that outlives the answer."""
        return self._reader

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there; outside an exchange without waiting."""
        if not self._is_asking:
            if self._poll is not None and not self._poll.poll(0):
                return None
            self._sock.settimeout(0.0)
            try:
                count = self._sock.recv_into(buffer, 1)
            except (BlockingIOError, ssl.SSLWantReadError):
                return None
        else:
            self._sock.settimeout(_left(self._deadline, self._monotonic))
            count = self._sock.recv_into(buffer)
        self.is_at_end = count == 0
        self._budget -= count
        if self._budget < 0 and self._is_asking:
            raise TooLarge
        return count

    def close(self) -> None:
        """Do nothing: the library closes after an answer that ends the connection, before its body is read."""

    def close_for_good(self) -> None:
        """Close the socket."""
        self._sock.close()


class _KeptReader(io.BufferedReader):
    """A reader that an answer cannot close."""

    def close(self) -> None:
        """Do nothing."""
