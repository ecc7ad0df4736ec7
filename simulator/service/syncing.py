"""Provisioning a directory from files into any endpoint: the simulator over a data folder per target.

State (links, escrows, watermark) is kept in the folder, so that a second run continues and sends differences only. The
secret is not: it is given anew to each run.
"""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import Any

from entra_sim.simulator.clock import VirtualClock
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.ids import IdSource
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import CycleCounts
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.schemas import object_mapping_of
from entra_sim.simulator.service.simulator import DATABASE_NAME
from entra_sim.simulator.service.simulator import Simulator
from entra_sim.simulator.service.syncing_plan import PlanningTransport
from entra_sim.simulator.service.syncing_result import SyncResult
from entra_sim.simulator.service.syncing_result import plan_lines
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.store.database import Database
from entra_sim.simulator.store.redo import redo_path
from entra_sim.simulator.tenants import DirectoryImage
from entra_sim.simulator.tenants import UserRecord
from entra_sim.simulator.tenants import read_report
from entra_sim.simulator.transport.base import TLS_REFUSED
from entra_sim.simulator.transport.base import Transport
from entra_sim.simulator.transport.endpoint import Endpoint
from entra_sim.simulator.transport.journal import Exchange
from entra_sim.simulator.transport.journal import JournalingTransport

APPLICATION = "entra-sim sync"
UNSTORED_SECRET = "given-to-each-run"
TELL_EVERY_S = 0.1
MOST_CYCLES_IN_A_RUN = 3
"""A run that goes on with a broken-off cycle makes a second one for what came after it."""

_REMEDIES = {
    "WebExceptionProtocolError": "Check that it runs, and the address",
    "Timeout": "Check that it runs and answers within the request time-out",
    "SystemForCrossDomainIdentityManagementInvalidCredentials": "Check the token",
    "SystemForCrossDomainIdentityManagementCredentialValidationFailure": "Make a new token",
    "Unauthorized": "Check the token endpoint, the client id and the client secret",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What to provision.

    Args:
        files: CSV, JSON or Graph exports of the directory.
        assignments: a table of who is assigned; None: everybody in the files is.
        schema: a job schema to use from now on; None keeps the stored one.
        has_groups: whether groups are provisioned; None keeps what was chosen.
        leaves_out_unknown: leave out references to unknown objects instead of refusing the files.
    """

    files: tuple[Path, ...]
    assignments: Path | None = None
    schema: Mapping[str, Any] | None = None
    has_groups: bool | None = None
    leaves_out_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: objects, then their references (managers, members). `total` is None when it is not known."""

    done: int
    total: int | None
    references: int
    requests: int
    seconds: float


def target_folder(data: Path, url: TenantUrl) -> Path:
    """Return the folder of one target's state: the same whatever dialect is spoken to it."""
    key = f"{url.base}?{url.query}"
    name = re.sub(r"[^a-z0-9.-]+", "-", f"{url.host}-{url.port}")
    return data / "sync" / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def open_state(folder: Path, scratch: Path | None = None) -> Database:
    """Return the database of a target's state.

    Args:
        folder: of the target; it exists, unless `scratch` is given.
        scratch: a folder for a copy, so that nothing that is done afterwards is kept (dry run).
    Raises:
        StateConflict: the database cannot be used.
    """
    if scratch is None:
        return Database.open(folder / DATABASE_NAME)
    stored = folder / DATABASE_NAME
    if stored.exists():
        # at rest there is no -wal file, and reading without one makes none beside the database
        at_rest = not stored.with_name(f"{DATABASE_NAME}-wal").exists()
        mode = "mode=ro&immutable=1" if at_rest else "mode=ro"
        original = sqlite3.connect(f"{stored.resolve().as_uri()}?{mode}", uri=True)
        copy = sqlite3.connect(str(scratch / DATABASE_NAME))
        try:
            original.backup(copy)
        finally:
            original.close()
            copy.close()
        left = redo_path(stored)
        if left.exists():  # a run was killed: what it had recorded belongs to the state
            shutil.copyfile(left, redo_path(scratch / DATABASE_NAME))
    return Database.open(scratch / DATABASE_NAME)


class Synchronizer:
    """One target's simulator, fed from files.

    Args:
        database: the target's state, or a copy of it.
        endpoint: the target.
        is_dry_run: read the target, never write.
        sink: gets every exchange that really took place (for HAR files).
        clock, ids, chance, settings: as everywhere.
        heard: called often while a run lasts.
        monotonic: real seconds that never go back.
    """

    def __init__(
        self,
        *,
        database: Database,
        endpoint: Endpoint,
        clock: VirtualClock,
        ids: IdSource,
        chance: random.Random,
        settings: Settings,
        is_dry_run: bool = False,
        sink: Callable[[Exchange], None] | None = None,
        heard: Callable[[Progress], None] = lambda progress: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._is_dry_run = is_dry_run
        self._sink = sink
        self._heard = heard
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._stop_asked = False
        self._requests = self._writes = self._began_requests = 0
        self._expected: int | None = None
        self._began_s = monotonic()
        self._told_s = -TELL_EVERY_S
        self._notes: tuple[str, ...] = ()
        self.simulator = Simulator(
            database=database, clock=clock, ids=ids, settings=settings, connect=self._connect, chance=chance
        )
        self.simulator.runner.should_stop = self._asked
        self._application = self._prepared()

    def _connect(self, url: TenantUrl, authorization: Callable[[], str]) -> Transport:
        inner = self._endpoint.transport(timeout_s=self.simulator.settings.request_timeout_s)
        counted = JournalingTransport(inner, self.simulator.clock.now, self._exchanged)
        return PlanningTransport(counted) if self._is_dry_run else counted

    def _exchanged(self, exchange: Exchange) -> None:
        with self._lock:  # several workers send
            self._requests += 1
            self._writes += exchange.call.is_write
            if self._sink is not None:
                self._sink(exchange)

    def _prepared(self) -> Application:
        simulator = self.simulator
        try:
            application = simulator.applications.get(APPLICATION)
        except NotFound:
            application = simulator.applications.create(APPLICATION)
            simulator.provisioning.set_mode(application, "Automatic")
        simulator.provisioning.save_credentials(application, str(self._endpoint.url), UNSTORED_SECRET)
        return application

    @property
    def job(self) -> SynchronizationJob:
        """Return the job as it stands."""
        return self.simulator.queries.job(self._application)

    # -- the source ----------------------------------------------------------------------------------------------

    def load(self, source: Source) -> None:
        """Make the simulator's directory equal to the files; all or nothing.

        Raises:
            DirectoryFileError: something is wrong with them.
            UserInputError, StateConflict: an object, or the schema, cannot be taken.
        """
        simulator = self.simulator
        paths = [*source.files, *([source.assignments] if source.assignments else [])]
        report = read_report(
            paths,
            new_id=simulator.core.ids.new,
            known=self._known(),
            keeps_missing=False,
            leaves_out_unknown=source.leaves_out_unknown,
        )
        image = report.image
        notes = list(report.notes)
        if source.assignments is None:
            if image.assignments:
                notes.append("Everybody in the files counts as assigned; name a table with --assignments otherwise.")
            image = replace(image, assignments=())
        with simulator.core.database.atomic():
            self._restore(image)
            self._add_roles(image)
            summary = simulator.directory.import_image(image)
            self._choose_scope("all" if source.assignments is None else "assigned")
            self._choose_mappings(source)
        self._notes = tuple(notes)
        job = self.job
        changed = summary.added + summary.updated + summary.removed
        waiting = simulator.core.jobs.count_escrows(job.job_id)
        everybody = len(image.users) + len(image.groups)
        self._expected = everybody if job.watermark is None and job.cycle is None else changed + waiting

    def _known(self) -> DirectoryImage:
        """Return the directory with the recycle bin: who comes back to the files is the same person, restored."""
        directory = self.simulator.directory
        known = directory.image()
        names = {user.user_principal_name.casefold() for user in known.users}
        gone = {
            user.user_principal_name.casefold(): UserRecord(
                attributes={**user.attributes, "objectId": user.object_id}, manager=None
            )
            for user in directory.users(deleted=True)
            if user.user_principal_name.casefold() not in names
        }
        return replace(known, users=(*known.users, *gone.values()))

    def _restore(self, image: DirectoryImage) -> None:
        deleted = {user.object_id for user in self.simulator.directory.users(deleted=True)}
        for user in image.users if deleted else ():
            if user.object_id in deleted:
                self.simulator.directory.restore_user(user.object_id)

    def _add_roles(self, image: DirectoryImage) -> None:
        roles = self.simulator.applications.roles(self._application)
        known = {name for role in roles for name in (role.value, role.display_name, role.role_id)}
        for name in sorted({item.role for item in image.assignments if item.role} - known):
            self.simulator.applications.add_role(self._application, name, name)

    def _choose_scope(self, scope: str) -> None:
        """Set the scope; a changed one re-evaluates everybody, as a restart does. Source: ENG-028."""
        if self.job.configuration.sync_all is (scope == "all"):
            return
        self.simulator.provisioning.set_scope(self._application, scope)
        if self.job.watermark is not None:
            self.simulator.provisioning.restart(self._application, ["Watermark"])

    def _choose_mappings(self, source: Source) -> None:
        provisioning = self.simulator.provisioning
        stored = provisioning.get_schema(self._application)
        if source.schema is not None and dict(source.schema) != stored:
            provisioning.put_schema(self._application, source.schema)
            stored = provisioning.get_schema(self._application)
        wanted = source.has_groups
        if wanted is not None and bool(object_mapping_of(stored, "Group").get("enabled")) is not wanted:
            provisioning.set_object_mapping_enabled(self._application, "Group", wanted)

    # -- running -------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask a run to end after the object in hand."""
        self._stop_asked = True

    def _asked(self) -> bool:
        self._tell()
        return self._stop_asked

    def _tell(self) -> None:
        seconds = self._monotonic() - self._began_s
        if 0 <= seconds - self._told_s < TELL_EVERY_S:
            return
        self._told_s = seconds
        job = self.simulator.core.jobs.get(self._application.job_id)
        counts = job.cycle.counts if job is not None and job.cycle is not None else CycleCounts()
        self._heard(
            Progress(
                done=counts.imported,
                total=None if self._expected is None else max(self._expected, counts.imported),
                references=counts.imported_reference_deltas,
                requests=self._requests - self._began_requests,
                seconds=seconds,
            )
        )

    def run(self) -> SyncResult:
        """Run what there is to do now, and pause the job again."""
        jobs = self.simulator.core.jobs
        for escrow in jobs.list_escrows(self._application.job_id):
            jobs.save_escrow(self._application.job_id, replace(escrow, next_attempt_at=self.simulator.clock.now()))
        self.simulator.provisioning.start(self._application)
        self._due_now()
        result = self._gathered()
        self.simulator.provisioning.stop(self._application)
        return result

    def start(self) -> None:
        """Let cycles follow each other by the clock, beginning now (watch)."""
        self.simulator.provisioning.start(self._application)
        self._due_now()

    def pause(self) -> None:
        """Stop the schedule; everything is kept."""
        self.simulator.provisioning.stop(self._application)

    def seconds_until_due(self) -> float:
        """Return real seconds until the next cycle, 0 when it is due."""
        at = self.job.next_cycle_at
        if at is None or self.job.schedule is not ScheduleState.ACTIVE:
            return float("inf")
        return max((at - self.simulator.clock.now()).total_seconds(), 0.0)

    def cycle(self) -> SyncResult:
        """Run the cycle that is due."""
        return self._gathered()

    def _due_now(self) -> None:
        job = self.job
        self.simulator.core.jobs.save(replace(job, next_cycle_at=self.simulator.clock.now()))

    def _gathered(self) -> SyncResult:
        core = self.simulator.core
        since = core.logs.last_sequence()
        self._began_requests, writes_before = self._requests, self._writes
        self._began_s = self._monotonic()
        problem = ""
        is_finished = True
        for _ in range(MOST_CYCLES_IN_A_RUN):
            happenings = self.simulator.time.tick()
            cycles = [item.cycle for item in happenings if item.cycle is not None]
            is_finished = all(cycle.is_finished for cycle in cycles) and not (self._stop_asked and not cycles)
            problem = self._problem([cycle.quarantine_reason for cycle in cycles])
            if problem or not is_finished or self.job.watermark == core.feed.newest(core.clock.now()):
                break
            self._due_now()
        return SyncResult(
            is_dry_run=self._is_dry_run,
            lines=plan_lines(self.simulator.queries.logs(self._application, since)),
            request_count=self._requests - self._began_requests,
            write_count=self._writes - writes_before,
            seconds=self._monotonic() - self._began_s,
            waiting_count=core.jobs.count_escrows(self._application.job_id),
            is_finished=is_finished,
            quarantine=problem,
            notes=self._notes,
        )

    def _problem(self, reasons: Sequence[str]) -> str:
        """Return why the target could not be worked with, as one sentence with the remedy; "" when it could."""
        reason = next((reason for reason in reasons if reason), "")
        execution = self.job.last_execution
        if not reason:
            return ""
        if execution is None or not execution.error_code:
            return f"The job is in quarantine ({reason}): too much failed. Mend what the failures name, then run again."
        cause = execution.error_message.rstrip(".")
        remedy = _REMEDIES.get(execution.error_code, "See what it lacks with 'entra-sim check'")
        if TLS_REFUSED in execution.error_message:
            remedy = "Name the authority of its certificate with --ca-file, or take any with --insecure-tls"
        base = self._endpoint.url.base
        return f"{base} cannot be provisioned into: {cause}. {remedy}, then run again; nothing was written."
