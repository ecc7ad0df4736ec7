"""Users, groups, applications and assignments of the tenant, and what a job sees of them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

DEFAULT_ACCESS_ROLE = "00000000-0000-0000-0000-000000000000"
"""The role of an assignment without a role. Source: ENG-005."""


class Presence(StrEnum):
    """State of a source object."""

    ACTIVE = "active"
    DISABLED = "disabled"
    SOFT_DELETED = "softDeleted"
    HARD_DELETED = "hardDeleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person of the directory; attribute names are those of the synchronization schema (ENG-003).

    `attributes` holds what is stored: `userPrincipalName` in its plain form, never `manager` nor computed ones.
    """

    object_id: str
    attributes: Mapping[str, Any]
    manager_id: str | None = None
    deleted_at: datetime | None = None

    @property
    def user_principal_name(self) -> str:
        """Return the stored UPN."""
        return str(self.attributes["userPrincipalName"])

    @property
    def display_name(self) -> str:
        """Return the display name, else the UPN."""
        return str(self.attributes.get("displayName") or self.user_principal_name)

    @property
    def presence(self) -> Presence:
        """Return active, disabled or softDeleted."""
        if self.deleted_at is not None:
            return Presence.SOFT_DELETED
        return Presence.ACTIVE if self.attributes.get("accountEnabled", True) else Presence.DISABLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of the directory with its direct members (ids of users and groups)."""

    object_id: str
    attributes: Mapping[str, Any]
    member_ids: tuple[str, ...] = ()

    @property
    def display_name(self) -> str:
        """Return the display name, else the object id."""
        return str(self.attributes.get("displayName") or self.object_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRole:
    """A role of an application. Source: ENG-005."""

    role_id: str
    value: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """User or group ↔ application, with a role."""

    assignment_id: str
    application_id: str
    principal_id: str
    principal_type: str
    role_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An enterprise application (service principal) made from the non-gallery template."""

    application_id: str
    app_id: str
    name: str
    created_at: datetime
    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceObject:
    """What one job sees of one user or group at one moment.

    Args:
        attributes: names of ENG-003 / ENG-004, UPN as exported (ENG-012, ENG-013), `IsSoftDeleted` left out (the
            engine computes it), role assignments of this application under `appRoleAssignments`.
        is_entitled: by assignment, or because the job synchronizes all (ENG-020 to ENG-026).
        change_kind: Add, Update or Delete as the feed delivered it; "" when the object was read on purpose.
        manager_id: source id of the manager.
        member_ids: source ids of the direct members that still exist (ENG-237).
    Source: ENG-003.
    """

    object_type: str
    object_id: str
    attributes: Mapping[str, Any]
    presence: Presence
    is_entitled: bool
    change_kind: str = ""
    manager_id: str | None = None
    member_ids: tuple[str, ...] = ()
    changed_attributes: frozenset[str] = field(default_factory=frozenset)

    @property
    def reportable_identifier(self) -> str:
        """Return the UPN of a user, the display name of a group."""
        key = "userPrincipalName" if self.object_type == "User" else "displayName"
        return str(self.attributes.get(key) or self.object_id)


def exported_user_principal_name(upn: str, object_id: str, *, is_soft_deleted: bool) -> str:
    """Return the UPN as an outbound job reads it.

    A guest's `alias_theirdomain#EXT#@tenant` becomes `alias@theirdomain`; a soft-deleted user's gets the object id's 32
    hex digits in front. Source: ENG-012, ENG-013.
    """
    plain = upn
    if "#EXT#" in upn:
        alias, separator, domain = upn.split("#EXT#", 1)[0].rpartition("_")
        plain = f"{alias}@{domain}" if separator else upn
    return object_id.replace("-", "") + plain if is_soft_deleted else plain


def user_attributes(
    user: User,
    roles: Sequence[Mapping[str, str]] = (),
    *,
    renames_mail: bool = False,
    knows_guests_by_mail: bool = False,
) -> dict[str, Any]:
    """Return a user's attributes as an outbound job reads them. Source: ENG-003, ENG-012, ENG-013, Q-27.

    Args:
        renames_mail: a soft delete also renames mail, mail nickname and proxy addresses (Q-26).
        knows_guests_by_mail: a converted guest (one whose UPN has no #EXT#) goes by the mail address (Q-27).
    """
    attributes: dict[str, Any] = dict(user.attributes)
    upn = user.user_principal_name
    is_soft_deleted = user.presence is Presence.SOFT_DELETED
    attributes["objectId"] = user.object_id
    is_converted_guest = attributes.get("userType") == "Guest" and "#EXT#" not in upn
    name = str(attributes.get("mail") or upn) if knows_guests_by_mail and is_converted_guest else upn
    attributes["userPrincipalName"] = exported_user_principal_name(
        name, user.object_id, is_soft_deleted=is_soft_deleted
    )
    attributes["originalUserPrincipalName"] = user.object_id.replace("-", "") + upn if is_soft_deleted else upn
    if renames_mail and is_soft_deleted:
        prefix = user.object_id.replace("-", "")
        for name in {"mail", "mailNickname"} & attributes.keys():
            attributes[name] = prefix + str(attributes[name])
        if isinstance(attributes.get("proxyAddresses"), (list, tuple)):
            attributes["proxyAddresses"] = [_prefixed(str(address), prefix) for address in attributes["proxyAddresses"]]
    if roles:
        attributes["appRoleAssignments"] = list(roles)
    return attributes


def _prefixed(address: str, prefix: str) -> str:
    """Return a proxy address with the prefix before the address itself. Assumed: "SMTP:" stays in front."""
    kind, colon, rest = address.rpartition(":")
    return f"{kind}{colon}{prefix}{rest}"
