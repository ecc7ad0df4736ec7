"""A plan in short: groups of objects to which the same happens, totals, gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.planning.model import REMOVALS
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.planning.model import ObjectPlan
from entra_sim.simulator.planning.model import Plan

STAYS_WRONG = "stays-wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualChanges:
    """Objects to which the same happens: the same kind, the same attributes or the same cause."""

    kind: Kind
    object_type: str
    label: str
    count: int
    examples: tuple[ObjectPlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaysGroup:
    """What stays wrong in the same way for several objects: `text` is that of the first."""

    rule: str
    attribute: str
    count: int
    text: str
    examples: tuple[str, ...]


def equal_changes(plan: Plan) -> list[EqualChanges]:
    """Return the groups of equal changes, by kind and then the largest first; those unchanged are left out."""
    order = list(Kind)
    groups = [
        EqualChanges(kind=kind, object_type=object_type, label=label, count=group.count, examples=tuple(group.examples))
        for (kind, object_type, label), group in plan.digest.equal.items()
    ]
    return sorted(groups, key=lambda group: (order.index(group.kind), -group.count, group.object_type, group.label))


def stays_wrong(plan: Plan) -> list[StaysGroup]:
    """Return what stays wrong, grouped by rule and attribute, the most frequent first."""
    groups = [
        StaysGroup(
            rule=rule,
            attribute=attribute,
            count=group.count,
            text=group.text,
            examples=tuple(line.identity for line in group.examples),
        )
        for (rule, attribute), group in plan.digest.stays.items()
    ]
    return sorted(groups, key=lambda group: (-group.count, group.rule, group.attribute))


def gate_counts(plan: Plan) -> dict[str, int]:
    """Return what a gate can ask for: every kind, `removals`, `errors`, `stays-wrong`, `findings`."""
    counts = {gate_name(kind): plan.count(kind) for kind in Kind}
    counts["removals"] = sum(plan.count(kind) for kind in REMOVALS)
    counts["errors"] = sum(plan.count(kind) for kind in (Kind.AMBIGUOUS, Kind.EXPRESSION_ERROR, Kind.FAILED))
    counts[STAYS_WRONG] = plan.digest.stays_count
    counts["findings"] = len(plan.findings)
    return counts


def gate_name(kind: Kind) -> str:
    """Return how a kind is written in a gate: "taken-over"."""
    return str(kind).replace(" ", "-")


def read_gates(text: str) -> dict[str, int]:
    """Return the limits of `disabled=50,deleted=0`.

    Raises:
        UserInputError: a name or a number is none.
    """
    known = {*(gate_name(kind) for kind in Kind), "removals", "errors", STAYS_WRONG, "findings"}
    limits = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        if name not in known:
            near = get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(sorted(known))}"
            raise UserInputError(f"--fail-over: there is no '{name}'; {hint}")
        if not sign or not number.isascii() or not number.isdigit():
            raise UserInputError(f"--fail-over: '{part.strip()}' needs a whole number, as in {name}=50")
        limits[name] = int(number)
    return limits


def passed_limits(plan: Plan, limits: Mapping[str, int]) -> list[str]:
    """Return one sentence for each limit that the plan exceeds."""
    counts = gate_counts(plan)
    return [f"{name}: {counts[name]:,}, allowed {limit:,}" for name, limit in limits.items() if counts[name] > limit]
