"""Profile passwords: kept only as a slow, salted hash, compared in constant time.

Tapt never shows or uses them; a client that sends the same one again has changed nothing (QRK-34).
"""

from __future__ import annotations

import hashlib
import hmac

_COST = 2**12
_SEPARATOR = "$"


def hash_password(password: str, salt: bytes) -> str:
    """Return `scrypt$salt$hash`, both in hexadecimal digits."""
    return _SEPARATOR.join(("scrypt", salt.hex(), _stretched(password, salt).hex()))


def is_password(password: str, stored: str | None) -> bool:
    """Return whether the stored hash is of this password; never for None or another kind of hash."""
    kind, _, rest = (stored or "").partition(_SEPARATOR)
    salt, _, digest = rest.partition(_SEPARATOR)
    if kind != "scrypt":
        return False
    return hmac.compare_digest(_stretched(password, bytes.fromhex(salt)).hex(), digest)


def _stretched(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=_COST, r=8, p=1)
