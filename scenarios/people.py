"""People of a file or folder beside the scenario, as the scenario would write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from entra_sim.scenarios.problems import Place
from entra_sim.scenarios.problems import Problems
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.ids import CountedIds

FILE_SIDE = 0x0C5
"""Side of the counted object ids that people of a file get, apart from those that the world counts itself."""

Records = tuple[dict[str, Any], ...]


def read_people(path: Path, shown: str, place: Place, problems: Problems) -> tuple[Records, Records]:
    """Return the users and groups of a CSV or JSON file, or of a folder of them.

    Returns:
        Users with `manager` by userPrincipalName, groups with `members` by name; both empty after noting a mistake.
    """
    from entra_sim.simulator.tenants import read_directory

    try:
        image = read_directory(path, new_id=CountedIds(side=FILE_SIDE).new)
    except UserInputError as error:
        for line in str(error).replace(str(path), shown).splitlines():
            problems.add(place, line, key=shown)
        return (), ()
    names = image.readable_keys()
    users = tuple(
        {**_plain(user.attributes), **({"manager": names[user.manager]} if user.manager else {})}
        for user in image.users
    )
    groups = tuple(
        {**_plain(group.attributes), "members": tuple(names[member] for member in group.members)}
        for group in image.groups
    )
    return users, groups


def _plain(attributes: Any) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in attributes.items()}
