"""The findings about a schema that a plan proves: who really fails, lacks a value or drops out."""

from __future__ import annotations

from collections.abc import Sequence

from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.model.operation import SkipReason
from entra_sim.simulator.planning.lint import lint_schema
from entra_sim.simulator.planning.lint import sharpened
from entra_sim.simulator.planning.lint_people import EXAMPLES
from entra_sim.simulator.planning.lint_people import expression_finding
from entra_sim.simulator.planning.lint_people import missing_match_finding
from entra_sim.simulator.planning.lint_people import null_blind_finding
from entra_sim.simulator.planning.lint_people import repeated_match_finding
from entra_sim.simulator.planning.lint_people import required_finding
from entra_sim.simulator.planning.model import Finding
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.planning.model import ObjectPlan


def plan_findings(state: JobSettings, lines: Sequence[ObjectPlan], *, is_initial: bool) -> tuple[Finding, ...]:
    """Return the traps of the schema that is planned, with those whom the plan shows to fall into them.

    Args:
        is_initial: everybody was looked at, so that what hit nobody is not reported.
    """
    found = list(lint_schema(state.document, config=state))
    schema = read_schema(state.document)
    for mapping in (schema.user, schema.group):
        mine = [line for line in lines if line.object_type == mapping.object_type]
        seen = _seen(mapping.name, mine)
        found = sharpened(found, seen, mapping.name) if is_initial else [*found, *seen]
    return tuple(found)


def _seen(name: str, lines: Sequence[ObjectPlan]) -> list[Finding]:
    groups: dict[tuple[str, str], list[ObjectPlan]] = {}
    for line in lines:
        key = _trap(line)
        if key is not None:
            groups.setdefault(key, []).append(line)
    found = []
    for (trap, detail), hit in sorted(groups.items()):
        people = tuple(line.identity for line in hit[:EXAMPLES])
        count, first = len(hit), hit[0]
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


def _trap(line: ObjectPlan) -> tuple[str, str] | None:
    if line.kind is Kind.EXPRESSION_ERROR:
        return "expression", line.cause.removesuffix(" fails")
    if line.cause == SkipReason.VALIDATION:
        return "required", line.reason.split("'")[1] if "'" in line.reason else ""
    if line.cause == SkipReason.JOINING_VALUE_MISSING:
        return "missing", ""
    if line.cause == "DuplicateSourceEntries":
        return "repeated", ""
    if line.clause and line.value is None and "IS NOT NULL" not in line.clause:
        return "null", line.clause
    return None
