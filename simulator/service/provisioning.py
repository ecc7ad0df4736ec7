"""What an administrator does on the provisioning pages: credentials, mappings, settings, start, stop, restart."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from entra_sim.simulator.engine import quarantine as quarantine_rules
from entra_sim.simulator.engine.job_machine import JobEvent
from entra_sim.simulator.engine.job_machine import transition
from entra_sim.simulator.engine.mapping import compile_mapping
from entra_sim.simulator.engine.probe import probe
from entra_sim.simulator.engine.restart import MAPPING_SAVED
from entra_sim.simulator.engine.restart import SCHEMA_REPLACED
from entra_sim.simulator.engine.restart import START
from entra_sim.simulator.engine.restart import Effects
from entra_sim.simulator.engine.restart import effects_of
from entra_sim.simulator.engine.scoping import check_filters
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import JobStatus
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service import schemas
from entra_sim.simulator.service.applications import ApplicationKey
from entra_sim.simulator.service.applications import ApplicationService
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.driving import drive
from entra_sim.simulator.service.driving import open_transport
from entra_sim.simulator.service.runs import RunBuilder
from entra_sim.simulator.transport.credentials import BearerToken

SCOPES = {"assigned": False, "all": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionResult:
    """What Test Connection says. Source: ENG-132."""

    is_ok: bool
    code: str
    message: str


class ProvisioningService:
    """The configuration of a job, and its control. Every change is one transaction with an audit event."""

    def __init__(self, core: Core, applications: ApplicationService, builder: RunBuilder) -> None:
        self._core = core
        self._applications = applications
        self._builder = builder

    # -- credentials and settings --------------------------------------------------------------------------------

    def save_credentials(self, key: ApplicationKey, tenant_url: str, secret: str) -> SynchronizationJob:
        """Store Tenant URL and Secret Token; the job becomes NotRun, and one in quarantine tries again now.

        Raises:
            UserInputError: the URL or the secret cannot be used; nothing is stored.
        Source: ENG-286, ENG-321.
        """
        TenantUrl.parse(tenant_url, allow_http=True)
        BearerToken(secret)
        with self._core.database.atomic():
            application, job = self._found(key)
            is_first = job.status is JobStatus.NOT_CONFIGURED
            configuration = replace(job.configuration, tenant_url=tenant_url.strip(), secret=secret.strip())
            job = replace(job, configuration=configuration, status=transition(job.status, JobEvent.CREDENTIALS_SAVED))
            if job.quarantine is not None and job.schedule is ScheduleState.ACTIVE:
                pulled = quarantine_rules.pulled_forward(job.quarantine, self._core.clock.now())
                job = replace(job, quarantine=pulled, next_cycle_at=pulled.next_attempt_at)
            self._core.jobs.save(job)
            if is_first:
                self._core.audit("Add provisioning configuration", application.name)
            self._core.audit("Update provisioning setting or credentials", application.name)
        return job

    def test_connection(
        self, key: ApplicationKey, tenant_url: str | None = None, secret: str | None = None
    ) -> ConnectionResult:
        """Ask the target for somebody who cannot exist, with the saved credentials or those given.

        Raises:
            StateConflict: neither is there.
            UserInputError: the URL or the secret cannot be used.
        Source: ENG-130 to ENG-132.
        """
        application, job = self._found(key)
        if not (tenant_url or job.configuration.tenant_url):
            raise StateConflict("Enter a Tenant URL and a Secret Token first.")
        compiled = self._builder.schema(job.job_id)
        mappings = [compiled.user, *([compiled.group] if compiled.group.mapping.is_enabled else [])]
        transport = open_transport(
            self._core, application, job.configuration, tenant_url=tenant_url or "", secret=secret or ""
        )
        try:
            guids = [self._core.ids.new("probe") for _ in mappings]
            drive(probe(mappings, guids, "Test Connection"), transport.send)
        except TargetError as error:
            return ConnectionResult(
                is_ok=False,
                code=error.code,
                message=f"You appear to have entered invalid credentials. Error code: {error.code}. Details: {error}",
            )
        finally:
            transport.close()
        return ConnectionResult(
            is_ok=True, code="", message="The supplied credentials are authorized to enable provisioning"
        )

    def set_mode(self, key: ApplicationKey, mode: str) -> SynchronizationJob:
        """Set the provisioning mode.

        Raises:
            UserInputError: not Manual or Automatic.
            StateConflict: from Automatic back to Manual, which is impossible (ENG-460).
        Source: ENG-460.
        """
        if mode not in ("Manual", "Automatic"):
            raise UserInputError(f"The provisioning mode is Manual or Automatic, not '{mode}'.")
        _application, job = self._found(key)
        if job.configuration.mode == "Automatic" and mode == "Manual":
            raise StateConflict("The provisioning mode cannot go back from Automatic to Manual (ENG-460).")
        return self._configure(key, mode=mode)

    def set_scope(self, key: ApplicationKey, scope: str) -> SynchronizationJob:
        """Set *Sync only assigned users and groups* ("assigned") or *Sync all users and groups* ("all").

        It does not re-evaluate anybody: that takes a restart (ENG-028).

        Source: ENG-020, ENG-028.
        """
        if scope not in SCOPES:
            raise UserInputError(f"The scope is 'assigned' or 'all', not '{scope}'.")
        return self._configure(key, sync_all=SCOPES[scope])

    def set_notification(self, key: ApplicationKey, email: str, enabled: bool) -> SynchronizationJob:
        """Set who gets a mail when the job goes into quarantine. Source: ENG-288."""
        if enabled and "@" not in email:
            raise UserInputError(f"The notification email needs an address, not '{email}'.")
        return self._configure(key, notification_email=email, is_notification_enabled=enabled)

    def set_accidental_deletion_prevention(
        self, key: ApplicationKey, enabled: bool, threshold: int = 500
    ) -> SynchronizationJob:
        """Set *Prevent accidental deletions* and its threshold. Source: ENG-300."""
        if threshold < 0:
            raise UserInputError(f"The accidental deletion threshold is 0 or more, not {threshold}.")
        return self._configure(key, prevents_accidental_deletion=enabled, deletion_threshold=threshold)

    def set_skip_out_of_scope_deletions(self, key: ApplicationKey, enabled: bool) -> SynchronizationJob:
        """Set the job's SkipOutOfScopeDeletions. Source: ENG-217."""
        return self._configure(key, skip_out_of_scope_deletions=enabled)

    def _configure(self, key: ApplicationKey, **changes: Any) -> SynchronizationJob:
        with self._core.database.atomic():
            application, job = self._found(key)
            job = replace(job, configuration=replace(job.configuration, **changes))
            self._core.jobs.save(job)
            self._core.audit("Update provisioning setting or credentials", application.name)
        return job

    # -- mappings ------------------------------------------------------------------------------------------------

    def get_schema(self, key: ApplicationKey) -> dict[str, Any]:
        """Return the job's synchronizationSchema as it is stored."""
        _application, job = self._found(key)
        return self._core.jobs.get_schema(job.job_id)[0]

    def put_schema(self, key: ApplicationKey, document: Mapping[str, Any]) -> None:
        """Replace the schema; an initial cycle follows the running one. Source: ENG-320, ENG-501.

        Raises:
            UserInputError: the document is no usable schema; the old one stays.
        """
        self._save_schema(key, document, SCHEMA_REPLACED)

    def save_mappings(self, key: ApplicationKey, document: Mapping[str, Any]) -> None:
        """Store what the mapping editor made of the schema, all at once; everybody in scope is evaluated again.

        Raises:
            UserInputError: the document is no usable schema; the old one stays.
        Source: ENG-086, ENG-319.
        """
        self._save_schema(key, document, MAPPING_SAVED)

    def restore_default_mappings(self, key: ApplicationKey) -> None:
        """Put rows and filters back to the template. Source: ENG-087."""
        _application, job = self._found(key)
        self._save_schema(key, schemas.template_schema(job.job_id), MAPPING_SAVED)

    def set_object_mapping_enabled(self, key: ApplicationKey, object_type: str, enabled: bool) -> None:
        """Set *Enabled* of an object mapping.

        Raises:
            StateConflict: the user mapping cannot be disabled (ENG-088).
        Source: ENG-088, ENG-204.
        """
        if object_type == "User" and not enabled:
            raise StateConflict("The user mapping cannot be disabled; only the group mapping can (ENG-088).")
        document = self._document(key)
        schemas.object_mapping_of(document, object_type)["enabled"] = enabled
        self._save_schema(key, document, MAPPING_SAVED)

    def set_target_object_actions(
        self,
        key: ApplicationKey,
        object_type: str,
        *,
        create: bool | None = None,
        update: bool | None = None,
        delete: bool | None = None,
    ) -> None:
        """Set the target object actions; None leaves one as it is. Source: ENG-110."""
        document = self._document(key)
        mapping = schemas.object_mapping_of(document, object_type)
        schemas.set_actions(mapping, create=create, update=update, delete=delete)
        self._save_schema(key, document, MAPPING_SAVED)

    def set_scoping_filters(self, key: ApplicationKey, object_type: str, filters: Sequence[Mapping[str, Any]]) -> None:
        """Replace the scoping filters of a mapping (see `schemas.set_filters` for the two spellings).

        Source: ENG-059, ENG-125.
        """
        document = self._document(key)
        schemas.set_filters(schemas.object_mapping_of(document, object_type), list(filters))
        self._save_schema(key, document, MAPPING_SAVED)

    def add_attribute_mapping(self, key: ApplicationKey, object_type: str, row: Mapping[str, Any]) -> None:
        """Add an attribute mapping (see `schemas.graph_row` for the keys)."""
        document = self._document(key)
        schemas.add_row(schemas.object_mapping_of(document, object_type), row)
        self._save_schema(key, document, MAPPING_SAVED)

    def edit_attribute_mapping(
        self, key: ApplicationKey, object_type: str, target: str, changes: Mapping[str, Any]
    ) -> None:
        """Change the attribute mapping of a target attribute; what is not named stays."""
        document = self._document(key)
        schemas.change_row(schemas.object_mapping_of(document, object_type), target, changes)
        self._save_schema(key, document, MAPPING_SAVED)

    def remove_attribute_mapping(self, key: ApplicationKey, object_type: str, target: str) -> None:
        """Remove an attribute mapping.

        Raises:
            StateConflict: a required target attribute's row cannot be removed (ENG-076).
        Source: ENG-076.
        """
        document = self._document(key)
        mapping = schemas.object_mapping_of(document, object_type)
        row = schemas.find_row(mapping, target)
        compiled = self._builder.schema(self._found(key)[1].job_id)
        rows = compiled.schema.mapping(object_type).attribute_mappings
        if any(item.target_attribute_name == target and item.definition.is_required for item in rows):
            raise StateConflict(f"'{row['targetAttributeName']}' is required; its mapping cannot be removed (ENG-076).")
        schemas.remove_row(mapping, target)
        self._save_schema(key, document, MAPPING_SAVED)

    def _document(self, key: ApplicationKey) -> dict[str, Any]:
        return schemas.edited(self.get_schema(key))

    def _save_schema(self, key: ApplicationKey, document: Mapping[str, Any], effects: Effects) -> None:
        """Check and store a schema, and clear what its replacement clears.

        Source: ENG-501, ENG-320, ENG-059, ENG-086, ENG-125.
        """
        schema = read_schema(document)
        for mapping in (schema.user, schema.group):
            compile_mapping(mapping)
            check_filters(mapping.scoping_filters, mapping.name, mapping.object_type)
        with self._core.database.atomic():
            application, job = self._found(key)
            self._core.jobs.save_schema(job.job_id, document)
            job = self._cleared(job, effects)
            if job.schedule is ScheduleState.ACTIVE and job.quarantine is None:
                job = replace(job, next_cycle_at=self._core.clock.now())
            self._core.jobs.save(job)
            self._core.audit("Update attribute mappings or scope", application.name)

    # -- control -------------------------------------------------------------------------------------------------

    def start(self, key: ApplicationKey) -> SynchronizationJob:
        """Set Provisioning Status On: the job goes on where it stopped, or runs its initial cycle at once.

        Raises:
            StateConflict: no credentials are saved.
        Source: ENG-310.
        """
        with self._core.database.atomic():
            application, job = self._found(key)
            status = transition(job.status, JobEvent.START)
            if job.schedule is ScheduleState.ACTIVE and job.quarantine is None:
                return job
            job = self._cleared(replace(job, status=status, schedule=ScheduleState.ACTIVE), START)
            job = replace(job, status=status, next_cycle_at=self._core.clock.now())
            self._core.jobs.save(job)
            self._core.audit("Enable/start provisioning configuration", application.name)
        return job

    def stop(self, key: ApplicationKey) -> SynchronizationJob:
        """Set Provisioning Status Off: everything is kept. Source: ENG-318."""
        with self._core.database.atomic():
            application, job = self._found(key)
            job = replace(
                job,
                status=transition(job.status, JobEvent.STOP),
                schedule=ScheduleState.DISABLED if job.status is JobStatus.NOT_RUN else ScheduleState.PAUSED,
                next_cycle_at=None,
            )
            self._core.jobs.save(job)
            self._core.audit("Disable/pause provisioning configuration", application.name)
        return job

    def restart(self, key: ApplicationKey, scopes: Sequence[str] | None = None) -> SynchronizationJob:
        """Restart provisioning, or restart with Graph's reset scopes. Source: ENG-311 to ENG-317.

        Raises:
            UserInputError: a scope does not exist.
            StateConflict: no credentials are saved.
        """
        effects = effects_of(scopes)
        with self._core.database.atomic():
            application, job = self._found(key)
            status = transition(job.status, JobEvent.RESTART)
            job = self._cleared(job, effects)
            stays = job.quarantine
            job = replace(
                job,
                status=status if stays is None else JobStatus.QUARANTINE,
                schedule=ScheduleState.ACTIVE,
                next_cycle_at=self._core.clock.now() if stays is None else stays.next_attempt_at,
                requested_scopes=tuple(scopes or ()),
            )
            self._core.jobs.save(job)
            self._core.audit("Enable/restart provisioning configuration", application.name)
        return job

    def allow_deletes(self, key: ApplicationKey) -> SynchronizationJob:
        """Let the held removals go out in the next cycle, which runs at once. Source: ENG-304.

        Raises:
            StateConflict: nothing is held.
        """
        _application, job = self._found(key)
        if not self._core.jobs.list_held(job.job_id):
            raise StateConflict("No deletes are held: accidental deletion prevention has not been triggered.")
        return self.restart(key, ["ForceDeletes"])

    def object_connection(self, key: ApplicationKey, anchor: str) -> SyncEntry:
        """Return one link by its source anchor, else by its target anchor. Source: ENG-330.

        Raises:
            NotFound: neither is linked.
        """
        _application, job = self._found(key)
        found = self._link(job, anchor)
        if found is None:
            raise NotFound(f"No link has the source or target anchor '{anchor}'.")
        return found

    def delete_object_connection(self, key: ApplicationKey, principal_key: str) -> bool:
        """Drop one link; both sides stay as they are, and the next evaluation matches anew. Source: ENG-330.

        Args:
            principal_key: source anchor or target anchor.
        Returns:
            Whether there was one; dropping none is no mistake.
        Raises:
            StateConflict: the job is active.
        """
        with self._core.database.atomic():
            _application, job = self._found(key)
            if job.schedule is ScheduleState.ACTIVE:
                raise StateConflict(
                    "Stop provisioning first: a link is dropped only while the job is paused (ENG-330)."
                )
            found = self._link(job, principal_key)
            if found is not None:
                self._core.jobs.delete_entry(job.job_id, found.object_type, found.source_anchor)
        return found is not None

    def _link(self, job: SynchronizationJob, anchor: str) -> SyncEntry | None:
        jobs, job_id = self._core.jobs, job.job_id
        for object_type in ("User", "Group"):
            if (found := jobs.get_entry(job_id, object_type, anchor)) is not None:
                return found
        for object_type in ("User", "Group"):
            source = jobs.find_source(job_id, object_type, anchor)
            if source is not None:
                return jobs.get_entry(job_id, object_type, source)
        return None

    def _cleared(self, job: SynchronizationJob, effects: Effects) -> SynchronizationJob:
        """Return the job with what an operation clears cleared; links, escrows and progress go from the store.

        Source: ENG-305, ENG-312, ENG-313, ENG-314, ENG-316, ENG-317, ENG-323, ENG-325.
        """
        jobs, job_id = self._core.jobs, job.job_id
        starts_anew = effects.watermark or (effects.links and self._core.settings.cleared_links_start_initial)
        if effects.watermark:
            jobs.clear_exported_members(job_id)
            jobs.clear_held(job_id)
        if effects.links:
            jobs.clear_entries(job_id)
            jobs.clear_held(job_id)
            job = replace(job, gone_users=0, gone_groups=0)
        if starts_anew:
            job = replace(job, watermark=None, watermark_at=None, epoch=job.epoch + 1, escrows_pruned=False)
            if job_id not in self._core.running:  # one that runs at this moment is finished first (ENG-086)
                self._core.progress.delete_cycle(job_id)
        if effects.escrows:
            jobs.clear_escrows(job_id)
        if effects.quarantine and job.quarantine is not None:
            job = replace(job, quarantine=None, status=transition(job.status, JobEvent.LEAVE_QUARANTINE))
        if effects.releases_removals:
            job = replace(job, releases_removals=True)
        return job

    def _found(self, key: ApplicationKey) -> tuple[Application, SynchronizationJob]:
        application = self._applications.get(key)
        job = self._core.jobs.get(application.job_id)
        assert job is not None
        return application, job
