"""Building what the engine works on: the run of a job, and its source objects as the job sees them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.mapping import compile_mapping
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.directory import user_attributes
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.mapping import JobSchema
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.scim.profile import Dialect
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.scope import Scope
from entra_sim.simulator.store.feed import ChangedObject


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledSchema:
    """The readings of a job's schema, compiled once per version."""

    version: int
    schema: JobSchema
    user: CompiledMapping
    group: CompiledMapping


class RunBuilder:
    """Compiles schemas (once per version) and observes source objects in bulk."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._compiled: dict[str, CompiledSchema] = {}

    def forget(self) -> None:
        """Drop compiled schemas: the store was replaced under them."""
        self._compiled.clear()

    def schema(self, job_id: str) -> CompiledSchema:
        """Return the compiled schema of a job."""
        version = self._core.jobs.schema_version(job_id)
        cached = self._compiled.get(job_id)
        if cached is None or cached.version != version:
            document, version = self._core.jobs.get_schema(job_id)
            schema = read_schema(document)
            cached = CompiledSchema(
                version=version,
                schema=schema,
                user=compile_mapping(schema.user),
                group=compile_mapping(schema.group),
            )
            self._compiled[job_id] = cached
        return cached

    def tenant_url(self, job: SynchronizationJob) -> TenantUrl:
        """Return the parsed Tenant URL.

        Raises:
            StateConflict: no credentials are saved.
        """
        if not job.configuration.tenant_url:
            raise StateConflict("Save the admin credentials (Tenant URL and Secret Token) first.")
        return TenantUrl.parse(job.configuration.tenant_url, allow_http=True)

    def run(self, job: SynchronizationJob, *, looks_up_by_filter: bool = False, is_on_demand: bool = False) -> Run:
        """Return the shared part of a cycle or an on-demand run. Source: WIRE-005."""
        compiled = self.schema(job.job_id)
        core = self._core
        is_plain = is_on_demand or not job.configuration.tenant_url
        dialect = Dialect.DEFAULT if is_plain else self.tenant_url(job).dialect
        application = core.directory.get_application(job.application_id)
        scope = None if application is None else Scope(core, self, job, application)

        def target_of(kind: str, anchor: str) -> str | None:
            found = core.jobs.find_target(job.job_id, kind, anchor)
            if found is None or scope is None or scope.outside([anchor], kinds=(kind,), looks_at_all=is_on_demand):
                return None
            return found

        return Run(
            user=compiled.user,
            group=compiled.group,
            dialect=dialect,
            settings=core.settings,
            evaluation=EvaluationContext(
                now=core.clock.now,
                new_id=lambda: core.ids.new("expression"),
                chance=core.chance,
                default_domain=core.default_domain,
            ),
            now=core.clock.now(),
            sync_all=job.configuration.sync_all,
            skips_out_of_scope_deletions=job.configuration.skip_out_of_scope_deletions,
            source_of=lambda kind, anchor: core.jobs.find_source(job.job_id, kind, anchor),
            target_of=target_of,
            looks_up_by_filter=looks_up_by_filter,
            is_on_demand=is_on_demand,
        )

    def observe(
        self,
        job: SynchronizationJob,
        application: Application,
        object_type: str,
        object_ids: Sequence[str],
        changes: Mapping[str, ChangedObject] | None = None,
        *,
        default_change: str = "",
        with_roles: bool = True,
    ) -> list[SourceObject]:
        """Return the objects of these ids as the job sees them now, in the order given.

        Args:
            changes: what the feed said of each; objects without an entry get `default_change`.
            with_roles: false in on-demand runs (ENG-106).
        Source: ENG-106.
        """
        observe = self._users if object_type == "User" else self._groups
        found = observe(job, application, object_ids, with_roles and not job.configuration.sync_all, default_change)
        result = []
        for object_id in object_ids:
            source = found.get(object_id) or self._gone(job, application, object_type, object_id, default_change)
            change = changes.get(object_id) if changes else None
            if change is not None:
                source = replace(source, change_kind=change.import_kind, changed_attributes=change.attributes)
            result.append(source)
        return result

    def _users(
        self,
        job: SynchronizationJob,
        application: Application,
        object_ids: Sequence[str],
        with_roles: bool,
        change_kind: str,
    ) -> dict[str, SourceObject]:
        """Return users with what this application entitles them to.

        Source: ENG-020, ENG-021, ENG-026, ENG-107, ENG-189.
        """
        store = self._core.directory
        entitled = store.entitling_roles(application.application_id, object_ids)
        roles = {role.role_id: role for role in store.list_roles(application.application_id)} if with_roles else {}
        found = {}
        for object_id, user in store.get_users(object_ids).items():
            held = [roles[item] for item in entitled.get(object_id, ()) if item in roles and roles[item].value]
            found[object_id] = SourceObject(
                object_type="User",
                object_id=object_id,
                attributes=user_attributes(
                    user,
                    [{"id": role.role_id, "value": role.value, "displayName": role.display_name} for role in held],
                    renames_mail=self._core.settings.tombstone_renames_mail,
                    knows_guests_by_mail=self._core.settings.guest_upn_from_mail,
                ),
                presence=user.presence,
                is_entitled=job.configuration.sync_all or object_id in entitled,
                change_kind=change_kind,
                manager_id=user.manager_id,
            )
        return found

    def _groups(
        self,
        job: SynchronizationJob,
        application: Application,
        object_ids: Sequence[str],
        _with_roles: bool,
        change_kind: str,
    ) -> dict[str, SourceObject]:
        """Return groups; one is entitled if it is assigned itself. Source: ENG-004, ENG-022, ENG-023, ENG-026."""
        store = self._core.directory
        assigned = store.assigned_principals(application.application_id, object_ids)
        keeps_deleted = not self._core.settings.soft_delete_removes_membership
        found = {}
        for object_id, group in store.get_groups(object_ids).items():
            secure = bool(group.attributes.get("securityEnabled", True))
            found[object_id] = SourceObject(
                object_type="Group",
                object_id=object_id,
                attributes={**group.attributes, "objectId": object_id},
                presence=Presence.ACTIVE,
                is_entitled=job.configuration.sync_all or (object_id in assigned and secure),
                change_kind=change_kind,
                member_ids=store.living_member_ids(object_id, with_soft_deleted=keeps_deleted),
            )
        return found

    def _gone(
        self, job: SynchronizationJob, application: Application, object_type: str, object_id: str, change_kind: str
    ) -> SourceObject:
        """Return an object that is deleted for good; what it was entitled to is in its tombstone. Source: ENG-011."""
        tombstone = self._core.directory.get_tombstone(object_id)
        entitled = tombstone is not None and application.application_id in tombstone.entitled_applications
        key = "userPrincipalName" if object_type == "User" else "displayName"
        attributes = {key: tombstone.identifier, "displayName": tombstone.display_name} if tombstone else {}
        return SourceObject(
            object_type=object_type,
            object_id=object_id,
            attributes=attributes,
            presence=Presence.HARD_DELETED,
            is_entitled=job.configuration.sync_all or entitled,
            change_kind=change_kind,
        )
