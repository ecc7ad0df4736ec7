"""Start, stop, restart: what each clears. Source: ENG-310 to ENG-325."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass

from entra_sim.simulator.errors import UserInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What an operation clears."""

    watermark: bool = False
    links: bool = False
    escrows: bool = False
    quarantine: bool = False
    releases_removals: bool = False

    def joined(self, other: Effects) -> Effects:
        """Return the effects of both."""
        return Effects(
            watermark=self.watermark or other.watermark,
            links=self.links or other.links,
            escrows=self.escrows or other.escrows,
            quarantine=self.quarantine or other.quarantine,
            releases_removals=self.releases_removals or other.releases_removals,
        )


NOTHING_CLEARED = Effects()

SCOPES: Mapping[str, Effects] = {
    "Watermark": Effects(watermark=True),
    "Escrows": Effects(escrows=True),
    "QuarantineState": Effects(quarantine=True),
    "ConnectorDataStore": Effects(links=True),
    "Full": Effects(watermark=True, links=True, escrows=True, quarantine=True),
    "ForceDeletes": Effects(quarantine=True, releases_removals=True),
}
"""Graph's resetScope. Source: ENG-312 to ENG-317."""

PORTAL_RESTART = ("QuarantineState", "Watermark", "Escrows")
"""*Restart provisioning*, and a Graph restart without scope. Source: ENG-311."""

START = Effects(quarantine=True)
"""Source: ENG-310."""

MAPPING_SAVED = Effects(watermark=True, escrows=True, quarantine=True)
"""Source: ENG-319."""

SCHEMA_REPLACED = Effects(watermark=True)
"""Source: ENG-320."""


def effects_of(scopes: Iterable[str] | None) -> Effects:
    """Return what a restart with these scopes clears; None is the portal's restart.

    Raises:
        UserInputError: a scope does not exist; `None` exists in Graph but is not for use.
    """
    wanted = PORTAL_RESTART if scopes is None else tuple(scopes)
    joined = NOTHING_CLEARED
    by_name = {name.lower(): effects for name, effects in SCOPES.items()}
    for scope in wanted:
        found = by_name.get(scope.strip().lower())
        if found is None:
            raise UserInputError(f"There is no reset scope '{scope}'; use one of {', '.join(SCOPES)}.")
        joined = joined.joined(found)
    return joined
