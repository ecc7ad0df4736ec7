"""Servers of other makers, started for a test and stopped after it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCIMMY = HERE / "scimmy"
TOKEN = "foreign-token-0123456789-abcdef"
STARTING_S = 20.0


def pytest_report_header() -> list[str]:
    """Say in one line why the Node server is left out, when it is."""
    missing = scimmy_missing()
    return [f"foreign servers: scimmy-routers is skipped: {missing}"] if missing else []


def scimmy_missing() -> str:
    """Return what is missing for the Node server, "" for nothing."""
    if shutil.which("node") is None:
        return "there is no node on this machine"
    if not (SCIMMY / "node_modules" / "scimmy-routers").is_dir():
        return "its packages are not installed; 'make test' or 'npm ci' in tests/foreign/scimmy does that"
    return ""


@pytest.fixture(scope="module")
def scimmy_url() -> Iterator[str]:
    """Serve scimmy-routers; where node and its packages are missing, skip, but never in CI that has node."""
    missing = scimmy_missing()
    if missing:
        if os.environ.get("CI") == "true" and shutil.which("node") is not None:
            pytest.fail(missing)
        pytest.skip(missing)
    env = {"PATH": os.environ["PATH"], "SCIM_TOKEN": TOKEN}
    with subprocess.Popen(
        ["node", "server.mjs"], cwd=SCIMMY, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port.isdigit(), "the Node server did not start"
            yield f"http://127.0.0.1:{port}/scim"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def scim2_url() -> Iterator[str]:
    """Serve scim2-server's own test server as its command does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "scim2_server.testserver.cli", "--port", str(port), "--bearer-token", TOKEN]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(words, cwd=HERE, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}/v2"
        finally:
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + STARTING_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended while it started"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            pause.wait(0.05)
        else:
            return
    pytest.fail("the server did not start in time")
