"""People of a CSV file beside the scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from entra_sim.scenarios.problems import Place
from entra_sim.scenarios.problems import Problems
from entra_sim.simulator.errors import SimulatorError


def read_people(
    path: Path, shown: str, place: Place, problems: Problems
) -> tuple[tuple[dict[str, Any], ...], tuple[dict[str, Any], ...]]:
    """Return the users and groups of a directory file as a scenario would write them.

    Returns:
        Users with `manager` as userPrincipalName, groups with `members`; both empty after noting a mistake.
    """
    from entra_sim.simulator.tenants import read_directory

    try:
        directory = read_directory(path)
    except SimulatorError as error:
        problems.add(place, f"the people of '{shown}' cannot be read: {error}", key=shown)
        return (), ()
    return tuple(directory.users), tuple(directory.groups)
