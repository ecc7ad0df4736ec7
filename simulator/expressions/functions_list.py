"""Functions of lists and app roles. Source: expressions.md sections 5.5 and 9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from entra_sim.simulator.expressions.context import Run
from entra_sim.simulator.expressions.values import Site
from entra_sim.simulator.expressions.values import elements
from entra_sim.simulator.expressions.values import text_of
from entra_sim.simulator.expressions.values import whole_number

ROLE_KEYS = ("id", "value", "displayName")
"""What an element of AppRoleAssignmentsComplex carries, in the order of its JSON."""


def count(site: Site, run: Run, value: Any) -> int:
    """Return the number of elements; 1 for a single value, 0 for none."""
    return len(elements(value, site))


def item(site: Site, run: Run, value: Any, index: Any) -> Any:
    """Return the element at a position from 1."""
    found = elements(value, site)
    position = whole_number(index, site, "index")
    if not 1 <= position <= len(found):
        raise site.failure(f"index {position} is outside the {len(found)} values of the attribute")
    return found[position - 1]


def remove_duplicates(site: Site, run: Run, value: Any) -> tuple[Any, ...] | None:
    """Return the list with the first occurrence of each element. Assumed: case matters."""
    if value is None:
        return None
    first: dict[str | None, Any] = {}
    for element in elements(value, site):
        first.setdefault(text_of(element), element)
    return tuple(first.values())


def single_app_role(site: Site, run: Run, assignments: Any) -> str | None:
    """Return the name of the first role.

    Source: expressions.md, SingleAppRoleAssignment. Assumed: displayName, else value; of several the first.
    """
    found = elements(assignments, site)
    if not found:
        return None
    role = found[0]
    if isinstance(role, Mapping):
        return next((name for key in ("displayName", "value", "id") if (name := text_of(role.get(key)))), None)
    return text_of(role)


def app_roles(site: Site, run: Run, assignments: Any) -> tuple[dict[str, Any], ...] | None:
    """Return one object per assignment, in order, with the keys id, value and displayName that it has.

    Source: expressions.md, AppRoleAssignmentsComplex, expressions.md, AssertiveAppRoleAssignmentsComplex.
    """
    found = elements(assignments, site)
    return tuple(_role(assignment) for assignment in found) or None


def _role(assignment: Any) -> dict[str, Any]:
    if isinstance(assignment, Mapping):
        return {key: assignment[key] for key in ROLE_KEYS if assignment.get(key) is not None}
    name = text_of(assignment)
    return {"value": name, "displayName": name}
