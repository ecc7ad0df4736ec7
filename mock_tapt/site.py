"""Everything one process serves: the organisations, the keys, who may sign in, and which part a path belongs to.

The first organisation, `tapt`, is at the root; others are under `/o/<name>`, each with its own data, token, faults,
journal and clock. A site is what the dashboard and the control API need beside the organisation itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from functools import cached_property
from typing import Any
from typing import Protocol

from entra_sim.mock_tapt.clock import StandaloneClock
from entra_sim.mock_tapt.clock import monotonic_s
from entra_sim.mock_tapt.clock import parse_clock
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.http_requests import BadRequest
from entra_sim.mock_tapt.http_requests import HttpRequest
from entra_sim.mock_tapt.ids import CountedIds
from entra_sim.mock_tapt.ids import RandomIds
from entra_sim.mock_tapt.ids import new_key
from entra_sim.mock_tapt.messages import ScimRequest
from entra_sim.mock_tapt.seed import plant
from entra_sim.mock_tapt.tapt import SCIM_ROOT
from entra_sim.mock_tapt.tapt import Tapt

MAX_ORGANISATIONS = 500
MAX_SNAPSHOTS = 50
MAX_KEPT_AT_START = 20_000
"""Resources up to which the start is kept as an image in memory; beyond, a reset plants the seed again."""
MAX_NOTED_LINE = 2_000
FREE_TRIES = 5
SLOW_DOWN_S = 30
MAX_FAILED_NAMES = 1_000
DEMO_PASSWORDS = {"admin@tapt.example": "tapt-admin", "member@tapt.example": "tapt-member"}
"""Fixed on loopback, so that a tutorial can print them."""
ADMINISTRATORS = frozenset({"admin@tapt.example"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
SeedSource = Callable[[], dict[str, list[dict[str, Any]]]]
"""Gives the seed when it is needed: a file of 100,000 people is not kept in memory."""
_SCIM_PATH = SCIM_ROOT[1:]
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")


class Ids(Protocol):
    """What hands out ids and can be put back to where it was."""

    def new(self, kind: str) -> str: ...

    def counts(self) -> dict[str, int]: ...

    def restore(self, counts: dict[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class SavedState:
    """An image of an organisation with its clock and ids."""

    image: bytes
    now: datetime
    counts: dict[str, int]


@dataclass(slots=True)
class Organisation:
    """One organisation with what makes its time and ids.

    Args:
        clock: None when somebody else owns the time (`entra-sim up`): then it cannot be moved from here.
        control_key: opens the control API of this organisation alone.
        start: what a reset goes back to; None when there were too many people to keep a copy.
        before_seed: then a reset goes back to this, and plants what `seed` gives again.
    """

    name: str
    tapt: Tapt
    clock: StandaloneClock | None
    ids: Ids | None
    control_key: str
    start: SavedState | None = None
    before_seed: SavedState | None = None
    seed: SeedSource | None = None
    snapshots: dict[str, SavedState] = field(default_factory=dict)
    snapshot_count: int = 0

    def save(self) -> SavedState:
        """Return the state of now."""
        counts = self.ids.counts() if self.ids else {}
        return SavedState(self.tapt.snapshot(), self.tapt.now(), counts)

    def restore(self, state: SavedState) -> None:
        """Go back to a state, with time and ids."""
        self.tapt.restore(state.image)
        if self.ids is not None:
            self.ids.restore(state.counts)
        if self.clock is not None and self.clock.rate == 0:
            self.clock.restore_to(state.now)

    @property
    def can_reset(self) -> bool:
        """Return whether there is a start to go back to."""
        return self.start is not None or self.before_seed is not None

    def reset(self) -> None:
        """Go back to the start: data, token, switches, faults, and time when the clock is frozen.

        Raises:
            TaptError: there is no start to go back to.
        """
        if self.start is not None:
            self.restore(self.start)
        elif self.before_seed is not None:
            self.restore(self.before_seed)
            if self.seed:
                plant(self.tapt, self.seed())
        else:
            raise TaptError("Tapt held too many profiles at its start to keep a copy; there is nothing to go back to.")

    def keep_snapshot(self) -> str:
        """Keep the state of now and return its id; the oldest beyond MAX_SNAPSHOTS goes."""
        self.snapshot_count += 1
        name = f"snapshot-{self.snapshot_count}"
        self.snapshots[name] = self.save()
        while len(self.snapshots) > MAX_SNAPSHOTS:
            self.snapshots.pop(next(iter(self.snapshots)))
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """How a site is run.

    Args:
        control_key: opens the control API; None: there is none.
        secret_key: signs sessions.
        passwords: e-mail to password of who may sign in.
        shows_passwords: the sign-in page names them (on loopback only).
        needs_sign_in: without it everybody is the administrator.
        allowed_hosts: names beside the loopback ones under which pages answer (DNS rebinding).
    """

    control_key: str | None = None
    secret_key: str = ""
    passwords: dict[str, str] = field(default_factory=lambda: dict(DEMO_PASSWORDS))
    shows_passwords: bool = True
    needs_sign_in: bool = True
    allowed_hosts: frozenset[str] = frozenset()


class Site:
    """The organisations of a process, as one WSGI application."""

    def __init__(self, first: Organisation, settings: SiteSettings) -> None:
        self.settings = settings
        self.organisations: dict[str, Organisation] = {first.name: first}
        self._first = first
        self._is_closed = False
        self._salt = new_key().encode()
        self.failed_sign_ins: dict[str, tuple[int, float]] = {}
        self.shown_once: dict[str, str] = {}

    @classmethod
    def around(cls, tapt: Tapt, settings: SiteSettings | None = None, clock: StandaloneClock | None = None) -> Site:
        """Return a site for an organisation that somebody else opened and keeps the time of."""
        settings = settings or SiteSettings(secret_key=new_key())
        return cls(Organisation("tapt", tapt, clock, None, ""), settings)

    @cached_property
    def _hashes(self) -> dict[str, bytes]:
        """Return the hashes of the passwords; made when somebody signs in, for they take their time."""
        return {mail: self._hash(password) for mail, password in self.settings.passwords.items()}

    def _hash(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=self._salt, n=2**12, r=8, p=1)

    def knows(self, mail: str, password: str) -> bool:
        """Return whether the password is right; the same time is taken for people that are unknown."""
        wanted = self._hashes.get(mail.strip().lower(), b"")
        return hmac.compare_digest(wanted, self._hash(password)) and bool(wanted)

    def must_wait(self, mail: str) -> bool:
        """Return whether this name was tried with wrong passwords so often that the next try has to wait."""
        count, last = self.failed_sign_ins.get(mail, (0, 0.0))
        return count >= FREE_TRIES and monotonic_s() - last < SLOW_DOWN_S

    def note_failure(self, mail: str) -> None:
        """Count a wrong password."""
        count, _ = self.failed_sign_ins.get(mail, (0, 0.0))
        if len(self.failed_sign_ins) > MAX_FAILED_NAMES:
            self.failed_sign_ins.clear()
        self.failed_sign_ins[mail] = (count + 1, monotonic_s())

    def keep_once(self, secret: str) -> str:
        """Keep a secret for the one page that shows it, and return its handle."""
        handle = new_key()
        while len(self.shown_once) > MAX_FAILED_NAMES:
            self.shown_once.pop(next(iter(self.shown_once)))
        self.shown_once[handle] = secret
        return handle

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as a WSGI application: `/o/<name>/...` is for that organisation, all else for the first one."""
        from entra_sim.mock_tapt.app import application

        path = environ.get("PATH_INFO", "")
        organisation, rest = self._part_of(path)
        if organisation is None:
            start_response("404 Not Found", [("Content-Type", "application/json")])
            return [b'{"error": "There is no organisation of this name."}']
        if rest != path:
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/o/{organisation.name}"
            environ["PATH_INFO"] = rest
        environ["entra_sim.site"] = self
        environ["entra_sim.organisation"] = organisation
        environ["entra_sim.tapt"] = organisation.tapt
        return application()(environ, start_response)

    def may_rest(self, request: HttpRequest) -> bool:
        """Return whether an answer may take long: a fault may delay it, or it is none of the SCIM API."""
        organisation, path = self._part_of(request.path)
        if organisation is None or path == "/healthz":
            return False
        path = path.lstrip("/")
        if not path.startswith(_SCIM_PATH):
            return True
        return organisation.tapt.may_take_long(request.method, path.removeprefix(_SCIM_PATH), request.query)

    def _part_of(self, path: str) -> tuple[Organisation | None, str]:
        """Return whom a path is for, and what of it is theirs."""
        if not path.startswith("/o/"):
            return self._first, path
        name, _, rest = path[3:].partition("/")
        return self.organisations.get(name), f"/{rest}"

    def note_refusal(self, error: BadRequest) -> None:
        """Let the inspector show what was no request that the SCIM API could see."""
        method, _, rest = error.line[:MAX_NOTED_LINE].partition(" ")
        target = rest.partition(" HTTP/")[0]
        path, _, query = target.partition("?")
        organisation, path = self._part_of(path)
        if organisation is None or (path and not path.lstrip("/").startswith(_SCIM_PATH)):
            return
        path = path.lstrip("/").removeprefix(_SCIM_PATH)
        organisation.tapt.note_refused(ScimRequest(method=method or "?", path=path or "/", query=query), error)

    def add(self, name: str | None, options: dict[str, Any], seed: SeedSource | None) -> Organisation:
        """Return a new organisation in memory.

        Args:
            name: lower-case letters, digits and hyphens; None: one is made up.
            options: clock (as `--clock`), ids ("random" or "counted"), strict, chance_seed.
            seed: gives users and groups.
        Raises:
            TaptError: the name is taken or impossible, an option is wrong, there are too many.
        """
        if len(self.organisations) >= MAX_ORGANISATIONS:
            raise TaptError(f"There are {MAX_ORGANISATIONS} organisations already; delete some.")
        if name is None:
            name = f"org-{new_key().lower().replace('_', '-').replace('-', '')[:12]}"
        if not _NAME.match(name):
            raise TaptError(f"'{name}' is no name; use lower-case letters, digits and hyphens.")
        if name in self.organisations:
            raise TaptError(f"There is an organisation '{name}' already.")
        base = self._first.tapt.public_url
        organisation = open_organisation(
            name, ":memory:", public_url=f"{base}/o/{name}" if base else None, seed=seed, **options
        )
        self.organisations[name] = organisation
        return organisation

    def remove(self, name: str) -> None:
        """Close an organisation and forget it.

        Raises:
            TaptError: there is none of this name, or it is the first one.
        """
        if name == self._first.name:
            raise TaptError("The first organisation cannot be deleted; reset it instead.")
        found = self.organisations.pop(name, None)
        if found is None:
            raise TaptError(f"There is no organisation '{name}'.")
        found.tapt.close()

    def close(self) -> None:
        """Store what is pending and close all organisations; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        for organisation in self.organisations.values():
            if organisation.clock is not None:
                organisation.tapt.store_time(organisation.clock.ahead())
            organisation.tapt.close()


def go_on(tapt: Tapt, clock: StandaloneClock) -> None:
    """Let the clock go on where it was when the data was last used; never below the last thing that happened.

    A live clock kept its distance from the machine's; at another rate, or frozen, it goes on from the stored instant.
    """
    stored = tapt.stored_time()
    if stored is None:
        return
    last_at, ahead = stored
    resumed = clock.now() + ahead if clock.rate == 1 else last_at
    if max(resumed, last_at) > clock.now():
        clock.move_to(max(resumed, last_at))


def open_organisation(
    name: str,
    database: str,
    *,
    clock: str | StandaloneClock = "live",
    ids: str = "random",
    strict: bool = False,
    chance_seed: str = "",
    public_url: str | None = None,
    seed: SeedSource | None = None,
    token: str | None = None,
) -> Organisation:
    """Return an organisation that keeps its own time; a seed is planted when it has no data yet.

    Raises:
        TaptError: an option is wrong, or the database cannot be used.
    """
    if ids not in ("random", "counted"):
        raise TaptError(f"'{ids}' is no source of ids; it is random or counted.")
    timepiece = parse_clock(clock) if isinstance(clock, str) else clock
    source: Ids = CountedIds() if ids == "counted" else RandomIds()
    tapt = Tapt.open(
        database,
        now=timepiece.now,
        wait=timepiece.wait,
        new_id=source.new,
        chance_seed=chance_seed,
        public_url=public_url,
        strict=strict,
    )
    organisation = Organisation(name, tapt, timepiece, source, new_key())
    go_on(tapt, timepiece)
    if ids == "counted":
        source.restore(tapt.id_counts())
    if token is not None:
        tapt.preset_token(token)
    if not tapt.has_data:
        organisation.before_seed, organisation.seed = organisation.save(), seed
        if seed:
            plant(tapt, seed())
    if tapt.size <= MAX_KEPT_AT_START:
        organisation.start = organisation.save()
    return organisation
