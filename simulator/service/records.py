"""From the engine's draft to a provisioning log record: ids, instants and names are added here."""

from __future__ import annotations

from datetime import datetime

from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.runs import CompiledSchema


def log_entry(
    core: Core,
    job: SynchronizationJob,
    application: Application,
    compiled: CompiledSchema,
    draft: LogDraft,
    *,
    cycle_id: str,
    began_at: datetime,
    request_sequences: tuple[int, ...],
    initiated_by: str = "system",
    tenant_id: str = "",
) -> ProvisioningLogEntry:
    """Append the record and return it; its sequence is left 0. Source: ENG-474, ENG-340, ENG-341.

    Args:
        tenant_id: spares looking it up when many records are written.
    """
    now = core.clock.now()
    mapping = compiled.schema.mapping(draft.object_type)
    entry = ProvisioningLogEntry(
        sequence=0,
        entry_id=core.ids.new("log entry"),
        at=now,
        tenant_id=tenant_id or core.tenant_id,
        job_id=job.job_id,
        cycle_id=cycle_id,
        change_id=core.ids.new("change"),
        application_id=application.application_id,
        application_name=application.name,
        app_id=application.app_id,
        action=str(draft.action),
        status=str(draft.status),
        duration_ms=round((now - began_at).total_seconds() * 1000),
        object_type=draft.object_type,
        source_id=draft.source_id,
        source_display_name=draft.source_display_name,
        identity=draft.identity,
        target_id=draft.target_id,
        target_display_name=draft.target_display_name,
        target_object_name=mapping.target_object_name,
        source_system_id=compiled.schema.source_system_id,
        source_system_name=compiled.schema.source_system_name,
        target_system_id=compiled.schema.target_system_id,
        target_system_name=compiled.schema.target_system_name,
        steps=draft.steps,
        modified_properties=draft.modified_properties,
        error=draft.error,
        skip_reason=draft.skip_reason,
        rules=draft.rules,
        explanation=draft.explanation,
        initiated_by=initiated_by,
        request_sequences=request_sequences,
    )
    core.logs.append(entry)
    return entry
