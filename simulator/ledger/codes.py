"""Error codes, skip reasons, quarantine reasons and expression errors: what causes them and what to do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One name that a log, a status page or an error message shows.

    Args:
        name: as it is shown, "InvalidAnchor".
        kind: "error code", "skip reason", "quarantine reason" or "expression error".
        cause: what has happened, plain English.
        remedy: what to do about it.
        rules: ids of the rules behind it.
        phrases: other words by which a pasted text is recognised: .NET status names, fixed parts of sentences.
    """

    name: str
    kind: str
    cause: str
    remedy: str
    rules: tuple[str, ...]
    phrases: tuple[str, ...] = ()


def load_codes() -> tuple[Code, ...]:
    """Return every known code, in the order in which they are kept."""
    text = resources.files("entra_sim.simulator").joinpath("data/codes.json").read_text(encoding="utf-8")
    return tuple(
        Code(
            name=item["name"],
            kind=item["kind"],
            cause=item["cause"],
            remedy=item["remedy"],
            rules=tuple(item["rules"]),
            phrases=tuple(item.get("phrases", ())),
        )
        for item in json.loads(text)
    )
