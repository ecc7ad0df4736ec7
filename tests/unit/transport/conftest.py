"""Servers for the transports: one that speaks raw bytes from a script, one that serves a WSGI app."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import suppress
from typing import Any

import pytest

OK_EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: 2\r\n\r\n{}"
LISTENING_S = 10.0


class RawServer:
    """Answers each request with the next item of a script and keeps what it received, byte for byte.

    An item is bytes, or a function that is given the socket. None closes the connection without an answer; an item that
    is a tuple sends its bytes and then closes. When the script is over, OK_EMPTY is sent.
    """

    def __init__(self, *script: Any, tls: ssl.SSLContext | None = None) -> None:
        self.script = list(script)
        self.requests: list[bytes] = []
        self.connection_of: list[int] = []
        self.connection_count = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LISTENING_S)
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        self.closed_by_server = threading.Semaphore(0)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()[:2]
        return host, port

    def close(self) -> None:
        with self._lock:
            for sock in [self._listener, *self._open]:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()
        self._thread.join(LISTENING_S)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError, ValueError):
            sock.settimeout(LISTENING_S)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            with self._lock:
                self._open.append(sock)
                self.connection_count += 1
                number = self.connection_count
            while self._answer(sock, number):
                pass
        sock.close()

    def _answer(self, sock: socket.socket, number: int) -> bool:
        request = read_request(sock)
        if not request:
            return False
        with self._lock:
            self.requests.append(request)
            self.connection_of.append(number)
            item = self.script.pop(0) if self.script else OK_EMPTY
        if callable(item):
            item(sock)
        elif item is not None:
            sock.sendall(item[0] if isinstance(item, tuple) else item)
        if item is None or isinstance(item, tuple):
            sock.close()
            self.closed_by_server.release()
            return False
        return True


def read_request(sock: socket.socket) -> bytes:
    """Return one request with its body, b"" at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            return b""
        head += byte
    length = 0
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
    body = b""
    while len(body) < length:
        body += sock.recv(length - len(body))
    return head + body


class AppServer(RawServer):
    """Serves a WSGI app over a socket; a cut sends the headers, one byte, and then the end of the connection."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app
        super().__init__()

    def _answer(self, sock: socket.socket, number: int) -> bool:
        request = read_request(sock)
        if not request:
            return False
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "wsgi.input": io.BytesIO(body), "entra_sim.cut": False}
        environ["PATH_INFO"], _, environ["QUERY_STRING"] = target.partition("?")
        started: list[Any] = []
        try:
            content = b"".join(self._app(environ, lambda status, headers: started.extend((status, headers))))
        except RuntimeError:
            sock.close()
            return False
        status, headers = started
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
        sock.sendall("\r\n".join(lines).encode("latin-1"))
        if environ["entra_sim.cut"]:
            sock.sendall(content[:1])
            sock.close()
            return False
        sock.sendall(content)
        return True


@pytest.fixture
def raw_server() -> Iterator[Callable[..., RawServer]]:
    with ExitStack() as stack:

        def start(*script: Any, tls: ssl.SSLContext | None = None) -> RawServer:
            server = RawServer(*script, tls=tls)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def app_server() -> Iterator[Callable[..., RawServer]]:
    with ExitStack() as stack:

        def start(app: Callable[..., Any]) -> RawServer:
            server = AppServer(app)
            stack.callback(server.close)
            return server

        yield start
