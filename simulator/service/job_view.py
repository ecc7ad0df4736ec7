"""A job as Microsoft Graph shows it. Pure: values in, JSON out. Source: graph-api.md section 4.2."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import Execution
from entra_sim.simulator.model.job import JobStatus
from entra_sim.simulator.model.job import Quarantine
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.log import instant_text

NEVER = "0001-01-01T00:00:00Z"
TEMPLATE_ID = "scim"


def job_as_graph(
    job: SynchronizationJob,
    *,
    link_counts: Mapping[str, int],
    target_names: Mapping[str, str],
    now: datetime,
    interval_minutes: float = 40.0,
    object_count: int = 0,
    page_size: int = 100,
) -> dict[str, Any]:
    """Return a synchronizationJob.

    Args:
        link_counts: links by object type ("User", "Group").
        target_names: target object names by object type, for the keys of synchronizedEntryCountByType.
        now: instant of observation.
        interval_minutes: of the schedule.
        object_count, page_size: users and groups that an initial cycle reads, for its progress in pages (ENG-364).
    Source: ENG-121, ENG-282, ENG-360 to ENG-364.
    """
    return {
        "id": job.job_id,
        "templateId": TEMPLATE_ID,
        "schedule": {"expiration": None, "interval": _duration(interval_minutes), "state": str(job.schedule)},
        "status": {
            "code": _code(job),
            "countSuccessiveCompleteFailures": job.complete_failure_count,
            "escrowsPruned": job.escrows_pruned,
            "steadyStateFirstAchievedTime": _instant(job.steady_state_first_at),
            "steadyStateLastAchievedTime": _instant(job.steady_state_last_at),
            "troubleshootingUrl": "",
            "quarantine": None if job.quarantine is None else _quarantine(job.quarantine),
            "progress": _progress(job, now, object_count, page_size),
            "lastExecution": _execution(job.last_execution),
            "lastSuccessfulExecution": _execution(job.last_successful_execution),
            "lastSuccessfulExecutionWithExports": _execution(job.last_successful_execution_with_exports),
            "synchronizedEntryCountByType": _entry_counts(job, link_counts, target_names),
        },
        "synchronizationJobSettings": [
            {"name": "AzureIngestionAttributeOptimization", "value": "False"},
            {"name": "LookaheadQueryEnabled", "value": "False"},
            {"name": "QuarantineTooManyDeletesThreshold", "value": str(job.configuration.deletion_threshold)},
        ],
    }


def _code(job: SynchronizationJob) -> str:
    """Return status.code; a started job whose first cycle has not ended shows NotRun (graph-api.md section 4.2)."""
    if job.status is JobStatus.ACTIVE and job.last_execution is None:
        return str(JobStatus.NOT_RUN)
    return str(job.status)


def _execution(execution: Execution | None) -> dict[str, Any] | None:
    if execution is None:
        return None
    counts = execution.counts
    return {
        "activityIdentifier": execution.cycle_id,
        "countEntitled": counts.entitled,
        "countEntitledForProvisioning": counts.entitled_for_provisioning,
        "countEscrowed": counts.escrowed,
        "countEscrowedRaw": counts.escrowed,
        "countExported": counts.exported,
        "countExports": counts.exports,
        "countImported": counts.imported,
        "countImportedDeltas": counts.imported_deltas,
        "countImportedReferenceDeltas": counts.imported_reference_deltas,
        "error": _error(execution.error_code, execution.error_message),
        "state": execution.state,
        "timeBegan": _instant(execution.began_at),
        "timeEnded": _instant(execution.ended_at),
    }


def _quarantine(quarantine: Quarantine) -> dict[str, Any]:
    return {
        "currentBegan": _instant(quarantine.current_began_at),
        "seriesBegan": _instant(quarantine.series_began_at),
        "nextAttempt": _instant(quarantine.next_attempt_at),
        "seriesCount": quarantine.series_count,
        "reason": str(quarantine.reason),
        "error": _error(quarantine.error_code, quarantine.error_message),
    }


def _error(code: str, message: str) -> dict[str, Any] | None:
    return {"code": code, "message": message, "tenantActionable": True} if code else None


def _progress(job: SynchronizationJob, now: datetime, object_count: int, page_size: int) -> list[dict[str, Any]]:
    """Return how far an initial cycle is, in pages. Source: ENG-364."""
    cycle = job.cycle
    if cycle is None or cycle.kind is not CycleKind.INITIAL or not object_count:
        return []
    return [
        {
            "completedUnits": min(cycle.counts.imported, object_count) // page_size,
            "totalUnits": -(-object_count // page_size),
            "units": "Pages",
            "progressObservationDateTime": _instant(now),
        }
    ]


def _entry_counts(
    job: SynchronizationJob, link_counts: Mapping[str, int], target_names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return how many objects ever came into scope, since links were cleared: deletes do not count back (ENG-363).

    Source: ENG-363.
    """
    gone = {"User": job.gone_users, "Group": job.gone_groups}
    totals = {kind: link_counts.get(kind, 0) + gone[kind] for kind in ("User", "Group")}
    return [
        {"key": f"{kind} to {target_names.get(kind, '')}", "value": total} for kind, total in totals.items() if total
    ]


def _duration(minutes: float) -> str:
    return f"PT{minutes:g}M"


def _instant(instant: datetime | None) -> str:
    return NEVER if instant is None else instant_text(instant)
