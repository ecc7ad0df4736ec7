"""One cycle: observe, intend, guard, then match, diff, act and record object by object; the watermark comes last.

Everything that a cycle needs to go on after a stop or a kill is stored: kind, phase, last recorded object, the objects
in flight. Each object's record, link, escrow and the cycle's position are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from entra_sim.simulator.engine.probe import probe
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import Execution
from entra_sim.simulator.model.job import Phase
from entra_sim.simulator.model.job import QuarantineReason
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service import health
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.cycle_work import CycleResult
from entra_sim.simulator.service.cycle_work import CycleWork
from entra_sim.simulator.service.cycle_work import finish
from entra_sim.simulator.service.driving import drive
from entra_sim.simulator.service.driving import open_transport
from entra_sim.simulator.service.observing import CycleObserver
from entra_sim.simulator.service.runs import RunBuilder
from entra_sim.simulator.transport.base import Transport


class CycleRunner:
    """Runs the cycle of a job that is due, or goes on with one that was broken off."""

    def __init__(self, core: Core, builder: RunBuilder, should_stop: Callable[[], bool] = lambda: False) -> None:
        self._core = core
        self._builder = builder
        self.should_stop = should_stop

    def run(self, job: SynchronizationJob, application: Application) -> CycleResult:
        """Run a cycle to its end (or until `should_stop`); the job is saved in every case."""
        core = self._core
        cycle = job.cycle or self._begin(job)
        observer = CycleObserver(core, self._builder, job, application, cycle)
        in_quarantine = job.quarantine is not None
        has_work = observer.has_work() or in_quarantine or core.settings.probe_idle_cycles
        if job.cycle is None and not has_work:
            return self._idle(job, application, cycle)
        job = replace(job, cycle=cycle)
        core.jobs.save(job)
        transport = open_transport(core, application, job.configuration)
        try:
            refused = self._probe(job, application, transport)
            if refused is not None:
                return refused
            return CycleWork(
                lambda: self.should_stop(), core, self._builder, job, application, observer, transport
            ).work()
        finally:
            transport.close()

    def _begin(self, job: SynchronizationJob) -> Cycle:
        core = self._core
        kind = CycleKind.INITIAL if job.watermark is None else CycleKind.INCREMENTAL
        return Cycle(
            cycle_id=core.ids.new("cycle"),
            kind=kind,
            began_at=core.clock.now(),
            lower_sequence=job.watermark or 0,
            upper_sequence=core.feed.newest(core.clock.now()),
            releases_removals=job.releases_removals,
        )

    def _idle(self, job: SynchronizationJob, application: Application, cycle: Cycle) -> CycleResult:
        """Close a cycle that has nothing to do: bookkeeping, no request, no log. Source: ENG-133, ENG-351."""
        finished = finish(self._core, job, cycle, state="Succeeded")
        self._core.jobs.save(finished)
        return CycleResult(
            application_name=application.name,
            kind=cycle.kind,
            counts=cycle.counts,
            was_idle=True,
            is_finished=True,
        )

    def _probe(self, job: SynchronizationJob, application: Application, transport: Transport) -> CycleResult | None:
        """Ask for nobody; a refusal quarantines the job and nothing else is done. Source: ENG-130, ENG-140."""
        core = self._core
        compiled = self._builder.schema(job.job_id)
        mappings = [compiled.user, *([compiled.group] if compiled.group.mapping.is_enabled else [])]
        guids = [core.ids.new("probe") for _ in mappings]
        try:
            drive(probe(mappings, guids, "check the credentials before the cycle"), transport.send)
        except TargetError as error:
            with core.database.atomic():
                core.jobs.save(self._refused(job, application, error))
            assert job.cycle is not None
            return CycleResult(
                application_name=application.name,
                kind=job.cycle.kind,
                counts=job.cycle.counts,
                was_idle=False,
                is_finished=True,
                quarantine_reason=str(QuarantineReason.QUARANTINE_EXCEPTION),
            )
        return None

    def _refused(self, job: SynchronizationJob, application: Application, error: TargetError) -> SynchronizationJob:
        """Return the job after a bad probe: no record, job status and audit only (Q-24). The watermark stays."""
        core = self._core
        cycle = job.cycle
        assert cycle is not None
        quarantined = health.enter(
            core,
            job,
            application,
            QuarantineReason.QUARANTINE_EXCEPTION,
            code=error.code,
            message=str(error),
        )
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
        kept = cycle if cycle.last_object_id or cycle.phase is not Phase.USERS else None
        return replace(
            quarantined,
            cycle=kept,
            last_execution=execution,
            complete_failure_count=job.complete_failure_count + 1,
        )
