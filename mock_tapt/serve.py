"""Serving Tapt in a process of its own, with granian.

The parent checks what can go wrong (port, data folder, seed), keeps the port and the lock, and starts one worker; the
worker opens the database and builds the application, never before the fork. Both end together: by signal within two
seconds, and when the parent is killed the worker sees its pipe close.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import multiprocessing.util
import os
import threading
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.ids import new_key
from entra_sim.mock_tapt.platform_calls import end_with_parent
from entra_sim.mock_tapt.platform_calls import lock_file
from entra_sim.mock_tapt.platform_calls import make_private_folder
from entra_sim.mock_tapt.platform_calls import reserve_port
from entra_sim.mock_tapt.platform_calls import write_private
from entra_sim.mock_tapt.site import DEMO_PASSWORDS
from entra_sim.mock_tapt.site import LOOPBACK_NAMES
from entra_sim.mock_tapt.site import SeedSource
from entra_sim.mock_tapt.site import Site
from entra_sim.mock_tapt.site import SiteSettings
from entra_sim.mock_tapt.site import open_organisation

BLOCKING_THREADS = 4
STOP_WITHIN_S = 1
READY_WITHIN_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What `entra-sim tapt` was told.

    Args:
        data: folder of the database; None keeps everything in memory.
        seed: gives people and groups for an empty database.
    """

    host: str
    port: int
    data: Path | None
    public_url: str | None
    token: str | None
    control_key: str
    clock: str
    ids: str
    strict: bool
    seed: SeedSource | None
    needs_sign_in: bool
    allowed_hosts: tuple[str, ...]
    ready_file: Path | None
    chance_seed: str = ""

    @property
    def is_local(self) -> bool:
        """Return whether only this machine can connect."""
        return self.host in LOOPBACK_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What the caller is told once everything listens."""

    url: str
    port: int
    passwords: dict[str, str]
    options: ServeOptions

    def to_json(self) -> dict[str, Any]:
        """Return what `--ready-file` and `--json` give."""
        return {
            "url": self.url,
            "tenant_url": f"{self.options.public_url or self.url}/scim/v2",
            "port": self.port,
            "control_url": f"{self.url}/_control",
            "control_key": self.options.control_key,
            "token": self.options.token,
            "passwords": self.passwords if self.options.needs_sign_in else {},
            "pid": os.getpid(),
        }


def serve(options: ServeOptions, announce: Callable[[Announcement], None]) -> None:
    """Serve until a signal ends it.

    Raises:
        TaptError: the port is taken, the data folder is in use, the seed is refused.
    """
    from granian.constants import HTTPModes
    from granian.constants import Interfaces
    from granian.server import Server

    lock = None
    if options.data is not None:
        make_private_folder(options.data)
        lock = lock_file(options.data / "tapt.lock")
    reservation, port = reserve_port(options.host, options.port)
    _check(options)
    passwords = DEMO_PASSWORDS if options.is_local else {mail: new_key()[:12] for mail in DEMO_PASSWORDS}
    secret_key = _secret_key(options.data)
    reader, writer = multiprocessing.Pipe(duplex=False)
    forks = multiprocessing.get_start_method() == "fork"
    built_reader, built_writer = multiprocessing.Pipe(duplex=False)
    loader = _Loader(options, passwords, secret_key, reader, writer if forks else None, built_writer)
    server = Server(
        "entra_sim.mock_tapt.serve",
        address=options.host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=1,
        blocking_threads=BLOCKING_THREADS,
        workers_kill_timeout=STOP_WITHIN_S,
        backlog=1024,
        log_enabled=False,
    )
    host = f"[{options.host}]" if ":" in options.host else options.host
    name = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    told = Announcement(url=f"http://{name}:{port}", port=port, passwords=passwords, options=options)
    server.on_startup(lambda: _when_ready(name, port, built_reader, lambda: _tell(told, announce)))
    try:
        server.serve(target_loader=loader, wrap_loader=False)
    finally:
        writer.close()
        reservation.close()
        if lock is not None:
            lock.close()
        if options.ready_file is not None:
            options.ready_file.unlink(missing_ok=True)


def _check(options: ServeOptions) -> None:
    """Open everything once before the worker does, so that a mistake is one sentence.

    A seed is tried in a process of its own: what reading 100,000 people takes is given back with it.

    Raises:
        TaptError: what is wrong.
    """
    if options.seed is None:
        _try_opening(options)
        return
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=_report_mistake, args=(options, theirs))
    child.start()
    theirs.close()
    try:
        mistake = ours.recv()
    except EOFError as error:
        raise TaptError("Trying the seed ended without a result; start again without --seed to see why.") from error
    finally:
        child.join()
    if mistake:
        raise TaptError(mistake)


def _report_mistake(options: ServeOptions, answer: Connection) -> None:
    try:
        _try_opening(options)
        answer.send("")
    except TaptError as error:
        answer.send(str(error))


def _try_opening(options: ServeOptions) -> None:
    database = str(options.data / "tapt.db") if options.data else ":memory:"
    opened = open_organisation(
        "tapt", database, clock=options.clock, ids=options.ids, chance_seed=options.chance_seed, seed=options.seed
    )
    opened.tapt.close()


def _secret_key(data: Path | None) -> str:
    """Return the key that signs sessions, kept beside the data so that a restart signs nobody out."""
    if data is None:
        return new_key()
    path = data / "tapt.key"
    if not path.exists():
        write_private(path, new_key())
    return path.read_text(encoding="utf-8").strip()


def _when_ready(host: str, port: int, built: Connection, then: Callable[[], None]) -> None:
    """Call `then` once the worker answers; the thread rests in one read until after the fork, holding no lock."""

    def wait() -> None:
        try:
            built.recv_bytes()
        except (EOFError, OSError):
            return
        connection = http.client.HTTPConnection(host.strip("[]"), port, timeout=READY_WITHIN_S)
        for _ in range(READY_WITHIN_S * 50):
            try:
                connection.request("GET", "/healthz")
                if connection.getresponse().read() is not None:
                    then()
                    return
            except OSError:
                connection.close()
                pause.wait(0.02)

    pause = threading.Event()
    threading.Thread(target=wait, daemon=True, name="ready").start()


def _tell(told: Announcement, announce: Callable[[Announcement], None]) -> None:
    if told.options.ready_file is not None:
        write_private(told.options.ready_file, json.dumps(told.to_json(), indent=1))
    announce(told)


class _Loader:
    """Builds the site inside the worker; a plain object, so that it can travel to a spawned process."""

    def __init__(
        self,
        options: ServeOptions,
        passwords: dict[str, str],
        secret_key: str,
        reader: Connection,
        writer: Connection | None,
        built: Connection,
    ) -> None:
        self.options = options
        self.passwords = passwords
        self.secret_key = secret_key
        self.reader = reader
        self.writer = writer
        self.built = built

    def __call__(self) -> Callable[..., Iterable[bytes]]:
        if self.writer is not None:
            self.writer.close()  # a fork has both ends; only the parent's may keep the pipe open
        for name in [name for name in os.environ if name.startswith(("HTTP_", "ENTRA_SIM_"))]:
            del os.environ[name]  # granian would show them to the application as headers
        site = build_site(self.options, self.passwords, self.secret_key)
        end_with_parent(self.reader, site.close)
        multiprocessing.util.Finalize(None, site.close, exitpriority=1)
        self.built.send_bytes(b"built")
        return _whole(site)


def build_site(options: ServeOptions, passwords: dict[str, str], secret_key: str) -> Site:
    """Return the site that the options describe.

    Raises:
        TaptError: the database cannot be used.
    """
    organisation = open_organisation(
        "tapt",
        str(options.data / "tapt.db") if options.data else ":memory:",
        clock=options.clock,
        ids=options.ids,
        strict=options.strict,
        chance_seed=options.chance_seed,
        public_url=options.public_url,
        seed=options.seed,
        token=options.token,
    )
    settings = SiteSettings(
        control_key=options.control_key,
        secret_key=secret_key,
        passwords=passwords,
        shows_passwords=options.is_local,
        needs_sign_in=options.needs_sign_in,
        allowed_hosts=frozenset(name.lower() for name in options.allowed_hosts),
    )
    from entra_sim.mock_tapt.app import application

    application()
    return Site(organisation, settings)


def _whole(site: Site) -> Callable[..., Iterable[bytes]]:
    """Return the application with its answers as lists: granian sends those in one piece, and others piece by piece."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        chunks = site.wsgi(environ, start_response)
        if environ.get("entra_sim.cut"):
            return chunks
        try:
            return list(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    return answer
