"""People and groups to start with, from a JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.tapt import Tapt

SEEDER = "the seed"


def read_seed(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return users and groups of a seed file: a list of users, or `{"users": [...], "groups": [...]}`.

    Raises:
        TaptError: the file cannot be read, or is something else.
    """
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise TaptError(f"Cannot read the seed {path}: {error.strerror}.") from error
    except orjson.JSONDecodeError as error:
        raise TaptError(f"The seed {path} is no JSON: {error}.") from error
    return checked_seed(content, str(path))


def checked_seed(content: Any, where: str) -> dict[str, list[dict[str, Any]]]:
    """Return users and groups of a seed.

    Raises:
        TaptError: it has another shape.
    """
    if isinstance(content, list):
        content = {"users": content}
    if not isinstance(content, dict) or set(content) - {"users", "groups"}:
        raise TaptError(f"{where} must be a list of users, or an object with 'users' and 'groups'.")
    seed = {name: content.get(name) or [] for name in ("users", "groups")}
    for name, items in seed.items():
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise TaptError(f"'{name}' in {where} must be a list of objects.")
    return seed


def plant(tapt: Tapt, seed: dict[str, list[dict[str, Any]]]) -> None:
    """Add users and groups; members may be given as userNames.

    Raises:
        TaptError: one of them is refused; the sentence says which.
    """
    ids: dict[str, str] = {}
    with tapt.lock, tapt.batch():
        for number, user in enumerate(seed["users"], 1):
            try:
                added = tapt.add_profile(user, who=SEEDER)
            except TaptError as error:
                raise TaptError(f"User {number} of the seed: {error}") from error
            ids[added["userName"].casefold()] = added["id"]
        for number, group in enumerate(seed["groups"], 1):
            members = [
                {"value": ids.get(member.casefold(), member)} if isinstance(member, str) else member
                for member in group.get("members") or []
            ]
            try:
                tapt.add_group({**group, "members": members}, who=SEEDER)
            except TaptError as error:
                raise TaptError(f"Group {number} of the seed: {error}") from error
    tapt.journal.clear()
