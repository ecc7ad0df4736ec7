"""The secret token as authorization. Source: WIRE-006."""

from __future__ import annotations

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.transport.masking import masked


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
