"""Changes of a schema and of assignments that `entra-sim plan` takes as options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from entra_sim.simulator.engine.scoping import OPERATORS
from entra_sim.simulator.engine.scoping import UNARY
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.planning.files import check_schema
from entra_sim.simulator.service import schemas
from entra_sim.simulator.tenants import DirectoryImage

TYPES = {"user": "User", "group": "Group"}
ACTIONS = ("create", "update", "delete")


def edited_schema(document: Mapping[str, Any], actions: Sequence[str], filters: Sequence[str]) -> dict[str, Any]:
    """Return the schema with target object actions and scoping filters replaced.

    Args:
        actions: as `User=create,update`; what is not named is off.
        filters: as `User: department EQUALS Sales; country IS NOT NULL`: clauses that must all hold. Several of one
            type are alternatives; `User: none` removes the filters.
    Raises:
        UserInputError: an option cannot be read.
    """
    if not actions and not filters:
        return dict(document)
    changed = schemas.edited(document)
    for text in actions:
        kind, _, rest = text.partition("=")
        wanted = {word.strip().lower() for word in rest.split(",") if word.strip()}
        unknown = wanted - {*ACTIONS, "none"}
        if unknown:
            raise UserInputError(f"--change-actions: there is no '{min(unknown)}'; use create, update, delete or none")
        create, update, delete = (word in wanted for word in ACTIONS)
        schemas.set_actions(_mapping(changed, kind, "--change-actions"), create=create, update=update, delete=delete)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for text in filters:
        kind, sign, rest = text.partition(":")
        if not sign:
            raise UserInputError(f"--change-filter: '{text}' reads like 'User: department EQUALS Sales'")
        found = groups.setdefault(kind, [])
        if rest.strip().lower() != "none":
            clauses = [_clause(part.strip()) for part in rest.split(";") if part.strip()]
            found.append({"title": f"option {len(found) + 1}", "clauses": clauses})
    for kind, items in groups.items():
        schemas.set_filters(_mapping(changed, kind, "--change-filter"), items)
    check_schema(changed, "the schema with these options")
    return changed


def _mapping(document: Mapping[str, Any], kind: str, option: str) -> dict[str, Any]:
    name = TYPES.get(kind.strip().lower())
    if name is None:
        raise UserInputError(f"{option}: begin with User or Group, not '{kind.strip()}'")
    try:
        return schemas.object_mapping_of(document, name)
    except NotFound as error:
        raise UserInputError(f"{option}: {error}") from error


def _clause(text: str) -> dict[str, Any]:
    for operator in sorted(OPERATORS, key=len, reverse=True):
        found = re.fullmatch(rf"(\S+)\s+{re.escape(operator)}(?:\s+(.*))?", text, re.IGNORECASE | re.DOTALL)
        if found:
            value = (found[2] or "").strip()
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            if operator in UNARY:
                return {"attribute": found[1], "operator": operator}
            return {"attribute": found[1], "operator": operator, "value": value}
    raise UserInputError(
        f"--change-filter: '{text}' has no operator; write ATTRIBUTE OPERATOR VALUE with one of {', '.join(OPERATORS)}"
    )


def principal_ids(image: DirectoryImage, names: Sequence[str], option: str) -> tuple[str, ...]:
    """Return the object ids of users and groups by principal name, display name or object id.

    Raises:
        UserInputError: nobody is called so, or several are.
    """
    if not names:
        return ()
    known: dict[str, list[str]] = {}
    for user in image.users:
        known.setdefault(user.user_principal_name.casefold(), []).append(user.object_id)
        known.setdefault(user.object_id.casefold(), []).append(user.object_id)
    for group in image.groups:
        known.setdefault(group.display_name.casefold(), []).append(group.object_id)
        known.setdefault(group.object_id.casefold(), []).append(group.object_id)
    found = []
    for name in names:
        ids = known.get(name.casefold(), [])
        if len(ids) > 1:
            raise UserInputError(f"{option}: '{name}' is the name of {len(ids)}; give an object id: {', '.join(ids)}")
        if not ids:
            near = get_close_matches(name.casefold(), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else "give a principal name, display name or object id"
            raise UserInputError(f"{option}: there is no '{name}' in these files; {hint}")
        found.append(ids[0])
    return tuple(found)
