"""After a crash: was the object created? It is looked up by the value that it had then. Source: design section 11."""

from __future__ import annotations

from collections.abc import Generator

from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.engine.record import Recorder
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.model.directory import SourceObject
from entra_sim.simulator.model.entry import SyncEntry
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import Status
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.call import Reply

Recovered = tuple[SyncEntry, LogDraft]


def recover(source: SourceObject, attribute: str, value: str, run: Run) -> Generator[Call, Reply, Recovered | None]:
    """Return the link to what the lost create made, with its record; None when it had not reached the target.

    Args:
        source: the object as it is now; what changed since is the business of the cycle that follows.
        attribute, value: matching attribute and what it was when the create was sent.
    Raises:
        TargetError: the target does not say.
    """
    kind, who = source.object_type, source.reportable_identifier
    why = Provenance(
        purpose=f"find out whether {who} had been created before the process ended",
        rules=("ENG-160",),
        source=f"{attribute} was {value!r} when the create was sent",
    )
    found = responses.read_list((yield requests.match(kind, attribute, value, provenance=why)))
    if len(found) != 1 or run.source_of(kind, found[0]["id"]) is not None:
        return None
    recorder = Recorder(source)
    recorder.imported()
    recorder.target_id = found[0]["id"]
    recorder.target_display_name = who
    recorder.exported("EntryExportAdd", "was created in", {"Recovered": "True"})
    draft = recorder.draft(
        Action.CREATE,
        Status.SUCCESS,
        rules=("ENG-160", "ENG-170"),
        explanation="The create had reached the target before the process ended; it is linked now.",
    )
    entry = SyncEntry(
        object_type=kind,
        source_anchor=source.object_id,
        target_anchor=found[0]["id"],
        display_name=str(source.attributes.get("displayName") or who),
    )
    return entry, draft
