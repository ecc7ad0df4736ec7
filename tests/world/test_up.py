"""`entra-sim up`, `clock` and `lab` as a user runs them: processes, signals, files, ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entra_sim.simulator.service.instance import write_private

COMMAND = [sys.executable, "-m", "entra_sim.cli"]
ANY_PORTS = ("--port", "0", "--tapt-port", "0")
READY_S = 20.0


class Running:
    """A started `up`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        ready = folder.parent / "ready.json"
        ready.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [*COMMAND, "up", "--data", str(folder), *ANY_PORTS, *options, "--ready-file", str(ready)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        end = time.monotonic() + READY_S
        while not ready.exists():
            assert self.process.poll() is None, self.process.stdout.read() if self.process.stdout else ""
            assert time.monotonic() < end, "up did not become ready"
            time.sleep(0.02)
        self.facts: dict[str, Any] = json.loads(ready.read_text(encoding="utf-8"))

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; returns exit code and output."""
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=10)
        return self.process.returncode, output


def entra_sim(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    started = Running(tmp_path / "data", "--clock", "frozen")
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.communicate()


def test_up_serves_seeds_moves_and_ends_cleanly(running: Running) -> None:
    with urllib.request.urlopen(running.facts["admin_url"] + "/healthz", timeout=5) as page:
        assert page.status == 200
    folder = running.folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert (folder / "instance.json").stat().st_mode & 0o777 == 0o600
    shown = entra_sim("clock", "show", "--data", str(folder))
    assert "paused" in shown.stdout
    before = shown.stdout.split("UTC")[0]
    moved = entra_sim("clock", "advance", "31", "days", "--data", str(folder))
    assert moved.returncode == 0
    assert before not in moved.stdout
    assert "undo" in entra_sim("lab", "list", "--data", str(folder)).stdout
    assert entra_sim("lab", "restore", "--data", str(folder)).returncode == 0
    assert before in entra_sim("clock", "show", "--data", str(folder)).stdout
    began = time.monotonic()
    code, output = running.stop()
    assert time.monotonic() - began < 2.5
    assert code == 0
    assert "Traceback" not in output
    assert "Everything is saved" in output
    assert not (folder / "instance.json").exists()


def test_sigterm_ends_up_as_well(running: Running) -> None:
    code, output = running.stop(signal.SIGTERM)
    assert (code, "Traceback" in output) == (0, False)


def test_a_private_file_is_whole_as_soon_as_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, open_descriptor = tmp_path / "ready.json", os.fdopen
    path.write_text("before")
    seen: list[str] = []

    def open_and_look(*arguments: Any, **named: Any) -> Any:
        seen.append(path.read_text())
        return open_descriptor(*arguments, **named)

    monkeypatch.setattr(os, "fdopen", open_and_look)
    write_private(path, "after")
    assert (seen, path.read_text(), list(tmp_path.iterdir())) == (["before"], "after", [path])
    assert path.stat().st_mode & 0o777 == 0o600


def test_raw_characters_reach_tapt_in_up_as_they_do_alone(running: Running) -> None:
    address = running.facts["tapt_url"].removeprefix("http://").split(":")
    target = '/scim/v2/Users?filter=displayName+eq+"Bjørn"&x={}|^'
    with socket.create_connection((address[0], int(address[1])), timeout=10) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 401 ")
    with socket.create_connection((address[0], int(address[1])), timeout=10) as left_open:
        left_open.sendall(b"GET /scim/v2/Us")
        began = time.monotonic()
        code, output = running.stop()
    assert time.monotonic() - began < 2.5
    assert (code, "Traceback" in output) == (0, False)


def test_a_second_up_over_the_same_folder_is_refused_in_one_sentence(running: Running) -> None:
    second = entra_sim("up", "--data", str(running.folder), "--port", "0", "--tapt-port", "0")
    assert second.returncode == 2
    assert "in use by another instance" in second.stderr
    assert "--data" in second.stderr
    assert second.stderr.count("\n") == 1


def test_a_taken_port_is_named_with_its_holder_and_the_option(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = entra_sim("up", "--data", str(tmp_path / "data"), "--port", "0", "--tapt-port", str(port))
    assert refused.returncode == 2
    assert f"Port {port}" in refused.stderr
    assert "--tapt-port" in refused.stderr
    if sys.platform == "linux" and os.geteuid() == 0:
        assert f"process {os.getpid()}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("", encoding="utf-8")
    refused = entra_sim("up", "--data", str(blocker / "data"), "--port", "0", "--tapt-port", "0")
    assert refused.returncode == 2
    assert "--data DIR" in refused.stderr
    assert "--ephemeral" in refused.stderr


def test_the_clock_needs_a_running_instance_and_the_key(running: Running, tmp_path: Path) -> None:
    missing = entra_sim("clock", "show", "--data", str(tmp_path / "nowhere"))
    assert missing.returncode == 2
    assert "entra-sim up" in missing.stderr
    body = json.dumps({"advance": "40m"}).encode()
    request = urllib.request.Request(running.facts["admin_url"] + "/api/clock", data=body, method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    assert refused.value.code == 401
    refused.value.close()
    assert entra_sim("clock", "advance", "soon", "--data", str(running.folder)).returncode == 2
    back = entra_sim("clock", "advance", "-40m", "--data", str(running.folder))
    assert back.returncode == 2
    assert "'-40m' goes back, and time only moves forward" in back.stderr


def test_a_running_instance_takes_over_an_import_and_can_undo_it(running: Running, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("userPrincipalName,displayName\nbo@contoso.example,Bo\n", encoding="utf-8")
    data = ("--data", str(running.folder))
    told = entra_sim("tenant", "import", str(tmp_path / "users.csv"), *data)
    assert (told.returncode, told.stderr) == (0, "")
    assert "1 user added" in told.stdout
    assert '"Bo"' in entra_sim("tenant", "show", "--person", "bo@contoso.example", "--json", *data).stdout
    assert (
        "40 users removed"
        in entra_sim("tenant", "import", str(tmp_path / "users.csv"), "--remove-missing", *data).stdout
    )
    assert not list(running.folder.glob("import-*"))
    assert entra_sim("lab", "restore", "undo", *data).returncode == 0
    assert json.loads(entra_sim("tenant", "show", "--json", *data).stdout)["user_count"] == 41
    answer = urllib.request.Request(
        f"{running.facts['admin_url']}/api/import",
        data=b'{"file": "../import-0123456789abcdef.json"}',
        headers={"Authorization": f"Bearer {running.facts['key']}", "Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(answer)
    assert refused.value.code == 422
    refused.value.close()


def test_a_killed_up_goes_on_with_its_state(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Running(folder, "--clock", "frozen")
    entra_sim("clock", "advance", "3", "days", "--data", str(folder))
    shown = entra_sim("clock", "show", "--data", str(folder)).stdout
    first.process.kill()
    first.process.communicate()
    second = Running(folder)
    try:
        assert entra_sim("clock", "show", "--data", str(folder)).stdout == shown
    finally:
        assert second.stop()[0] == 0


def test_ephemeral_leaves_nothing(tmp_path: Path) -> None:
    started = Running(tmp_path / "unused", "--ephemeral")
    code, _ = started.stop()
    assert code == 0
    assert not (tmp_path / "unused").exists()
