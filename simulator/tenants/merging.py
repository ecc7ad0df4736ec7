"""One complete image laid over another: the same people keep the ids they are known by."""

from __future__ import annotations

from collections import Counter

from entra_sim.simulator.tenants.records import AssignmentRecord
from entra_sim.simulator.tenants.records import DirectoryImage
from entra_sim.simulator.tenants.records import GroupRecord
from entra_sim.simulator.tenants.records import UserRecord


def laid_over(image: DirectoryImage, known: DirectoryImage, *, keeps_missing: bool) -> DirectoryImage:
    """Return the image as the known directory's next state.

    A user whose id is unknown but whose principal name is known gets the known id, a group likewise by a display name
    that is not shared; references follow.

    Args:
        image: what is to be.
        known: what is.
        keeps_missing: whether known objects that the image does not hold stay, and, where it assigns nothing, the
            known assignments.
    """
    image = _with_known_ids(image, known)
    if not keeps_missing:
        return image
    ids = {user.object_id for user in image.users} | {group.object_id for group in image.groups}
    return DirectoryImage(
        users=(*(user for user in known.users if user.object_id not in ids), *image.users),
        groups=(*(group for group in known.groups if group.object_id not in ids), *image.groups),
        assignments=image.assignments or known.assignments,
    )


def _with_known_ids(image: DirectoryImage, known: DirectoryImage) -> DirectoryImage:
    known_ids = {user.object_id for user in known.users} | {group.object_id for group in known.groups}
    users = {user.user_principal_name.casefold(): user.object_id for user in known.users}
    names = Counter(group.display_name.casefold() for group in known.groups)
    groups = {
        group.display_name.casefold(): group.object_id
        for group in known.groups
        if names[group.display_name.casefold()] == 1
    }
    renamed: dict[str, str] = {}
    for user in image.users:
        found = users.get(user.user_principal_name.casefold())
        if found and user.object_id not in known_ids:
            renamed[user.object_id] = found
    for group in image.groups:
        found = groups.get(group.display_name.casefold())
        if found and group.object_id not in known_ids:
            renamed[group.object_id] = found
    return _renamed(image, renamed) if renamed else image


def _renamed(image: DirectoryImage, ids: dict[str, str]) -> DirectoryImage:
    def new(object_id: str) -> str:
        return ids.get(object_id, object_id)

    return DirectoryImage(
        users=tuple(
            UserRecord(
                attributes={**user.attributes, "objectId": new(user.object_id)},
                manager=new(user.manager) if user.manager else None,
            )
            for user in image.users
        ),
        groups=tuple(
            GroupRecord(
                attributes={**group.attributes, "objectId": new(group.object_id)},
                members=tuple(new(key) for key in group.members),
            )
            for group in image.groups
        ),
        assignments=tuple(AssignmentRecord(principal=new(row.principal), role=row.role) for row in image.assignments),
    )
