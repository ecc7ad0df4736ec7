"""A small HTTP/1 server for a WSGI application that is quick: one thread reads, answers and writes.

Handing a request to another thread costs more than most answers of Tapt take. So the thread that reads a request also
answers it; only what may rest or take long (`may_rest`: delays of faults, pages, control) goes to other threads. What
an application answers is sent as it is: a body shorter than its Content-Length ends the connection, which is how a cut
connection is simulated.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import selectors
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from entra_sim.mock_tapt.clock import monotonic_s
from entra_sim.mock_tapt.http_requests import BadRequest
from entra_sim.mock_tapt.http_requests import HttpRequest
from entra_sim.mock_tapt.http_requests import RequestReader

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

RECEIVE_BYTES = 256 * 1024
MAX_CONNECTIONS = 2_000
ACCEPTED_AT_ONCE = 64
MAX_THREADS = 64
IDLE_S = 300
"""An unused connection is closed after this time."""
HALF_REQUEST_S = 60
"""A request that has begun must be there after this time; else 408."""
LINGER_S = 2
"""How long what still arrives is read and dropped after a refusal, so that its sender gets to see the answer."""
SWEEP_S = 1.0
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class HttpServer:
    """Serves an application on a listening socket until `stop`.

    Args:
        listener: bound and listening; closed at the end.
        may_rest: whether the answer to a path may take long; it is then worked out in a thread of its own.
        on_refusal: is told of what the application never sees.
    """

    def __init__(
        self,
        application: WsgiApp,
        listener: socket.socket,
        *,
        may_rest: Callable[[str], bool],
        on_refusal: Callable[[BadRequest], None],
    ) -> None:
        self.application = application
        self.may_rest = may_rest
        self.on_refusal = on_refusal
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        for quiet in (listener, self._waker, self._woken):
            quiet.setblocking(False)
        self._waiting: deque[tuple[_Connection, HttpRequest]] = deque()
        self._done: deque[tuple[_Connection, bytes, bool]] = deque()
        self._thread_count = 0
        self._threads_lock = threading.Lock()
        self._connections: dict[int, _Connection] = {}
        self._is_stopping = False
        self.date = b""
        self.now = monotonic_s()
        self.address = listener.getsockname()
        self.environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": self.address[0],
            "SERVER_PORT": str(self.address[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }

    @property
    def waker(self) -> socket.socket:
        """Return the socket that wakes the loop when a byte is written to it, as signal handlers can."""
        return self._waker

    def stop(self) -> None:
        """End `run`; may be called from any thread and from a signal handler."""
        self._is_stopping = True
        self._wake()

    def run(self) -> None:
        """Serve in this thread until `stop`."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._take_answers)
        self._sweep()
        swept = self.now
        try:
            while not self._is_stopping:
                for key, _ in self._selector.select(SWEEP_S):
                    try:
                        key.data()
                    except Exception:  # our bug; it ends one connection, not the server
                        logging.getLogger(__name__).exception("a connection ended")
                        self._give_up(key.fileobj)
                self.now = monotonic_s()
                if self.now - swept >= SWEEP_S:
                    swept = self.now
                    self._sweep()
        finally:
            self._close()

    def _give_up(self, opened: Any) -> None:
        found = next((c for c in self._connections.values() if c.socket is opened), None)
        if found is not None:
            found.close()

    def _close(self) -> None:
        for connection in list(self._connections.values()):
            connection.close()
        for opened in (self._listener, self._waker, self._woken, self._selector):
            opened.close()

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # no more files for this process, or the client has gone already
                self._close_idle()
                return
            if len(self._connections) >= MAX_CONNECTIONS:
                self._close_idle()
            accepted.setblocking(False)
            with contextlib.suppress(OSError):
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(self, accepted, address)
            self._connections[accepted.fileno()] = connection
            self._selector.register(accepted, selectors.EVENT_READ, connection.on_readable)

    def _close_idle(self) -> None:
        """Make room: end the connections that have been unused for longest."""
        idle = sorted((c for c in self._connections.values() if c.is_idle), key=lambda c: c.last_at)
        for connection in idle[:ACCEPTED_AT_ONCE]:
            connection.close()

    def _take_answers(self) -> None:
        """Send what other threads have worked out."""
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        while self._done:
            connection, answer, keeps = self._done.popleft()
            connection.resume(answer, keeps)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def hand_over(self, connection: _Connection, request: HttpRequest) -> None:
        """Answer in another thread; beyond MAX_THREADS a request waits for one to be free."""
        with self._threads_lock:
            self._waiting.append((connection, request))
            if self._thread_count >= MAX_THREADS:
                return
            self._thread_count += 1
        # a daemon: somebody's long delay must not hold up the end of the process
        threading.Thread(target=self._work, name="answer", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._threads_lock:
                if not self._waiting:
                    self._thread_count -= 1
                    return
                connection, request = self._waiting.popleft()
            self._done.append((connection, *self.answer(request, connection.address)))
            self._wake()

    def _sweep(self) -> None:
        """Close what has been idle or half done for too long."""
        self.date = f"\r\nDate: {formatdate(usegmt=True)}\r\n".encode()
        for connection in list(self._connections.values()):
            connection.expire()

    def watch(self, connection: _Connection, events: int, then: Callable[[], None]) -> None:
        """Let the loop call `then` on these events."""
        self._selector.modify(connection.socket, events, then)

    def ignore(self, connection: _Connection) -> None:
        """Let the loop leave a connection alone."""
        self._selector.unregister(connection.socket)

    def notice(self, connection: _Connection) -> None:
        """Let the loop read from a connection again."""
        self._selector.register(connection.socket, selectors.EVENT_READ, connection.on_readable)

    def forget(self, connection: _Connection) -> None:
        """Drop a connection that is about to be closed."""
        self._connections.pop(connection.socket.fileno(), None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection.socket)

    def answer(self, request: HttpRequest, address: Any) -> tuple[bytes, bool]:
        """Return the whole answer as bytes, and whether the connection can be used again."""
        environ: dict[str, Any] = {
            **self.environ,
            **request.environ,
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query,
            "REQUEST_URI": request.target,
            "SERVER_PROTOCOL": request.version,
            "REMOTE_ADDR": address[0],
            "wsgi.input": io.BytesIO(request.body),
        }
        begun: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
            begun[:] = (status, headers)
            return begun.append

        try:
            chunks = self.application(environ, start_response)
            if type(chunks) is list and len(chunks) == 1:
                body = chunks[0]
            else:
                body = b"".join(chunks)
                getattr(chunks, "close", bool)()
            status, headers = begun
        except Exception:
            logging.getLogger(__name__).exception("no answer; method=%s target=%s", request.method, request.target)
            status, headers, body = "500 Internal Server Error", [], b""
        return self._encoded(request, status, headers, body)

    def _encoded(
        self, request: HttpRequest, status: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[bytes, bool]:
        keeps = request.keeps_alive and not request.is_cut_short
        lines = [f"HTTP/1.1 {status}"]
        length = -1
        for name, value in headers:
            if name == "Content-Length":
                length = int(value)
            lines.append(f"{name}: {value}")
        has_body = request.method != "HEAD" and status[:3] not in ("204", "304")
        if length < 0 and has_body:
            lines.append(f"Content-Length: {len(body)}")
        elif has_body and length != len(body):
            keeps = False
        if not keeps:
            lines.append("Connection: close")
        elif request.version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        return b"".join((head, self.date, b"\r\n", body if has_body else b"")), keeps


class _Connection:
    """One client."""

    def __init__(self, server: HttpServer, accepted: socket.socket, address: Any) -> None:
        self.server = server
        self.socket = accepted
        self.address = address
        self.reader = RequestReader()
        self._is_busy = False
        self._ends = False
        self._is_lingering = False
        self._unsent = memoryview(b"")
        self.last_at = server.now

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is under way."""
        return self.reader.is_between_requests and not self._is_busy and not self._unsent

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
        if self._is_lingering:
            return
        self.last_at = self.server.now
        self.reader.feed(data)
        self._go_on()

    def _go_on(self) -> None:
        while not (self._is_busy or self._ends or self._unsent):
            try:
                request = self.reader.next()
            except BadRequest as error:
                self._refuse(error)
                return
            if request is None:
                if self.reader.wants_continue:
                    self.reader.wants_continue = False
                    self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            if self.server.may_rest(request.path):
                self._is_busy = True
                self.server.ignore(self)
                self.server.hand_over(self, request)
                return
            answer, keeps = self.server.answer(request, self.address)
            self._ends = not keeps
            self._send(answer)

    def resume(self, answer: bytes, keeps: bool) -> None:
        """Send an answer that was worked out in another thread, and read again."""
        if self.socket.fileno() < 0:
            return
        self._is_busy = False
        self._ends = not keeps
        self.server.notice(self)
        self._send(answer)
        self._go_on()

    def _refuse(self, error: BadRequest) -> None:
        body = json.dumps(error.to_body()).encode()
        head = (
            f"HTTP/1.1 {error.status} {_REASONS[error.status]}\r\nContent-Type: application/scim+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close"
        )
        self.server.on_refusal(error)
        self._ends = True
        self._send(b"".join((head.encode(), self.server.date, b"\r\n", body)))

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
        self._is_lingering = True
        self.last_at = self.server.now
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def expire(self) -> None:
        """End the connection when nothing has happened for too long."""
        if self._is_busy:
            return
        limit = LINGER_S if self._is_lingering else IDLE_S if self.is_idle else HALF_REQUEST_S
        if self.server.now - self.last_at <= limit:
            return
        if self._is_lingering or self.is_idle or self._unsent:
            self.close()
        else:
            self.last_at = self.server.now
            self._refuse(BadRequest(408, "The rest of the request did not come."))

    def close(self) -> None:
        """Close the socket."""
        self.server.forget(self)
        self.socket.close()
