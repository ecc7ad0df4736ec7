"""The provisioning log as CSV in three files joined by the change ID, and as Graph JSON. Source: ENG-349."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from collections.abc import Sequence

from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.model.log import instant_text

LOGS, STEPS, PROPERTIES = (
    "ProvisioningLogs",
    "ProvisioningLogs_ProvisioningSteps",
    "ProvisioningLogs_ModifiedProperties",
)

_LOG_COLUMNS = (
    "Id",
    "Date",
    "Change ID",
    "Cycle ID",
    "Job ID",
    "Tenant ID",
    "Identity",
    "Action",
    "Status",
    "Source System",
    "Target System",
    "Source ID",
    "Source Identity Type",
    "Target ID",
    "Target Identity Type",
    "Application",
    "Duration (ms)",
    "Error Code",
    "Error Category",
    "Reason",
    "Skip Reason",
    "Initiated By",
)
_STEP_COLUMNS = ("Change ID", "Step", "Name", "Type", "Status", "Description", "Details")
_PROPERTY_COLUMNS = ("Change ID", "Name", "Old Value", "New Value")


def csv_files(entries: Sequence[ProvisioningLogEntry]) -> dict[str, str]:
    """Return file name (without .csv) → content, header included, rows in log order."""
    return {
        LOGS: _csv(_LOG_COLUMNS, (_log_row(entry) for entry in entries)),
        STEPS: _csv(
            _STEP_COLUMNS,
            (
                (
                    entry.change_id,
                    number,
                    step.name,
                    step.type,
                    step.status,
                    step.description,
                    "; ".join(f"{key}={value}" for key, value in step.details.items()),
                )
                for entry in entries
                for number, step in enumerate(entry.steps, 1)
            ),
        ),
        PROPERTIES: _csv(
            _PROPERTY_COLUMNS,
            (
                (entry.change_id, item.display_name, item.old_value, item.new_value)
                for entry in entries
                for item in entry.modified_properties
            ),
        ),
    }


def _log_row(entry: ProvisioningLogEntry) -> tuple[object, ...]:
    error = entry.error
    return (
        entry.entry_id,
        instant_text(entry.at),
        entry.change_id,
        entry.cycle_id,
        entry.job_id,
        entry.tenant_id,
        entry.identity,
        entry.action,
        entry.status,
        entry.source_system_name,
        entry.target_system_name,
        entry.source_id,
        entry.object_type,
        entry.target_id,
        entry.target_object_name,
        entry.application_name,
        entry.duration_ms,
        error.code if error else "",
        error.category if error else "",
        error.reason if error else entry.explanation,
        entry.skip_reason,
        entry.initiated_by,
    )


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
