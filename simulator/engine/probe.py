"""The lookup of somebody who cannot exist, before any work and in Test Connection. Source: ENG-130, ENG-131."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Sequence

from entra_sim.simulator.engine.mapping import CompiledMapping
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
