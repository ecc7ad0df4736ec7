"""Every request that the client sends, as a Call. Pure: nothing is encoded here, nothing is sent.

Object types are "User" and "Group". The catalogue: WIRE section A.0.
"""

from __future__ import annotations

from collections.abc import Sequence

from entra_sim.simulator.model.change import AttributeChange
from entra_sim.simulator.model.change import TargetValue
from entra_sim.simulator.scim.call import NO_PROVENANCE
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.creation import resource_body
from entra_sim.simulator.scim.patches import add_members_operation
from entra_sim.simulator.scim.patches import manager_operation
from entra_sim.simulator.scim.patches import patch_body
from entra_sim.simulator.scim.patches import remove_members_operations
from entra_sim.simulator.scim.patches import update_operations
from entra_sim.simulator.scim.paths import TargetPath
from entra_sim.simulator.scim.paths import quoted
from entra_sim.simulator.scim.profile import Dialect

COLLECTIONS = {"User": "/Users", "Group": "/Groups"}
_WITHOUT_MEMBERS = {"User": (), "Group": (("excludedAttributes", "members"),)}


def probe(object_type: str, attribute: str, guid: str, *, provenance: Provenance = NO_PROVENANCE) -> Call:
    """Return the lookup of somebody who cannot exist. Source: WIRE-030, WIRE-031, ENG-130."""
    return match(object_type, attribute, guid, provenance=provenance)


def match(object_type: str, attribute: str, value: str, *, provenance: Provenance = NO_PROVENANCE) -> Call:
    """Return the lookup by a matching attribute.

    Args:
        object_type: "User" or "Group".
        attribute: the mapping's target expression as it stands, filter and all.
        value: what the source object has; quoted here.

    Source: WIRE-008, WIRE-021 to WIRE-024, WIRE-026, WIRE-100.
    """
    query = (*_WITHOUT_MEMBERS[object_type], ("filter", f"{attribute} eq {quoted(value)}"))
    return Call(method="GET", path=COLLECTIONS[object_type], query=query, provenance=provenance)


def read(object_type: str, target_id: str, *, provenance: Provenance = NO_PROVENANCE) -> Call:
    """Return the read of a linked object. Source: WIRE-035, WIRE-102."""
    return Call(
        method="GET",
        path=_resource_path(object_type, target_id),
        query=_WITHOUT_MEMBERS[object_type],
        provenance=provenance,
    )


def create(object_type: str, values: Sequence[TargetValue], *, provenance: Provenance = NO_PROVENANCE) -> Call:
    """Return the POST of a new object, the same in both dialects. Source: WIRE-050 to WIRE-058, WIRE-101."""
    return Call(
        method="POST",
        path=COLLECTIONS[object_type],
        body=resource_body(object_type, values),
        provenance=provenance,
    )


def update(
    object_type: str,
    target_id: str,
    changes: Sequence[AttributeChange],
    dialect: Dialect,
    *,
    provenance: Provenance = NO_PROVENANCE,
) -> Call:
    """Return the one PATCH that carries all changes of an object; references go through calls of their own.

    Raises:
        ValueError: there is no change (a caller's bug: then nothing is sent).

    Source: WIRE-060 to WIRE-072, WIRE-081, WIRE-103, WIRE-104, ENG-153.
    """
    if not changes:
        raise ValueError("an update without a change sends nothing")
    return _patch(object_type, target_id, update_operations(changes, dialect), provenance)


def set_manager(
    target_id: str,
    path: str,
    manager_target_id: str,
    replaces: bool,
    dialect: Dialect,
    *,
    provenance: Provenance = NO_PROVENANCE,
) -> Call:
    """Return the PATCH that sets a user's manager.

    Args:
        target_id: the user's id at the target.
        path: the mapping's target expression.
        manager_target_id: the manager's id at the target.
        replaces: whether the target shows another manager.
        dialect: of the run.

    Raises:
        ValueError: no manager is given (a caller's bug: a missing manager sends nothing, WIRE-076).

    Source: WIRE-057, WIRE-073, WIRE-074.
    """
    if not manager_target_id:
        raise ValueError("a manager that is not linked is left out")
    return _patch(
        "User",
        target_id,
        [manager_operation(path, manager_target_id, replaces=replaces, dialect=dialect)],
        provenance,
    )


def change_members(
    target_id: str,
    added: Sequence[str],
    removed: Sequence[str],
    dialect: Dialect,
    limit: int = 0,
    *,
    provenance: Provenance = NO_PROVENANCE,
) -> tuple[Call, ...]:
    """Return the PATCHes that add and remove members of a group: additions first, at most `limit` members in each.

    Args:
        target_id: the group's id at the target.
        added: ids at the target, in order.
        removed: ids at the target, in order.
        dialect: of the run.
        limit: members per request, 0 for no limit.

    Source: WIRE-105 to WIRE-110, ENG-232. Assumed: additions and removals never share a request.
    """
    adding = [[add_members_operation(part, dialect)] for part in _parts(added, limit)]
    removing = [remove_members_operations(part, dialect) for part in _parts(removed, limit)]
    return tuple(_patch("Group", target_id, operations, provenance) for operations in adding + removing)


def delete(object_type: str, target_id: str, *, provenance: Provenance = NO_PROVENANCE) -> Call:
    """Return the DELETE of an object. Source: WIRE-094, WIRE-112."""
    return Call(method="DELETE", path=_resource_path(object_type, target_id), provenance=provenance)


def check_reference(
    object_type: str, target_id: str, attribute: str, value: str, *, provenance: Provenance = NO_PROVENANCE
) -> Call:
    """Return the older clients' question whether a reference is there already.

    Args:
        object_type: "User" for a manager, "Group" for a member.
        target_id: id of the object that holds the reference.
        attribute: `manager`, `members`, or a mapping's path to it; the bare name is asked.
        value: id of what is referred to.

    Source: WIRE-040.
    """
    name = TargetPath.parse(attribute).attribute
    query = (("attributes", "id"), ("filter", f"id eq {quoted(target_id)} and {name} eq {quoted(value)}"))
    return Call(method="GET", path=COLLECTIONS[object_type], query=query, provenance=provenance)


def list_page(object_type: str, start_index: int, count: int, *, provenance: Provenance = NO_PROVENANCE) -> Call:
    """Return one page of everything: only the discovery of identities lists a target. Source: ENG-500, WIRE-022."""
    query = (*_WITHOUT_MEMBERS[object_type], ("startIndex", str(start_index)), ("count", str(count)))
    return Call(method="GET", path=COLLECTIONS[object_type], query=query, provenance=provenance)


def read_schemas(*, provenance: Provenance = NO_PROVENANCE) -> Call:
    """Return the schema discovery of gallery applications. Source: WIRE-043."""
    return Call(method="GET", path="/Schemas", provenance=provenance)


def _resource_path(object_type: str, target_id: str) -> str:
    return f"{COLLECTIONS[object_type]}/{target_id}"


def _patch(object_type: str, target_id: str, operations: list[dict[str, object]], provenance: Provenance) -> Call:
    return Call(
        method="PATCH",
        path=_resource_path(object_type, target_id),
        body=patch_body(operations),
        provenance=provenance,
    )


def _parts(target_ids: Sequence[str], limit: int) -> list[Sequence[str]]:
    """Return the ids in as many parts as the limit makes, 0 for no limit. Source: WIRE-109."""
    size = limit if limit > 0 else max(len(target_ids), 1)
    return [target_ids[start : start + size] for start in range(0, len(target_ids), size)]
