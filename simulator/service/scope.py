"""Which linked objects are out of scope though their link does not say so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from entra_sim.simulator.engine.scoping import evaluate_filters
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service.core import Core

if TYPE_CHECKING:
    from entra_sim.simulator.service.runs import RunBuilder


class Scope:
    """The scope of one job, asked for single objects.

    A link is marked when its object leaves the scope and is disabled or deleted for it. Where that was skipped
    (SkipOutOfScopeDeletions), is held back, has failed or was not processed yet, the mark is missing, and only the
    directory tells. References must not name such objects all the same. Source: ENG-190, ENG-221, ENG-234.
    """

    def __init__(self, core: Core, builder: RunBuilder, job: SynchronizationJob, application: Application) -> None:
        self._core = core
        self._builder = builder
        self._job = job
        self._application = application

    def outside(
        self, anchors: Iterable[str], *, kinds: tuple[str, ...] = ("User", "Group"), looks_at_all: bool = False
    ) -> frozenset[str]:
        """Return which of these users and groups are out of scope, of those whose links may be wrong about it.

        Args:
            kinds: object types that are among them.
            looks_at_all: not even a link without a removal in sight is believed: nothing was processed for it.
        """
        found: set[str] = set()
        wanted = list(anchors)
        for object_type in kinds:
            doubtful = self._doubtful(object_type, wanted, looks_at_all)
            if doubtful:
                found.update(self._outside(object_type, doubtful))
        return frozenset(found)

    def _doubtful(self, object_type: str, anchors: list[str], looks_at_all: bool) -> list[str]:
        store, jobs, job_id = self._core.directory, self._core.jobs, self._job.job_id
        if looks_at_all or self._job.configuration.skip_out_of_scope_deletions:
            known = store.get_users(anchors) if object_type == "User" else store.get_groups(anchors)
            return [anchor for anchor in anchors if anchor in known]
        waiting = set(jobs.get_escrows(job_id, object_type, anchors))
        waiting.update(jobs.held_among(job_id, object_type, anchors))
        return [anchor for anchor in anchors if anchor in waiting]

    def _outside(self, object_type: str, anchors: list[str]) -> set[str]:
        compiled = self._builder.schema(self._job.job_id)
        mapping = (compiled.user if object_type == "User" else compiled.group).mapping
        settings = self._core.settings
        return {
            source.object_id
            for source in self._builder.observe(self._job, self._application, object_type, anchors, with_roles=False)
            if not source.is_entitled
            or not evaluate_filters(
                mapping.scoping_filters,
                source.attributes,
                is_anchored=settings.regex_match_anchored,
                ampersand_contains=settings.ampersand_contains,
            ).passes
        }
