"""The directory as a job sees it, from an image in memory: entitlement, roles, members.

The same facts as `service.runs` reads from its store; tests/plan/test_plan_is_the_truth.py compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.directory import user_attributes
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.planning.packing import Packed

if TYPE_CHECKING:
    from entra_sim.simulator.tenants import DirectoryImage
    from entra_sim.simulator.tenants import GroupRecord
    from entra_sim.simulator.tenants import UserRecord

MOST_SHARED = 4096
"""Values that are remembered to be shared by the next people: those that are packed together."""


class Person(NamedTuple):
    """A user with what a job needs to know of it. A tuple, since it is packed and unpacked for every pass.

    Args:
        names, values: the attributes as mappings read them, without roles; equal ones are shared between people, so
            that they are packed once.
        roles: role values in the order of their assignments, per job state; None when not entitled.
    """

    object_id: str
    names: tuple[str, ...]
    values: tuple[Any, ...]
    manager_id: str | None
    presence: Presence
    roles: tuple[tuple[str, ...] | None, ...]

    @property
    def user_principal_name(self) -> str:
        """Return the stored user principal name."""
        return str(self.values[self.names.index("originalUserPrincipalName")])

    def attributes(self, state: int, *, sync_all: bool) -> dict[str, Any]:
        """Return what the job in this state reads of the user. Source: ENG-104."""
        attributes = dict(zip(self.names, self.values, strict=True))
        entitling = self.roles[state]
        if entitling and not sync_all:
            shown = [{"id": role, "value": role, "displayName": role} for role in entitling]
            attributes["appRoleAssignments"] = shown
        return attributes

    def source(self, state: int, *, sync_all: bool, change_kind: str = "") -> SourceObject:
        """Return the user as the job in this state sees it. Source: ENG-021 to ENG-026, ENG-104."""
        return SourceObject(
            object_type="User",
            object_id=self.object_id,
            attributes=self.attributes(state, sync_all=sync_all),
            presence=self.presence,
            is_entitled=sync_all or self.roles[state] is not None,
            change_kind=change_kind,
            manager_id=self.manager_id,
        )


def _person(record: UserRecord, roles: tuple[tuple[str, ...] | None, ...], shared: dict[Any, Any]) -> Person:
    """Return a user with the defaults that the directory gives to a new one. Source: ENG-003."""
    if len(shared) > MOST_SHARED:
        shared.clear()
    given = {name: value for name, value in record.attributes.items() if name != "objectId"}
    alias = record.user_principal_name.split("@")[0]
    user = User(
        object_id=record.object_id,
        attributes={"accountEnabled": True, "displayName": alias, "mailNickname": alias, **given},
    )
    attributes = user_attributes(user)
    names, share = tuple(attributes), shared.setdefault
    return Person(
        object_id=user.object_id,
        names=share(names, names),
        values=tuple([share(value, value) if type(value) is str else value for value in attributes.values()]),
        manager_id=record.manager,
        presence=user.presence,
        roles=shared.setdefault(roles, roles),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A group; `is_assigned` per job state."""

    record: GroupRecord
    is_assigned: tuple[bool, ...]

    def with_ids_of(self, known: Mapping[str, str]) -> Team:
        """Return the group with these texts as the ids of its members, so that each id is kept once."""
        return replace(
            self, record=replace(self.record, members=tuple(known.get(one, one) for one in self.record.members))
        )

    def source(self, state: int, *, sync_all: bool, change_kind: str = "") -> SourceObject:
        """Return the group as the job in this state sees it. Source: ENG-004, ENG-023, ENG-237."""
        attributes: dict[str, Any] = {"securityEnabled": True, **self.record.attributes}
        return SourceObject(
            object_type="Group",
            object_id=self.record.object_id,
            attributes=attributes,
            presence=Presence.ACTIVE,
            is_entitled=sync_all or (self.is_assigned[state] and bool(attributes["securityEnabled"])),
            change_kind=change_kind,
            member_ids=self.record.members,
        )


def observed(image: DirectoryImage, states: Sequence[JobSettings]) -> tuple[Packed[Person], Packed[Team]]:
    """Return users and groups in feed order (by object id), with what entitles them in each state of the job."""
    groups = {group.object_id: group for group in image.groups}
    entitling = [_entitling(image, state, groups) for state in states]
    assigned = [{principal for principal, _role in _assignments(image, state)} for state in states]
    shared: dict[Any, Any] = {}
    people = Packed(
        _person(record, tuple(found.get(record.object_id) for found in entitling), shared)
        for record in sorted(image.users, key=lambda item: item.object_id)
    )
    teams = Packed(
        Team(record=record, is_assigned=tuple(record.object_id in found for found in assigned))
        for record in sorted(image.groups, key=lambda item: item.object_id)
    )
    return people, teams


def affected(image: DirectoryImage, states: Sequence[JobSettings]) -> frozenset[str]:
    """Return whose assignment differs between the first and the last state, with the users who are direct members."""
    before, after = (set(_assignments(image, state)) for state in (states[0], states[-1]))
    groups = {group.object_id: group for group in image.groups}
    found: set[str] = set()
    for principal, _role in before ^ after:
        found.add(principal)
        if principal in groups:
            found.update(member for member in groups[principal].members if member not in groups)
    return frozenset(found)


def _assignments(image: DirectoryImage, state: JobSettings) -> Iterable[tuple[str, str | None]]:
    left_out = set(state.unassigned)
    found = {(item.principal, item.role): None for item in image.assignments if item.principal not in left_out}
    return [*found, *((principal, None) for principal in state.assigned if (principal, None) not in found)]


def _entitling(
    image: DirectoryImage, state: JobSettings, groups: Mapping[str, GroupRecord]
) -> dict[str, tuple[str, ...]]:
    """Return user id → role values that entitle it, oldest assignment first. Source: ENG-021, ENG-023, ENG-107."""
    found: dict[str, dict[str, None]] = {}
    for principal, role in _assignments(image, state):
        group = groups.get(principal)
        if group is not None and not group.attributes.get("securityEnabled", True):
            continue
        for user_id in (principal,) if group is None else group.members:
            found.setdefault(user_id, {}).update({role: None} if role else {})
    return {user_id: tuple(roles) for user_id, roles in found.items()}
