"""What happens in the directory: people and groups come, change, go. An edit is one transaction with its feed rows."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.store.directory import Tombstone
from entra_sim.simulator.store.feed import ChangeKind

COMPUTED = frozenset({"IsSoftDeleted", "appRoleAssignments", "manager", "members", "originalUserPrincipalName"})
"""Attributes that cannot be set: they follow from something else."""


class DirectoryService:
    """Users, groups, memberships, managers. Keys are a UPN, a group's display name, or an object id."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._store = core.directory

    # -- reading -------------------------------------------------------------------------------------------------

    def users(self, *, deleted: bool = False, search: str = "", limit: int = -1, offset: int = 0) -> list[User]:
        """Return living users (or those in the recycle bin) by display name."""
        return self._store.list_users(deleted=deleted, search=search, limit=limit, offset=offset)

    def groups(self, *, search: str = "", limit: int = -1, offset: int = 0) -> list[Group]:
        """Return groups by display name."""
        return self._store.list_groups(search=search, limit=limit, offset=offset)

    def user(self, key: str) -> User:
        """Return a user by UPN or object id, also one in the recycle bin.

        Raises:
            NotFound: nobody has this key; the message names the nearest.
        """
        found = self._store.get_user(key) or self._store.find_user(key)
        if found is None:
            raise NotFound(f"There is no user '{key}'.{self._nearest(key, users=True)}")
        return found

    def group(self, key: str) -> Group:
        """Return a group by display name or object id.

        Raises:
            NotFound: no group has this key.
            StateConflict: several groups share the display name.
        """
        found = self._store.get_group(key)
        if found is not None:
            return found
        named = self._store.find_groups(key)
        if len(named) > 1:
            ids = ", ".join(group.object_id for group in named)
            raise StateConflict(f"{len(named)} groups are called '{key}'; name one by its object id: {ids}.")
        if not named:
            raise NotFound(f"There is no group '{key}'.{self._nearest(key, users=False)}")
        return named[0]

    def principal(self, key: str) -> User | Group:
        """Return a user or a group.

        Raises:
            NotFound: neither exists.
        Source: ENG-029.
        """
        user = self._store.get_user(key) or self._store.find_user(key)
        if user is not None:
            return user
        try:
            return self.group(key)
        except NotFound:
            hint = self._nearest(key, users="@" in key)
            raise NotFound(f"There is no user or group '{key}'.{hint}") from None

    def _nearest(self, key: str, *, users: bool) -> str:
        if users:
            names = [user.user_principal_name for user in self._store.list_users(limit=2000)]
        else:
            names = [group.display_name for group in self._store.list_groups(limit=2000)]
        near = get_close_matches(key, names, n=1)
        return f" Did you mean '{near[0]}'?" if near else ""

    # -- users ---------------------------------------------------------------------------------------------------

    def create_user(self, attributes: Mapping[str, Any]) -> User:
        """Create a user.

        Args:
            attributes: names of ENG-003; `userPrincipalName` is required; `manager` may name one by key.
        Raises:
            UserInputError: no UPN, or an attribute that follows from something else.
            StateConflict: the UPN is taken.
        """
        given = dict(attributes)
        manager = given.pop("manager", None)
        upn = str(given.get("userPrincipalName") or "")
        if "@" not in upn:
            raise UserInputError(f"A user needs a userPrincipalName such as name@contoso.example, not '{upn}'.")
        self._refuse_computed(given)
        with self._core.database.atomic():
            self._refuse_taken_upn(upn, "")
            object_id = str(given.pop("objectId", None) or self._core.ids.new("user"))
            if self._store.get_user(object_id) is not None:
                raise StateConflict(f"The object id {object_id} is taken already.")
            given.setdefault("accountEnabled", True)
            given.setdefault("displayName", upn.split("@")[0])
            given.setdefault("mailNickname", upn.split("@")[0])
            user = User(
                object_id=object_id,
                attributes=_present(given),
                manager_id=None if manager is None else self.user(str(manager)).object_id,
            )
            self._store.save_user(user)
            self._changed("User", user.object_id, ChangeKind.ADDED, user.attributes)
        return user

    def update_user(self, key: str, attributes: Mapping[str, Any]) -> User:
        """Change attributes of a living user; None or "" clears one (ENG-014).

        Raises:
            NotFound, StateConflict: no such user, in the recycle bin, or the UPN is taken.
            UserInputError: an attribute that follows from something else, or a required one cleared.
        """
        given = dict(attributes)
        manager_given = "manager" in given
        manager = given.pop("manager", None)
        self._refuse_computed(given)
        with self._core.database.atomic():
            user = self._living(key)
            for name in ("userPrincipalName", "displayName", "accountEnabled"):
                if name in given and given[name] in (None, ""):
                    raise UserInputError(f"'{name}' is required and cannot be cleared (ENG-003).")
            if "userPrincipalName" in given:
                self._refuse_taken_upn(str(given["userPrincipalName"]), user.object_id)
            before = dict(user.attributes)
            after = _present({**before, **given})
            names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
            changed = replace(user, attributes=after)
            if manager_given:
                manager_id = None if manager in (None, "") else self.user(str(manager)).object_id
                if manager_id != user.manager_id:
                    names.add("manager")
                    changed = replace(changed, manager_id=manager_id)
            if names:
                self._store.save_user(changed)
                if "userPrincipalName" in names:
                    names.add("originalUserPrincipalName")
                if "accountEnabled" in names:
                    names.add("IsSoftDeleted")
                if self._core.settings.guest_upn_from_mail and names & {"mail", "userType"}:
                    names.add("userPrincipalName")
                self._changed("User", user.object_id, ChangeKind.UPDATED, names)
        return changed

    def set_manager(self, key: str, manager_key: str | None) -> User:
        """Set or remove the manager of a user."""
        return self.update_user(key, {"manager": manager_key})

    def delete_user(self, key: str) -> User:
        """Soft-delete a user: into the recycle bin, from which it leaves for good after 30 days (ENG-011).

        Assignments and memberships stay with the object and come back with a restore.
        """
        with self._core.database.atomic():
            user = replace(self._living(key), deleted_at=self._core.clock.now())
            self._store.save_user(user)
            self._changed("User", user.object_id, ChangeKind.SOFT_DELETED, ("userPrincipalName", "IsSoftDeleted"))
            if self._core.settings.soft_delete_removes_membership:
                self._mark_groups_of(user.object_id)
        return user

    def take_out_of_sync(self, key: str) -> User:
        """Take a hybrid user out of the on-premises synchronization. Source: ENG-180 (Q-29).

        Returns:
            The user: in the recycle bin or, if the setting says so, alive in the cloud with dirSyncEnabled false.

        Raises:
            StateConflict: it is in the recycle bin, or no hybrid user.
        """
        user = self._living(key)
        if user.attributes.get("dirSyncEnabled") is not True:
            raise StateConflict(
                f"'{user.user_principal_name}' is not synchronized from on-premises: its dirSyncEnabled is not true."
            )
        if self._core.settings.unsynced_user_is_soft_deleted:
            return self.delete_user(user.object_id)
        return self.update_user(user.object_id, {"dirSyncEnabled": False})

    def restore_user(self, key: str) -> User:
        """Take a user out of the recycle bin.

        Raises:
            StateConflict: it is not there, or somebody else has the UPN by now.
        """
        with self._core.database.atomic():
            user = self.user(key)
            if user.deleted_at is None:
                raise StateConflict(f"'{user.user_principal_name}' is not in the recycle bin.")
            self._refuse_taken_upn(user.user_principal_name, user.object_id)
            restored = replace(user, deleted_at=None)
            self._store.save_user(restored)
            self._changed("User", user.object_id, ChangeKind.RESTORED, ("userPrincipalName", "IsSoftDeleted"))
        return restored

    def purge_user(self, key: str) -> None:
        """Delete a user for good (a living one is soft-deleted in the same instant). Source: ENG-011."""
        with self._core.database.atomic():
            user = self.user(key)
            entitled = [
                application.application_id
                for application in self._store.list_applications()
                if self._store.entitling_roles(application.application_id, [user.object_id])
            ]
            tombstone = Tombstone(
                object_id=user.object_id,
                object_type="User",
                identifier=user.user_principal_name,
                display_name=user.display_name,
                entitled_applications=tuple(entitled),
            )
            self._store.save_tombstone(tombstone, self._core.clock.now())
            self._mark_groups_of(user.object_id)
            self._store.delete_user(user.object_id)
            self._changed("User", user.object_id, ChangeKind.HARD_DELETED)

    def purge_due(self) -> list[str]:
        """Delete for good whoever has been in the recycle bin for 30 days; returns their UPNs."""
        limit = self._core.clock.now() - timedelta(days=self._core.settings.recycle_bin_days)
        purged = []
        for object_id in self._store.purge_candidates(limit):
            purged.append(self.user(object_id).user_principal_name)
            self.purge_user(object_id)
        return purged

    def next_purge_at(self) -> datetime | None:
        """Return when the next user leaves the recycle bin for good, or None."""
        first = self._store.first_deleted_at()
        return None if first is None else first + timedelta(days=self._core.settings.recycle_bin_days)

    # -- groups --------------------------------------------------------------------------------------------------

    def create_group(self, attributes: Mapping[str, Any], members: Iterable[str] = ()) -> Group:
        """Create a group.

        Args:
            attributes: names of ENG-004; `displayName` is required.
            members: keys of users and groups.
        """
        given = dict(attributes)
        members = [*members, *given.pop("members", ())]
        if not given.get("displayName"):
            raise UserInputError("A group needs a displayName.")
        with self._core.database.atomic():
            object_id = str(given.pop("objectId", None) or self._core.ids.new("group"))
            if self._store.get_group(object_id) is not None:
                raise StateConflict(f"The object id {object_id} is taken already.")
            given.setdefault("securityEnabled", True)
            self._store.save_group(Group(object_id=object_id, attributes=_present(given)))
            self._changed("Group", object_id, ChangeKind.ADDED, given)
            self._add_members(object_id, members)
        return self.group(object_id)

    def update_group(self, key: str, attributes: Mapping[str, Any]) -> Group:
        """Change attributes of a group; None or "" clears one."""
        given = dict(attributes)
        if "members" in given:
            raise UserInputError("Members are added and removed one by one, not set as an attribute.")
        with self._core.database.atomic():
            group = self.group(key)
            if "displayName" in given and not given["displayName"]:
                raise UserInputError("A group's displayName cannot be cleared.")
            before = dict(group.attributes)
            after = _present({**before, **given})
            names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
            if names:
                self._store.save_group(replace(group, attributes=after))
                self._changed("Group", group.object_id, ChangeKind.UPDATED, names)
            if "securityEnabled" in names:
                mark = self.mark_members if after.get("securityEnabled", True) else self._mark_losing_members
                for application_id in self._store.applications_of_group(group.object_id):
                    mark(group.object_id, application_id, ChangeKind.MEMBERSHIP)
        return self.group(group.object_id)

    def add_members(self, key: str, members: Iterable[str]) -> Group:
        """Add direct members by key; those that are members already are left alone."""
        with self._core.database.atomic():
            group = self.group(key)
            self._add_members(group.object_id, members)
        return self.group(group.object_id)

    def remove_members(self, key: str, members: Iterable[str]) -> Group:
        """Remove direct members by key.

        Raises:
            NotFound: one of them is no direct member.
        """
        with self._core.database.atomic():
            group = self.group(key)
            for member_key in members:
                member = self.principal(member_key)
                if not self._store.remove_member(group.object_id, member.object_id):
                    raise NotFound(f"'{member_key}' is no direct member of '{group.display_name}'.")
                self._changed("Group", group.object_id, ChangeKind.MEMBERS, ("members",))
                if isinstance(member, User):
                    for application_id in self._store.applications_of_group(group.object_id):
                        self.mark_losers([member.object_id], application_id, ChangeKind.MEMBERSHIP)
        return self.group(group.object_id)

    def delete_group(self, key: str) -> None:
        """Delete a group for good; its members stay, and lose what it entitled them to."""
        with self._core.database.atomic():
            group = self.group(key)
            applications = self._store.applications_of_group(group.object_id)
            losers = self._store.living_member_ids(group.object_id, with_soft_deleted=True)
            tombstone = Tombstone(
                object_id=group.object_id,
                object_type="Group",
                identifier=group.display_name,
                display_name=group.display_name,
                entitled_applications=tuple(applications),
            )
            self._store.save_tombstone(tombstone, self._core.clock.now())
            self._mark_groups_of(group.object_id)
            self._store.delete_group(group.object_id)
            for application_id in applications:
                self.mark_losers(losers, application_id, ChangeKind.MEMBERSHIP)
            self._changed("Group", group.object_id, ChangeKind.HARD_DELETED)

    def mark_losers(self, user_ids: Sequence[str], application_id: str, kind: ChangeKind) -> None:
        """Put those who lost an assignment into the feed of one application. Source: ENG-107 (Q-28).

        Whom another assignment keeps has lost at most a role; whether that is a change of the user, the setting says.
        """
        kept: Mapping[str, Any] = {}
        if not self._core.settings.role_removal_is_a_change:
            kept = self._store.entitling_roles(application_id, user_ids)
        for user_id in user_ids:
            if user_id not in kept and self._store.get_user(user_id) is not None:
                self._changed("User", user_id, kind, application_id=application_id)

    def _mark_losing_members(self, group_id: str, application_id: str, kind: ChangeKind) -> None:
        self.mark_losers(self._store.living_member_ids(group_id, with_soft_deleted=True), application_id, kind)

    def mark_members(self, group_id: str, application_id: str, kind: ChangeKind) -> None:
        """Put the direct members that are users into the feed of one application. Source: design section 11."""
        for member_id in self._store.living_member_ids(group_id, with_soft_deleted=True):
            if self._store.get_user(member_id) is not None:
                self._changed("User", member_id, kind, application_id=application_id)

    def assignments_visible_at(self) -> datetime:
        """Return when a change of assignments made now reaches the jobs. Source: ENG-016.

        Assumed: what is changed after it waits behind it, because the feed is read in order.
        """
        return self._core.clock.now() + timedelta(seconds=self._core.settings.assignment_delay_s)

    # -- inside --------------------------------------------------------------------------------------------------

    def _add_members(self, group_id: str, members: Iterable[str]) -> None:
        for member_key in members:
            member = self.principal(member_key)
            if member.object_id == group_id:
                raise UserInputError("A group cannot be a member of itself.")
            kind = "User" if isinstance(member, User) else "Group"
            if self._store.add_member(group_id, member.object_id, kind):
                self._membership_changed(group_id, member)

    def _membership_changed(self, group_id: str, member: User | Group) -> None:
        """Put a group whose members changed into the feed, and the user where the group entitles to something.

        Source: ENG-007, ENG-021.
        """
        self._changed("Group", group_id, ChangeKind.MEMBERS, ("members",))
        if isinstance(member, User):
            for application_id in self._store.applications_of_group(group_id):
                self._changed("User", member.object_id, ChangeKind.MEMBERSHIP, application_id=application_id)

    def _mark_groups_of(self, member_id: str) -> None:
        for group_id in self._store.groups_of(member_id):
            self._changed("Group", group_id, ChangeKind.MEMBERS, ("members",))

    def _changed(
        self,
        object_type: str,
        object_id: str,
        kind: ChangeKind,
        attributes: Iterable[str] = (),
        *,
        application_id: str | None = None,
    ) -> None:
        is_delayed = kind is ChangeKind.ASSIGNMENT
        self._core.feed.append(
            self._core.clock.now(),
            object_type,
            object_id,
            kind,
            attributes=attributes,
            application_id=application_id,
            visible_at=self.assignments_visible_at() if is_delayed else None,
        )

    def _living(self, key: str) -> User:
        user = self.user(key)
        if user.deleted_at is not None:
            raise StateConflict(f"'{user.user_principal_name}' is in the recycle bin; restore it first.")
        return user

    def _refuse_taken_upn(self, upn: str, own_id: str) -> None:
        holder = self._store.find_user(upn)
        if holder is not None and holder.deleted_at is None and holder.object_id != own_id:
            raise StateConflict(f"The userPrincipalName '{upn}' is taken by {holder.object_id}.")

    def _refuse_computed(self, given: Mapping[str, Any]) -> None:
        wrong = sorted(COMPUTED & set(given))
        if wrong:
            raise UserInputError(f"'{wrong[0]}' follows from other facts of the directory and cannot be set.")


def _present(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what has no value: null and empty are the same (ENG-014)."""
    return {name: value for name, value in attributes.items() if value not in (None, "", [], ())}
