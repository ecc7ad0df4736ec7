"""`entra-sim tapt` as a user starts it: a process of its own, over sockets."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
TOKEN = "a-token-for-automation"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals")


@dataclass
class Running:
    process: subprocess.Popen[str]
    told: dict[str, Any]

    @property
    def port(self) -> int:
        return self.told["port"]

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str = TOKEN, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/scim+json"} | (headers or {})
            connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            answer = connection.getresponse()
            raw = answer.read()
            return answer.status, json.loads(raw) if raw else None
        finally:
            connection.close()

    def create(self, name: str) -> tuple[int, Any]:
        return self.ask("POST", "/scim/v2/Users", {"schemas": [CORE], "userName": name})

    def names(self) -> set[str]:
        found: set[str] = set()
        while True:
            status, page = self.ask("GET", f"/scim/v2/Users?startIndex={len(found) + 1}&attributes=userName")
            assert status == 200
            found |= {resource["userName"] for resource in page["Resources"]}
            if len(found) >= page["totalResults"]:
                return found


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*options: str) -> Running:
        ready = tmp_path / f"ready-{len(started)}.json"
        process = subprocess.Popen(
            [sys.executable, "-m", "entra_sim.cli", "tapt", "--ready-file", str(ready), "--token", TOKEN, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        for _ in range(400):
            if ready.exists():
                return Running(process, json.loads(ready.read_text()))
            if process.poll() is not None:
                break
            threading.Event().wait(0.05)
        process.kill()
        raise AssertionError(process.communicate()[0])

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        if process.stdout is not None and not process.stdout.closed:
            process.communicate()


def test_starts_on_a_free_port_and_ends_on_sigterm_within_two_seconds(start: Start) -> None:
    server = start("--ephemeral", "--port", "0")
    assert server.create("ada")[0] == 201
    assert server.ask("GET", "/scim/v2/Users", key="wrong")[0] == 401
    began = time.monotonic()
    server.process.terminate()
    out, _ = server.process.communicate(timeout=5)
    assert time.monotonic() - began < 2
    assert server.process.returncode == 0
    assert f"http://127.0.0.1:{server.port}/scim/v2" in out
    assert "Traceback" not in out


@posix_only
def test_ctrl_c_ends_it_while_a_client_keeps_its_connection(start: Start) -> None:
    server = start("--ephemeral", "--port", "0")
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    idle.request("GET", "/healthz")
    assert idle.getresponse().read() == b"ok\n"
    began = time.monotonic()
    server.process.send_signal(signal.SIGINT)
    server.process.communicate(timeout=5)
    assert time.monotonic() - began < 2
    assert server.process.returncode == 0
    idle.close()


def test_taken_port_is_one_sentence_and_exit_code_2(start: Start) -> None:
    server = start("--ephemeral", "--port", "0")
    second = subprocess.run(
        [sys.executable, "-m", "entra_sim.cli", "tapt", "--ephemeral", "--port", str(server.port)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert second.returncode == 2
    assert "is taken" in second.stderr
    assert "--port" in second.stderr
    assert "Traceback" not in second.stderr
    assert server.create("still-there")[0] == 201


def test_data_folder_is_private_and_locked(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    server = start("--data", str(folder), "--port", "0")
    assert (folder / ".gitignore").read_text() == "*\n"
    if sys.platform != "win32":
        assert folder.stat().st_mode & 0o777 == 0o700
    second = subprocess.run(
        [sys.executable, "-m", "entra_sim.cli", "tapt", "--data", str(folder), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert second.returncode == 2
    assert "Another entra-sim uses" in second.stderr
    assert server.create("ada")[0] == 201


@posix_only
def test_kill_in_a_burst_of_creates_loses_nothing_acknowledged(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    server = start("--data", str(folder), "--port", "0")
    sent: list[str] = []
    acknowledged: list[str] = []
    lock = threading.Lock()

    def create_until_it_breaks(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        for count in range(100_000):
            name = f"p-{number}-{count}"
            with lock:
                sent.append(name)
            try:
                connection.request("POST", "/scim/v2/Users", json.dumps({"schemas": [CORE], "userName": name}), headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 201:
                with lock:
                    acknowledged.append(name)

    clients = [threading.Thread(target=create_until_it_breaks, args=(n,)) for n in range(32)]
    for client in clients:
        client.start()
    while len(acknowledged) < 600:
        assert any(client.is_alive() for client in clients)
        threading.Event().wait(0.01)
    os.kill(server.process.pid, signal.SIGKILL)
    for client in clients:
        client.join(20)
    assert server.process.wait(5) == -signal.SIGKILL
    again = start("--data", str(folder), "--port", str(server.port))
    held = again.names()
    assert set(acknowledged) <= held <= set(sent)
    assert len(held) - len(acknowledged) <= len(clients)
    assert again.create(acknowledged[0])[0] == 409


def test_cut_connection_before_and_after_the_work(start: Start) -> None:
    server = start("--ephemeral", "--port", "0")
    key = server.told["control_key"]
    for cut, held in (("before", set()), ("after", {"ada"})):
        assert server.ask("POST", "/_control/faults", {"method": "POST", "cut": cut}, key=key)[0] == 201
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            server.create("ada")
        server.ask("DELETE", "/_control/faults", key=key)
        assert server.names() == held


def test_slow_requests_do_not_block_others(start: Start) -> None:
    server = start("--ephemeral", "--port", "0")
    key = server.told["control_key"]
    server.ask("POST", "/_control/faults", {"path": "/Groups*", "delay_s": 2}, key=key)
    slow = threading.Thread(target=server.ask, args=("GET", "/scim/v2/Groups"))
    slow.start()
    began = time.monotonic()
    assert server.ask("GET", "/scim/v2/Users")[0] == 200
    assert time.monotonic() - began < 1.5
    slow.join(10)


def test_a_body_that_is_too_large_is_read_to_its_end_so_that_the_client_sees_413(start: Start) -> None:
    server = start("--ephemeral", "--port", "0")
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "x" * 12_000_000}
    assert server.ask("POST", "/scim/v2/Users", body)[0] == 413
    assert server.ask("POST", "/scim/v2/Users", body, key="wrong")[0] == 401
    assert server.names() == set()


def test_frozen_start_with_counted_ids_and_seed_is_the_same_every_time(start: Start, tmp_path: Path) -> None:
    seed = tmp_path / "people.json"
    seed.write_text(
        json.dumps(
            {
                "users": [{"userName": f"p{n}@contoso.example", "displayName": f"Person {n}"} for n in range(3)],
                "groups": [{"displayName": "All", "members": ["p0@contoso.example", "p2@contoso.example"]}],
            }
        )
    )
    options = ("--ephemeral", "--port", "0", "--seed", str(seed), "--ids", "counted")
    options += ("--clock", "frozen@2026-01-05T09:00:00Z", "--public-url", "https://tapt.example")
    seen = []
    for _ in range(2):
        server = start(*options)
        server.create("new@contoso.example")
        seen.append((server.ask("GET", "/scim/v2/Users"), server.ask("GET", "/scim/v2/Groups")))
    assert seen[0] == seen[1]
    users = seen[0][0][1]["Resources"]
    assert users[3]["meta"]["created"] == "2026-01-05T09:00:00.000Z"
    assert users[3]["meta"]["location"].startswith("https://tapt.example/scim/v2/Users/00000001-0000-4000-8000-")
    assert len(seen[0][1][1]["Resources"][0]["members"]) == 2


def test_32_clients_lose_no_write(start: Start) -> None:
    server = start("--ephemeral", "--port", "0")
    _, group = server.ask(
        "POST",
        "/scim/v2/Groups",
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Everybody"},
    )
    statuses: list[int] = []

    def work(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}

        def send(method: str, path: str, body: Any) -> Any:
            connection.request(method, f"/scim/v2{path}", json.dumps(body), headers)
            answer = connection.getresponse()
            raw = answer.read()
            statuses.append(answer.status)
            return json.loads(raw) if raw else None

        for count in range(5):
            user = send("POST", "/Users", {"schemas": [CORE], "userName": f"c{number}-{count}"})
            patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
            operation = {"op": "Add", "path": "members", "value": [{"value": user["id"]}]}
            send("PATCH", f"/Groups/{group['id']}", {"schemas": [patch], "Operations": [operation]})
        connection.close()

    clients = [threading.Thread(target=work, args=(n,)) for n in range(32)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(60)
    assert sorted(set(statuses)) == [201, 204]
    assert len(statuses) == 32 * 5 * 2
    _, held = server.ask("GET", f"/scim/v2/Groups/{group['id']}")
    assert len(held["members"]) == 160
    assert len(server.names()) == 160


SUITE = """
import json, sys, urllib.request
base, key, colour = sys.argv[1:]

def ask(method, url, token, body=None, status=200):
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/scim+json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=20) as answer:
        raw = answer.read()
        assert answer.status == status, answer.status
        return json.loads(raw) if raw else None

made = ask("POST", base + "/_control/organisations", key, {"name": colour, "ids": "counted"}, 201)
users, control, token = made["tenant_url"] + "/Users", made["control_url"], made["token"]
for round in range(4):
    for number in range(10):
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"p{number}", "title": colour}
        user = ask("POST", users, token, body, 201)
        assert user["meta"]["location"] == users + "/" + user["id"], user
        assert int(user["id"][-4:], 16) == number + 1, user
    listed = ask("GET", users, token)
    assert listed["totalResults"] == 10
    assert {r["title"] for r in listed["Resources"]} == {colour}
    assert len(ask("GET", control + "/journal", made["control_key"])["exchanges"]) == 11
    ask("POST", control + "/reset", made["control_key"])
ask("DELETE", base + "/_control/organisations/" + colour, key, status=204)
"""


def test_two_test_suites_at_once_under_a_second_network_name(start: Start) -> None:
    server = start("--ephemeral", "--port", "0", "--host", "0.0.0.0")
    name = socket.gethostname()
    try:
        socket.create_connection((name, server.port), timeout=2).close()
    except OSError:
        name = "127.0.0.2" if sys.platform == "linux" else "localhost"
    command = [sys.executable, "-c", SUITE, f"http://{name}:{server.port}", server.told["control_key"]]
    suites = [subprocess.Popen([*command, colour], stderr=subprocess.PIPE, text=True) for colour in ("blue", "green")]
    for suite in suites:
        _, trouble = suite.communicate(timeout=60)
        assert suite.returncode == 0, trouble
    key = server.told["control_key"]
    assert [o["name"] for o in server.ask("GET", "/_control/organisations", key=key)[1]["organisations"]] == ["tapt"]
    assert server.ask("GET", "/_control/state", key=key)[1]["users"] == 0
    assert server.told["passwords"]["admin@tapt.example"] != "tapt-admin"


def test_time_goes_on_after_a_restart(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for clock, moved in (
        ("frozen@2030-01-05T09:00:00Z", "2030-01-05T10:00:00.000Z"),
        ("60x@2029-01-01", "2030-01-05T1"),
    ):
        server = start("--data", str(folder), "--port", "0", "--clock", clock)
        key = server.told["control_key"]
        if clock.startswith("frozen"):
            server.ask("POST", "/_control/clock", {"advance": "1h"}, key=key)
        assert server.ask("GET", "/_control/clock", key=key)[1]["now"].startswith(moved)
        server.process.terminate()
        server.process.wait(5)
    server = start("--data", str(folder), "--port", "0")
    assert server.ask("GET", "/_control/clock", key=server.told["control_key"])[1]["now"] > "2030-01-05T10:00"


def test_token_from_the_environment(start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ready = tmp_path / "env.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "entra_sim.cli", "tapt", "--ephemeral", "--port", "0", "--ready-file", str(ready)],
        env={**os.environ, "ENTRA_SIM_TOKEN": "from-the-environment", "HTTP_X_ODD": "1"},
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            if ready.exists():
                break
            threading.Event().wait(0.05)
        server = Running(process, json.loads(ready.read_text()))  # type: ignore[arg-type]
        assert server.ask("GET", "/scim/v2/Users", key="from-the-environment")[0] == 200
        key = server.told["control_key"]
        journal = server.ask("GET", "/_control/journal", key=key)[1]
        assert "x-odd" not in journal["exchanges"][0]["request"]["headers"]
    finally:
        process.terminate()
        process.wait(5)


def test_cut_connection_under_waitress() -> None:
    import logging
    from datetime import UTC
    from datetime import datetime

    from waitress.server import create_server

    from entra_sim.mock_tapt import Fault
    from entra_sim.mock_tapt import Tapt

    now = datetime(2026, 1, 5, tzinfo=UTC)
    tapt = Tapt.open(now=lambda: now, wait=lambda seconds: None, new_id=lambda kind: f"{kind}-1")
    tapt.preset_token(TOKEN)
    tapt.faults.add(Fault(method="POST", cut="after"))
    logging.getLogger("waitress").setLevel(logging.ERROR)
    server = create_server(tapt.wsgi, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        asked = Running(None, {"port": int(server.effective_port)})  # type: ignore[arg-type]
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            asked.create("ada")
        assert [user["userName"] for user in tapt.users()] == ["ada"]
    finally:
        server.close()
        thread.join(2)
