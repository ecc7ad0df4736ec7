"""What screens, commands and expectations read."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from entra_sim.simulator.engine.estimate import initial_cycle_length
from entra_sim.simulator.model.entry import EscrowEntry
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.job import AuditEvent
from entra_sim.simulator.model.job import Mail
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.service.applications import ApplicationKey
from entra_sim.simulator.service.applications import ApplicationService
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.job_view import job_as_graph
from entra_sim.simulator.service.time_travel import Due
from entra_sim.simulator.service.time_travel import TimeTravel
from entra_sim.simulator.store.logs import LogFilter


class Queries:
    """Reads only.

    Attributes:
        also_due: what is known to happen outside the simulator, such as the end of a token.
        token_note: a sentence when the target is known to take the token no more, else "".
    """

    def __init__(self, core: Core, applications: ApplicationService, time_travel: TimeTravel) -> None:
        self._core = core
        self._applications = applications
        self._time_travel = time_travel
        self.also_due: Callable[[], list[Due]] = list
        self.token_note: Callable[[], str] = str

    def job(self, key: ApplicationKey) -> SynchronizationJob:
        """Return the job of an application."""
        job = self._core.jobs.get(self._applications.get(key).job_id)
        assert job is not None
        return job

    def job_as_graph(self, key: ApplicationKey) -> dict[str, Any]:
        """Return the job in Graph's names; see `job_view.job_as_graph`."""
        core, job = self._core, self.job(key)
        schema = read_schema(core.jobs.get_schema(job.job_id)[0])
        return job_as_graph(
            job,
            link_counts=core.jobs.count_entries(job.job_id),
            target_names={kind: schema.mapping(kind).target_object_name for kind in ("User", "Group")},
            now=core.clock.now(),
            interval_minutes=core.settings.cycle_interval_minutes,
            object_count=core.directory.count_objects(),
            page_size=core.settings.page_size,
        )

    def initial_cycle_length(self, key: ApplicationKey) -> tuple[timedelta, timedelta]:
        """Return the least and the most time that the real service takes for this application. Source: ENG-470."""
        application = self._applications.get(key)
        counts = self._core.directory.count_in_scope(application.application_id, self.job(key).configuration.sync_all)
        return initial_cycle_length(*counts)

    def logs(self, key: ApplicationKey, since: int = 0, *, limit: int = -1) -> list[ProvisioningLogEntry]:
        """Return the provisioning log of an application after a position, oldest first."""
        wanted = LogFilter(application_id=self._applications.get(key).application_id, since_sequence=since)
        return self._core.logs.list_entries(wanted, limit=limit)

    def filtered_logs(
        self, wanted: LogFilter, *, limit: int = 100, newest_first: bool = True
    ) -> list[ProvisioningLogEntry]:
        """Return the records that fit a filter."""
        return self._core.logs.list_entries(wanted, limit=limit, newest_first=newest_first)

    def stream_logs(self, wanted: LogFilter) -> Iterator[ProvisioningLogEntry]:
        """Yield the records that fit a filter as they are found, newest first."""
        return self._core.logs.stream_newest(wanted)

    def log_entry(self, entry_id: str) -> ProvisioningLogEntry | None:
        """Return one record, or None."""
        return self._core.logs.get(entry_id)

    def audit(self, since: int = 0) -> list[AuditEvent]:
        """Return audit events after a position, oldest first."""
        return self._core.logs.list_audit(since=since)

    def mail(self, since: int = 0) -> list[Mail]:
        """Return messages of the outbox after a position."""
        return self._core.logs.list_mail(since=since)

    def links(self, key: ApplicationKey) -> list[SyncEntry]:
        """Return the links of a job, users first."""
        return self._core.jobs.list_entries(self.job(key).job_id)

    def escrows(self, key: ApplicationKey) -> list[EscrowEntry]:
        """Return the objects that wait for a retry, soonest first."""
        return self._core.jobs.list_escrows(self.job(key).job_id)

    def held_removals(self, key: ApplicationKey) -> list[tuple[str, str]]:
        """Return (object type, source anchor) of the removals that are held."""
        return self._core.jobs.list_held(self.job(key).job_id)

    def agenda(self) -> list[Due]:
        """Return what is due next: what runs by itself, and what is known to happen elsewhere (`also_due`)."""
        return sorted([*self._time_travel.agenda(), *self.also_due()], key=lambda due: due.at)
