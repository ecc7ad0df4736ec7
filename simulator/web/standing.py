"""Where a job stands, in the words and figures of the Overview. Source: ui.md section 8, ENG-364, ENG-485."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import Phase
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service.screens import Screens
from entra_sim.simulator.service.simulator import Simulator

QUARANTINED = "Provisioning has been quarantined. See quarantine details for more information"

REASONS = {
    QuarantineReason.QUARANTINE_EXCEPTION: "The target refused the credentials, could not be reached, or did not "
    "answer as SCIM asks. Check Tenant URL and Secret Token, and whether Tapt's token has expired.",
    QuarantineReason.ESCROW_PROPORTION: "Too large a share of the changes failed. Look at the failures in the "
    "provisioning logs.",
    QuarantineReason.BASE_ESCROW: "Too many changes failed. Look at the failures in the provisioning logs.",
    QuarantineReason.TOTAL_ESCROW: "Too many changes failed, references included. Look at the failures in the "
    "provisioning logs.",
    QuarantineReason.TOO_MANY_DELETES: "A cycle would have deleted or disabled more objects than the threshold allows.",
    QuarantineReason.ON_DEMAND: "The service was told to.",
}


STATUS_WORDS = {"Failure": "failed", "Warning": "with a warning", "Skipped": "skipped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the Overview says about a job.

    Args:
        word: Off, On or Quarantine, for lists.
        percent: 0 to 100, by pages (ENG-364).
        is_running: a cycle is in progress.
        held_count: removals that accidental-deletion prevention holds.
        waiting_count: objects whose change failed and waits for a retry.
    """

    job: SynchronizationJob
    word: str
    sentence: str
    percent: int
    is_running: bool
    is_configured: bool
    reason: str
    held_count: int
    waiting_count: int


def standing(sim: Simulator, application: Application) -> Standing:
    """Return where the job of an application stands."""
    job = sim.queries.job(application)
    core = sim.core
    is_on = job.schedule is ScheduleState.ACTIVE
    word = "Quarantine" if job.quarantine else "On" if is_on else "Off"
    is_running = job.cycle is not None and is_on
    return Standing(
        job=job,
        word=word,
        sentence=_sentence(job, is_on=is_on),
        percent=_percent(sim, job),
        is_running=is_running,
        is_configured=bool(job.configuration.tenant_url),
        reason=REASONS[job.quarantine.reason] if job.quarantine else "",
        held_count=len(core.jobs.list_held(job.job_id)),
        waiting_count=core.jobs.count_escrows(job.job_id),
    )


def _sentence(job: SynchronizationJob, *, is_on: bool) -> str:
    if job.quarantine is not None and is_on:
        return QUARANTINED
    if job.cycle is not None and is_on:
        return f"{str(job.cycle.kind).capitalize()} cycle in progress"
    if not is_on:
        if job.schedule is ScheduleState.DISABLED and job.last_execution is not None:
            return "Provisioning was disabled"
        return "Provisioning is off" if job.last_execution is not None else "Initial cycle not run."
    last = job.last_execution
    if last is None or job.watermark is None:
        return "Initial cycle not run."
    kind = "Initial" if last.kind is CycleKind.INITIAL else "Incremental"
    return f"{kind} cycle completed."


def _percent(sim: Simulator, job: SynchronizationJob) -> int:
    """Return the share of the work that is known: objects looked at, then references (managers, members) written.

    In an incremental cycle it is not known beforehand how many objects there will be: they make up the first half.
    """
    cycle = job.cycle
    if cycle is None:
        return 100 if job.watermark is not None else 0
    references_done = cycle.counts.imported_reference_deltas
    references = references_done + sim.core.progress.count_pending(job.job_id)
    if cycle.kind is not CycleKind.INITIAL:
        return min(99, 50 + 50 * references_done // max(1, references)) if cycle.phase is Phase.REFERENCES else 50
    if cycle.phase is Phase.REFERENCES:
        objects = cycle.counts.imported
    else:
        users = sim.core.directory.count_users() + sim.core.directory.count_users(deleted=True)
        objects = max(users + Screens(sim.core).count_groups(), cycle.counts.imported)
    return min(99, 100 * (cycle.counts.imported + references_done) // max(1, objects + references))


def so_far(counts: Mapping[tuple[str, str], int]) -> str:
    """Return what a cycle has done: "13,525 created, 760 skipped".

    Args:
        counts: (action, status) → records.
    """
    told = {"Create": "created", "Update": "updated", "Disable": "disabled", "Delete": "deleted"}
    words: dict[str, int] = {}
    for (action, status), number in counts.items():
        word = told.get(action, "done") if status == "Success" else STATUS_WORDS[status]
        words[word] = words.get(word, 0) + number
    order = [*told.values(), "done", *STATUS_WORDS.values()]
    return ", ".join(f"{words[word]:,} {word}" for word in order if word in words)
