"""Secrets in what people read: logs, transcripts, HAR files show their last four characters at most."""

from __future__ import annotations

import re
from collections.abc import Sequence

HIDDEN = "****"
_SHORTEST_SHOWN = 16
"""Of a shorter secret nothing is shown: four characters would be too large a part of it."""

_PASSWORD_MEMBER = re.compile(r'("password"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)
_PASSWORD_OPERATION = re.compile(r'("path"\s*:\s*"password"\s*,\s*"value"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)


def masked(secret: str) -> str:
    """Return the secret's last four characters behind asterisks, or asterisks alone when it is short."""
    return HIDDEN + secret[-4:] if len(secret) >= _SHORTEST_SHOWN else HIDDEN


def masked_authorization(value: str) -> str:
    """Return an Authorization header's value with its credentials masked."""
    scheme, blank, credentials = value.partition(" ")
    return f"{scheme} {masked(credentials)}" if blank else masked(value)


def masked_text(text: str, secrets: Sequence[str] = ()) -> str:
    """Return the text without these secrets and without the values of password attributes."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, masked(secret))
    text = _PASSWORD_MEMBER.sub(rf'\1"{HIDDEN}"', text)
    return _PASSWORD_OPERATION.sub(rf'\1"{HIDDEN}"', text)
