"""What a schema does to the people of a directory that its document alone does not show."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from entra_sim.simulator.engine.mapping import CompiledMapping
from entra_sim.simulator.engine.mapping import CompiledRow
from entra_sim.simulator.engine.mapping import ObjectFlowIgnored
from entra_sim.simulator.engine.mapping import map_value
from entra_sim.simulator.engine.run import Subject
from entra_sim.simulator.engine.scoping import canonical_operator
from entra_sim.simulator.engine.scoping import evaluate_clause
from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.errors import SourceDataError
from entra_sim.simulator.expressions import EvaluationContext
from entra_sim.simulator.model.directory import Presence
from entra_sim.simulator.planning.cycle import Compiled
from entra_sim.simulator.planning.cycle import Environment
from entra_sim.simulator.planning.cycle import Half
from entra_sim.simulator.planning.cycle import Order
from entra_sim.simulator.planning.cycle import Purpose
from entra_sim.simulator.planning.groups import GroupHalf
from entra_sim.simulator.planning.model import EPOCH
from entra_sim.simulator.planning.model import Finding
from entra_sim.simulator.planning.model import JobSettings
from entra_sim.simulator.planning.observed import observed
from entra_sim.simulator.planning.target import PretendTarget
from entra_sim.simulator.planning.users import UserHalf
from entra_sim.simulator.settings import Settings
from entra_sim.simulator.tenants import DirectoryImage

EXAMPLES = 3


class PeopleFindings:
    """Tries a schema on everybody in scope."""

    def __init__(
        self,
        document: Mapping[str, Any],
        compiled: Compiled,
        image: DirectoryImage,
        config: JobSettings | None,
        tries_expressions: bool,
    ) -> None:
        state = JobSettings(document=document, sync_all=True) if config is None else replace(config, document=document)
        environment = Environment(states=(state,), settings=Settings(), now=EPOCH, default_domain="contoso.example")
        people, teams = observed(image, environment.states)
        self._halves: dict[str, Half] = {
            "User": UserHalf(environment, PretendTarget(), people),
            "Group": GroupHalf(environment, PretendTarget(), teams),
        }
        self._compiled = compiled
        self._tries = tries_expressions

    def findings(self, mapping: CompiledMapping) -> list[Finding]:
        """Return what hits somebody: no matching value, one that repeats, empty clauses, required, expressions."""
        half = self._halves[mapping.object_type]
        run = half.run(Order(state=0, purpose=Purpose.PLAN))
        everybody = list(half.subjects(Order(state=0, purpose=Purpose.PLAN), run))
        inside = [one for one in everybody if one.is_inside and one.source.presence is Presence.ACTIVE]
        found = [*_matching(mapping, inside, run.evaluation), *_clauses(mapping, everybody)]
        if self._tries:
            found += _rows(mapping, inside, run.evaluation)
        return found


def _value(item: CompiledRow, subject: Subject, context: EvaluationContext) -> str | None:
    try:
        mapped = map_value(item, subject.attributes, context)
    except (SourceDataError, ObjectFlowIgnored):
        return None
    return None if mapped is None else str(mapped.value)


def _matching(mapping: CompiledMapping, inside: Sequence[Subject], context: EvaluationContext) -> list[Finding]:
    without: list[str] = []
    shared: dict[str, list[str]] = {}
    first = mapping.matching[0]
    for subject in inside:
        values = [_value(item, subject, context) for item in mapping.matching]
        if not any(values):
            without.append(subject.source.reportable_identifier)
        elif values[0]:
            shared.setdefault(values[0].casefold(), []).append(subject.source.reportable_identifier)
    found = []
    place = f"{mapping.mapping.name}: {first.row.target_attribute_name}"
    if without:
        found.append(missing_match_finding(place, len(without), tuple(without[:EXAMPLES])))
    repeated = [name for names in shared.values() if len(names) > 1 for name in names]
    if repeated:
        found.append(repeated_match_finding(place, len(repeated), tuple(repeated[:EXAMPLES])))
    return found


def _clauses(mapping: CompiledMapping, everybody: Sequence[Subject]) -> list[Finding]:
    found = []
    for group in mapping.mapping.scoping_filters:
        for clause in group.clauses:
            if canonical_operator(clause.operator_name) in ("IS NULL", "IS NOT NULL"):
                continue
            hit = [
                subject.source.reportable_identifier
                for subject in everybody
                if not subject.verdict.passes
                and evaluate_clause(group.name, clause, subject.source.attributes).value in (None, "", [], ())
            ]
            if hit:
                shown = f"{group.name}.{clause.source_operand_name} {clause.operator_name}"
                found.append(null_blind_finding(mapping.mapping.name, shown, len(hit), tuple(hit[:EXAMPLES])))
    return found


def _rows(mapping: CompiledMapping, inside: Sequence[Subject], context: EvaluationContext) -> list[Finding]:
    found = []
    for item in mapping.rows:
        failed: list[str] = []
        empty: list[str] = []
        first = ""
        for subject in inside:
            try:
                mapped = map_value(item, subject.attributes, context)
            except SourceDataError as error:
                first = first or _described(error)
                failed.append(subject.source.reportable_identifier)
            except ObjectFlowIgnored:
                continue
            else:
                if mapped is None:
                    empty.append(subject.source.reportable_identifier)
        place = f"{mapping.mapping.name}: {item.row.target_attribute_name}"
        if failed:
            found.append(expression_finding(place, len(failed), tuple(failed[:EXAMPLES]), first))
        if empty and item.row.definition.is_required and item.row.default_value is None:
            found.append(required_finding(place, len(empty), tuple(empty[:EXAMPLES])))
    return found


def _described(error: SourceDataError) -> str:
    cause = error.__cause__
    column = f" (column {cause.column})" if isinstance(cause, ExpressionError) else ""
    return f"{error}{column}"


def expression_finding(place: str, count: int, people: tuple[str, ...], first: str) -> Finding:
    """Return the finding about an expression that fails for somebody. Source: ENG-440."""
    return Finding(
        id="expression-fails",
        rule="ENG-440",
        place=place,
        text=f"It fails for {count:,} in scope, who are then not provisioned at all. First: {first}",
        remedy="Guard it with IIF(IsNullOrEmpty(...), ...), and try it with 'entra-sim eval'.",
        severity="error",
        people=people,
        people_count=count,
    )


def required_finding(place: str, count: int, people: tuple[str, ...]) -> Finding:
    """Return the finding about a required target attribute that is empty for somebody. Source: ENG-081."""
    return Finding(
        id="required-empty",
        rule="ENG-081",
        place=place,
        text=f"It is required and empty for {count:,} in scope, who are not created.",
        remedy="Give the mapping a default value, or a source that everybody has.",
        severity="error",
        people=people,
        people_count=count,
    )


def missing_match_finding(place: str, count: int, people: tuple[str, ...]) -> Finding:
    """Return the finding about objects in scope without any matching value. Source: ENG-161."""
    return Finding(
        id="match-missing",
        rule="ENG-161",
        place=place,
        text=f"{count:,} in scope have no value for any matching attribute and are not provisioned.",
        remedy="Add a matching attribute of lower precedence that everybody has.",
        severity="error",
        people=people,
        people_count=count,
    )


def repeated_match_finding(place: str, count: int, people: tuple[str, ...]) -> Finding:
    """Return the finding about matching values that repeat. Source: ENG-163."""
    return Finding(
        id="match-repeats",
        rule="ENG-163",
        place=place,
        text=f"{count:,} in scope share their matching value with somebody: only the first is linked.",
        remedy="Match on something unique, such as userPrincipalName or objectId.",
        severity="error",
        people=people,
        people_count=count,
    )


def null_blind_finding(name: str, clause: str, count: int, people: tuple[str, ...]) -> Finding:
    """Return the finding about a clause that an empty value fails. Source: ENG-043."""
    return Finding(
        id="null-blind-clause",
        rule="ENG-043",
        place=f"{name}: filter",
        text=f"{count:,} are out of scope because the value is empty: {clause} is false then.",
        remedy="Add a second filter with IS NULL for that attribute if those shall be in scope.",
        people=people,
        people_count=count,
    )
