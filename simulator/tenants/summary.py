"""What is in a directory, counted: for `tenant show`, reports and screens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from entra_sim.simulator.model.attributes import USER_ATTRIBUTES
from entra_sim.simulator.tenants.records import DirectoryImage


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSummary:
    """One group: its name, how many direct users and groups it holds, whether it has a membership rule."""

    object_id: str
    display_name: str
    user_count: int
    group_count: int
    has_rule: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of a directory.

    Args:
        attribute_counts: user attribute → how many users have a value, in the order of the reference; only attributes
            that anybody has.
        domain_counts: part behind the @ of principal names → users, most first.
        namesake_count: users who share their display name with another.
        manager_depth: length of the longest chain of managers; a circle counts once.
    """

    user_count: int
    guest_count: int
    disabled_count: int
    without_mail_count: int
    without_manager_count: int
    namesake_count: int
    manager_depth: int
    group_count: int
    nested_group_count: int
    assignment_count: int
    attribute_counts: Mapping[str, int]
    domain_counts: Mapping[str, int]
    groups: tuple[GroupSummary, ...]


def summarise(image: DirectoryImage) -> Summary:
    """Return the counts of a directory."""
    attributes = Counter(name for user in image.users for name in user.attributes)
    managers = {user.object_id: user.manager for user in image.users}
    attributes["manager"] = sum(manager is not None for manager in managers.values())
    order = [row.name for row in USER_ATTRIBUTES]
    names = [name for name in order if attributes[name]] + sorted(set(attributes) - set(order))
    display_names = Counter(str(user.attributes.get("displayName")) for user in image.users)
    group_ids = {group.object_id for group in image.groups}
    nested = {key for group in image.groups for key in group.members if key in group_ids}
    domains = Counter(user.user_principal_name.rpartition("@")[2].casefold() for user in image.users)
    return Summary(
        user_count=len(image.users),
        guest_count=sum("#EXT#" in user.user_principal_name for user in image.users),
        disabled_count=sum(user.attributes.get("accountEnabled") is False for user in image.users),
        without_mail_count=len(image.users) - attributes["mail"],
        without_manager_count=len(image.users) - attributes["manager"],
        namesake_count=sum(count for count in display_names.values() if count > 1),
        manager_depth=_depth(managers),
        group_count=len(image.groups),
        nested_group_count=len(nested),
        assignment_count=len(image.assignments),
        attribute_counts={name: attributes[name] for name in names},
        domain_counts=dict(sorted(domains.items(), key=lambda item: (-item[1], item[0]))),
        groups=tuple(
            GroupSummary(
                object_id=group.object_id,
                display_name=group.display_name,
                user_count=sum(key not in group_ids for key in group.members),
                group_count=sum(key in group_ids for key in group.members),
                has_rule="membershipRule" in group.attributes
                or "DynamicMembership" in group.attributes.get("groupTypes", ()),
            )
            for group in image.groups
        ),
    )


def _depth(managers: Mapping[str, str | None]) -> int:
    depths: dict[str, int] = {}
    for start in managers:
        chain: list[str] = []
        seen: set[str] = set()
        here: str | None = start
        while here is not None and here in managers and here not in depths and here not in seen:
            seen.add(here)
            chain.append(here)
            here = managers[here]
        depth = depths.get(here, -1) if here is not None else -1
        for person in reversed(chain):
            depth += 1
            depths[person] = depth
    return max(depths.values(), default=0)
