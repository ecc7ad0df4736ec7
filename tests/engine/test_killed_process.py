"""SIGKILL to a process in the middle of a cycle, again and again: every account once, every record once, and whole."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from entra_sim.simulator.store.database import Database

CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.ids import RandomIds, seeded_chance
from entra_sim.simulator.service.simulator import Simulator, http_connect
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database

settings = Settings(workers=int(sys.argv[3]), page_size=7)
simulator = Simulator(
    database=Database.open(Path(sys.argv[1])),
    clock=VirtualClock(datetime(2026, 1, 5, 9, tzinfo=UTC)),
    ids=RandomIds(),
    settings=settings,
    connect=http_connect(settings),
    chance=seeded_chance("tests"),
)
if not simulator.directory.users():
    application = simulator.applications.create("Target")
    simulator.provisioning.save_credentials(application, sys.argv[2], "secret-token-1234")
    simulator.provisioning.set_object_mapping_enabled(application, "Group", enabled=False)
    simulator.provisioning.set_scope(application, "all")
    for number in range(30):
        simulator.directory.create_user(
            {"userPrincipalName": f"p{number:02d}@contoso.example", "displayName": f"Person {number}"}
        )
    simulator.provisioning.start(application)
simulator.time.tick()
simulator.close()
"""


class Target:
    """A SCIM server of a few lines that kills its client. One name is taken by somebody whom the lookup hides."""

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {}
        self.posts = 0
        self.kill_at = 0
        self.kills_before = False
        self.life = 0
        self.victim: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/scim"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(sock, self.life), daemon=True).start()

    def begin_life(self, arguments: list[str], kill_after: int, *, kills_before: bool) -> subprocess.Popen[bytes]:
        """Start a client; what a former one had under way and is not answered yet is lost."""
        with self._lock:
            self.life += 1
            self.kill_at = self.posts + kill_after if kill_after else 0
            self.kills_before = kills_before
            self.victim = subprocess.Popen(arguments)
            return self.victim

    def _talk(self, sock: socket.socket, life: int) -> None:
        with sock, sock.makefile("rb") as reader:
            try:
                while line := reader.readline():
                    length = 0
                    while (field := reader.readline()) != b"\r\n":
                        if field.lower().startswith(b"content-length:"):
                            length = int(field.split(b":")[1])
                    body = reader.read(length)
                    status, answer = self._answer(line.decode(), body, life)
                    payload = json.dumps(answer).encode()
                    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(payload)}\r\n\r\n"
                    sock.sendall(head.encode() + payload)
            except OSError:
                return

    def _answer(self, line: str, body: bytes, life: int) -> tuple[str, dict[str, object]]:
        with self._lock:
            if life != self.life:
                raise ConnectionError
            if "filter=" not in line and not line.startswith("POST"):  # what was recovered is read, and updated
                return "200 OK", {"id": line.split(" ")[1].split("/")[-1]}
            if line.startswith("GET"):
                name = unquote_plus(line.split("filter=")[1].split("&")[0].split(" ")[0]).split('"')[1]
                found = [{"id": self.accounts[name], "userName": name}] if name in self.accounts else []
                return "200 OK", {"totalResults": len(found), "Resources": found}
            name = json.loads(body)["userName"]
            self.posts += 1
            is_fatal = 0 < self.kill_at <= self.posts
            if is_fatal and self.kills_before:
                self._kill()
            elif name.startswith("p05"):
                return "409 Conflict", {"detail": "taken"}
            else:
                assert name not in self.accounts, f"{name} is created twice"
                self.accounts[name] = f"tp-{len(self.accounts)}"
            if is_fatal and not self.kills_before:
                self._kill()
            return "201 Created", {"id": self.accounts.get(name, "none"), "userName": name}

    def _kill(self) -> None:
        assert self.victim is not None
        self.kill_at = 0
        os.kill(self.victim.pid, signal.SIGKILL)
        self.victim.wait()


@pytest.fixture
def target() -> Iterator[Target]:
    server = Target()
    yield server
    server.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.rule("ENG-156", "ENG-160")
@pytest.mark.parametrize(
    ("workers", "kills"), [(1, [(4, False), (6, True)]), (4, [(12, False)])], ids=["one worker", "four"]
)
def test_kills_lose_no_account_and_no_record(
    tmp_path: Path, target: Target, workers: int, kills: list[tuple[int, bool]]
) -> None:
    path = tmp_path / "simulator.db"
    arguments = [sys.executable, "-c", CHILD, str(path), target.url, str(workers)]
    for kill_after, kills_before in kills:
        assert target.begin_life(arguments, kill_after, kills_before=kills_before).wait() == -9
    assert target.begin_life(arguments, 0, kills_before=False).wait() == 0

    assert len(target.accounts) == 29
    database = Database.open(path)
    rows = [json.loads(row[0]) for row in database.rows("SELECT document FROM log_entry ORDER BY sequence")]
    created = [row for row in rows if row["action"] == "Create" and row["status"] == "Success"]
    recovered = [row for row in created if row["steps"][-1]["details"].get("Recovered")]
    assert sorted(row["identity"] for row in created) == sorted(target.accounts)
    assert [row["identity"][:3] for row in rows if row["status"] == "Failure"] == ["p05"]
    assert 1 <= len(recovered) <= workers  # what was under way at the kill; everything before has its own record
    links = dict(tuple(row) for row in database.rows("SELECT display_name, target_anchor FROM entry"))
    assert sorted(links.values()) == sorted(target.accounts.values())
    assert database.value("SELECT COUNT(*) FROM create_intent") == 0
    database.close()
