"""How fast mock Tapt answers: `entra-sim tapt` as a process, over a file, inspector on, every answer checked.

    python benchmarks/tapt_speed.py --people 100000 --clients 1 8

Prints one line per operation and number of clients: requests a second, median and 99th percentile in ms, and the
processor time that server and clients took for each, and the memory of the server. All clients live in one process of
their own, each with a keep-alive connection on which it sends the next request when its answer has come and is checked,
so that they take as little as they can from the two cores they share with the server.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import selectors
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

import orjson

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
    """One keep-alive connection with one request on its way at a time; opened again where a server closes it."""

    def __init__(self, port: int, prefix: str = "/scim/v2", token: str = TOKEN) -> None:
        self.port = port
        self.prefix = prefix.encode()
        self.head = (
            f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nAdscimversion: 5.0\r\n".encode()
        )
        self.buffer = b""
        self.began = 0.0
        self.check: Check = _nothing
        self.socket = self._opened()

    def _opened(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def send(self, method: bytes, path: bytes, body: bytes | None = None) -> None:
        """Send a request in one piece."""
        if self.socket.fileno() < 0:
            self.socket = self._opened()
        request = b"%b %b%b%b" % (method, self.prefix, path, self.head)
        if body is None:
            self.socket.sendall(request + b"\r\n")
        else:
            fields = b"Content-Type: application/scim+json; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body)
            self.socket.sendall(b"".join((request, fields, body)))

    def receive(self) -> tuple[int, bytes] | None:
        """Read once; return status and body when the answer is whole."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        data = self.buffer = self.buffer + chunk if self.buffer else chunk
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = data[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(data) < end + 4 + length:
            return None
        assert len(data) == end + 4 + length, "more than one answer"
        self.buffer = b""
        if head.startswith(b"http/1.0") or b"\r\nconnection: close" in head:
            self.socket.close()
        return int(head[9:12]), data[end + 4 :]

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Send a request and wait for its answer."""
        self.send(method.encode(), path.encode(), body)
        while (answer := self.receive()) is None:
            pass
        return answer


Check = Callable[[int, bytes], None]


def _nothing(status: int, body: bytes) -> None:
    raise AssertionError("nothing was asked")


class Client:
    """One client: knows its next request, and what the answer must hold."""

    def __init__(self, operation: str, number: int, ids: list[str], run: str) -> None:
        self.operation = operation
        self.number = number
        self.ids = ids
        self.run = run
        self.count = 0
        self.chance = random.Random(f"{operation}{number}")
        self.template = json.dumps(person("NAME"), separators=(",", ":"))

    def next(self, connection: Connection) -> Check:
        """Send the next request and return what checks its answer."""
        self.count += 1
        index = int(self.chance.random() * len(self.ids))
        if self.operation == "look-up":
            connection.send(b"GET", b"/Users?filter=userName+eq+%%22p%d%%40contoso.example%%22" % index)
            return lambda status, body: self._check_found(status, body, f"p{index}@contoso.example")
        if self.operation == "read":
            wanted = self.ids[index]
            connection.send(b"GET", b"/Users/%b" % wanted.encode())
            return lambda status, body: _check(status == 200 and orjson.loads(body)["id"] == wanted, body)
        if self.operation == "create":
            name = f"n{self.run}-{self.number}-{self.count}"
            connection.send(b"POST", b"/Users", self.template.replace("NAME", name).encode())
            user_name = f"{name}@contoso.example"
            return lambda status, body: _check(status == 201 and orjson.loads(body)["userName"] == user_name, body)
        title = f"Title {self.run} {self.number} {self.count}"
        change = {"schemas": [PATCHOP], "Operations": [{"op": "Replace", "path": "title", "value": title}]}
        connection.send(b"PATCH", b"/Users/%b" % self.ids[index].encode(), orjson.dumps(change))
        return lambda status, body: _check(
            status == 204 or (status == 200 and orjson.loads(body)["title"] == title), body
        )

    def _check_found(self, status: int, body: bytes, user_name: str) -> None:
        _check(status == 200, body)
        found = orjson.loads(body)
        _check(found["totalResults"] == 1 and found["Resources"][0]["userName"] == user_name, body)


def _check(is_right: bool, body: bytes) -> None:
    assert is_right, body


def work(clients: list[Client], connections: list[Connection], seconds: float) -> list[float]:
    """Let each client send its next request when its answer has come; return the duration of each request."""
    took: list[float] = []
    selector = selectors.DefaultSelector()
    end = time.perf_counter() + seconds
    for client, connection in zip(clients, connections, strict=True):
        connection.began = time.perf_counter()
        connection.check = client.next(connection)
        selector.register(connection.socket, selectors.EVENT_READ, (client, connection))
    while selector.get_map():
        for key, _ in selector.select(60) if len(clients) > 1 else [(next(iter(selector.get_map().values())), 1)]:
            client, connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            took.append(now - connection.began)
            connection.check(*answer)
            if now < end:
                connection.began = time.perf_counter()
                connection.check = client.next(connection)
                if connection.socket is key.fileobj:
                    continue
                selector.unregister(key.fileobj)
                selector.register(connection.socket, selectors.EVENT_READ, (client, connection))
            else:
                selector.unregister(key.fileobj)
    return took


def generate(target: tuple[int, str], operation: str, numbers: range, ids: list[str], seconds: float, out: Any) -> None:
    """Run in a process of its own."""
    run = f"{os.getpid()}"
    clients = [Client(operation, number, ids, run) for number in numbers]
    connections = [Connection(*target) for _ in clients]
    work(clients, connections, min(seconds / 5, 0.5))
    before = time.process_time()
    took = work(clients, connections, seconds)
    out.put((took, time.process_time() - before))


def measure(
    target: tuple[int, str],
    operation: str,
    clients: int,
    ids: list[str],
    seconds: float,
    *,
    pid: int | None = None,
    processes: int = 1,
) -> dict[str, float]:
    """Return requests a second and percentiles of one operation, and microseconds of processor time for each request.

    Args:
        pid: of the server; None: its processor time is not known.
        processes: over which the clients are spread; one each for a server that closes every connection, because one
            client's wait for a new connection would hold up the others.
    """
    results: Any = multiprocessing.Queue()
    shares = [range(number, clients, processes) for number in range(processes)]
    running = [
        multiprocessing.Process(target=generate, args=(target, operation, share, ids, seconds, results))
        for share in shares
    ]
    used = cpu_s(pid) if pid else 0.0
    for process in running:
        process.start()
    answers = [results.get(timeout=seconds * 4 + 60) for _ in running]
    for process in running:
        process.join()
    used = cpu_s(pid) - used if pid else 0.0
    took = sorted(duration for durations, _ in answers for duration in durations)
    own_s = sum(own for _, own in answers)
    return {
        "per_second": len(took) / seconds,
        "p50_ms": statistics.median(took) * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
        "client_us": own_s / len(took) * 1e6,
        "server_us": used / len(took) * seconds / (seconds + min(seconds / 5, 0.5)) * 1e6,
    }


def _family(pid: int) -> list[str]:
    return [str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_s(pid: int) -> float:
    """Return the processor seconds of a process and its children."""
    stats = [Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split() for number in _family(pid)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process and its children, without what they share."""
    total = 0.0
    for number in _family(pid):
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
                    figures = measure((port, "/scim/v2"), operation, clients, ids, options.seconds, pid=pid)
                    report(
                        f"tapt  {people:>7} people  {clients} clients  {operation:<8}"
                        f" {figures['per_second']:>8.0f}/s  p50 {figures['p50_ms']:.2f} ms"
                        f"  p99 {figures['p99_ms']:.2f} ms"
                        f"  processor: server {figures['server_us']:.0f} us, clients {figures['client_us']:.0f} us"
                    )
            report(f"tapt  {people:>7} people  memory {memory_mb(pid):.0f} MB")


if __name__ == "__main__":
    main(lambda line: sys.stdout.write(f"{line}\n") and sys.stdout.flush())
