"""The findings about a schema that a plan proves: who really fails, lacks a value or drops out."""

from __future__ import annotations

from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.planning.digest import Digest
from entra_sim.simulator.planning.lint import lint_schema
from entra_sim.simulator.planning.lint import sharpened
from entra_sim.simulator.planning.lint_people import expression_finding
from entra_sim.simulator.planning.lint_people import missing_match_finding
from entra_sim.simulator.planning.lint_people import null_blind_finding
from entra_sim.simulator.planning.lint_people import repeated_match_finding
from entra_sim.simulator.planning.lint_people import required_finding
from entra_sim.simulator.planning.model import Finding
from entra_sim.simulator.planning.model import JobSettings


def plan_findings(state: JobSettings, digest: Digest, *, is_initial: bool) -> tuple[Finding, ...]:
    """Return the traps of the schema that is planned, with those whom the plan shows to fall into them.

    Args:
        is_initial: everybody was looked at, so that what hit nobody is not reported.
    """
    found = list(lint_schema(state.document, config=state))
    schema = read_schema(state.document)
    for mapping in (schema.user, schema.group):
        seen = _seen(mapping.name, mapping.object_type, digest)
        found = sharpened(found, seen, mapping.name) if is_initial else [*found, *seen]
    return tuple(found)


def _seen(name: str, object_type: str, digest: Digest) -> list[Finding]:
    found = []
    for (kind, trap, detail), hit in sorted(digest.traps.items(), key=lambda item: item[0]):
        if kind != object_type:
            continue
        people = tuple(line.identity for line in hit.examples)
        count, first = hit.count, hit.examples[0]
        if trap == "expression":
            shown = f"{first.reason} (column {first.column})" if first.column else first.reason
            found.append(expression_finding(f"{name}: {detail}", count, people, shown))
        elif trap == "required":
            found.append(required_finding(f"{name}: {detail}", count, people))
        elif trap == "missing":
            found.append(missing_match_finding(name, count, people))
        elif trap == "repeated":
            found.append(repeated_match_finding(name, count, people))
        else:
            found.append(null_blind_finding(name, detail, count, people))
    return found
