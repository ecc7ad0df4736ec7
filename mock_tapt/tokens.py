"""The bearer token of an organisation: one at a time, stored as a hash, good for six months of Tapt's clock."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any

from entra_sim.mock_tapt.clock import add_months
from entra_sim.mock_tapt.clock import format_instant
from entra_sim.mock_tapt.clock import parse_instant
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.errors import Unauthorized
from entra_sim.mock_tapt.store import Store

LIFETIME_MONTHS = 6
LAST_USED_STEP = timedelta(seconds=30)
"""How old the stored `last used` may become before it is written again: not every request is a write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token in the only moment its secret is known."""

    url: str | None
    secret: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStatus:
    """What can be shown of the token: state is none, active, expired or revoked."""

    state: str
    masked: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(slots=True)
class _Token:
    seq: int
    secret_hash: str
    last_four: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class Tokens:
    """Issues, checks and ends tokens. The caller holds the lock of the organisation."""

    def __init__(self, store: Store, now: Callable[[], datetime], new_id: Callable[[str], str]) -> None:
        self._store = store
        self._now = now
        self._new_id = new_id
        self._known: dict[str, _Token] = {}
        self._last_checked: tuple[bytes, _Token | None] = b"", None
        self._current: _Token | None = None
        self._written_last_used_at: datetime | None = None
        self.reload()

    def reload(self) -> None:
        """Read the tokens from the database, after it was exchanged."""
        self._known = {}
        self._last_checked = b"", None
        self._current = None
        rows = self._store.connection.execute(
            "SELECT seq, secret_hash, last_four, created_at, expires_at, revoked_at, last_used_at FROM token"
            " ORDER BY seq"
        )
        for seq, secret_hash, last_four, created, expires, revoked, used in rows.fetchall():
            self._current = _Token(
                seq, secret_hash, last_four, parse_instant(created), parse_instant(expires),
                parse_instant(revoked) if revoked else None, parse_instant(used) if used else None,
            )  # fmt: skip
            self._known[secret_hash] = self._current

    def issue(self, url: str | None, secret: str | None = None) -> IssuedToken:
        """Make a new token; the former stops working at once.

        Args:
            secret: a given one, for automation; else it is made from `new_id("token")`.
        """
        if secret is None:
            secret = f"tapt_{self._new_id('token').replace('-', '')}"
        now = self._now()
        expires_at = add_months(now, LIFETIME_MONTHS)
        with self._store.transaction():
            self._end_current(now)
            self._store.connection.execute("DELETE FROM token WHERE secret_hash = ?", (_hash(secret),))
            self._store.connection.execute(
                "INSERT INTO token (secret_hash, last_four, created_at, expires_at) VALUES (?, ?, ?, ?)",
                (
                    _hash(secret),
                    secret[-4:] if len(secret) >= 12 else "",
                    format_instant(now),
                    format_instant(expires_at),
                ),
            )
        self.reload()
        return IssuedToken(url=url, secret=secret, created_at=now, expires_at=expires_at)

    def is_current(self, secret: str) -> bool:
        """Return whether the secret is that of the newest token and counts."""
        return (
            self._current is not None
            and self.status().state == "active"
            and hmac.compare_digest(self._current.secret_hash, _hash(secret))
        )

    def _end_current(self, now: datetime) -> None:
        self._store.connection.execute(
            "UPDATE token SET revoked_at = ? WHERE revoked_at IS NULL", (format_instant(now),)
        )

    def revoke(self) -> None:
        """End the token at once."""
        with self._store.transaction():
            self._end_current(self._now())
        self.reload()

    def expire(self) -> None:
        """Let the token be past its date now: for scenarios."""
        if self._current is not None:
            now = format_instant(self._now())
            self._store.connection.execute("UPDATE token SET expires_at = ? WHERE seq = ?", (now, self._current.seq))
            self.reload()

    def status(self) -> TokenStatus:
        """Return the state of the newest token."""
        token = self._current
        if token is None:
            return TokenStatus(state="none")
        state = "active"
        if token.revoked_at is not None:
            state = "revoked"
        elif self._now() >= token.expires_at:
            state = "expired"
        return TokenStatus(
            state=state,
            masked=f"•••• {token.last_four}".strip(),
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
        )

    def check(self, authorization: str | None, now: datetime) -> None:
        """Take a request's Authorization header, at this instant.

        Raises:
            Unauthorized: no bearer token, or none that counts; the near miss says why. Source: SRV-001.
        """
        if not authorization:
            raise Unauthorized("The request has no bearer token.", near_misses=("there is no Authorization header",))
        token = self._token_of(authorization)
        if token.revoked_at is not None:
            near = f"the token was revoked, or replaced by a newer one, {format_instant(token.revoked_at)}"
            raise Unauthorized("The token is not valid any more.", near_misses=(near,))
        if now >= token.expires_at:
            near = f"the token expired {format_instant(token.expires_at)}; generate a new one"
            raise Unauthorized("The token has expired.", near_misses=(near,))
        token.last_used_at = now
        if self._written_last_used_at is None or now - self._written_last_used_at >= LAST_USED_STEP:
            self.write_last_used()

    def _token_of(self, authorization: str) -> _Token:
        last_header, last_token = self._last_checked
        if last_token is not None and hmac.compare_digest(last_header, authorization.encode("utf-8", "surrogatepass")):
            return last_token  # clients repeat themselves; hashing again would say the same
        scheme, _, secret = authorization.strip().partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise Unauthorized(
                "Send the token as 'Authorization: Bearer ...'.", near_misses=(f"the scheme is '{scheme[:20]}'",)
            )
        digest = _hash(secret)
        token = self._known.get(digest)
        if token is None or not hmac.compare_digest(token.secret_hash, digest):
            raise Unauthorized("The token is not valid.", near_misses=("no token of this organisation has this value",))
        self._last_checked = authorization.encode("utf-8", "surrogatepass"), token
        return token

    def write_last_used(self) -> None:
        """Store when the token was last used."""
        token = self._current
        if token is not None and token.last_used_at is not None:
            self._written_last_used_at = token.last_used_at
            self._store.connection.execute(
                "UPDATE token SET last_used_at = ? WHERE seq = ?", (format_instant(token.last_used_at), token.seq)
            )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_secret(secret: Any) -> None:
    """Refuse a token that could not be sent in a header.

    Raises:
        TaptError: it is empty, no text, or has blanks.
    """
    if secret is not None and (not isinstance(secret, str) or not re.fullmatch(r"[\x21-\x7e]{1,4096}", secret)):
        raise TaptError("A token is a text of visible ASCII characters without blanks.")
