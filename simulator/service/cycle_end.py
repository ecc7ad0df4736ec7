"""The end of a cycle: verdict, watermark, executions, next start. What an administrator did meanwhile wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from entra_sim.simulator.engine.escrow import threshold_verdict
from entra_sim.simulator.engine.job_machine import JobEvent
from entra_sim.simulator.engine.job_machine import transition
from entra_sim.simulator.engine.schedule import next_cycle_at
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import Execution
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service import health
from entra_sim.simulator.service.core import SERVICE
from entra_sim.simulator.service.core import Core


def close(core: Core, application: Application, job_id: str, cycle: Cycle, *, is_lifted: bool = False) -> str:
    """Close a cycle that came to its end, in one transaction; returns the reason for quarantine, or "".

    Args:
        is_lifted: new credentials ended a quarantine as the cycle began: what still waits from before does not count.
    Source: ENG-124, ENG-145, ENG-156, ENG-280, ENG-303, ENG-360 to ENG-362.
    """
    with core.database.atomic():
        core.progress.delete_cycle(job_id)
        core.tally.catch_up(cycle.cycle_id)
        core.tally.save_kind(cycle.cycle_id, str(cycle.kind))
        core.progress.clear_linked_intents(job_id)
        job = core.jobs.get(job_id)
        if job is None:  # deleted while the cycle ran: what it wrote since goes too (ENG-322)
            core.jobs.delete(job_id)
            return ""
        failures = cycle.counts.failed + cycle.counts.failed_references
        is_superseded = job.epoch != cycle.epoch
        job = finished(core, job, cycle, state=_state(cycle, failures))
        reason = None if is_superseded or cycle.is_pruned else _verdict(core, job_id, cycle, failures, is_lifted)
        if cycle.is_pruned and not is_superseded:
            job = _paused(core, job, application)
        elif reason is not None:
            job = health.enter(core, job, application, reason)
        elif job.quarantine is not None:
            job = health.leave(core, job, application)
        core.jobs.save(job)
        _audit(core, application, cycle)
        drop_old_logs(core)
    return "" if reason is None else str(reason)


def finished(core: Core, job: SynchronizationJob, cycle: Cycle, *, state: str) -> SynchronizationJob:
    """Return the job after a cycle, not saved yet. One that was restarted meanwhile has no watermark (ENG-320)."""
    now = core.clock.now()
    is_superseded = job.epoch != cycle.epoch
    execution = Execution(
        cycle_id=cycle.cycle_id,
        kind=cycle.kind,
        state=state,
        began_at=cycle.began_at,
        ended_at=now,
        counts=cycle.counts,
    )
    succeeded = state == "Succeeded"
    with_exports = succeeded and cycle.counts.exported > 0
    all_failed = cycle.counts.tried > 0 and cycle.counts.failed >= cycle.counts.tried
    next_at = now if is_superseded else next_cycle_at(cycle.began_at, now, core.settings, core.chance.random)
    return replace(
        job,
        status=transition(job.status, JobEvent.CYCLE_DONE),
        cycle=None,
        watermark=job.watermark if is_superseded else cycle.upper_sequence,
        watermark_at=job.watermark_at if is_superseded else now,
        releases_removals=job.releases_removals and not cycle.releases_removals,
        next_cycle_at=next_at if job.is_due_by_schedule else None,
        last_execution=execution,
        last_successful_execution=execution if succeeded else job.last_successful_execution,
        last_successful_execution_with_exports=(
            execution if with_exports else job.last_successful_execution_with_exports
        ),
        complete_failure_count=job.complete_failure_count + 1 if all_failed else 0,
        gone_users=job.gone_users + cycle.gone_users,
        gone_groups=job.gone_groups + cycle.gone_groups,
        steady_state_first_at=job.steady_state_first_at or now,
        steady_state_last_at=now,
    )


def drop_old_logs(core: Core) -> None:
    """Drop provisioning log records that are older than the retention. Source: ENG-349."""
    if core.logs.delete_before(core.clock.now() - timedelta(days=core.settings.log_retention_days)):
        core.tally.drop_before(core.logs.first_sequence())


def _audit(core: Core, application: Application, cycle: Cycle) -> None:
    """Write what the service did, one line a kind. Assumed: one for each cycle, not for each object (ENG-353)."""
    counts = cycle.counts
    failed = counts.failed + counts.failed_references
    for activity, count, text in (
        ("Import", counts.imported, "entries were read from Microsoft Entra ID"),
        ("Synchronization rule action", counts.tried, "entries were to be created, updated, disabled or deleted"),
        ("Export", counts.exported, "entries were exported"),
    ):
        if count:
            core.audit(activity, application.name, reason=f"{count} {text}.", by=SERVICE)
    if failed:
        text = f"{failed} entries failed and wait for a retry."
        core.audit("Process escrow", application.name, result="failure", reason=text, by=SERVICE)


def _state(cycle: Cycle, failures: int) -> str:
    """Return the state of an execution. Source: ENG-361."""
    if not failures:
        return "Succeeded"
    return "EntryLevelErrors"


def _verdict(core: Core, job_id: str, cycle: Cycle, failures: int, is_lifted: bool) -> QuarantineReason | None:
    """Return the reason for quarantine at the end of a cycle, or None. Source: ENG-280, ENG-303."""
    if core.jobs.list_held(job_id):
        return QuarantineReason.TOO_MANY_DELETES
    counts_open = core.settings.threshold_counts_open_escrows and not is_lifted
    untried = max(core.jobs.count_escrows(job_id) - failures, 0) if counts_open else 0
    return threshold_verdict(cycle.counts, untried, core.settings)


def _paused(core: Core, job: SynchronizationJob, application: Application) -> SynchronizationJob:
    """Return the job paused after an initial cycle whose errors were too many to be kept. Source: ENG-145."""
    core.audit(
        "Disable/pause provisioning configuration",
        application.name,
        reason="The initial cycle reached the escrow threshold; its errors were dropped and the job is paused.",
        by=SERVICE,
    )
    return replace(
        job,
        status=transition(job.status, JobEvent.STOP),
        schedule=ScheduleState.PAUSED,
        next_cycle_at=None,
        escrows_pruned=True,
    )
