"""One cycle: observe, intend, guard, then match, diff, act and record object by object; the watermark comes last.

Everything that a cycle needs to go on after a stop or a kill is stored: kind, phase, last recorded object, the creates
on their way. Each object's record, link, escrow and the cycle's position are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from entra_sim.simulator.engine.probe import probe
from entra_sim.simulator.engine.probe import refusal_record
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import Execution
from entra_sim.simulator.model.job import Phase
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service import cycle_end
from entra_sim.simulator.service import health
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.cycle_work import CycleResult
from entra_sim.simulator.service.cycle_work import CycleWork
from entra_sim.simulator.service.driving import Line
from entra_sim.simulator.service.driving import drive
from entra_sim.simulator.service.driving import open_transport
from entra_sim.simulator.service.observing import CycleObserver
from entra_sim.simulator.service.records import log_entry
from entra_sim.simulator.service.recovery import clear_up
from entra_sim.simulator.service.runs import RunBuilder

MOST_WORKERS = 64


class CycleRunner:
    """Runs the cycle of a job that is due, or goes on with one that was broken off."""

    def __init__(self, core: Core, builder: RunBuilder, should_stop: Callable[[], bool] = lambda: False) -> None:
        self._core = core
        self._builder = builder
        self.should_stop = should_stop

    def run(self, job: SynchronizationJob, application: Application) -> CycleResult:
        """Run a cycle to its end (or until `should_stop`); the job is saved in every case."""
        core = self._core
        core.running.add(job.job_id)
        try:
            return self._run(job, application)
        finally:
            core.running.discard(job.job_id)

    def _run(self, job: SynchronizationJob, application: Application) -> CycleResult:
        core = self._core
        if job.cycle is not None and job.cycle.epoch != job.epoch:  # broken off, and restarted since
            core.progress.delete_cycle(job.job_id)
            job = replace(job, cycle=None)
        life = timedelta(days=core.settings.escrow_life_days)
        core.jobs.drop_escrows_of_before(job.job_id, core.clock.now() - life)
        cycle = job.cycle or self._begin(job)
        observer = CycleObserver(core, self._builder, job, application, cycle)
        has_work = observer.has_work() or job.quarantine is not None or core.settings.probe_idle_cycles
        if job.cycle is None and not has_work:
            return self._idle(job, application, cycle)
        job = replace(job, cycle=cycle)
        core.progress.save_cycle(job.job_id, cycle)
        workers = min(max(core.settings.workers, 1), MOST_WORKERS)
        lines = [open_transport(core, application, job.configuration) for _ in range(workers)]
        if workers == 1:  # with more, the thread that keeps the books is not one of those that wait
            lines[0].use_waits()
        try:
            refused = self._probe(job, application, lines[0])
            if refused is not None:
                return refused
            is_lifted = job.quarantine is not None and job.quarantine.ends_with_probe
            if is_lifted:
                job = self._lifted(job, application)
            return self._work(job, application, observer, cycle, lines, is_lifted=is_lifted)
        finally:
            for line in lines:
                line.close()

    def _lifted(self, job: SynchronizationJob, application: Application) -> SynchronizationJob:
        """Return the job out of quarantine: credentials were saved, and they are good. Source: ENG-321."""
        with self._core.database.atomic():
            stored = self._core.jobs.get(job.job_id)
            if stored is None:
                return job
            lifted = health.leave(self._core, stored, application)
            self._core.jobs.save(lifted)
        return replace(job, quarantine=None, status=lifted.status)

    def _work(
        self,
        job: SynchronizationJob,
        application: Application,
        observer: CycleObserver,
        cycle: Cycle,
        lines: Sequence[Line],
        *,
        is_lifted: bool,
    ) -> CycleResult:
        core = self._core
        was_run_before = job.last_execution is not None or bool(core.jobs.count_entries(job.job_id))
        by_filter = cycle.kind is CycleKind.INITIAL and was_run_before
        run = self._builder.run(job, looks_up_by_filter=by_filter)
        unclear = clear_up(core, self._builder, job, application, run, lines[0], cycle_id=cycle.cycle_id)
        work = CycleWork(
            should_stop=lambda: self.should_stop(),
            core=core,
            compiled=self._builder.schema(job.job_id),
            job=job,
            application=application,
            observer=observer,
            run=run,
            lines=lines,
            unclear=unclear,
            is_lifted=is_lifted,
        )
        return work.work()

    def _begin(self, job: SynchronizationJob) -> Cycle:
        """Return the cycle that begins: an initial one without a watermark.

        Source: ENG-123, ENG-125, ENG-156, ENG-157, ENG-324.
        """
        core = self._core
        now = core.clock.now()
        lower = job.watermark
        life = timedelta(days=core.settings.watermark_life_days)
        if lower is not None and job.watermark_at is not None and now - job.watermark_at > life:
            lower = None  # the feed has expired: everything is read anew (ENG-157)
        return Cycle(
            cycle_id=core.ids.new("cycle"),
            kind=CycleKind.INITIAL if lower is None else CycleKind.INCREMENTAL,
            began_at=now,
            lower_sequence=lower or 0,
            upper_sequence=core.feed.newest(now),
            releases_removals=job.releases_removals,
            epoch=job.epoch,
        )

    def _idle(self, job: SynchronizationJob, application: Application, cycle: Cycle) -> CycleResult:
        """Close a cycle that has nothing to do: bookkeeping, no request, no log. Source: ENG-133, ENG-351."""
        with self._core.database.atomic():
            self._core.jobs.save(cycle_end.finished(self._core, job, cycle, state="Succeeded"))
            cycle_end.drop_old_logs(self._core)
        return CycleResult(
            application_name=application.name,
            kind=cycle.kind,
            counts=cycle.counts,
            was_idle=True,
            is_finished=True,
        )

    def _probe(self, job: SynchronizationJob, application: Application, line: Line) -> CycleResult | None:
        """Ask for nobody; a refusal quarantines the job and nothing else is done. Source: ENG-130, ENG-140."""
        core = self._core
        compiled = self._builder.schema(job.job_id)
        mappings = [compiled.user, *([compiled.group] if compiled.group.mapping.is_enabled else [])]
        guids = [core.ids.new("probe") for _ in mappings]
        assert job.cycle is not None
        try:
            drive(probe(mappings, guids, "check the credentials before the cycle"), line.send)
        except TargetError as error:
            self._refused(job.job_id, job.cycle, application, error, line)
            return CycleResult(
                application_name=application.name,
                kind=job.cycle.kind,
                counts=job.cycle.counts,
                was_idle=False,
                is_finished=True,
                quarantine_reason=str(QuarantineReason.QUARANTINE_EXCEPTION),
            )
        return None

    def _refused(self, job_id: str, cycle: Cycle, application: Application, error: TargetError, line: Line) -> None:
        """Quarantine the job after a bad probe: status and audit, a record only if Q-24 says so; the watermark stays.

        Source: ENG-140, ENG-280, ENG-283, ENG-290.
        """
        core = self._core
        with core.database.atomic():
            if not cycle.counts.imported and cycle.phase is Phase.USERS:  # nothing done yet: it begins anew
                core.progress.delete_cycle(job_id)
            job = core.jobs.get(job_id)
            if job is None:
                return
            execution = Execution(
                cycle_id=cycle.cycle_id,
                kind=cycle.kind,
                state="Failed",
                began_at=cycle.began_at,
                ended_at=core.clock.now(),
                counts=cycle.counts,
                error_code=error.code,
                error_message=str(error),
            )
            reason = QuarantineReason.QUARANTINE_EXCEPTION
            quarantined = health.enter(core, job, application, reason, code=error.code, message=str(error))
            core.jobs.save(
                replace(quarantined, last_execution=execution, complete_failure_count=job.complete_failure_count + 1)
            )
            if core.settings.failed_probe_is_logged and quarantined.quarantine is not None:
                log_entry(
                    core,
                    job,
                    application,
                    self._builder.schema(job_id),
                    refusal_record(error, application.name, quarantined.quarantine.next_attempt_at),
                    cycle_id=cycle.cycle_id,
                    began_at=cycle.began_at,
                    request_sequences=(line.sequence,),
                )
