"""The secret token as authorization, or a token as the directory issues when there is none. Source: WIRE-006."""

from __future__ import annotations

import base64
from collections.abc import Callable
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.transport.masking import masked

DIRECTORY_AUDIENCE = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
"""Audience of tokens for non-gallery applications. Source: WIRE-006."""

DIRECTORY_TOKEN_LIFE_S = 3600


class BearerToken:
    """A secret token as authorization.

    Args:
        secret: as the administrator entered it; white space around it is dropped.
    Raises:
        UserInputError: it cannot stand in a header.
    """

    def __init__(self, secret: str) -> None:
        self._value = f"Bearer {checked_secret(secret.strip(), 'secret token')}"

    def __call__(self) -> str:
        """Return the value of the Authorization header."""
        return self._value

    def __repr__(self) -> str:
        """Return a form that is safe to log."""
        return f"BearerToken({masked(self._value[7:])})"


class DirectoryToken:
    """What is sent when the secret token is left blank: a JWT with issuer and audience of the service.

    It is not signed (`alg` is "none"): only the directory could sign it. A target that checks signatures refuses it,
    one that reads the claims finds them as the service sends them.

    Args:
        tenant_id: of the tenant, in the issuer.
        now: the clock; a token lives an hour and is made anew for each request.

    Source: WIRE-006, ENG-134.
    """

    def __init__(self, tenant_id: str, now: Callable[[], datetime]) -> None:
        self._tenant_id = tenant_id
        self._now = now

    def __call__(self) -> str:
        """Return the value of the Authorization header."""
        issued_at = int(self._now().timestamp())
        claims = {
            "aud": DIRECTORY_AUDIENCE,
            "iss": f"https://sts.windows.net/{self._tenant_id}/",
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + DIRECTORY_TOKEN_LIFE_S,
            "tid": self._tenant_id,
            "ver": "1.0",
        }
        return f"Bearer {_part({'typ': 'JWT', 'alg': 'none'})}.{_part(claims)}."


def _part(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


def checked_secret(secret: str, what: str) -> str:
    """Return the secret when it can stand in a header.

    Raises:
        UserInputError: it is empty or holds anything but visible ASCII; `what` names it in the message.
    """
    if not secret:
        raise UserInputError(f"The {what} is empty: copy it from the application's settings.")
    if not all("!" <= character <= "~" for character in secret):
        raise UserInputError(
            f"The {what} holds a blank, a line break or a character outside ASCII: copy it once more, whole."
        )
    return secret
