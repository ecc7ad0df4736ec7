"""Mock Tapt beside other SCIM servers, in one run on one machine: the same clients, the same checked answers.

    npm install --prefix FOLDER scimmy scimmy-routers express        and, in a virtual environment of its own,
    pip install scim2-server
    python benchmarks/tapt_rivals.py --scimmy FOLDER --scim2-server VENV/bin/scim2-server

scimmy-routers (Node) and scim2-server keep everything in memory; Tapt keeps it in a file, with its inspector on.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tapt_speed import OPERATIONS
from tapt_speed import TOKEN
from tapt_speed import Connection
from tapt_speed import measure
from tapt_speed import person
from tapt_speed import tapt

READY_WITHIN_S = 30


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(command: list[str], port: int) -> Iterator[None]:
    """Run a server until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + READY_WITHIN_S
        while True:
            assert process.poll() is None, f"{command[0]} ended"
            assert time.monotonic() < end, f"{command[0]} does not listen"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def filled(port: int, prefix: str, people: int) -> list[str]:
    """Create the residents and return their ids."""
    connection = Connection(port, prefix)
    ids = []
    for number in range(people):
        status, body = connection.ask("POST", "/Users", json.dumps(person(f"p{number}")).encode())
        assert status == 201, body
        ids.append(json.loads(body)["id"])
    return ids


def main() -> None:
    """Measure each server and print requests a second, by operation and number of clients."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--tapt-people", type=int, help="residents of Tapt, when more than of the others")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--scimmy", type=Path)
    parser.add_argument("--scim2-server", type=Path)
    options = parser.parse_args()
    figures: dict[tuple[str, int, str], float] = {}

    def run(name: str, port: int, prefix: str, ids: list[str], *, keeps_alive: bool = True) -> None:
        for clients in options.clients:
            for operation in OPERATIONS:
                try:
                    spread = 1 if keeps_alive else clients
                    figures_of = measure((port, prefix), operation, clients, ids, options.seconds, processes=spread)
                    found = figures_of["per_second"]
                except Exception as error:
                    sys.stderr.write(f"{name}, {operation}: {error!r}\n")
                    found = 0.0
                figures[name, clients, operation] = found

    with tapt(options.tapt_people or options.people) as (port, _, ids):
        run("tapt", port, "/scim/v2", ids)
    if options.scimmy:
        port = free_port()
        script = str(Path(__file__).with_name("tapt_scimmy.mjs"))
        with served(["node", script, str(options.scimmy.resolve()), str(port)], port):
            run("scimmy-routers", port, "/scim/v2", filled(port, "/scim/v2", options.people))
    if options.scim2_server:
        port = free_port()
        with served([str(options.scim2_server), "--port", str(port), "--bearer-token", TOKEN], port):
            run("scim2-server", port, "", filled(port, "", options.people), keeps_alive=False)
    names = list(dict.fromkeys(name for name, _, _ in figures))
    sys.stdout.write(f"{'requests a second':<22}" + "".join(f"{name:>16}" for name in names) + "\n")
    for clients in options.clients:
        for operation in OPERATIONS:
            row = "".join(f"{figures[name, clients, operation]:>16.0f}" for name in names)
            sys.stdout.write(f"{clients} clients {operation:<12}{row}\n")


if __name__ == "__main__":
    main()
