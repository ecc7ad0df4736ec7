"""What a cycle looks at: pages of the feed, due retries, held removals, as source objects."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace

from entra_sim.simulator.engine.references import MemberChanges
from entra_sim.simulator.engine.references import member_changes
from entra_sim.simulator.engine.references import without
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.job import Cycle
from entra_sim.simulator.model.job import CycleKind
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.runs import RunBuilder
from entra_sim.simulator.service.scope import Scope
from entra_sim.simulator.store.feed import ChangedObject

_SCOPE = {"User": frozenset({"accountEnabled", "IsSoftDeleted"}), "Group": frozenset({"securityEnabled"})}
"""What the scope depends on besides filters and assignments (ENG-010, ENG-023)."""


class CycleObserver:
    """Reads the source side of one cycle: everything in an initial cycle, else what changed since the watermark."""

    def __init__(
        self, core: Core, builder: RunBuilder, job: SynchronizationJob, application: Application, cycle: Cycle
    ) -> None:
        self._core = core
        self._builder = builder
        self._job = job
        self._application = application
        self._cycle = cycle
        self._changes: dict[str, dict[str, ChangedObject]] = {}
        self.held = frozenset(core.jobs.list_held(job.job_id))
        self._scope = Scope(core, builder, job, application)

    def changes(self, object_type: str) -> dict[str, ChangedObject]:
        """Return the objects of the feed that matter to this job, by id in feed order.

        Source: ENG-151, ENG-150, ENG-152.
        """
        if object_type not in self._changes:
            compiled = self._builder.schema(self._job.job_id)
            mapping = compiled.user if object_type == "User" else compiled.group
            relevant = mapping.source_attributes | _SCOPE[object_type]
            if self._cycle.kind is CycleKind.INITIAL or not mapping.mapping.is_enabled:
                self._changes[object_type] = {}
            else:
                found = self._core.feed.changed(
                    object_type,
                    self._application.application_id,
                    self._cycle.lower_sequence,
                    self._cycle.upper_sequence,
                    relevant,
                )
                self._changes[object_type] = {change.object_id: change for change in found}
        return self._changes[object_type]

    def has_work(self) -> bool:
        """Return whether there is anything to look at: a first cycle, changes, due retries, released removals."""
        if self._cycle.kind is CycleKind.INITIAL or (self._cycle.releases_removals and self.held):
            return True
        if self._core.progress.has_intents(self._job.job_id):
            return True
        if self._core.jobs.has_due_escrow(self._job.job_id, self._core.clock.now()):
            return True
        return bool(self.changes("User") or self.changes("Group"))

    def pages(self, object_type: str, after: str) -> Iterator[list[str]]:
        """Yield pages of object ids in feed order, starting after an id. Source: ENG-141."""
        size = self._core.settings.page_size
        if self._cycle.kind is CycleKind.INITIAL:
            yield from self._all_pages(object_type, after, size)
            return
        wanted = set(self.changes(object_type))
        wanted.update(self._core.jobs.due_escrows(self._job.job_id, object_type, self._core.clock.now()))
        if self._cycle.releases_removals:
            wanted.update(anchor for kind, anchor in self.held if kind == object_type)
        ids = sorted(object_id for object_id in wanted if object_id > after)
        for start in range(0, len(ids), size):
            yield ids[start : start + size]

    def _all_pages(self, object_type: str, after: str, size: int) -> Iterator[list[str]]:
        """Yield every object of the directory, and links whose object is gone.

        Source: ENG-141, ENG-324, ENG-140, ENG-143.
        """
        store, jobs = self._core.directory, self._core.jobs
        read = store.user_ids_after if object_type == "User" else store.group_ids_after
        while True:
            living = read(after, size)
            up_to = living[-1] if len(living) == size else None
            orphans = jobs.orphaned_entries(self._job.job_id, object_type, after, up_to, size)
            page = list(heapq.merge(living, orphans))[:size]
            if not page:
                return
            after = page[-1]
            yield page

    def observe(self, object_type: str, page: list[str]) -> list[SourceObject]:
        """Return the objects of a page as the job sees them now. Source: ENG-176: the feed gives the current state."""
        default = "Add" if self._cycle.kind is CycleKind.INITIAL else ""
        return self._builder.observe(
            self._job,
            self._application,
            object_type,
            page,
            self.changes(object_type),
            default_change=default,
        )

    def member_changes(self, group: SourceObject) -> MemberChanges:
        """Return the members of a group that are to be written, from links and what was exported. Source: ENG-231."""
        jobs = self._core.jobs
        resolved = jobs.resolve_members(self._job.job_id, group.member_ids)
        exported = jobs.exported_members(self._job.job_id, group.object_id)
        missing = [member for member in group.member_ids if member not in resolved]
        changes = member_changes(group.member_ids, exported, resolved, self._names(missing))
        if not changes.added:
            return changes
        withdrawn = jobs.withdrawn_members(self._job.job_id, group.object_id)
        if not withdrawn.isdisjoint(changes.added):
            added = {member: target for member, target in changes.added.items() if member not in withdrawn}
            changes = replace(changes, added=added)
        outside = self._scope.outside(changes.added)
        return without(changes, outside, self._names(sorted(outside))) if outside else changes

    def _names(self, object_ids: list[str]) -> dict[str, str]:
        users = self._core.directory.get_users(object_ids)
        names = {object_id: user.user_principal_name for object_id, user in users.items()}
        groups = self._core.directory.get_groups([item for item in object_ids if item not in names])
        return names | {object_id: group.display_name for object_id, group in groups.items()}
