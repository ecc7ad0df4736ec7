"""How fast cycles are, as ratios to bare loops in the same run (design.md section 9), and how much memory one takes.

    python benchmarks/engine_cycle.py [--users 2000] [--big 100000] [--rounds 3] [--json]

The null server is a process of its own: it finds nobody, creates everybody with a fresh id, reads anybody, accepts
every PATCH; on wish it waits before each answer. The engine runs over a database file, as in life, with its journal,
its log and one transaction for each object.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.ids import RandomIds
from entra_sim.simulator.ids import seeded_chance
from entra_sim.simulator.model.change import TargetValue
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.service.simulator import http_connect
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.transport.wire import wire_request

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TOKEN = "secret-token-1234"
EMPTY = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}'
CPU_MS: dict[str, float] = {}
"""Of the last measurement of each kind: on a machine that others use, it says more than the clock."""
CORE = '"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]'


# -- the null server -----------------------------------------------------------------------------------------------


def serve(ready: Connection, delay_s: float) -> None:
    """Answer on any number of connections until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    ready.send(listener.getsockname()[1])
    numbers = count(1)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=_talk, args=(sock, numbers, delay_s), daemon=True).start()


def _talk(sock: socket.socket, numbers: Any, delay_s: float) -> None:
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
        if delay_s:
            time.sleep(delay_s)
        sock.sendall(_answer(head, numbers))
    sock.close()


def _answer(head: bytes, numbers: Any) -> bytes:
    if head.startswith(b"POST"):
        status, body = b"201 Created", f'{{{CORE},"id":"tp-{next(numbers)}","userName":"a@b.example"}}'.encode()
    elif head.startswith(b"GET /scim/v2/Users?"):
        status, body = b"200 OK", EMPTY
    else:
        target = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
        status, body = b"200 OK", f'{{{CORE},"id":"{target}","userName":"a@b.example","active":true}}'.encode()
    return b"HTTP/1.1 %s\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )


class NullServer:
    """The server's process."""

    def __init__(self, delay_s: float = 0.0) -> None:
        here, there = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=serve, args=(there, delay_s), daemon=True)
        self._process.start()
        self.url = TenantUrl.parse(f"http://127.0.0.1:{here.recv()}/scim/v2", allow_http=True)

    def __enter__(self) -> NullServer:
        return self

    def __exit__(self, *_reason: object) -> None:
        self._process.terminate()
        self._process.join()


# -- tenants -------------------------------------------------------------------------------------------------------


def person(number: int) -> dict[str, Any]:
    """Return the attributes of a person."""
    return {
        "userPrincipalName": f"person{number:06d}@contoso.example",
        "displayName": f"Person {number}",
        "givenName": "Person",
        "surname": f"No {number}",
        "mail": f"person{number:06d}@contoso.example",
        "department": "Research",
        "jobTitle": "Researcher",
    }


def tenant(folder: Path, people: int, url: TenantUrl, settings: Settings) -> tuple[Simulator, Application]:
    """Return a simulator over a file with so many people, all in scope, and an application for the null server."""
    simulator = Simulator(
        database=Database.open(folder / "simulator.db"),
        clock=VirtualClock(NOW),
        ids=RandomIds(),
        settings=settings,
        connect=http_connect(settings),
        chance=seeded_chance("benchmark"),
    )
    application = simulator.applications.create("Null")
    simulator.provisioning.save_credentials(application, str(url), TOKEN)
    simulator.provisioning.set_object_mapping_enabled(application, "Group", enabled=False)
    simulator.provisioning.set_scope(application, "all")
    with simulator.core.database.atomic():
        for number in range(people):
            simulator.directory.create_user(person(number))
    return simulator, application


def link_everybody(simulator: Simulator, application: Application) -> list[str]:
    """Link everybody without a request and take the watermark; returns the object ids."""
    core = simulator.core
    ids = core.directory.user_ids_after("", 10_000_000)
    with core.database.atomic():
        for number, object_id in enumerate(ids):
            entry = SyncEntry(object_type="User", source_anchor=object_id, target_anchor=f"tp-{number}")
            core.jobs.save_entry(application.job_id, entry)
        job = core.jobs.get(application.job_id)
        assert job is not None
        core.jobs.save(replace(job, watermark=core.feed.newest(NOW), watermark_at=NOW))
    return ids


# -- loops ---------------------------------------------------------------------------------------------------------


def wires(url: TenantUrl, numbers: range) -> list[Any]:
    """Return what the engine sends for these people, ready for the socket."""
    found = []
    for number in numbers:
        facts = person(number)
        values = [
            TargetValue(target_path="userName", value=facts["userPrincipalName"]),
            TargetValue(target_path="active", value="True", type="Boolean"),
            TargetValue(target_path="displayName", value=facts["displayName"]),
            TargetValue(target_path="title", value=facts["jobTitle"]),
            TargetValue(target_path='emails[type eq "work"].value', value=facts["mail"]),
            TargetValue(target_path="name.givenName", value=facts["givenName"]),
            TargetValue(target_path="name.familyName", value=facts["surname"]),
            TargetValue(target_path="name.formatted", value=facts["displayName"]),
            TargetValue(target_path="externalId", value=facts["userPrincipalName"].split("@")[0]),
        ]
        for call in (
            requests.match("User", "userName", facts["userPrincipalName"]),
            requests.create("User", values),
        ):
            found.append(wire_request(call, url, f"Bearer {TOKEN}"))
    return found


def bare_loop(url: TenantUrl, people: int, workers: int) -> float:
    """Return users a second of http.client loops with nothing round them."""
    shares = [wires(url, range(start, people, workers)) for start in range(workers)]
    threads = [threading.Thread(target=_bare, args=(url, share)) for share in shares]
    began, busy = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    CPU_MS["bare loop"] = (time.process_time() - busy) * 1000 / people
    return people / (time.perf_counter() - began)


def _bare(url: TenantUrl, share: list[Any]) -> None:
    connection = http.client.HTTPConnection(url.host, url.port)
    for wire in share:
        connection.putrequest(wire.method, wire.target, skip_host=True, skip_accept_encoding=True)
        for name, value in wire.headers:
            connection.putheader(name, value)
        connection.endheaders(wire.body)
        json.loads(connection.getresponse().read())
    connection.close()


def engine_cycle(url: TenantUrl, people: int, workers: int) -> float:
    """Return users a second of an initial cycle."""
    with tempfile.TemporaryDirectory() as folder:
        simulator, application = tenant(Path(folder), people, url, Settings(workers=workers))
        simulator.provisioning.start(application)
        began, busy = time.perf_counter(), time.process_time()
        simulator.time.tick()
        took = time.perf_counter() - began
        CPU_MS["initial cycle"] = (time.process_time() - busy) * 1000 / people
        job = simulator.queries.job(application)
        assert job.last_execution is not None
        assert job.last_execution.counts.exported == people
        simulator.close()
    return people / took


def scim2_loop(url: TenantUrl, people: int) -> float | None:
    """Return users a second of scim2-client doing the same two requests; None without its HTTP extra."""
    try:
        from httpx2 import Client
        from scim2_client.engines.httpx2 import SyncSCIMClient
        from scim2_models import User
        from scim2_models.provider import ScimProvider
    except ImportError:
        return None
    base = f"http://{url.host}:{url.port}/scim/v2"
    with Client(base_url=base, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        scim = SyncSCIMClient(client, provider=ScimProvider(models=[User]))
        began = time.perf_counter()
        for number in range(people):
            facts = person(number)
            name = facts["userPrincipalName"]
            scim.query(User, query_parameters={"filter": f'userName eq "{name}"'})
            scim.create(User(user_name=name, active=True, display_name=facts["displayName"], title=facts["jobTitle"]))
        return people / (time.perf_counter() - began)


def idle_cycle_ms(people: int) -> float:
    """Return the milliseconds of an incremental cycle with nothing changed over so many linked people."""
    with tempfile.TemporaryDirectory() as folder, NullServer() as server:
        simulator, application = tenant(Path(folder), people, server.url, Settings())
        link_everybody(simulator, application)
        simulator.provisioning.start(application)
        simulator.time.tick()
        return _best(5, lambda: _next_cycle(simulator, application)) * 1000


def changed_cycle_ms(people: int, changes: int) -> float:
    """Return the milliseconds of an incremental cycle with so many changes."""
    with tempfile.TemporaryDirectory() as folder, NullServer() as server:
        simulator, application = tenant(Path(folder), people, server.url, Settings())
        ids = link_everybody(simulator, application)
        simulator.provisioning.start(application)
        simulator.time.tick()
        with simulator.core.database.atomic():
            for object_id in ids[:: max(people // changes, 1)][:changes]:
                simulator.directory.update_user(object_id, {"jobTitle": "Chief"})
        return _next_cycle(simulator, application) * 1000


def _next_cycle(simulator: Simulator, application: Application) -> float:
    job = simulator.queries.job(application)
    assert job.next_cycle_at is not None
    simulator.clock.move_to(job.next_cycle_at)
    began = time.perf_counter()
    simulator.time.tick()
    return time.perf_counter() - began


def _best(rounds: int, measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(rounds))


def memory_mb(people: int, url: TenantUrl) -> dict[str, float]:
    """Return the resident memory before and the most during an initial cycle, measured in a process of its own."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_measure_memory, args=(there, people, str(url)))
    process.start()
    found: dict[str, float] = here.recv()
    process.join()
    return found


def _measure_memory(ready: Connection, people: int, url: str) -> None:
    import resource

    with tempfile.TemporaryDirectory() as folder:
        simulator, application = tenant(
            Path(folder), people, TenantUrl.parse(url, allow_http=True), Settings(workers=4)
        )
        simulator.provisioning.start(application)
        with open(f"/proc/{os.getpid()}/statm", encoding="ascii") as status:
            before = int(status.read().split()[1]) * resource.getpagesize() / 2**20
        began = time.perf_counter()
        simulator.time.tick()
        took = time.perf_counter() - began
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        ready.send({"before": round(before), "most": round(most), "seconds": round(took, 1)})
        simulator.close()


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--users", type=int, default=2000)
    options.add_argument("--big", type=int, default=0, help="people of the large tenant; 0 leaves it out")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    rows: dict[str, Any] = {}
    with NullServer() as server:
        bare, engine = [], []
        for _ in range(given.rounds):
            bare.append(bare_loop(server.url, given.users, 1))
            engine.append(engine_cycle(server.url, given.users, 1))
        for name, value in CPU_MS.items():
            rows[f"{name}, CPU ms/user of this process"] = value
        client = scim2_loop(server.url, max(given.users // 10, 50))
        rows["bare loop, users/s"] = max(bare)
        rows["initial cycle, users/s"] = max(engine)
        rows["ratio to the bare loop (at least 0.50)"] = max(engine) / max(bare)
        if client is None:
            sys.stderr.write("without scim2-client over HTTP: pip install 'scim2-client[httpx2]' to compare\n")
        else:
            rows["scim2-client, users/s"] = client
            rows["ratio to scim2-client (at least 3)"] = max(engine) / client
    with NullServer(0.005) as slow:
        bare = [bare_loop(slow.url, given.users // 2, 8) for _ in range(given.rounds)]
        engine = [engine_cycle(slow.url, given.users // 2, 8) for _ in range(given.rounds)]
        rows["bare 8-worker loop against 5 ms, users/s"] = max(bare)
        rows["8 workers against 5 ms, users/s"] = max(engine)
        rows["ratio (at least 0.80)"] = max(engine) / max(bare)
    for people in (1000, 10_000, *((given.big,) if given.big else ())):
        rows[f"nothing changed, {people} linked, ms (under 20)"] = idle_cycle_ms(people)
    for changes in (1, 10, 100):
        rows[f"{changes} changes of 10000, ms"] = changed_cycle_ms(10_000, changes)
    if given.big:
        with NullServer() as server:
            for name, value in memory_mb(given.big, server.url).items():
                rows[f"initial cycle of {given.big}: {name} (MB; most under 300)"] = value
    if given.json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        for name, value in rows.items():
            sys.stdout.write(f"{name:60} {value:10.2f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
