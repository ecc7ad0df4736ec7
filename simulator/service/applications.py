"""Enterprise applications, their roles, and who is assigned to them."""

from __future__ import annotations

from difflib import get_close_matches

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.directory import DEFAULT_ACCESS_ROLE
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import AppRole
from entra_sim.simulator.model.directory import Assignment
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.job import JobConfiguration
from entra_sim.simulator.model.job import JobStatus
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.directory import DirectoryService
from entra_sim.simulator.service.schemas import template_schema
from entra_sim.simulator.store.feed import ChangeKind

ApplicationKey = Application | str
"""An application, its name, or its object id."""


class ApplicationService:
    """Applications of the non-gallery kind, each with one synchronization job."""

    def __init__(self, core: Core, directory: DirectoryService) -> None:
        self._core = core
        self._directory = directory

    def create(self, name: str) -> Application:
        """Create an application from the non-gallery template, with its job (not configured yet).

        Raises:
            UserInputError: the name is empty or longer than 120 characters.
            StateConflict: another application has the name (here names are keys; the real service allows doubles).
        Source: ENG-005, ENG-120.
        """
        name = name.strip()
        if not name or len(name) > 120:
            raise UserInputError("An application needs a name of 1 to 120 characters.")
        with self._core.database.atomic():
            if any(item.name.lower() == name.lower() for item in self.list()):
                raise StateConflict(f"There is an application '{name}' already; choose another name.")
            app_id = self._core.ids.new("application")
            job_id = f"scim.{self._core.tenant_id.replace('-', '')}.{app_id}"
            application = Application(
                application_id=self._core.ids.new("application"),
                app_id=app_id,
                name=name,
                created_at=self._core.clock.now(),
                job_id=job_id,
            )
            self._core.directory.save_application(application)
            for value, shown in (("", "User"), ("", "msiam_access")):
                role = AppRole(role_id=self._core.ids.new("role"), value=value, display_name=shown)
                self._core.directory.save_role(application.application_id, role)
            self._core.jobs.save(
                SynchronizationJob(
                    job_id=job_id,
                    application_id=application.application_id,
                    configuration=JobConfiguration(),
                    status=JobStatus.NOT_CONFIGURED,
                    schedule=ScheduleState.DISABLED,
                )
            )
            self._core.jobs.save_schema(job_id, template_schema(job_id))
            self._core.audit("Add service principal", name, category="ApplicationManagement")
        return application

    def get(self, key: ApplicationKey) -> Application:
        """Return an application by name or object id.

        Raises:
            NotFound: none has this key; the message names the nearest.
        """
        if isinstance(key, Application):
            key = key.application_id
        found = self._core.directory.get_application(key)
        if found is not None:
            return found
        applications = self.list()
        for application in applications:
            if application.name.lower() == key.strip().lower():
                return application
        names = [application.name for application in applications]
        near = get_close_matches(key, names, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else " Create it first." if not names else ""
        raise NotFound(f"There is no application '{key}'.{hint}")

    def list(self) -> list[Application]:
        """Return all applications in the order they were made."""
        return self._core.directory.list_applications()

    def delete(self, key: ApplicationKey) -> None:
        """Delete an application with its job; nothing is sent to the target. Source: ENG-205, ENG-322."""
        with self._core.database.atomic():
            application = self.get(key)
            self._core.jobs.delete(application.job_id)
            self._core.directory.delete_application(application.application_id)
            self._core.audit("Delete provisioning configuration", application.name)

    def roles(self, key: ApplicationKey) -> tuple[AppRole, ...]:
        """Return the roles of an application."""
        return tuple(self._core.directory.list_roles(self.get(key).application_id))

    def add_role(self, key: ApplicationKey, value: str, display_name: str) -> AppRole:
        """Add an app role."""
        with self._core.database.atomic():
            application = self.get(key)
            if any(role.value and role.value == value for role in self.roles(application)):
                raise StateConflict(f"'{application.name}' has a role with the value '{value}' already.")
            role = AppRole(role_id=self._core.ids.new("role"), value=value, display_name=display_name)
            self._core.directory.save_role(application.application_id, role)
        return role

    def assignments(self, key: ApplicationKey) -> tuple[Assignment, ...]:
        """Return the assignments, oldest first."""
        return tuple(self._core.directory.list_assignments(self.get(key).application_id))

    def assign(self, key: ApplicationKey, principal_key: str, role: str | None = None) -> Assignment:
        """Assign a user or group, with a role by value or display name; none is the default access (ENG-025).

        Raises:
            NotFound: no such principal or role.
            StateConflict: assigned with that role already.
        """
        with self._core.database.atomic():
            application = self.get(key)
            principal = self._directory.principal(principal_key)
            assignment = Assignment(
                assignment_id=self._core.ids.new("assignment"),
                application_id=application.application_id,
                principal_id=principal.object_id,
                principal_type="User" if isinstance(principal, User) else "Group",
                role_id=self._role_id(application, role),
                created_at=self._core.clock.now(),
            )
            if not self._core.directory.save_assignment(assignment):
                raise StateConflict(f"'{principal_key}' is assigned to '{application.name}' with this role already.")
            self._assignment_changed(application, assignment)
            self._core.audit(
                "Add app role assignment grant to user"
                if assignment.principal_type == "User"
                else "Add app role assignment to group",
                f"{application.name}: {principal.display_name}",
                category="ApplicationManagement",
            )
        return assignment

    def unassign(self, key: ApplicationKey, principal_key: str, role: str | None = None) -> None:
        """Remove the assignments of a user or group (all of them, or that with one role).

        Raises:
            NotFound: there is none.
        """
        with self._core.database.atomic():
            application = self.get(key)
            principal = self._directory.principal(principal_key)
            found = self._core.directory.list_assignments(application.application_id, principal.object_id)
            if role is not None:
                role_id = self._role_id(application, role)
                found = [assignment for assignment in found if assignment.role_id == role_id]
            if not found:
                raise NotFound(f"'{principal_key}' is not assigned to '{application.name}'.")
            for assignment in found:
                self._core.directory.delete_assignment(assignment.assignment_id)
            for assignment in found:
                self._assignment_lost(application, assignment)
            self._core.audit(
                "Remove app role assignment",
                f"{application.name}: {principal.display_name}",
                category="ApplicationManagement",
            )

    def _role_id(self, application: Application, role: str | None) -> str:
        """Return the role of this name; without a name, that of the default access. Source: ENG-025."""
        if role is None:
            return DEFAULT_ACCESS_ROLE
        roles = self.roles(application)
        for item in roles:
            if role in (item.value, item.display_name, item.role_id) and role:
                return item.role_id
        names = ", ".join(item.value or item.display_name for item in roles)
        raise NotFound(f"'{application.name}' has no role '{role}'; it has: {names}.")

    def _assignment_changed(self, application: Application, assignment: Assignment) -> None:
        """Put the principal into the feed and, for a group, its direct members. Source: design section 11."""
        self._core.feed.append(
            self._core.clock.now(),
            assignment.principal_type,
            assignment.principal_id,
            ChangeKind.ASSIGNMENT,
            application_id=application.application_id,
            visible_at=self._directory.assignments_visible_at(),
        )
        if assignment.principal_type == "Group":
            self._directory.mark_members(assignment.principal_id, application.application_id, ChangeKind.ASSIGNMENT)

    def _assignment_lost(self, application: Application, assignment: Assignment) -> None:
        """Put a principal who lost an assignment, and a group's direct members, into the feed. Source: ENG-107."""
        losers: tuple[str, ...] = (assignment.principal_id,)
        if assignment.principal_type == "Group":
            self._core.feed.append(
                self._core.clock.now(),
                "Group",
                assignment.principal_id,
                ChangeKind.ASSIGNMENT,
                application_id=application.application_id,
                visible_at=self._directory.assignments_visible_at(),
            )
            losers = self._core.directory.living_member_ids(assignment.principal_id, with_soft_deleted=True)
        self._directory.mark_losers(losers, application.application_id, ChangeKind.ASSIGNMENT)
