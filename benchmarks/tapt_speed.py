"""How fast mock Tapt answers: `entra-sim tapt` as a process, over a file, inspector on, every answer checked.

    python benchmarks/tapt_speed.py --people 100000 --clients 1 8

Prints one line per operation and number of clients: requests a second, median and 99th percentile in ms, and the
memory of the server. Clients are processes of their own with one keep-alive connection each, raw sockets, so that they
take as little as they can from the two cores they share with the server.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCHOP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
TOKEN = "benchmark-token-1234567890"
OPERATIONS = ("look-up", "read", "create", "patch")


def person(name: str) -> dict[str, Any]:
    """Return a user as Entra creates it."""
    return {
        "schemas": [CORE, ENT],
        "externalId": f"x-{name}",
        "userName": f"{name}@contoso.example",
        "active": True,
        "displayName": f"Person {name}",
        "emails": [{"primary": True, "type": "work", "value": f"{name}@contoso.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": f"Given {name}", "familyName": name, "givenName": "Given"},
        "title": "Engineer",
        ENT: {"department": "Research", "employeeNumber": name},
    }


class Connection:
    """One keep-alive connection that reads exactly one answer at a time; opened again where a server closes it."""

    def __init__(self, port: int, prefix: str = "/scim/v2", token: str = TOKEN) -> None:
        self.port = port
        self.socket: socket.socket | None = None
        self.prefix = prefix
        self.head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nAdscimversion: 5.0\r\n"
        self.buffer = b""

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        request = f"{method} {self.prefix}{path} HTTP/1.1\r\n{self.head}"
        if body is not None:
            request += f"Content-Type: application/scim+json; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request.encode() + b"\r\n" + (body or b""))
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        status = int(head[9:12])
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        self.buffer = rest
        while len(self.buffer) < length:
            self._more()
        content, self.buffer = self.buffer[:length], self.buffer[length:]
        if head.startswith(b"HTTP/1.0") or b"connection: close" in head.lower():
            self.socket.close()
            self.socket = None
        return status, content

    def _more(self) -> None:
        assert self.socket is not None
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self.buffer += chunk


def work(operation: str, number: int, ids: list[str], seconds: float, connection: Connection) -> list[float]:
    """Repeat one operation and return the duration of each request; every answer is checked."""
    chance = random.Random(f"{operation}{number}")
    took: list[float] = []
    end = time.perf_counter() + seconds
    count = 0
    while True:
        began = time.perf_counter()
        if began >= end:
            return took
        count += 1
        index = chance.randrange(len(ids))
        if operation == "look-up":
            path = f"/Users?filter=userName+eq+%22p{index}%40contoso.example%22"
            status, body = connection.ask("GET", path)
            assert status == 200, body
            found = json.loads(body)
            assert found["totalResults"] == 1, body
            assert found["Resources"][0]["userName"] == f"p{index}@contoso.example"
        elif operation == "read":
            status, body = connection.ask("GET", f"/Users/{ids[index]}")
            assert status == 200, body
            assert json.loads(body)["id"] == ids[index]
        elif operation == "create":
            name = f"n{number}-{time.time_ns()}"
            status, body = connection.ask("POST", "/Users", json.dumps(person(name)).encode())
            assert status == 201, body
            assert json.loads(body)["userName"] == f"{name}@contoso.example"
        else:
            title = f"Title {number} {count}"
            change = {"schemas": [PATCHOP], "Operations": [{"op": "Replace", "path": "title", "value": title}]}
            status, body = connection.ask("PATCH", f"/Users/{ids[index]}", json.dumps(change).encode())
            assert status in (200, 204), body
            assert status == 204 or json.loads(body)["title"] == title
        took.append(time.perf_counter() - began)


def client(target: tuple[int, str], operation: str, number: int, ids: list[str], seconds: float, results: Any) -> None:
    """Run in a process of its own."""
    connection = Connection(*target)
    work(operation, number, ids, min(seconds / 5, 0.5), connection)
    results.put(work(operation, number, ids, seconds, connection))


def measure(target: tuple[int, str], operation: str, clients: int, ids: list[str], seconds: float) -> dict[str, float]:
    """Return requests a second and percentiles of one operation."""
    results: Any = multiprocessing.Queue()
    running = [
        multiprocessing.Process(target=client, args=(target, operation, n, ids, seconds, results))
        for n in range(clients)
    ]
    for process in running:
        process.start()
    took = [duration for _ in running for duration in results.get(timeout=seconds * 4 + 60)]
    for process in running:
        process.join()
    took.sort()
    return {
        "per_second": len(took) / seconds,
        "p50_ms": statistics.median(took) * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
    }


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process and its children, without what they share."""
    total = 0.0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for number in [str(pid), *children]:
        for line in Path(f"/proc/{number}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) / 1024
    return total


@contextmanager
def tapt(people: int) -> Iterator[tuple[int, int, list[str]]]:
    """Serve Tapt with so many residents; give its port, pid and their ids."""
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / "people.json"
        seed.write_text(json.dumps([person(f"p{n}") for n in range(people)]))
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "entra_sim.cli", "tapt", "--data", f"{folder}/data", "--port", "0"]
        command += ["--token", TOKEN, "--seed", str(seed), "--ready-file", str(ready)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
            port = json.loads(ready.read_text())["port"]
            yield port, process.pid, all_ids(Connection(port), people)
        finally:
            process.terminate()
            process.wait()


def all_ids(connection: Connection, people: int) -> list[str]:
    """Return the ids of the residents in the order of their numbers."""
    ids: list[str] = []
    while len(ids) < people:
        status, body = connection.ask("GET", f"/Users?attributes=id&startIndex={len(ids) + 1}&count=1000")
        assert status == 200
        ids += [resource["id"] for resource in json.loads(body)["Resources"]]
    return ids


def main(report: Callable[[str], None]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    for people in options.people:
        with tapt(people) as (port, pid, ids):
            for clients in options.clients:
                for operation in OPERATIONS:
                    figures = measure((port, "/scim/v2"), operation, clients, ids, options.seconds)
                    report(
                        f"tapt  {people:>7} people  {clients} clients  {operation:<8}"
                        f" {figures['per_second']:>8.0f}/s  p50 {figures['p50_ms']:.2f} ms"
                        f"  p99 {figures['p99_ms']:.2f} ms"
                    )
            report(f"tapt  {people:>7} people  memory {memory_mb(pid):.0f} MB")


if __name__ == "__main__":
    main(lambda line: sys.stdout.write(f"{line}\n") and sys.stdout.flush())
