"""Drafts of all files to one directory: ids, required attributes, uniqueness, references.

A file that does not speak of an attribute leaves it as it is known; so a list of phone numbers can be imported over a
directory without clearing the rest. Everything wrong is noted, nothing is repaired silently.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from entra_sim.simulator.tenants.columns import Role
from entra_sim.simulator.tenants.columns import Table
from entra_sim.simulator.tenants.drafts import Drafts
from entra_sim.simulator.tenants.drafts import LinkDraft
from entra_sim.simulator.tenants.drafts import ObjectDraft
from entra_sim.simulator.tenants.problems import Place
from entra_sim.simulator.tenants.records import AssignmentRecord
from entra_sim.simulator.tenants.records import DirectoryImage
from entra_sim.simulator.tenants.records import GroupRecord
from entra_sim.simulator.tenants.records import UserRecord
from entra_sim.simulator.tenants.records import looks_like_id
from entra_sim.simulator.tenants.values import shown

DEFAULT_ACCESS_ROLE = "00000000-0000-0000-0000-000000000000"
"""Source: ENG-005."""

EXAMPLE_ID = "12345678-9abc-4def-8123-456789abcdef"


@dataclass(slots=True)
class _Index:
    """From the keys that files use to object ids: the id itself, a principal name, a group's display name."""

    ids: set[str] = field(default_factory=set)
    users: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)

    def add_user(self, object_id: str, principal_name: str) -> None:
        self.ids.add(object_id)
        self.users[principal_name.casefold()] = object_id

    def add_group(self, object_id: str, display_name: str) -> None:
        self.ids.add(object_id)
        folded = display_name.casefold()
        if self.groups.setdefault(folded, object_id) != object_id:
            self.ambiguous.add(folded)

    def find(self, key: str, *, users: bool = True, groups: bool = True) -> str | None:
        """Return the object id; None if there is none.

        Raises:
            ValueError: several groups have this name.
        """
        folded = key.strip().casefold()
        if folded in self.ids:
            return folded
        if users and folded in self.users:
            return self.users[folded]
        if groups and folded in self.groups:
            if folded in self.ambiguous:
                raise ValueError(f"several groups are called {shown(key)}; write the group's object id")
            return self.groups[folded]
        return None


class Assembly:
    """Puts one directory together.

    Args:
        drafts: what the files say; problems and notes are added to it.
        new_id: makes an id for a "user" or "group" that has none.
        known: the directory before, or None.
        keeps_missing: whether objects of the known directory that no file names stay.
        leaves_out_unknown: whether a reference to an object that nobody knows is left out instead of refused.
    """

    def __init__(
        self,
        drafts: Drafts,
        *,
        new_id: Callable[[str], str],
        known: DirectoryImage | None,
        keeps_missing: bool,
        leaves_out_unknown: bool,
    ) -> None:
        self._drafts = drafts
        self._new_id = new_id
        self._known = known or DirectoryImage()
        self._keeps_missing = keeps_missing
        self._leaves_out_unknown = leaves_out_unknown
        self._index = _Index()
        self._kept_index = _Index()
        self._known_users = {user.object_id: user for user in self._known.users}
        self._known_groups = {group.object_id: group for group in self._known.groups}

    def image(self) -> DirectoryImage:
        """Return the directory.

        Raises:
            DirectoryFileError: something is wrong.
        """
        users = self._identified(_without_repeats(self._drafts.users), Table.USERS)
        groups = self._identified(_without_repeats(self._drafts.groups), Table.GROUPS)
        self._drafts.problems.raise_any()
        kept_users = self._kept(self._known.users, users, Table.USERS)
        kept_groups = self._kept(self._known.groups, groups, Table.GROUPS)
        self._index_all(users, groups, kept_users, kept_groups)
        user_records = (*kept_users, *self._users(users))
        user_records = self._with_managers(user_records)
        group_records = self._groups(groups, kept_groups)
        assignments = self._assignments()
        self._drafts.problems.raise_any()
        return self._closed(DirectoryImage(users=user_records, groups=group_records, assignments=assignments))

    # ids, required attributes, uniqueness

    def _identified(self, drafts: list[ObjectDraft], table: Table) -> dict[str, ObjectDraft]:
        """Return object id → draft, every draft with its required attributes."""
        known: dict[str, Any] = self._known_users if table is Table.USERS else self._known_groups
        by_name = _by_name(known.values(), table)
        name_of = "userPrincipalName" if table is Table.USERS else "displayName"
        taken = known.keys() | {str(draft.values.get("objectId")).casefold() for draft in drafts}
        found: dict[str, ObjectDraft] = {}
        names: dict[str, ObjectDraft] = {}
        for draft in drafts:
            values = draft.values
            name = values.get(name_of)
            if not self._has_name(draft, name_of, table):
                continue
            folded = str(name).casefold()
            given = values.get("objectId") or by_name.get(folded)
            object_id = str(given).casefold() if given else self._fresh_id(table, taken)
            if not looks_like_id(object_id):
                message = f"objectId must be an id such as {EXAMPLE_ID}, not {shown(object_id)}; without one it is made"
                self._drafts.problems.add(draft.place("objectId"), message)
                continue
            if object_id in found:
                self._twice(draft, found[object_id], "objectId", object_id)
            if table is Table.USERS:
                if folded in names:
                    self._twice(draft, names[folded], name_of, str(name))
                names[folded] = draft
            if object_id in known:
                _complete(draft, known[object_id].attributes)
            values["objectId"] = object_id
            self._fill(draft, table)
            found[object_id] = draft
        return found

    def _fresh_id(self, table: Table, taken: set[str]) -> str:
        """Return an id that no object has; a source that counts may have given some of them before."""
        for _ in range(len(taken) + 1):
            object_id = self._new_id(table.removesuffix("s")).casefold()
            if object_id not in taken:
                return object_id
        raise ValueError("the source of ids gives the same ids again and again")

    def _has_name(self, draft: ObjectDraft, name_of: str, table: Table) -> bool:
        name = draft.values.get(name_of)
        noun = table.removesuffix("s")
        if not name:
            self._drafts.problems.add(draft.place(name_of), f"a {noun} needs a {name_of}; fill it in or remove the row")
            return False
        local, at, domain = str(name).rpartition("@")
        if table is Table.USERS and not (local and at and domain and " " not in name):
            self._drafts.problems.add(
                draft.place(name_of), f"{name_of} must look like ada@contoso.example, not {shown(name)}"
            )
            return False
        return True

    def _twice(self, draft: ObjectDraft, other: ObjectDraft, name: str, value: str) -> None:
        first = other.place(name).found()
        self._drafts.problems.add(draft.place(name), f"{name} {shown(value)} is there twice, first at {first}")

    def _fill(self, draft: ObjectDraft, table: Table) -> None:
        """Give what every object of the directory has where the files do not speak of it."""
        values = draft.values
        if table is Table.GROUPS:
            for name, value in (("securityEnabled", True), ("mailEnabled", False)):
                if name not in draft.covered:
                    values.setdefault(name, value)
            return
        values.setdefault("accountEnabled", True)
        if "mailNickname" not in draft.covered and "mailNickname" not in values:
            # Assumed: the portal proposes the part before the @, so an export without this column lost just that.
            values["mailNickname"] = str(values["userPrincipalName"]).rpartition("@")[0][:64]
        if "displayName" not in values:
            is_told = "displayName" in draft.covered
            message = "a user needs a displayName; fill it in" if is_told else "users need a column 'displayName'"
            place = draft.place("displayName")
            self._drafts.problems.add(place, message, fault="" if is_told else "no displayName")

    # objects that no file names

    def _kept(self, known: Iterable[Any], drafts: dict[str, ObjectDraft], table: Table) -> tuple[Any, ...]:
        if not self._keeps_missing and table in self._drafts.tables:
            return ()
        return tuple(record for record in known if record.object_id not in drafts)

    def _index_all(
        self,
        users: dict[str, ObjectDraft],
        groups: dict[str, ObjectDraft],
        kept_users: tuple[UserRecord, ...],
        kept_groups: tuple[GroupRecord, ...],
    ) -> None:
        for user in kept_users:
            self._kept_index.add_user(user.object_id, user.user_principal_name)
        for object_id, draft in users.items():
            name = str(draft.values["userPrincipalName"])
            other = self._kept_index.users.get(name.casefold())
            if other is not None:
                message = (
                    f"userPrincipalName {shown(name)} belongs to another user, {other}, who stays; change one of them"
                )
                self._drafts.problems.add(draft.place("userPrincipalName"), message)
            self._index.add_user(object_id, name)
        for group in kept_groups:
            self._kept_index.add_group(group.object_id, group.display_name)
        for object_id, draft in groups.items():
            self._index.add_group(object_id, str(draft.values["displayName"]))

    # references

    def _resolved(self, key: str, place: Callable[[], Place], what: str, **kinds: bool) -> str | None:
        """Return the object id that a key means, in the files before what is known; note it where there is none."""
        try:
            found = self._index.find(key, **kinds) or self._kept_index.find(key, **kinds)
        except ValueError as error:
            self._drafts.problems.add(place(), str(error))
            return None
        if found is None:
            if self._leaves_out_unknown:
                self._drafts.note(f"references to a {what} that is not in the directory were left out")
            else:
                message = (
                    f"there is no {what} {shown(key)} in the directory; add it, correct the name, or use"
                    " --drop-unknown-references"
                )
                self._drafts.problems.add(place(), message)
        return found

    def _users(self, drafts: dict[str, ObjectDraft]) -> Iterable[UserRecord]:
        for object_id, draft in drafts.items():
            manager = None
            if draft.manager:
                manager = self._resolved(draft.manager, lambda d=draft: d.place(Role.MANAGER), "manager", groups=False)  # type: ignore[misc]
            elif str(Role.MANAGER) not in draft.covered and object_id in self._known_users:
                manager = self._known_users[object_id].manager
            yield UserRecord(attributes=draft.values, manager=manager)

    def _with_managers(self, users: tuple[UserRecord, ...]) -> tuple[UserRecord, ...]:
        links = self._drafts.links[Table.MANAGERS]
        if not links:
            return users
        managers: dict[str, str | None] = {}
        for link in links:
            user = self._side(link, Role.USER, link.left, "user", groups=False)
            manager = self._side(link, Role.MANAGER, link.right, "manager", groups=False) if link.right else None
            if user:
                managers[user] = manager
        return tuple(
            UserRecord(attributes=user.attributes, manager=managers.get(user.object_id, user.manager)) for user in users
        )

    def _side(self, link: LinkDraft, role: Role, key: str | None, what: str, **kinds: bool) -> str | None:
        return self._resolved(key, lambda: link.place(role), what, **kinds) if key else None

    def _groups(self, drafts: dict[str, ObjectDraft], kept: tuple[GroupRecord, ...]) -> tuple[GroupRecord, ...]:
        rows: dict[str, dict[str, None]] = {}
        for link in self._drafts.links[Table.MEMBERS]:
            group = self._side(link, Role.GROUP, link.left, "group", users=False)
            member = self._side(link, Role.MEMBER, link.right, "member")
            if group == member and group is not None:
                self._drafts.problems.add(
                    link.place(Role.MEMBER), "a group cannot be a member of itself; remove the row"
                )
            if group:
                rows.setdefault(group, {}).update({member: None} if member else {})
        records = []
        for group_record in kept:
            members = tuple(rows.get(group_record.object_id, ())) or group_record.members
            records.append(GroupRecord(attributes=group_record.attributes, members=members))
        for object_id, draft in drafts.items():
            records.append(GroupRecord(attributes=draft.values, members=self._members(object_id, draft, rows)))
        return tuple(records)

    def _members(self, object_id: str, draft: ObjectDraft, rows: dict[str, dict[str, None]]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for key in draft.members:
            member = self._resolved(key, lambda: draft.place(Role.MEMBERS), "member")
            if member == object_id:
                self._drafts.problems.add(draft.place(Role.MEMBERS), "a group cannot be a member of itself")
            elif member:
                found[member] = None
        found.update(rows.get(object_id, {}))
        is_told = str(Role.MEMBERS) in draft.covered or Table.MEMBERS in self._drafts.tables
        if not is_told and object_id in self._known_groups:
            return self._known_groups[object_id].members
        return tuple(found)

    def _assignments(self) -> tuple[AssignmentRecord, ...]:
        if Table.ASSIGNMENTS not in self._drafts.tables:
            return self._known.assignments
        found: dict[AssignmentRecord, None] = {}
        for link in self._drafts.links[Table.ASSIGNMENTS]:
            principal = self._side(link, Role.PRINCIPAL, link.left, "user or group")
            if principal:
                role = None if link.right == DEFAULT_ACCESS_ROLE else link.right
                found[AssignmentRecord(principal=principal, role=role)] = None
        return tuple(found)

    def _closed(self, image: DirectoryImage) -> DirectoryImage:
        """Return the image without references to known objects that are no longer there."""
        ids = {user.object_id for user in image.users} | {group.object_id for group in image.groups}
        if ids >= self._known_users.keys() | self._known_groups.keys():
            return image
        users = tuple(
            UserRecord(attributes=user.attributes, manager=user.manager if user.manager in ids else None)
            for user in image.users
        )
        groups = tuple(
            GroupRecord(attributes=group.attributes, members=tuple(key for key in group.members if key in ids))
            for group in image.groups
        )
        assignments = tuple(assignment for assignment in image.assignments if assignment.principal in ids)
        return DirectoryImage(users=users, groups=groups, assignments=assignments)


def _by_name(known: Iterable[Any], table: Table) -> dict[str, str]:
    """Return the folded name → id of known objects; of groups that share a name, none."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for record in known:
        name = record.user_principal_name if table is Table.USERS else record.display_name
        folded = name.casefold()
        if folded in found:
            shared.add(folded)
        found[folded] = record.object_id
    return {name: object_id for name, object_id in found.items() if name not in shared}


def _complete(draft: ObjectDraft, known: Any) -> None:
    for name, value in known.items():
        if name not in draft.covered:
            draft.values.setdefault(name, value)


def _without_repeats(drafts: list[ObjectDraft]) -> list[ObjectDraft]:
    """Return the drafts without those that Graph repeats as somebody's manager or member."""
    if not any(draft.is_reference_only for draft in drafts):
        return drafts

    def keys(draft: ObjectDraft) -> set[str]:
        found = (draft.values.get("objectId"), draft.values.get("userPrincipalName"))
        return {str(key).casefold() for key in found if key}

    seen: set[str] = set()
    for draft in drafts:
        if not draft.is_reference_only:
            seen |= keys(draft)
    kept = []
    for draft in drafts:
        if draft.is_reference_only:
            if keys(draft) & seen:
                continue
            seen |= keys(draft)
        kept.append(draft)
    return kept
