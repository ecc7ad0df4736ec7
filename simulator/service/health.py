"""Quarantine in the service: entering with audit and mail, leaving, and the end after 28 days."""

from __future__ import annotations

from dataclasses import replace

from entra_sim.simulator.engine import quarantine as rules
from entra_sim.simulator.engine.job_machine import JobEvent
from entra_sim.simulator.engine.job_machine import transition
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service.core import SERVICE
from entra_sim.simulator.service.core import Core

_TEXTS = {
    QuarantineReason.QUARANTINE_EXCEPTION: "the target could not be reached with these credentials, or did not answer "
    "a lookup as SCIM asks",
    QuarantineReason.ESCROW_PROPORTION: "too large a share of the changes failed",
    QuarantineReason.BASE_ESCROW: "too many changes failed",
    QuarantineReason.TOTAL_ESCROW: "too many changes failed, references included",
    QuarantineReason.TOO_MANY_DELETES: "a cycle would have deleted or disabled more objects than the threshold allows",
    QuarantineReason.ON_DEMAND: "the service was told to",
}


def enter(
    core: Core,
    job: SynchronizationJob,
    application: Application,
    reason: QuarantineReason,
    *,
    code: str = "",
    message: str = "",
) -> SynchronizationJob:
    """Return the job in quarantine (not saved yet). Audit at each bad verdict; mail on entering and on a new reason.

    Source: ENG-282, ENG-284, ENG-288, ENG-289.
    """
    now = core.clock.now()
    former = job.quarantine
    quarantine = rules.entered(former, reason, now, core.settings, code=code, message=message)
    text = f"Quarantine reason: {reason} ({_TEXTS[reason]}).{f' Error: {code}.' if code else ''}"
    core.audit("Quarantine", application.name, result="failure", reason=text, by=SERVICE)
    configuration = job.configuration
    is_new = former is None or former.reason is not reason
    if is_new and configuration.is_notification_enabled and configuration.notification_email:
        core.mail(
            configuration.notification_email,
            f"Provisioning for '{application.name}' is in quarantine",
            f"The provisioning job of '{application.name}' was put into quarantine: {_TEXTS[reason]}. "
            f"{text} The next attempt is at {quarantine.next_attempt_at:%Y-%m-%d %H:%M} UTC.",
        )
    return replace(
        job,
        status=transition(job.status, JobEvent.ENTER_QUARANTINE),
        quarantine=quarantine,
        next_cycle_at=quarantine.next_attempt_at if job.is_due_by_schedule else None,
    )


def leave(core: Core, job: SynchronizationJob, application: Application) -> SynchronizationJob:
    """Return the job out of quarantine (not saved yet). Source: ENG-285."""
    core.audit("Quarantine", application.name, reason="The job left quarantine.", by=SERVICE)
    return replace(job, status=transition(job.status, JobEvent.LEAVE_QUARANTINE), quarantine=None)


def disable_if_over(core: Core, job: SynchronizationJob, application: Application) -> SynchronizationJob | None:
    """Return the job with its schedule disabled if 28 days are over, else None. Source: ENG-287."""
    if job.quarantine is None or job.schedule is not ScheduleState.ACTIVE:
        return None
    if not rules.is_over(job.quarantine, core.clock.now(), core.settings):
        return None
    days = core.settings.quarantine_life_days
    core.audit(
        "Disable/pause provisioning configuration",
        application.name,
        reason=f"The job was in quarantine for {days:g} days and is disabled.",
        by=SERVICE,
    )
    return replace(
        job,
        status=transition(job.status, JobEvent.QUARANTINE_OVER),
        schedule=ScheduleState.DISABLED,
        next_cycle_at=None,
    )
