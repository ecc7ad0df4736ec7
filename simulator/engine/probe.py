"""The lookup of somebody who cannot exist, before any work and in Test Connection. Source: ENG-130, ENG-131."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Sequence
from datetime import datetime

from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.record import TARGET_SYSTEM
from entra_sim.simulator.engine.record import LogDraft
from entra_sim.simulator.errors import TargetError
from entra_sim.simulator.model.log import ErrorInformation
from entra_sim.simulator.model.log import ProvisioningStep
from entra_sim.simulator.model.operation import Action
from entra_sim.simulator.model.operation import Status
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.call import Reply


def probe(mappings: Sequence[CompiledMapping], guids: Sequence[str], purpose: str) -> Generator[Call, Reply, None]:
    """Ask for a random GUID by the first matching attribute of each enabled mapping, users first.

    Raises:
        TargetError: the endpoint did not answer with 200 and a list; the job is quarantined for it.
    """
    for compiled, guid in zip(mappings, guids, strict=True):
        if not compiled.mapping.is_enabled:
            continue
        attribute = compiled.matching[0].row.target_attribute_name
        why = Provenance(purpose=purpose, rules=("ENG-130", "WIRE-030"), source="a random GUID nobody can have")
        responses.probe_verdict((yield requests.probe(compiled.object_type, attribute, guid, provenance=why)))


def refusal_record(error: TargetError, application_name: str, next_attempt_at: datetime) -> LogDraft:
    """Return the log record of a bad probe, which belongs to no user or group. Source: ENG-140 (Q-24).

    Assumed: action Other with one failed import step, since no such record was seen.
    """
    text = f"Failed to check the credentials of '{application_name}' at {TARGET_SYSTEM}; nothing else was done"
    step = ProvisioningStep(
        name="EntryImport", type="import", status="failure", description=text, details={"ErrorCode": error.code}
    )
    reason = responses.error_text(error, 0, next_attempt_at)
    return LogDraft(
        action=Action.OTHER,
        status=Status.FAILURE,
        object_type="User",
        source_id="",
        source_display_name=application_name,
        identity=application_name,
        target_id="",
        target_display_name="",
        steps=(step,),
        modified_properties=(),
        error=ErrorInformation(code=error.code, category=error.category, reason=reason, details=str(error)),
        skip_reason="",
        rules=("ENG-130", "ENG-140", "Q-24"),
        explanation=text,
    )
