"""A user's source attributes by UPN, for `entra-sim eval --attributes UPN`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import user_attributes
from entra_sim.simulator.service.instance import DEFAULT_FOLDER
from entra_sim.simulator.service.reading import read_simulator


def source_attributes(upn: str, data_dir: Path | None = None) -> dict[str, Any]:
    """Return the attributes of a user of the data folder as a mapping reads them.

    `IsSoftDeleted` is true for users that are disabled or deleted; assignments and filters belong to a job and are left
    out here (ENG-010).

    Raises:
        NotFound: no state, or no such user.
    """
    simulator = read_simulator(data_dir or DEFAULT_FOLDER)
    try:
        user = simulator.directory.user(upn)
        attributes = user_attributes(user)
        attributes["IsSoftDeleted"] = user.presence is not Presence.ACTIVE
        return attributes
    finally:
        simulator.close()
