"""How long what people type into the dashboard may be."""

from __future__ import annotations

from collections.abc import Mapping

from entra_sim.mock_tapt.errors import TaptError

MAX_FIELD_LENGTH = 1024
MAX_MAIL_LENGTH = 320
MAX_SEARCH_LENGTH = 200
MAX_PAGE = 1_000_000


def refuse_long(fields: Mapping[str, str]) -> None:
    """Raise TaptError when a field is too long.

    Args:
        fields: label → what was typed.
    """
    for label, text in fields.items():
        if len(text) > MAX_FIELD_LENGTH:
            raise TaptError(f"'{label}' has {len(text):,} characters; at most {MAX_FIELD_LENGTH:,} are allowed.")
