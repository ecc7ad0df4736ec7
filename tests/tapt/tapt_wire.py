"""A served Tapt and a client that sends raw bytes."""

from __future__ import annotations

import json
import socket
import threading
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

from entra_sim.mock_tapt import Tapt
from entra_sim.mock_tapt.clock import StandaloneClock
from entra_sim.mock_tapt.http_server import HttpServer
from entra_sim.mock_tapt.platform_calls import listen
from entra_sim.mock_tapt.site import Site

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
HEAD = b"Host: tapt.example\r\nAuthorization: Bearer T\r\n"


class Wire:
    """A served Tapt with Ada, Bjørn and a group, and what was answered to raw bytes."""

    def __init__(self, host: str = "127.0.0.1", database: str | Path = ":memory:") -> None:
        clock = StandaloneClock(datetime(2026, 1, 5, 9, tzinfo=UTC), rate=0)
        numbers = iter(range(1, 100_000))
        self.tapt = Tapt.open(
            database,
            now=clock.now, wait=lambda s: self.resting.wait(s), new_id=lambda kind: f"{kind}-{next(numbers)}",
            public_url=None,
        )  # fmt: skip
        self.resting = threading.Event()
        self.tapt.preset_token("T")
        self.site = Site.around(self.tapt)
        self.server = HttpServer(
            self.site.wsgi, listen(host, 0), may_rest=self.site.may_rest, on_refusal=self.site.note_refusal
        )
        self.host, self.port = self.server.address[:2]
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        self.ada = self.create("ada@x.example", displayName="Ada", externalId="E1")
        self.bo = self.create("bjørn@x.example", displayName="Bjørn Ø")

    def create(self, name: str, **attributes: Any) -> str:
        answer = self.send(self.request("POST", "/Users", {"schemas": [CORE], "userName": name, **attributes}))
        assert answer[0] == 201, answer
        return json.loads(answer[2])["id"]

    def request(
        self, method: str, path: str | bytes, body: Any = None, *, head: bytes = HEAD, version: bytes = b"1.1"
    ) -> bytes:
        path = path.encode() if isinstance(path, str) else path
        lines = [b"%b /scim/v2%b HTTP/%b\r\n" % (method.encode(), path, version), head]
        content = json.dumps(body).encode() if body is not None else b""
        if body is not None:
            lines.append(b"Content-Type: application/scim+json\r\nContent-Length: %d\r\n" % len(content))
        return b"".join((*lines, b"\r\n", content))

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=10)

    def send(self, *pieces: bytes) -> tuple[int, str, bytes]:
        """Return status, head and body of the answer; 0 when the connection was closed without one."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return receive(connection, is_head=pieces[0].startswith(b"HEAD"))

    def close(self) -> None:
        self.resting.set()
        self.server.stop()
        self.thread.join(5)
        assert not self.thread.is_alive()
        self.tapt.close()


def receive(connection: socket.socket, *, is_head: bool = False) -> tuple[int, str, bytes]:
    stream = connection.makefile("rb", buffering=0)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.read(1)
        if not byte:
            return 0, "", head
        head += byte
    text = head.decode("latin-1")
    fields = dict(line.lower().split(": ", 1) for line in text.split("\r\n")[1:] if ": " in line)
    missing, body = 0 if is_head else int(fields.get("content-length", "0")), b""
    while len(body) < missing:
        chunk = stream.read(missing - len(body))
        if not chunk:
            return 0, text, body
        body += chunk
    return int(text[9:12]), text, body
