"""A damaged data folder, a full disk, a stranger on the port: one sentence with place and remedy, never a traceback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from entra_sim.cli import main
from entra_sim.scenarios.world import World

COMMANDS = (
    ["up", "--port", "0", "--tapt-port", "0"],
    ["logs"],
    ["why", "ada@contoso.example"],
    ["tenant", "show"],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of a lab with people enough for many pages."""
    with World.open_folder(tmp_path, rate=0.0) as world:
        for number in range(200):
            world.simulator.directory.create_user(
                {"userPrincipalName": f"p{number}@contoso.example", "displayName": f"Person {number}"}
            )
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """Run a command that must end with exit code 2, and return its one sentence."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.startswith("entra-sim: ")
    assert told.count("\n") == 1
    return told


def overwrite(path: Path, offset: int) -> None:
    """Put noise in place of everything behind an offset."""
    content = path.read_bytes()
    path.write_bytes(content[:offset] + b"\xa5" * (len(content) - offset))


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("offset", [0, 4096 * 3])
def test_a_damaged_database_is_named_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], offset: int
) -> None:
    overwrite(folder / "simulator.db", offset)
    told = refused(capsys, [*arguments, "--data", str(folder)])
    assert "database" in told
    assert "--data DIR" in told


@pytest.mark.parametrize("offset", [0, 4096])
def test_a_damaged_database_of_tapt_is_named_as_such(
    folder: Path, capsys: pytest.CaptureFixture[str], offset: int
) -> None:
    overwrite(folder / "tapt.db", offset)
    assert "--data" in refused(capsys, [*COMMANDS[0], "--data", str(folder)])


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_a_folder_in_place_of_the_redo_file_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (folder / "simulator.db-redo").mkdir()
    assert "simulator.db-redo' cannot be read" in refused(capsys, [*arguments, "--data", str(folder)])


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Callable[[bytes], None]]:
    """Pretend an instance whose port answers every request with these bytes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer_with(content: bytes) -> None:
        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(content)

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        facts = {"admin_url": url, "tapt_url": url, "key": "k", "process": 1}
        (tmp_path / "instance.json").write_text(json.dumps(facts), encoding="utf-8")

    yield answer_with
    listener.close()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\n<html", "answered 500 Oops to /api/clock"),
        (b'HTTP/1.1 409 Conflict\r\nContent-Length: 21\r\n\r\n{"error":"not today"}', "not today"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html", "is no instance of entra-sim"),
        (b"SSH-2.0-OpenSSH_9\r\n", "is no instance of entra-sim"),
        (b"", "does not answer"),
    ],
)
def test_whatever_answers_in_place_of_an_instance_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    stranger: Callable[[bytes], None],
    content: bytes,
    told: str,
) -> None:
    stranger(content)
    assert told in refused(capsys, ["clock", "show", "--data", str(tmp_path)])
