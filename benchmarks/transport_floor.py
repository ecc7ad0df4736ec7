"""How close HttpTransport comes to a bare http.client loop that sends the same requests to a null server.

    python benchmarks/transport_floor.py [REQUESTS]

The null server is a process of its own and answers every request with the same bytes. Both loops look a user up and
create it, on one keep-alive connection; rounds alternate, the best of each counts. The ratio is what matters.
"""

from __future__ import annotations

import http.client
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import orjson

from entra_sim.simulator.model.change import TargetValue
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.transport.credentials import BearerToken
from entra_sim.simulator.transport.http import HttpTransport
from entra_sim.simulator.transport.wire import wire_request

ROUNDS = 5
EMPTY = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}'
CREATED = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"tp-1","userName":"ada@contoso.example"}'
VALUES = [
    TargetValue(target_path="userName", value="ada@contoso.example"),
    TargetValue(target_path="active", value="True", type="Boolean"),
    TargetValue(target_path="displayName", value="Ada Park"),
    TargetValue(target_path='emails[type eq "work"].value', value="ada@contoso.example"),
    TargetValue(target_path="name.givenName", value="Ada"),
    TargetValue(target_path="name.familyName", value="Park"),
]


def answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/scim+json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def serve(ready: Connection) -> None:
    """Answer lookups with nobody and creates with somebody, until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready.send(listener.getsockname()[1])
    found, created = answer("200 OK", EMPTY), answer("201 Created", CREATED)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = b""
        while piece := sock.recv(65536):
            buffer += piece
            head, end, rest = buffer.partition(b"\r\n\r\n")
            if not end:
                continue
            _, _, stated = head.partition(b"Content-Length: ")
            length = int(stated.partition(b"\r\n")[0] or 0)
            if len(rest) < length:
                continue
            buffer = rest[length:]
            sock.sendall(created if head.startswith(b"POST") else found)
        sock.close()


def bare_loop(url: TenantUrl, count: int) -> None:
    """Send what the client sends, with nothing around it: no deadline, no limit, no reading of the answers."""
    wires = [
        wire_request(requests.match("User", "userName", "ada@contoso.example"), url, "Bearer secret-token-1234"),
        wire_request(requests.create("User", VALUES), url, "Bearer secret-token-1234"),
    ]
    connection = http.client.HTTPConnection(url.host, url.port)
    for _ in range(count // 2):
        for wire in wires:
            connection.putrequest(wire.method, wire.target, skip_host=True, skip_accept_encoding=True)
            for name, value in wire.headers:
                connection.putheader(name, value)
            connection.endheaders(wire.body)
            connection.getresponse().read()
    connection.close()


def transport_loop(url: TenantUrl, count: int) -> None:
    """Build, encode, send, read and judge, as the engine does."""
    transport = HttpTransport(url, BearerToken("secret-token-1234"))
    for _ in range(count // 2):
        responses.read_list(transport.send(requests.match("User", "userName", "ada@contoso.example")))
        responses.read_created(transport.send(requests.create("User", VALUES)))
    transport.close()


def timed(loop: Callable[[TenantUrl, int], None], url: TenantUrl, count: int) -> float:
    started = time.perf_counter()
    loop(url, count)
    return count / (time.perf_counter() - started)


def main() -> int:
    """Print both rates and their ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    theirs, ours = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(ours,), daemon=True)
    server.start()
    url = TenantUrl.parse(f"http://127.0.0.1:{theirs.recv()}/scim/v2")
    timed(bare_loop, url, 200)
    rates = [(timed(bare_loop, url, count), timed(transport_loop, url, count)) for _ in range(ROUNDS)]
    server.terminate()
    server.join()
    bare, transport = (max(column) for column in zip(*rates, strict=True))
    result = {"bare_per_s": round(bare), "transport_per_s": round(transport), "ratio": round(transport / bare, 2)}
    sys.stdout.write(f"{Path(__file__).name}: {orjson.dumps(result).decode()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
