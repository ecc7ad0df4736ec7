"""A directory as one value: people, groups, who is in what, who is assigned. No file, no store, no history."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """One user.

    Args:
        attributes: schema name (ENG-003) → str, bool, int, or a tuple of str where multi-valued; an attribute without
            a value is absent (ENG-014). `objectId`, `userPrincipalName`, `displayName` and `accountEnabled` are always
            there in an image that was read or made here. Instants are texts, "2026-01-05T09:00:00Z". The user
            principal name is the stored form, for a guest with #EXT# (ENG-012). Never changed after it was made.
        manager: object id of the manager, or None.
    """

    attributes: Mapping[str, Any]
    manager: str | None = None

    @property
    def object_id(self) -> str:
        """Return the object id."""
        return str(self.attributes["objectId"])

    @property
    def user_principal_name(self) -> str:
        """Return the stored user principal name."""
        return str(self.attributes["userPrincipalName"])


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRecord:
    """One group.

    Args:
        attributes: schema name (ENG-004) → value, as in UserRecord; `objectId` and `displayName` are always there.
        members: object ids of direct members, users and groups, in the order of the source, each once.
    """

    attributes: Mapping[str, Any]
    members: tuple[str, ...] = ()

    @property
    def object_id(self) -> str:
        """Return the object id."""
        return str(self.attributes["objectId"])

    @property
    def display_name(self) -> str:
        """Return the display name."""
        return str(self.attributes["displayName"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentRecord:
    """One assignment of a user or group to the application.

    Args:
        principal: object id of the user or group.
        role: id or value of the app role; None is default access (ENG-005, ENG-025).
    """

    principal: str
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryImage:
    """The whole directory at one instant.

    Every reference (manager, member, principal) is an object id that occurs in the image.
    """

    users: tuple[UserRecord, ...] = ()
    groups: tuple[GroupRecord, ...] = ()
    assignments: tuple[AssignmentRecord, ...] = ()
    _keys: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def readable_keys(self) -> Mapping[str, str]:
        """Return object id → the name a person would write: a user's principal name, a group's display name.

        Where a display name is not unique, or could be taken for something else, it is the object id.
        """
        if not self._keys:
            self._keys.update(self._named())
        return self._keys

    def _named(self) -> Iterator[tuple[str, str]]:
        taken = {user.user_principal_name.casefold() for user in self.users}
        counts: dict[str, int] = {}
        for group in self.groups:
            folded = group.display_name.casefold()
            counts[folded] = counts.get(folded, 0) + 1
        for user in self.users:
            yield user.object_id, user.user_principal_name
        for group in self.groups:
            name = group.display_name
            folded = name.casefold()
            clear = counts[folded] == 1 and folded not in taken and name == name.strip() and not looks_like_id(name)
            yield group.object_id, name if clear else group.object_id


def looks_like_id(text: str) -> bool:
    """Return whether the text has the form of an object id: 8-4-4-4-12 hexadecimal digits."""
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        character in "0123456789abcdefABCDEF" for part in parts for character in part
    )
