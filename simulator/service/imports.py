"""A whole directory as one value: read out, and brought in by its differences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from entra_sim.simulator.service.applications import ApplicationService
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.directory import DirectoryService
from entra_sim.simulator.tenants import AssignmentRecord
from entra_sim.simulator.tenants import Change
from entra_sim.simulator.tenants import Difference
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import GroupRecord
from entra_sim.simulator.tenants import Subject
from entra_sim.simulator.tenants import UserRecord
from entra_sim.simulator.tenants import differences
from entra_sim.simulator.tenants import laid_over
from entra_sim.simulator.tenants import read_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """What an import did. `ignored_assignments` had no single application to belong to."""

    added: int
    updated: int
    removed: int
    ignored_assignments: int


def directory_image(core: Core) -> DirectoryImage:
    """Return the living directory, with the assignments of the first application, as one value."""
    store = core.directory
    users = tuple(
        UserRecord(attributes={**user.attributes, "objectId": user.object_id}, manager=user.manager_id)
        for user in store.list_users()
    )
    living = {user.object_id for user in users}
    groups = tuple(
        GroupRecord(attributes={**group.attributes, "objectId": group.object_id}, members=group.member_ids)
        for group in store.list_groups()
    )
    living |= {group.object_id for group in groups}
    assignments: list[AssignmentRecord] = []
    for application in store.list_applications()[:1]:
        names = {role.role_id: role.value or role.display_name for role in store.list_roles(application.application_id)}
        assignments = [
            AssignmentRecord(principal=item.principal_id, role=names.get(item.role_id))
            for item in store.list_assignments(application.application_id)
            if item.principal_id in living
        ]
    users = tuple(
        user if user.manager in living else UserRecord(attributes=user.attributes, manager=None) for user in users
    )
    return DirectoryImage(users=users, groups=groups, assignments=tuple(assignments))


class DirectoryImports(DirectoryService):
    """The directory service, able to take in a whole image."""

    def bind(self, core: Core, applications: ApplicationService) -> None:
        """Let assignments of an image reach the applications."""
        self._applications = applications

    def image(self) -> DirectoryImage:
        """Return the living directory as one value."""
        return directory_image(self._core)

    def import_image(self, image: DirectoryImage) -> ImportSummary:
        """Make the directory equal to an image; only differences reach the delta feed. All or nothing.

        Who is missing in the image is soft-deleted, a missing group deleted.

        Raises:
            StateConflict, UserInputError: one of the objects cannot be stored; nothing is imported.
        """
        changes = differences(self.image(), image)
        managers: list[tuple[str, str | None]] = []
        members: list[Difference] = []
        ignored = 0
        with self._core.database.atomic():
            for change in changes:
                if change.subject is Subject.USER:
                    self._import_user(change, managers)
                elif change.subject is Subject.GROUP:
                    self._import_group(change, members)
            for user_id, manager_id in managers:
                self.set_manager(user_id, manager_id)
            for change in members:
                if change.members_added:
                    self.add_members(change.key, change.members_added)
            for change in changes:
                if change.subject is Subject.ASSIGNMENT:
                    ignored += not self._import_assignment(change)
        counts = {kind: sum(1 for change in changes if change.change is kind) for kind in Change}
        return ImportSummary(
            added=counts[Change.ADDED],
            updated=counts[Change.UPDATED],
            removed=counts[Change.REMOVED],
            ignored_assignments=ignored,
        )

    def take_over(self, path: Path, *, removes_missing: bool) -> ImportSummary:
        """Import the directory of a file over what is known by now; who is not in it stays, or is removed.

        Raises:
            DirectoryFileError, StateConflict, UserInputError: nothing is imported.
        """
        image = read_directory(path, new_id=self._core.ids.new)
        with self._core.database.atomic():
            return self.import_image(laid_over(image, self.image(), keeps_missing=not removes_missing))

    def _import_user(self, change: Difference, managers: list[tuple[str, str | None]]) -> None:
        if change.change is Change.REMOVED:
            self.delete_user(change.key)
            return
        assert isinstance(change.new, UserRecord)
        attributes = dict(change.new.attributes)
        if change.change is Change.ADDED:
            if self._store.get_user(change.key) is None:
                self.create_user(attributes)
            else:  # in the recycle bin: the same person comes back
                self.restore_user(change.key)
                self.update_user(change.key, {name: value for name, value in attributes.items() if name != "objectId"})
            if change.new.manager is not None:
                managers.append((change.key, change.new.manager))
            return
        given = {name: attributes.get(name) for name in change.attributes if name not in ("manager", "objectId")}
        self.update_user(change.key, given)
        if "manager" in change.attributes:
            managers.append((change.key, change.new.manager))

    def _import_group(self, change: Difference, members: list[Difference]) -> None:
        if change.change is Change.REMOVED:
            self.delete_group(change.key)
            return
        assert isinstance(change.new, GroupRecord)
        if change.change is Change.ADDED:
            self.create_group(change.new.attributes)
        else:
            attributes = change.new.attributes
            given = {name: attributes.get(name) for name in change.attributes if name not in ("members", "objectId")}
            self.update_group(change.key, given)
            if change.members_removed:
                living = [member for member in change.members_removed if self._exists(member)]
                self.remove_members(change.key, living)
        members.append(change)

    def _exists(self, object_id: str) -> bool:
        user = self._store.get_user(object_id)
        return (user is not None and user.deleted_at is None) or self._store.get_group(object_id) is not None

    def _import_assignment(self, change: Difference) -> bool:
        applications = self._applications.list()
        if len(applications) != 1:
            return False
        record = change.new or change.old
        assert isinstance(record, AssignmentRecord)
        if change.change is Change.REMOVED:
            if self._exists(record.principal):
                self._applications.unassign(applications[0], record.principal, record.role)
        else:
            self._applications.assign(applications[0], record.principal, record.role)
        return True
