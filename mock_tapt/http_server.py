"""A small HTTP/1 server for a WSGI application that is quick: one thread reads, answers and writes.

Handing a request to another thread costs more than most answers of Tapt take. So the thread that reads a request also
answers it; only what may rest or take long (`may_rest`: delays of faults, long lists, pages, control) goes to other
threads. What an application answers is sent as it is.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from typing import Any

from entra_sim.mock_tapt.clock import monotonic_s
from entra_sim.mock_tapt.http_answers import WsgiApp
from entra_sim.mock_tapt.http_answers import answer_of
from entra_sim.mock_tapt.http_connections import Connection
from entra_sim.mock_tapt.http_requests import BadRequest
from entra_sim.mock_tapt.http_requests import HttpRequest

MAX_CONNECTIONS = 500 if sys.platform == "win32" else 2_000
"""Further clients wait until one has gone. Windows looks after 512 sockets at most."""
ACCEPTED_AT_ONCE = 64
MAX_THREADS = 256
"""Most of them rest: this is how many requests a fault may delay at the same time."""
MIN_IDLE_S = 1.0
"""Before this time nobody has to make room for others: a new client may have sent its request already."""
SWEEP_S = 1.0


class HttpServer:
    """Serves an application on a listening socket until `stop`.

    Args:
        listener: bound and listening; closed at the end.
        may_rest: whether the answer may take long; it is then worked out in a thread of its own.
        on_refusal: is told of what the application never sees.
    """

    def __init__(
        self,
        application: WsgiApp,
        listener: socket.socket,
        *,
        may_rest: Callable[[HttpRequest], bool],
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
        self._waiting: deque[tuple[Connection, HttpRequest]] = deque()
        self._done: deque[tuple[Connection, bytes, bool]] = deque()
        self._postponed: list[Connection] = []
        self._thread_count = 0
        self._threads_lock = threading.Lock()
        self._connections: dict[int, Connection] = {}
        self._is_stopping = False
        self._is_full = False
        self.date = b""
        self.now = monotonic_s()
        self.address = listener.getsockname()
        host = self.address[0]
        self.environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": f"[{host}]" if ":" in host else host,
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

    def is_stopping(self) -> bool:
        """Return whether `stop` was called."""
        return self._is_stopping

    def run(self) -> None:
        """Serve in this thread until `stop`."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._take_answers)
        self._sweep()
        swept = self.now
        try:
            while not self._is_stopping:
                ready = self._selector.select(0 if self._postponed else SWEEP_S)
                self.now = monotonic_s()
                for key, _ in ready:
                    self._guarded(key.data, key.fileobj)
                if self._postponed:
                    self._have_their_turn()
                if self.now - swept >= SWEEP_S:
                    swept = self.now
                    self._sweep()
        finally:
            self._close()

    def _guarded(self, act: Callable[[], None], opened: Any) -> None:
        """Let a mistake of ours end one connection, not the server."""
        try:
            act()
        except Exception:
            logging.getLogger(__name__).exception("a connection ended")
            found = next((c for c in self._connections.values() if c.socket is opened), None)
            if found is not None:
                found.close()

    def _close(self) -> None:
        for connection in list(self._connections.values()):
            connection.close()
        for opened in (self._listener, self._waker, self._woken, self._selector):
            opened.close()

    # clients that come and go

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            if len(self._connections) >= MAX_CONNECTIONS and not self._close_idle():
                self._accept_later()
                return
            try:
                accepted, address = self._listener.accept()
            except (BlockingIOError, ConnectionError):  # nobody is there, or has gone already
                return
            except OSError:  # no more files for this process
                if not self._close_idle():
                    self._accept_later()
                return
            accepted.setblocking(False)
            with contextlib.suppress(OSError):
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, accepted, address)
            self._connections[accepted.fileno()] = connection
            self._selector.register(accepted, selectors.EVENT_READ, connection.on_readable)

    def _accept_later(self) -> None:
        """Leave clients waiting until the next sweep; asking again at once would keep a processor busy."""
        self._is_full = True
        self._selector.unregister(self._listener)

    def _close_idle(self) -> int:
        """Make room: end the connections that have been unused for longest, and return how many."""
        known = self._connections.values()
        idle = sorted((c for c in known if c.is_idle and self.now - c.last_at >= MIN_IDLE_S), key=lambda c: c.last_at)
        for connection in idle[:ACCEPTED_AT_ONCE]:
            connection.close()
        return len(idle)

    def _sweep(self) -> None:
        """Close what has been idle or half done for too long."""
        self.date = f"\r\nDate: {formatdate(usegmt=True)}\r\n".encode()
        for connection in list(self._connections.values()):
            self._guarded(connection.expire, connection.socket)
        if self._is_full:
            self._is_full = False
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def watch(self, connection: Connection, events: int, then: Callable[[], None]) -> None:
        """Let the loop call `then` on these events."""
        self._selector.modify(connection.socket, events, then)

    def ignore(self, connection: Connection) -> None:
        """Let the loop leave a connection alone."""
        self._selector.unregister(connection.socket)

    def notice(self, connection: Connection) -> None:
        """Let the loop read from a connection again."""
        self._selector.register(connection.socket, selectors.EVENT_READ, connection.on_readable)

    def forget(self, connection: Connection) -> None:
        """Drop a connection that is about to be closed."""
        self._connections.pop(connection.socket.fileno(), None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection.socket)

    def postpone(self, connection: Connection) -> None:
        """Let a connection go on when the others have had their turn."""
        self._postponed.append(connection)

    def _have_their_turn(self) -> None:
        postponed, self._postponed = self._postponed, []
        for connection in postponed:
            self._guarded(connection.resume, connection.socket)

    # answers

    def answer(self, request: HttpRequest, environ: dict[str, Any]) -> tuple[bytes, bool]:
        """Return the whole answer as bytes, and whether the connection can be used again."""
        return answer_of(self.application, environ, request, self.date, self.is_stopping)

    def hand_over(self, connection: Connection, request: HttpRequest) -> None:
        """Answer in another thread; beyond MAX_THREADS a request waits for one to be free."""
        with self._threads_lock:
            self._waiting.append((connection, request))
            if self._thread_count >= MAX_THREADS:
                return
            self._thread_count += 1
        try:
            # a daemon: somebody's long delay must not hold up the end of the process
            threading.Thread(target=self._work, name="answer", daemon=True).start()
        except RuntimeError:  # the system gives no more threads: then in this one
            self._work()

    def _work(self) -> None:
        while True:
            with self._threads_lock:
                if not self._waiting:
                    self._thread_count -= 1
                    return
                connection, request = self._waiting.popleft()
            self._done.append((connection, *self.answer(request, connection.environ)))
            self._wake()

    def _take_answers(self) -> None:
        """Send what other threads have worked out."""
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)
        while self._done:
            connection, answer, keeps = self._done.popleft()
            self._guarded(partial(connection.resume, answer, keeps=keeps), connection.socket)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"x")
