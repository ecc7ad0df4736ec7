"""One organisation of mock Tapt: everything it holds, and the way a request goes through it.

`Tapt.exchange` is that way: fault, delay, token, service, fault again, journal. One lock stands round the work on the
database; delays happen outside of it. Hand edits of a Tapt administrator use the same rules as the API.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from entra_sim.mock_tapt import effects
from entra_sim.mock_tapt.clock import format_instant
from entra_sim.mock_tapt.clock import parse_instant
from entra_sim.mock_tapt.errors import ScimError
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.faults import Faults
from entra_sim.mock_tapt.faults import Strike
from entra_sim.mock_tapt.hand_edits import HandEdits
from entra_sim.mock_tapt.http_requests import BadRequest
from entra_sim.mock_tapt.journal import DEFAULT_SIZE
from entra_sim.mock_tapt.journal import Journal
from entra_sim.mock_tapt.long_reads import MANY_RESOURCES
from entra_sim.mock_tapt.long_reads import LongReads
from entra_sim.mock_tapt.long_reads import goes_through_many
from entra_sim.mock_tapt.messages import ScimRequest
from entra_sim.mock_tapt.messages import ScimResponse
from entra_sim.mock_tapt.resources import Resources
from entra_sim.mock_tapt.schema import GROUP
from entra_sim.mock_tapt.schema import USER
from entra_sim.mock_tapt.schema import ResourceType
from entra_sim.mock_tapt.service import ScimService
from entra_sim.mock_tapt.service import Switches
from entra_sim.mock_tapt.service import refused
from entra_sim.mock_tapt.store import Store
from entra_sim.mock_tapt.tokens import IssuedToken
from entra_sim.mock_tapt.tokens import Tokens
from entra_sim.mock_tapt.tokens import TokenStatus

SCIM_ROOT = "/scim/v2"
_COUNTED = re.compile(r"^[0-9a-f]{8}-0000-4000-8000-[0-9a-f]{12}$")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Cut(Exception):
    """A fault cuts the connection, or Tapt has ended: the client must not see an answer."""


class Tapt(HandEdits):
    """One organisation: profiles, groups, token, switches, faults, journal."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        wait: Callable[[float], None],
        new_id: Callable[[str], str],
        chance_seed: str,
        public_url: str | None,
        journal_size: int = DEFAULT_SIZE,
    ) -> None:
        self.store = store
        self.now = now
        self.lock = threading.RLock()
        self.public_url = public_url.rstrip("/") if public_url else None
        self.faults = Faults(chance_seed)
        self.journal = Journal(journal_size)
        self._wait = wait
        self._is_closed = False
        self.resources = Resources(store, now, new_id)
        self._tokens = Tokens(store, now, new_id)
        self._service = ScimService(store, self.resources, self._stored_switches())
        self._old_images = effects.OldImages()
        self._long_reads = None if store.is_in_memory else LongReads(store.database, now)

    @classmethod
    def open(
        cls,
        database: str | Path = ":memory:",
        *,
        now: Callable[[], datetime],
        wait: Callable[[float], None],
        new_id: Callable[[str], str],
        chance_seed: str = "",
        public_url: str | None = "https://tapt.example",
        strict: bool = False,
        journal_size: int = DEFAULT_SIZE,
    ) -> Tapt:
        """Return an organisation over its database.

        Args:
            database: ":memory:" or a file.
            now: Tapt's clock, aware UTC.
            wait: called for delays of faults, in seconds of Tapt's clock.
            new_id: makes ids of kind "resource" and "token".
            chance_seed: of faults that strike by chance.
            public_url: what the tenant URL and `meta.location` start with; None: the Host header of each request.
            strict: the RFC to the letter from the start.
        Raises:
            TaptError: the file cannot be used.
        """
        tapt = cls(
            Store(database),
            now=now,
            wait=wait,
            new_id=new_id,
            chance_seed=chance_seed,
            public_url=public_url,
            journal_size=journal_size,
        )
        if strict:
            tapt.set_switches(strict=True)
        return tapt

    @property
    def tenant_url(self) -> str | None:
        """Return what an administrator enters as Tenant URL; None when only requests know it."""
        return f"{self.public_url}{SCIM_ROOT}" if self.public_url else None

    @property
    def shown_url(self) -> str:
        """Return what `meta.location` starts with when no request says it."""
        return self.tenant_url or SCIM_ROOT

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as a WSGI application bound to this organisation.

        A cut connection sets `environ["entra_sim.cut"]` and gives one byte of a longer body.
        """
        from entra_sim.mock_tapt.app import application

        environ["entra_sim.tapt"] = self
        return application()(environ, start_response)

    # the way of a request

    def exchange(self, request: ScimRequest) -> ScimResponse:
        """Return the answer to a request to the SCIM API, and keep both in the journal.

        Raises:
            Cut: a fault cuts the connection.
        """
        began = time.perf_counter()
        strike = ready = None
        if self.faults.is_any_on:
            with self.lock:
                strike = self.faults.strike(request.method, request.path, self.now())
            if strike is not None and strike.fault.delay_s:
                self._wait(strike.fault.delay_s)
        elif self._long_reads is not None and self.may_take_long(request.method, request.path, request.query):
            ready = self._answer_long(self._long_reads, request)
        with self.lock:
            if self._is_closed:  # while the request rested
                raise Cut
            at = self.now()
            if ready is not None:
                response = ready
            else:
                response = self._answer(request, at) if strike is None else self._struck(request, strike, at)
            cut = strike.fault.cut if strike is not None else ""
            self.journal.note(
                request,
                response,
                at=at,
                fault=(strike.fault.name or strike.fault.what) if strike else "",
                cut=cut,
                is_strict=self.switches.strict,
                took_s=time.perf_counter() - began,
            )
        if cut:
            raise Cut
        return response

    def may_take_long(self, method: str, path: str, query: str) -> bool:
        """Return whether an answer may take long: a fault may delay it, or it has to look at many resources."""
        if self.faults.is_any_on:
            return True
        if self._long_reads is None or not goes_through_many(method, path, query):
            return False
        with self.lock:
            return self.store.last_seq > MANY_RESOURCES

    def _answer_long(self, reads: LongReads, request: ScimRequest) -> ScimResponse:
        with self.lock:
            refusal = self._refusal_of_token(request, self.now())
        if refusal is not None:
            return refusal
        try:
            return reads.answer(request, self.switches)
        except sqlite3.Error:
            if self._is_closed:
                raise Cut from None
            raise

    def note_refused(self, request: ScimRequest, error: BadRequest) -> None:
        """Keep in the journal what was refused before anybody could answer it."""
        with self.lock:
            self.journal.note(
                request,
                ScimResponse(status=error.status, body=orjson.dumps(error.to_body()), refusal=error.reason),
                at=self.now(),
                fault="",
                cut="",
                is_strict=self.switches.strict,
                took_s=0.0,
            )

    def _answer(self, request: ScimRequest, at: datetime) -> ScimResponse:
        refusal = self._refusal_of_token(request, at)
        if refusal is not None:
            return refusal
        if not self.faults.keeps_old_images:
            self._old_images.clear()
            return self._service.handle(request)
        return self._answer_keeping_images(request)

    def _refusal_of_token(self, request: ScimRequest, at: datetime) -> ScimResponse | None:
        try:
            self._tokens.check(request.headers.get("authorization"), at)
        except ScimError as error:
            return refused(error)
        return None

    def _answer_keeping_images(self, request: ScimRequest) -> ScimResponse:
        """Answer a request while a stale-read fault is on: what a write changes is remembered as it was."""
        if request.method not in _WRITES:
            return self._service.handle(request)
        resource_id = request.path.rstrip("/").rpartition("/")[2]
        before = self._shown_by_id(resource_id, request.base_url)
        response = self._service.handle(request)
        if response.status < 300:
            if request.method == "POST" and response.body:
                resource_id = orjson.loads(response.body).get("id", "")
            self._old_images.keep(resource_id, before)
        return response

    def _shown_by_id(self, resource_id: str, base_url: str) -> dict[str, Any] | None:
        row = self.store.get("User", resource_id) or self.store.get("Group", resource_id)
        return self.resources.shown(row, base_url) if row else None

    def _struck(self, request: ScimRequest, strike: Strike, at: datetime) -> ScimResponse:
        fault = strike.fault
        if fault.cut == "before":
            return ScimResponse(status=0, refusal="a fault cut the connection before the work was done")
        if fault.refusal_status is not None:
            return effects.refusal(strike)
        if fault.ignore_work and request.method in _WRITES:
            return effects.spoil(fault, self._answer_without_work(request, at))
        response = self._answer(request, at)
        if fault.stale_read and request.method not in _WRITES:
            response = self._old_images.aged(request.path, response)
        return effects.spoil(fault, response)

    def _answer_without_work(self, request: ScimRequest, at: datetime) -> ScimResponse:
        """Answer a write as a server that does not do it: with the resource as it is."""
        if request.method == "POST":
            return ScimResponse(status=201, headers=[("Content-Type", "application/scim+json")], body=request.body)
        if request.method == "DELETE":
            return ScimResponse(status=204)
        return self._answer(replace(request, method="GET", body=b""), at)

    # tokens

    def generate_token(self, secret: str | None = None) -> IssuedToken:
        """Return a new token, good for six calendar months; the former one stops working at once."""
        with self.lock:
            return self._tokens.issue(self.tenant_url, secret)

    def preset_token(self, secret: str) -> None:
        """Let this be the token; when it is already, nothing changes."""
        with self.lock:
            if not self._tokens.is_current(secret):
                self._tokens.issue(self.tenant_url, secret)

    def token_status(self) -> TokenStatus:
        """Return what can be shown of the token."""
        with self.lock:
            return self._tokens.status()

    def revoke_token(self) -> None:
        """End the token at once."""
        with self.lock:
            self._tokens.revoke()

    def expire_token(self) -> None:
        """Let the token be past its date now."""
        with self.lock:
            self._tokens.expire()

    # what a Tapt administrator sees and does

    def users(self) -> list[dict[str, Any]]:
        """Return all users as SCIM resources, in order of creation."""
        return self._all(USER)

    def groups(self) -> list[dict[str, Any]]:
        """Return all groups as SCIM resources with their members, in order of creation."""
        return self._all(GROUP)

    def _all(self, kind: ResourceType) -> list[dict[str, Any]]:
        with self.lock:
            is_beside = self._long_reads is not None and not self.store.connection.in_transaction
            if not is_beside or self.store.last_seq <= MANY_RESOURCES:
                rows, _ = self.store.select((kind.name,), None, None, 0, 2**31)
                return [self.resources.shown(row, self.shown_url) for row in rows]
        assert self._long_reads is not None
        return self._long_reads.all(kind, self.shown_url)

    def user(self, user_name: str) -> dict[str, Any] | None:
        """Return one user by userName, compared without case, or None."""
        return self._named(USER, user_name)

    def group(self, display_name: str) -> dict[str, Any] | None:
        """Return one group by displayName, compared without case, or None."""
        return self._named(GROUP, display_name)

    def _named(self, kind: ResourceType, name: str) -> dict[str, Any] | None:
        with self.lock:
            row = self.store.by_name(kind.name, name)
            return self.resources.shown(row, self.shown_url) if row else None

    # switches

    @property
    def switches(self) -> Switches:
        """Return how the organisation is set."""
        return self._service.switches

    def set_switches(self, **changes: bool) -> Switches:
        """Turn switches on or off: accept_groups, hard_delete_allowed, strict, require_if_match.

        Raises:
            TaptError: there is no such switch, or the value is no boolean.
        """
        known = asdict(self.switches)
        for name, value in changes.items():
            if name not in known:
                raise TaptError(f"There is no switch '{name}'; there are {', '.join(known)}.")
            if not isinstance(value, bool):
                raise TaptError(f"The switch '{name}' is true or false.")
        with self.lock:
            self._service.switches = replace(self.switches, **changes)
            self.store.set_setting("switches", orjson.dumps(asdict(self.switches)).decode())
        return self.switches

    def _stored_switches(self) -> Switches:
        stored = self.store.setting("switches")
        return Switches(**orjson.loads(stored)) if stored else Switches()

    @property
    def organisation_name(self) -> str:
        """Return what the company is called in the dashboard."""
        with self.lock:
            return self.store.setting("organisation", "Tapt demo company")

    def rename_organisation(self, name: str) -> None:
        """Call the company something else."""
        with self.lock:
            self.store.set_setting("organisation", name)

    def store_time(self, ahead: timedelta) -> None:
        """Store the instant, and how far it is ahead of the machine's clock, for the next start over this data."""
        with self.lock:
            self.store.set_setting("clock", f"{format_instant(self.now())} {ahead.total_seconds()}")

    def stored_time(self) -> tuple[datetime, timedelta] | None:
        """Return the last instant this data has seen, and how far time was ahead of the machine's, or None."""
        with self.lock:
            last = self.store.connection.execute("SELECT max(at) FROM history").fetchone()[0]
            instant, _, ahead = self.store.setting("clock").partition(" ")
        known = [parse_instant(text) for text in (last, instant) if text]
        return (max(known), timedelta(seconds=float(ahead or 0))) if known else None

    # data as a whole

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make many hand edits as one transaction."""
        with self.lock, self.store.transaction():
            yield

    @property
    def has_data(self) -> bool:
        """Return whether there are profiles or groups."""
        return self.size > 0

    @property
    def size(self) -> int:
        """Return how many profiles and groups there are."""
        with self.lock:
            return self.store.count("User") + self.store.count("Group")

    def id_counts(self) -> dict[str, int]:
        """Return how many counted ids the data has seen, so that a restart hands out none of them again."""
        with self.lock:
            found = self.store.connection.execute("SELECT id FROM resource UNION SELECT resource_id FROM history")
            last = max((int(i.rpartition("-")[2], 16) for (i,) in found if _COUNTED.match(i)), default=0)
            tokens = self.store.connection.execute("SELECT coalesce(max(seq), 0) FROM token").fetchone()[0]
            return {"resource": last, "token": int(tokens)}

    def snapshot(self) -> bytes:
        """Return data, token, switches, faults and the journal's position as one value."""
        with self.lock:
            self._tokens.write_last_used()
            head = orjson.dumps({"faults": self.faults.state(), "sequence": self.journal.last_sequence})
            return len(head).to_bytes(4, "big") + head + self.store.image()

    def restore(self, image: bytes) -> None:
        """Go back to a snapshot; the journal's entries are forgotten, its sequence goes on from the snapshot's.

        Raises:
            TaptError: this is no snapshot.
        """
        length = int.from_bytes(image[:4], "big")
        try:
            head = orjson.loads(image[4 : 4 + length])
        except orjson.JSONDecodeError as error:
            raise TaptError("This is no snapshot of Tapt.") from error
        with self.lock:
            self.store.restore(image[4 + length :])
            self._tokens.reload()
            self._service.switches = self._stored_switches()
            self.faults.restore(head["faults"])
            self._old_images.clear()
            self.journal.clear()
            self.journal.last_sequence = head["sequence"]

    def close(self) -> None:
        """Store what is pending and close the database."""
        self._is_closed = True
        if self._long_reads is not None:
            self._long_reads.close()
        with self.lock:
            self._tokens.write_last_used()
            self.store.close()
