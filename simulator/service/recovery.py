"""Clearing up creates that had been sent when the process ended, before a cycle or an on-demand run does anything."""

from __future__ import annotations

from entra_sim.simulator.engine.recover import recover
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import SynchronizationJob
from entra_sim.simulator.service.core import Core
from entra_sim.simulator.service.driving import Line
from entra_sim.simulator.service.driving import drive
from entra_sim.simulator.service.records import log_entry
from entra_sim.simulator.service.runs import RunBuilder

Unclear = dict[tuple[str, str], TargetError]
"""(object type, source anchor) → why it could not be found out; such an object fails, so that nothing is made twice."""


def clear_up(
    core: Core,
    builder: RunBuilder,
    job: SynchronizationJob,
    application: Application,
    run: Run,
    line: Line,
    *,
    cycle_id: str,
) -> Unclear:
    """Link what lost creates made, with a record for each; returns those about which the target would not say."""
    unclear: Unclear = {}
    for intent in core.progress.list_intents(job.job_id):
        key = (intent.object_type, intent.source_anchor)
        began_at = core.clock.now()
        source = builder.observe(job, application, intent.object_type, [intent.source_anchor])[0]
        recovered = None
        if core.jobs.get_entry(job.job_id, *key) is None:
            try:
                recovered = drive(recover(source, intent.attribute, intent.value, run), line.send)
            except TargetError as error:
                unclear[key] = error
                continue
        with core.database.atomic():
            core.progress.delete_intent(job.job_id, *key)
            if recovered is not None:
                entry, draft = recovered
                core.jobs.save_entry(job.job_id, entry)
                log_entry(
                    core,
                    job,
                    application,
                    builder.schema(job.job_id),
                    draft,
                    cycle_id=cycle_id,
                    began_at=began_at,
                    request_sequences=(line.sequence,),
                )
    return unclear
