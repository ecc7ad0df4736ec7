"""The World: clock, ids, chance, stores, both sides and the way between them, built in one place.

`run` and `demo` make a fresh one in memory, `up` one over a data folder; the pytest fixtures and the lab use the same.
Its Tapt is always reached at https://tapt.example/scim/v2: in process, or over a loopback socket that the HTTP
transport connects to instead. In `up` the address is the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from typing import Any

from entra_sim.scenarios.saves import UNDO
from entra_sim.scenarios.saves import Saves
from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.clock import wall_now
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.ids import CountedIds
from entra_sim.simulator.ids import IdSource
from entra_sim.simulator.ids import RandomIds
from entra_sim.simulator.ids import seeded_chance
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.clock_keeper import stored_start
from entra_sim.simulator.service.core import Connect
from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.service.time_travel import Due
from entra_sim.simulator.service.time_travel import Happening
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.directory import DirectoryStore
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.http import HttpTransport
from entra_sim.simulator.transport.wsgi import WsgiTransport

if TYPE_CHECKING:
    from entra_sim.mock_tapt import Tapt
    from entra_sim.scenarios.lab_hooks import Library
    from entra_sim.scenarios.serving import Server
    from entra_sim.scenarios.serving import TaptServer

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

TAPT_HOST = "tapt.example"
PUBLIC_URL = f"https://{TAPT_HOST}"
SIMULATOR_DATABASE = "simulator.db"
TAPT_DATABASE = "tapt.db"


class World:
    """Both sides of one lab, with one clock.

    Attributes:
        clock, ids, settings: what both sides share.
        simulator: the provisioning service.
        tapt: mock Tapt, or None when the target is a foreign endpoint.
        library: the scenarios that a served lab offers.
        tapt_url: the base URL under which `serve` shows Tapt, else its made-up one.
    """

    def __init__(
        self,
        *,
        simulator_database: Database,
        tapt_database: str | Path,
        clock: VirtualClock,
        ids: IdSource,
        tapt_ids: IdSource,
        settings: Settings,
        transport: str,
        seed: str,
        public_url: str | None,
        has_tapt: bool = True,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.settings = settings
        self.tapt: Tapt | None = None
        self.saves: Saves | None = None
        self._tapt_server: TaptServer | None = None
        self._servers: list[Server | TaptServer] = []
        self.tapt_passwords: dict[str, str] = {}
        self.library: Library | None = None
        self.tapt_url = PUBLIC_URL
        if has_tapt:
            self.tapt = self._open_tapt(tapt_database, tapt_ids, seed, public_url)
        if transport == "http" and self.tapt is not None and public_url == PUBLIC_URL:
            from entra_sim.mock_tapt.site import Site
            from entra_sim.scenarios.serving import TaptServer

            self._tapt_server = TaptServer(Site.around(self.tapt), self.tapt.wsgi)
            self._servers.append(self._tapt_server)
        self.simulator = Simulator(
            database=simulator_database,
            clock=clock,
            ids=ids,
            settings=settings,
            connect=self._connect(transport),
            chance=seeded_chance(f"{seed}/simulator"),
        )
        self.simulator.queries.also_due = self._token_due
        self.simulator.queries.token_note = self._token_note

    @classmethod
    def open(
        cls,
        *,
        start: datetime,
        settings: Settings | None = None,
        transport: str = "wsgi",
        seed: str = "",
        rate: float = 0.0,
    ) -> World:
        """Return a fresh World in memory: frozen clock, counted ids, seeded chance.

        Args:
            start: first instant, aware UTC.
            transport: "wsgi" in process, "http" over a loopback socket.
            seed: chance depends on this text alone.
            rate: simulated seconds per real second.
        """
        return cls(
            simulator_database=Database.open(None),
            tapt_database=":memory:",
            clock=VirtualClock(start, rate),
            ids=CountedIds(),
            tapt_ids=CountedIds(side=1),
            settings=settings or Settings(),
            transport=transport,
            seed=seed,
            public_url=PUBLIC_URL,
        )

    @classmethod
    def open_folder(
        cls, data: Path, *, settings: Settings | None = None, rate: float | None = None, public_url: str | None = None
    ) -> World:
        """Return the World of a data folder, its clock going on where it stood; targets are reached over HTTP.

        Args:
            data: the folder; it exists and is locked by the caller.
            rate: of the clock; None keeps the stored one (live at first).
            public_url: what Tapt's dashboard shows; None follows the Host header.
        Raises:
            StateConflict: the databases cannot be used.
        """
        database = Database.open(data / SIMULATOR_DATABASE)
        stored = stored_start(DirectoryStore(database), wall_now())
        start, stored_rate = stored if stored is not None else (wall_now(), 1.0)
        return cls(
            simulator_database=database,
            tapt_database=data / TAPT_DATABASE,
            clock=VirtualClock(start, stored_rate if rate is None else rate),
            ids=RandomIds(),
            tapt_ids=RandomIds(),
            settings=settings or Settings(),
            transport="http",
            seed=str(data),
            public_url=public_url,
        )

    def _open_tapt(self, database: str | Path, ids: IdSource, seed: str, public_url: str | None) -> Tapt:
        from entra_sim.mock_tapt import Tapt
        from entra_sim.mock_tapt.errors import TaptError

        try:
            return Tapt.open(
                database=database,
                now=self.clock.now,
                wait=self.wait,
                new_id=ids.new,
                chance_seed=f"{seed}/tapt",
                public_url=public_url,
            )
        except TaptError as error:
            raise StateConflict(str(error)) from error

    def _connect(self, transport: str) -> Connect:
        def connect(url: TenantUrl, authorization: Callable[[], str]) -> Transport:
            timeout_s = self.settings.request_timeout_s
            if self.tapt is None or url.host != TAPT_HOST:
                return HttpTransport(url, authorization, timeout_s=timeout_s, now=self.clock.now)
            if self._tapt_server is not None:
                plain = replace(url, scheme="http", port=80)
                address = (self._tapt_server.host, self._tapt_server.port)
                return HttpTransport(plain, authorization, timeout_s=timeout_s, connect_to=address, now=self.clock.now)
            return WsgiTransport(
                self.tapt.wsgi, url, authorization, timeout_s=timeout_s, wait=self.wait, now=self.clock.now
            )

        return connect

    def wait(self, seconds: float) -> None:
        """Let seconds of the clock pass: a frozen one moves, a running one is waited for."""
        self.clock.wait(seconds)

    def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 8470,
        tapt_port: int = 8471,
        key: str,
        hosts: frozenset[str],
        sign_in: bool = True,
        session_key: str = "",
        folder: Path = Path(),
    ) -> tuple[str, str]:
        """Serve both sides; returns the base URLs of the admin center and of Tapt.

        Args:
            key: opens `/api` and Tapt's `/_control`.
            hosts: host names under which pages answer.
            sign_in: False lets everybody in as the administrator, on both sides.
            session_key: signs Tapt's sessions; "" makes one up.
            folder: where files that a live step names are looked for.
        Raises:
            StateConflict: a port cannot be used.
        """
        from entra_sim.mock_tapt.ids import new_key
        from entra_sim.mock_tapt.platform_calls import allow_many_files
        from entra_sim.mock_tapt.site import DEMO_PASSWORDS
        from entra_sim.mock_tapt.site import LOOPBACK_NAMES
        from entra_sim.mock_tapt.site import Site
        from entra_sim.mock_tapt.site import SiteSettings
        from entra_sim.scenarios.lab_hooks import LabControl
        from entra_sim.scenarios.lab_hooks import Library
        from entra_sim.scenarios.serving import Server
        from entra_sim.scenarios.serving import TaptServer
        from entra_sim.simulator.web import bound
        from entra_sim.simulator.web.hooks import LabHooks

        assert self.tapt is not None
        is_local = host in LOOPBACK_NAMES
        self.tapt_passwords = {mail: word if is_local else new_key() for mail, word in DEMO_PASSWORDS.items()}
        site = Site.around(
            self.tapt,
            SiteSettings(
                control_key=key,
                secret_key=session_key or new_key(),
                passwords=self.tapt_passwords,
                shows_passwords=is_local,
                needs_sign_in=sign_in,
                allowed_hosts=hosts,
            ),
        )
        allow_many_files()
        tapt = TaptServer(site, host=host, port=tapt_port)
        self._servers.append(tapt)
        self.tapt_url = tapt.url
        self.library = library = Library()
        control = LabControl(self, library, folder)
        self.simulator.perform = control.perform
        center = bound(
            _simulator_app(),
            self.simulator,
            key=key,
            links={"Tapt": tapt.url},
            hosts=hosts,
            sign_in=sign_in,
            access_key="" if is_local else key,
            lab=LabHooks(scenarios=library, load=control.load, exercise=control.exercise, reset=control.reset),
        )
        admin = Server(center, host=host, port=port)
        self._servers.append(admin)
        return admin.url, tapt.url

    def serve_center(self) -> str:
        """Serve the admin center alone on a free loopback port, without sign-in; returns "127.0.0.1:PORT"."""
        from entra_sim.mock_tapt.ids import new_key
        from entra_sim.scenarios.serving import Server
        from entra_sim.simulator.web import bound

        links = {"Tapt": self._tapt_server.url} if self._tapt_server is not None else {}
        center = Server(bound(_simulator_app(), self.simulator, key=new_key(), links=links, sign_in=False))
        self._servers.append(center)
        return f"{center.host}:{center.port}"

    def empty(self) -> None:
        """Put both sides back to an empty lab; the clock stays where it is."""
        with self.simulator.time.standing_still():
            self.simulator.core.database.clear()
            self.simulator.core.exchanges.clear()
            self.simulator.prepare()
            if self.tapt is not None:
                fresh = self._open_tapt(":memory:", RandomIds(), "", None)
                try:
                    self.tapt.restore(fresh.snapshot())
                finally:
                    fresh.close()
            self.simulator.keeper.save()

    @property
    def tapt_address(self) -> str:
        """Return where Tapt really listens ("127.0.0.1:43121"), or "in process"."""
        server = self._tapt_server
        return "in process" if server is None else f"{server.host}:{server.port}"

    @property
    def tapt_base_url(self) -> str:
        """Return the tenant URL under which Tapt answers on loopback, for clients of somebody else's.

        Raises:
            StateConflict: this World has no socket; open it with transport="http".
        """
        if self._tapt_server is None:
            raise StateConflict('This World listens on no socket; open it with transport="http".')
        return f"{self._tapt_server.url}/scim/v2"

    def advance(self, span: timedelta, progress: Callable[[Happening], None] | None = None) -> list[Happening]:
        """Let time pass; everything due on the way runs at its own instant. Returns what ran."""
        return self.simulator.time.advance(span, progress)

    def _token_due(self) -> list[Due]:
        """Return when Tapt's token ends: that brings cycles into quarantine. Source: ui.md section 12."""
        status = None if self.tapt is None else self.tapt.token_status()
        if status is None or status.state != "active" or status.expires_at is None:
            return []
        return [Due(at=status.expires_at, kind="token expiry", subject="Tapt", why="six months after it was generated")]

    def _token_note(self) -> str:
        """Return what is wrong with Tapt's token, "" for nothing. Source: ui.md section 8."""
        status = None if self.tapt is None else self.tapt.token_status()
        if status is None or status.state not in ("expired", "revoked"):
            return ""
        ended = f" on {status.expires_at:%Y-%m-%d %H:%M} UTC" if status.state == "expired" and status.expires_at else ""
        word = "expired" if status.state == "expired" else "was revoked"
        return f"Tapt's token {status.masked} {word}{ended}."

    def exchanges(self, since: int = 0) -> list[ExchangeRecord]:
        """Return what the simulator sent and got after a sequence number, oldest first."""
        return self.simulator.exchanges(since)

    def keep_saves_in(self, folder: Path) -> None:
        """Keep named copies of this World in a folder, and one by itself before each jump or save (Undo)."""
        saves = Saves(self, folder)
        self.saves = saves
        self.simulator.lab = saves
        self.simulator.before_jump = lambda reason: _keep(saves, reason)

    def close(self) -> None:
        """Stop the servers and close the databases."""
        for server in self._servers:
            server.close()
        if self.tapt is not None:
            self.tapt.close()
        self.simulator.close()

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _keep(saves: Saves, reason: str) -> None:
    saves.save(UNDO, reason)


@cache
def _simulator_app() -> WsgiApp:
    """Return the one app of the process; building it is slow, binding it to a World is not."""
    from entra_sim.simulator.web import create_app

    return create_app()
