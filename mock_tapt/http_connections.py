"""One client of the HTTP/1 server: bytes in, answers out in the order of their requests, never waiting.

What the client does not take is kept, and nothing more is read from it until it has taken it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
from typing import TYPE_CHECKING
from typing import Any

from entra_sim.mock_tapt import http_answers
from entra_sim.mock_tapt.http_requests import BadRequest
from entra_sim.mock_tapt.http_requests import RequestReader

if TYPE_CHECKING:
    from entra_sim.mock_tapt.http_server import HttpServer

RECEIVE_BYTES = 256 * 1024
ANSWERED_AT_ONCE = 16
"""Requests sent in one go that are answered before other clients have their turn."""
IDLE_S = 300
"""An unused connection is closed after this time."""
HALF_REQUEST_S = 60
"""The head of a request that has begun must be there after this time, and of its body something; else 408.
A client that takes nothing of its answer for so long is left."""
LINGER_S = 2
"""How long after the last answer what still arrives is read and dropped, so that its sender gets to see the answer."""
MAX_LINGER_S = 30
"""The same for a sender that goes on sending."""


class Connection:
    """One client."""

    def __init__(self, server: HttpServer, accepted: socket.socket, address: Any) -> None:
        self.server = server
        self.socket = accepted
        self.environ = {**server.environ, "REMOTE_ADDR": address[0]}
        self.reader = RequestReader()
        self._is_busy = False
        self._ends = False
        self._lingers_since: float | None = None
        self._unsent = memoryview(b"")
        self.last_at = self._began_at = server.now

    @property
    def is_open(self) -> bool:
        """Return whether the socket has not been closed."""
        return self.socket.fileno() >= 0

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is under way."""
        return self.reader.is_between_requests and not self._is_busy and not self._unsent and not self._ends

    def on_readable(self) -> None:
        """Take what arrived, and answer the requests that are whole."""
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not data:
            self.close()
            return
        self.last_at = self.server.now
        if self._lingers_since is not None:
            return
        if self.reader.is_between_requests:
            self._began_at = self.last_at
        self.reader.feed(data)
        self._go_on()

    def _go_on(self) -> None:
        for _ in range(ANSWERED_AT_ONCE):
            if self._is_busy or self._ends or self._unsent or not self.is_open:
                return
            try:
                request = self.reader.next()
            except BadRequest as error:
                self._refuse(error)
                return
            if request is None:
                if self.reader.wants_continue:
                    self.reader.wants_continue = False
                    self._send(http_answers.CONTINUE)
                return
            self._began_at = self.server.now
            if self.server.may_rest(request):
                self._rest()
                self.server.hand_over(self, request)
                return
            answer, keeps = self.server.answer(request, self.environ)
            self._ends = not keeps
            self._send(answer)
        if not (self._ends or self._unsent or self.reader.is_between_requests) and self.is_open:
            self._rest()
            self.server.postpone(self)

    def _rest(self) -> None:
        """Read nothing until `resume`."""
        self._is_busy = True
        self.server.ignore(self)

    def resume(self, answer: bytes = b"", *, keeps: bool = True) -> None:
        """Send an answer that was worked out in another thread, and read again."""
        if not self.is_open:
            return
        self._is_busy = False
        self.server.notice(self)
        if answer:
            self._ends = not keeps
            self._send(answer)
        self._go_on()

    def _refuse(self, error: BadRequest) -> None:
        self._ends = True
        self.server.on_refusal(error)
        self._send(http_answers.refusal_of(error, self.server.date))

    def _send(self, data: bytes) -> None:
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        if sent < len(data):
            self._unsent = memoryview(data)[sent:]
            self.server.watch(self, selectors.EVENT_WRITE, self._send_rest)
        elif self._ends:
            self._linger()

    def _send_rest(self) -> None:
        try:
            sent = self.socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self.last_at = self.server.now
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self.server.watch(self, selectors.EVENT_READ, self.on_readable)
            if self._ends:
                self._linger()
            else:
                self._go_on()

    def _linger(self) -> None:
        """End the answer, and read on for a moment: closing with unread bytes would take the answer back."""
        self._lingers_since = self.last_at = self.server.now
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def expire(self) -> None:
        """End the connection when nothing has happened for too long."""
        if self._is_busy:
            return
        now = self.server.now
        if self._lingers_since is not None:
            if now - self.last_at > LINGER_S or now - self._lingers_since > MAX_LINGER_S:
                self.close()
        elif self.is_idle:
            if now - self.last_at > IDLE_S:
                self.close()
        elif self._unsent:
            if now - self.last_at > HALF_REQUEST_S:
                self.close()
        elif now - (self._began_at if self.reader.is_in_head else self.last_at) > HALF_REQUEST_S:
            self._refuse(BadRequest(408, "The rest of the request did not come."))

    def close(self) -> None:
        """Close the socket."""
        self.server.forget(self)
        self._unsent = memoryview(b"")
        self.socket.close()
