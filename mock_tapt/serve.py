"""Serving Tapt in a process of its own.

What can go wrong is found first: port, data folder, seed. Then everything is opened in this process, told, and served
until a signal comes; the end takes no longer than what is being written.
"""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entra_sim.mock_tapt.http_server import HttpServer
from entra_sim.mock_tapt.ids import new_key
from entra_sim.mock_tapt.platform_calls import allow_many_files
from entra_sim.mock_tapt.platform_calls import listen
from entra_sim.mock_tapt.platform_calls import lock_file
from entra_sim.mock_tapt.platform_calls import make_private_folder
from entra_sim.mock_tapt.platform_calls import write_private
from entra_sim.mock_tapt.site import DEMO_PASSWORDS
from entra_sim.mock_tapt.site import LOOPBACK_NAMES
from entra_sim.mock_tapt.site import SeedSource
from entra_sim.mock_tapt.site import Site
from entra_sim.mock_tapt.site import SiteSettings
from entra_sim.mock_tapt.site import open_organisation


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
    lock = None
    if options.data is not None:
        make_private_folder(options.data)
        lock = lock_file(options.data / "tapt.lock")
    listener = listen(options.host, options.port)
    allow_many_files()
    try:
        passwords = DEMO_PASSWORDS if options.is_local else {mail: new_key()[:12] for mail in DEMO_PASSWORDS}
        site = build_site(options, passwords, _secret_key(options.data))
        server = HttpServer(site.wsgi, listener, may_rest=site.may_rest, on_refusal=site.note_refusal)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: server.stop())
        signal.set_wakeup_fd(server.waker.fileno(), warn_on_full_buffer=False)
        gc.collect()
        gc.freeze()  # what is there now stays: no need to look through it again
        port = listener.getsockname()[1]
        host = f"[{options.host}]" if ":" in options.host else options.host
        name = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
        _tell(Announcement(url=f"http://{name}:{port}", port=port, passwords=passwords, options=options), announce)
        try:
            server.run()
        finally:
            signal.set_wakeup_fd(-1)
            site.close()
    finally:
        listener.close()
        if lock is not None:
            lock.close()
        if options.ready_file is not None:
            options.ready_file.unlink(missing_ok=True)


def _secret_key(data: Path | None) -> str:
    """Return the key that signs sessions, kept beside the data so that a restart signs nobody out."""
    if data is None:
        return new_key()
    path = data / "tapt.key"
    if not path.exists():
        write_private(path, new_key())
    return path.read_text(encoding="utf-8").strip()


def _tell(told: Announcement, announce: Callable[[Announcement], None]) -> None:
    if told.options.ready_file is not None:
        write_private(told.options.ready_file, json.dumps(told.to_json(), indent=1))
    announce(told)


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
