"""A lab of any size for benchmarks of the pages: people, a connected application, and records of cycles."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from urllib.parse import urlsplit

from entra_sim.scenarios.world import World
from entra_sim.simulator.store.codec import instant_column
from entra_sim.simulator.tenants import seeded_ids
from entra_sim.simulator.tenants import synthesize

NOW = datetime(2026, 1, 30, 9, 0, tzinfo=UTC)
APPLICATION = "Tapt Integration"
TAPT_PORT = "tapt-port.txt"
"""A file that holds the port under which the application knows Tapt."""
CYCLES = 12
MIX = (
    (800, "Update", "Success", ""),
    (180, "Other", "Skipped", "RedundantExport"),
    (12, "Create", "Success", ""),
    (5, "Update", "Failure", "DuplicateTargetEntries"),
    (2, "Disable", "Success", ""),
    (1, "Other", "Skipped", "NotEffectivelyEntitled"),
)
"""Out of a thousand records of a cycle after the first; the first creates everybody."""


def build(folder: Path, people: int, records: int) -> None:
    """Make a data folder with so many people and records, provisioning off; its clock is frozen at NOW."""
    folder.mkdir(parents=True)
    with World.open_folder(folder, rate=0.0) as world:
        world.clock.restore(NOW, 0.0)
        sim = world.simulator
        sim.directory.import_image(synthesize(people, 7, seeded_ids(7), domain="contoso.example"))
        application = sim.applications.create(APPLICATION)
        urls = world.serve(port=0, tapt_port=0, key="key", hosts=frozenset({"127.0.0.1"}), sign_in=False)
        (folder / TAPT_PORT).write_text(str(urlsplit(urls[1]).port), encoding="utf-8")
        assert world.tapt is not None
        sim.provisioning.set_mode(application, "Automatic")
        token = str(world.tapt.generate_token().secret)
        sim.provisioning.save_credentials(application, f"{urls[1]}/scim/v2", token)
        sim.provisioning.set_scope(application, "all")
        if records:
            user = sim.directory.users()[0]
            sim.provisioning.provision_on_demand(application, user.user_principal_name)
            _fill_log(world, records)
        sim.keeper.save()


def _fill_log(world: World, records: int) -> None:
    database = world.simulator.core.database
    model = database.row("SELECT * FROM log_entry ORDER BY sequence DESC LIMIT 1")
    assert model is not None
    columns = [name for name in model.keys() if name != "sequence"]  # noqa: SIM118
    users = [tuple(row) for row in database.rows("SELECT object_id, upn FROM user")]
    began = world.clock.now() - timedelta(days=25)
    choices = [kind for kind in MIX for _ in range(kind[0])]
    model_document = json.loads(model["document"])
    rows = []
    for number in range(records):
        cycle = number * CYCLES // records
        _weight, action, status, code = (1, "Create", "Success", "") if cycle == 0 else choices[number * 7919 % 1000]
        source_id, upn = users[number % len(users)]
        changed = {
            "entry_id": f"{number:08x}-1111-4000-8000-000000000000",
            "at": instant_column(began + timedelta(seconds=2 * number)),
            "cycle_id": f"{cycle:08x}-2222-4000-8000-000000000000",
            "action": action,
            "status": status,
            "code": code,
            "source_id": source_id,
            "identity": upn,
        }
        document = model_document | {key: value for key, value in changed.items() if key != "code"}
        rows.append([{**model, **changed, "document": json.dumps(document)}[name] for name in columns])
        if len(rows) == 20_000 or number == records - 1:
            with database.atomic():
                database.execute_many(
                    f"INSERT INTO log_entry ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608
                    rows,
                )
            rows = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A running `entra-sim up`, sign-in off. `admin_url` and `tapt_url` are base URLs."""

    admin_url: str
    tapt_url: str
    process: int


@contextmanager
def served(folder: Path) -> Iterator[Lab]:
    """Run `entra-sim up` over a data folder in a process of its own."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    port = folder / TAPT_PORT
    tapt_port = port.read_text(encoding="utf-8") if port.exists() else "0"
    command = [sys.executable, "-m", "entra_sim.cli", "up", "--data", str(folder), "--port", "0"]
    command += ["--tapt-port", tapt_port]
    command += ["--no-sign-in", "--empty", "--clock", "frozen", "--ready-file", str(ready)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not ready.exists():
            if process.poll() is not None:
                sys.exit(f"up ended with {process.returncode}")
            time.sleep(0.05)
        facts = json.loads(ready.read_text(encoding="utf-8"))
        yield Lab(admin_url=facts["admin_url"], tapt_url=facts["tapt_url"], process=process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


class Reader:
    """One keep-alive connection that measures how long the first byte of a page takes."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._cookie = ""

    def get(self, path: str) -> tuple[float, int, str]:
        """Return milliseconds to the first byte, status and page."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        response = self._connection.getresponse()
        first_byte_ms = (time.perf_counter() - began) * 1000
        if response.headers.get("Set-Cookie"):
            self._cookie = response.headers["Set-Cookie"].split(";")[0]
        return first_byte_ms, response.status, response.read().decode()

    def post(self, path: str, page: str, **fields: str) -> int:
        """Send a form of a page; returns the status."""
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        assert token is not None
        body = urlencode({"csrf": token.group(1), **fields})
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        response.read()
        return response.status


def pages_of(lab: Lab) -> dict[str, str]:
    """Return the pages of a lab: name → path."""
    reader = Reader(lab.admin_url)
    found = re.search(r"/enterprise-apps/([0-9a-f-]{36})", reader.get("/enterprise-apps")[2])
    assert found is not None
    base = found.group(0)
    prov = f"{base}/provisioning"
    people = re.findall(r"/users/([0-9a-f-]{36})", reader.get("/users")[2])
    groups = re.findall(r"/groups/([0-9a-f-]{36})", reader.get("/groups")[2])
    entries = re.findall(r"/logs/([0-9a-f-]{36})", reader.get(f"{prov}/logs?range=all")[2])
    exchanges = re.findall(r"/lab/requests/(\d+)", reader.get("/lab/requests")[2])
    pages = {
        "home": "/",
        "apps": "/enterprise-apps",
        "app": base,
        "properties": f"{base}/properties",
        "assignments": f"{base}/users",
        "pick": f"{base}/users/add/pick?search=a",
        "overview": prov,
        "overview cards": f"{prov}/status",
        "provisioning": f"{prov}/edit?open=settings",
        "mapping": f"{prov}/mappings/users",
        "edit attribute": f"{prov}/mappings/users/attributes/1",
        "scope": f"{prov}/mappings/users/scope",
        "new filter": f"{prov}/mappings/users/scope/new",
        "attribute list": f"{prov}/mappings/users/attribute-list/target",
        "schema editor": f"{prov}/schema",
        "expression builder": f"{prov}/expression-builder",
        "on demand": f"{prov}/on-demand?search=a",
        "logs": f"{prov}/logs",
        "logs, all time": f"{prov}/logs?range=all",
        "logs of all apps": "/provisioning-logs?range=all",
        "audit": f"{prov}/audit",
        "audit of all apps": "/audit-logs",
        "users": "/users",
        "users, search": "/users?search=m",
        "deleted users": "/users/deleted",
        "user": f"/users/{people[0]}",
        "edit user": f"/users/{people[0]}/edit",
        "groups": "/groups",
        "group": f"/groups/{groups[0]}",
        "connectivity": f"{prov}/connectivity?layout=new",
        "newer properties": f"{prov}/properties?layout=classic",
        "newer mappings": f"{prov}/attribute-mapping",
        "clock": "/lab/clock",
        "tutorial": "/lab/tutorial",
        "requests": "/lab/requests",
        "timeline": f"/lab/timeline/{people[0]}",
        "timeline, pick": "/lab/timeline?search=a",
        "compare": "/lab/compare",
        "why": f"{base}/why/{people[0]}",
        "scenarios": "/lab/scenarios",
        "about": "/lab/about",
        "patterns": "/lab/patterns",
    }
    if entries:
        pages["log entry"] = f"{prov}/logs/{entries[0]}"
    if exchanges:
        pages["request"] = f"/lab/requests/{exchanges[-1]}"
    return pages


def told(name: str, times_ms: list[float]) -> str:
    """Return one line of a report: median, 95th percentile and worst of some times."""
    ordered = sorted(times_ms)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    figures = f"p50 {ordered[len(ordered) // 2]:7.1f}   p95 {p95:7.1f}   max {ordered[-1]:7.1f} ms"
    return f"{name:34} {len(ordered):5} x   {figures}\n"
