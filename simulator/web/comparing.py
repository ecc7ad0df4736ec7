"""Compare: what should be, the stored link, what is in the target. Decisions come from the engine itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entra_sim.simulator.engine.run import intend
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.operation import IntentKind
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.responses import read_page
from entra_sim.simulator.service.driving import open_transport
from entra_sim.simulator.service.explaining import explain
from entra_sim.simulator.service.simulator import Simulator

EQUAL, CHANGES, WAITS, SKIPPED, LINKED = "equal", "will change", "waiting for retry", "skipped", "linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRow:
    """One person or group.

    Args:
        should_be: the decision in words.
        link: the stored link, or None.
        state: equal, will change, waiting for retry, skipped; "linked" while the target was not looked at.
        tells: why.
    """

    object_id: str
    name: str
    identifier: str
    should_be: str
    link: SyncEntry | None
    state: str
    tells: str


def compare(
    sim: Simulator, application: Application, object_type: str, object_ids: Sequence[str], *, looks: bool
) -> list[CompareRow]:
    """Return the rows of these objects; `looks` also reads the target, object by object.

    Raises:
        StateConflict: no credentials are saved.
    """
    job = sim.queries.job(application)
    run = sim.builder.run(job)
    entries = sim.core.jobs.get_entries(job.job_id, object_type, object_ids)
    escrows = sim.core.jobs.get_escrows(job.job_id, object_type, object_ids)
    rows = []
    for source in sim.builder.observe(job, application, object_type, object_ids):
        entry = entries.get(source.object_id)
        subject = intend(source, entry, run)
        kind = subject.intent.kind
        state = _state(kind, entry)
        tells = subject.intent.explanation or _REASONS.get(str(subject.intent.skip_reason), "")
        if source.object_id in escrows:
            state, tells = WAITS, escrows[source.object_id].error_message
        elif looks and state != SKIPPED:
            explanation = explain(sim, application, source.object_id)
            writes = bool(explanation.calls) and explanation.calls[-1].is_write
            state, tells = CHANGES if writes else EQUAL, explanation.headline
        rows.append(
            CompareRow(
                object_id=source.object_id,
                name=str(source.attributes.get("displayName") or source.reportable_identifier),
                identifier=source.reportable_identifier,
                should_be=_WORDS.get(kind, str(kind)),
                link=entry,
                state=state,
                tells=tells,
            )
        )
    return rows


_REASONS = {
    "NotEffectivelyEntitled": "not assigned, filtered out, or not active",
    "RedundantExport": "both sides are equal",
}
_WORDS = {
    IntentKind.PROVISION: "in scope",
    IntentKind.MAINTAIN: "in scope",
    IntentKind.DISABLE: "disabled",
    IntentKind.DELETE: "deleted",
    IntentKind.SKIP: "out of scope",
    IntentKind.NOTHING: "out of scope",
}


def _state(kind: IntentKind, entry: SyncEntry | None) -> str:
    if kind in (IntentKind.SKIP, IntentKind.NOTHING):
        return SKIPPED
    if entry is None:
        return CHANGES
    if kind in (IntentKind.DISABLE, IntentKind.DELETE):
        return EQUAL if entry.is_disabled and kind is IntentKind.DISABLE else CHANGES
    return LINKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """An account of the target that no link leads to."""

    target_id: str
    name: str


def only_in_target(sim: Simulator, application: Application, *, limit: int = 100) -> tuple[list[Stranger], str]:
    """Return accounts among the target's first ones that have no link, and what went wrong, if anything did.

    The real service never lists a target in a cycle; this is the lab's own question. Source: ENG-500 for the only one.
    """
    job = sim.queries.job(application)
    transport = open_transport(sim.core, application, job.configuration)
    try:
        call = Call(
            method="GET",
            path="/Users",
            query=(("startIndex", "1"), ("count", str(limit))),
            provenance=Provenance(purpose="compare: what is only in the target"),
        )
        reply = transport.send(call)
        resources = read_page(reply).resources
    except SimulatorError as error:
        return [], str(error)
    finally:
        transport.close()
    found = []
    for resource in resources:
        target_id = str(resource.get("id", ""))
        if sim.core.jobs.find_source(job.job_id, "User", target_id) is None:
            found.append(Stranger(target_id=target_id, name=str(resource.get("userName", ""))))
    return found, ""
