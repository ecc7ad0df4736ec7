"""Finding one object at the target: by its matching attributes, or by the id of its link."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Mapping
from typing import Any

from entra_sim.simulator.engine.mapping import MappedValue
from entra_sim.simulator.engine.mapping import map_value
from entra_sim.simulator.engine.outcome import Resource
from entra_sim.simulator.engine.run import Run
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.errors import DuplicateTargetEntries
from entra_sim.simulator.scim import requests
from entra_sim.simulator.scim import responses
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Provenance
from entra_sim.simulator.scim.call import Reply


class NoMatchingValue(Exception):
    """No matching attribute has a value. Source: ENG-161."""


class Lookups:
    """The lookups of one object.

    Attributes:
        asked: first matching attribute and the value that the target was asked for; None before.
    """

    def __init__(self, subject: Subject, run: Run, attributes: Mapping[str, Any]) -> None:
        self._subject = subject
        self._run = run
        self._attributes = attributes
        self._compiled = run.mapping(subject.source.object_type)
        self.asked: tuple[str, str] | None = None

    def match(self) -> Generator[Call, Reply, Resource | None]:
        """Ask by each matching attribute in precedence order; the first that finds something wins.

        Raises:
            NoMatchingValue: none has a value; nothing was asked.
            DuplicateTargetEntries: one lookup found several.
        Source: ENG-278, ENG-239, ENG-160 to ENG-164.
        """
        kind, who = self._subject.source.object_type, self._subject.source.reportable_identifier
        has_asked = False
        for item in self._compiled.matching:
            mapped = map_value(item, self._attributes, self._run.evaluation)
            if mapped is None:
                continue
            value = str(mapped.value)
            has_asked = True
            self.asked = self.asked or (mapped.name, value)
            why = Provenance(
                purpose=f"match {who} by {mapped.name}",
                rules=("ENG-160", "WIRE-032"),
                source=f"matching precedence {item.row.matching_priority}: {item.row.source_expression}",
            )
            reply = yield requests.match(kind, mapped.name, value, provenance=why)
            found = responses.read_list(reply)
            if len(found) > 1:
                raise DuplicateTargetEntries(
                    f"The lookup by {mapped.name} found {len(found)} resources where one was looked for.",
                    status=reply.status,
                )
            if found and _carries(found[0], mapped):
                return found[0]
        if not has_asked:
            raise NoMatchingValue
        return None

    def read_linked(self, anchor: str) -> Generator[Call, Reply, Resource]:
        """Return the linked resource: by filter then id where Q-06 says so, else by id. Source: ENG-166, ENG-167."""
        if self._run.looks_up_by_filter or self._run.settings.linked_lookup_by_filter:
            try:
                found = yield from self.match()
            except NoMatchingValue:
                found = None
            if found is not None and found["id"] == anchor:
                return found
        kind, who = self._subject.source.object_type, self._subject.source.reportable_identifier
        why = Provenance(purpose=f"read the linked {kind.lower()} {who}", rules=("ENG-166", "WIRE-035"))
        reply = yield requests.read(kind, anchor, provenance=why)
        return responses.read_resource(reply, target_id=anchor)


def _carries(resource: Mapping[str, Any], mapped: MappedValue) -> bool:
    """Return whether a hit has the asked value, compared without case; one that does not show it is believed.

    Source: ENG-164.
    """
    held = mapped.compiled.path.read(resource)
    if held is None or isinstance(held, (Mapping, list, tuple)):
        return True
    return str(held).casefold() == str(mapped.value).casefold()
