"""Moving time forward: everything that is due on the way runs at its own instant, in order.

What can be due: a cycle (or an attempt in quarantine), the end of a quarantine after 28 days, a user leaving the
recycle bin for good after 30. `tick` runs what is due now; the live clock calls it; `advance` jumps from one due
instant to the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.engine import quarantine as quarantine_rules
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.service import health
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.cycle_work import CycleResult
from entra_sim.simulator.service.cycles import CycleRunner
from entra_sim.simulator.service.directory import DirectoryService

MAX_STEPS = 200_000
"""Due items in one jump; two centuries of idle cycles would pass it."""

CYCLE, PURGE, QUARANTINE_END = "cycle", "hard delete", "quarantine end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that is due at an instant."""

    at: datetime
    kind: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that ran because it was due. `cycle` holds the figures of a cycle."""

    at: datetime
    kind: str
    text: str
    application: str
    cycle: CycleResult | None = None


class TimeTravel:
    """Knows what is due, and runs it."""

    def __init__(self, core: Core, directory: DirectoryService, runner: CycleRunner, clock: VirtualClock) -> None:
        self._core = core
        self._directory = directory
        self._runner = runner
        self._clock = clock
        self._lock = threading.RLock()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Hold ticks and jumps back while the body runs (saving and restoring a World)."""
        with self._lock:
            yield

    def agenda(self) -> list[Due]:
        """Return what is due next, soonest first: per job its next cycle, the quarantine's end, the next purge.

        Source: ENG-126.
        """
        due = []
        for job in self._core.jobs.list_jobs():
            if job.schedule is not ScheduleState.ACTIVE:
                continue
            application = self._core.directory.get_application(job.application_id)
            name = application.name if application else job.application_id
            if job.next_cycle_at is not None:
                why = (
                    "attempt in quarantine"
                    if job.quarantine
                    else "initial cycle"
                    if job.watermark is None
                    else ("incremental cycle")
                )
                due.append(Due(at=job.next_cycle_at, kind=CYCLE, subject=name, why=why))
            if job.quarantine is not None:
                ends_at = quarantine_rules.ends_at(job.quarantine, self._core.settings)
                due.append(Due(at=ends_at, kind=QUARANTINE_END, subject=name, why="28 days in quarantine"))
        purge_at = self._directory.next_purge_at()
        if purge_at is not None:
            due.append(Due(at=purge_at, kind=PURGE, subject="recycle bin", why="30 days after the soft delete"))
        order = {PURGE: 0, QUARANTINE_END: 1, CYCLE: 2}
        return sorted(due, key=lambda item: (item.at, order[item.kind], item.subject))

    def tick(self) -> list[Happening]:
        """Run everything that is due now, once each; returns what ran. One at a time: jumps and ticks wait."""
        happenings: list[Happening] = []
        with self._lock:
            for _ in range(MAX_STEPS):
                due = next((item for item in self.agenda() if item.at <= self._clock.now()), None)
                if due is None or self._runner.should_stop():
                    break
                happenings.extend(self._run(due))
        return happenings

    def advance(self, span: timedelta, progress: Callable[[Happening], None] | None = None) -> list[Happening]:
        """Let time pass; each due item runs at its own instant. Returns what ran, in order.

        Raises:
            UserInputError: the span is negative: time only moves forward.
            StateConflict: more than MAX_STEPS items are due on the way.
        """
        if span < timedelta(0):
            raise UserInputError("Time only moves forward; restore a saved lab to go back.")
        with self._lock:
            return self._advance(span, progress)

    def _advance(self, span: timedelta, progress: Callable[[Happening], None] | None) -> list[Happening]:
        goal = self._clock.now() + span
        happenings: list[Happening] = []
        for _ in range(MAX_STEPS):
            due = next(iter(self.agenda()), None)
            if due is None or due.at > goal:
                break
            if self._runner.should_stop():
                return happenings
            if due.at > self._clock.now():
                self._clock.move_to(due.at)
            for happening in self._run(due):
                happenings.append(happening)
                if progress is not None:
                    progress(happening)
        else:
            raise StateConflict(f"More than {MAX_STEPS} things are due on the way; advance in smaller steps.")
        if goal > self._clock.now():
            self._clock.move_to(goal)
        return happenings

    def _run(self, due: Due) -> list[Happening]:
        if due.kind == PURGE:
            return [
                Happening(at=self._clock.now(), kind=PURGE, text=f"{upn} left the recycle bin for good", application="")
                for upn in self._directory.purge_due()
            ]
        for job in self._core.jobs.list_jobs():
            application = self._core.directory.get_application(job.application_id)
            if application is None or application.name != due.subject:
                continue
            if due.kind == QUARANTINE_END:
                disabled = health.disable_if_over(self._core, job, application)
                if disabled is not None:
                    self._core.jobs.save(disabled)
                text = "the job was disabled after 28 days in quarantine"
                return [Happening(at=self._clock.now(), kind=due.kind, text=text, application=application.name)]
            at = self._clock.now()
            result = self._runner.run(job, application)
            return [Happening(at=at, kind=CYCLE, text=_cycle_text(result), application=application.name, cycle=result)]
        return []


def _cycle_text(result: CycleResult) -> str:
    kind = f"{result.kind} cycle"
    if result.quarantine_reason:
        return f"{kind}: quarantine, {result.quarantine_reason}"
    if result.was_idle:
        return f"{kind}: nothing to do"
    counts = result.counts
    failed = counts.failed + counts.failed_references
    return f"{kind}: {counts.imported} read, {counts.exported} exported, {failed} failed"
