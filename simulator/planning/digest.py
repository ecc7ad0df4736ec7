"""A plan in numbers and groups, made while its lines go by once: they are many, and unpacking them takes time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import TypeVar

from entra_sim.simulator.model.operation import SkipReason
from entra_sim.simulator.planning.model import Kind
from entra_sim.simulator.planning.model import ObjectPlan

Key = TypeVar("Key")

EXAMPLES = 3


@dataclass(slots=True)
class Group:
    """Lines that share something: how many, and the first few. `text` is that of the first."""

    count: int = 0
    examples: list[ObjectPlan] = field(default_factory=list)
    text: str = ""

    def add(self, line: ObjectPlan, text: str = "") -> None:
        """Count a line."""
        self.text = text if self.count == 0 else self.text
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(line)


@dataclass(slots=True)
class Digest:
    """What a plan amounts to.

    Attributes:
        counts: kind and object type → number.
        equal: kind, object type and label → those to whom the same happens; those unchanged are left out.
        stays: rule and attribute → those for whom that stays wrong.
        stays_count: objects for which anything stays wrong.
        traps: object type, trap and detail → those who fall into a known trap of the schema.
    """

    counts: dict[tuple[Kind, str], int] = field(default_factory=dict)
    equal: dict[tuple[Kind, str, str], Group] = field(default_factory=dict)
    stays: dict[tuple[str, str], Group] = field(default_factory=dict)
    stays_count: int = 0
    traps: dict[tuple[str, str, str], Group] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Iterable[ObjectPlan]) -> Digest:
        """Return the digest of these lines."""
        digest = cls()
        for line in lines:
            digest._add(line)
        return digest

    def _add(self, line: ObjectPlan) -> None:
        kind, object_type = line.kind, line.object_type
        key = (kind, object_type)
        self.counts[key] = self.counts.get(key, 0) + 1
        if kind is not Kind.UNCHANGED:
            _group(self.equal, (kind, object_type, _label(line))).add(line)
        if line.stays_wrong:
            self.stays_count += 1
            for item in line.stays_wrong:
                _group(self.stays, (item.rule, item.attribute)).add(line, item.text)
        trap = _trap(line)
        if trap is not None:
            _group(self.traps, (object_type, *trap)).add(line)


def _group(groups: dict[Key, Group], key: Key) -> Group:
    found = groups.get(key)
    if found is None:
        found = groups[key] = Group()
    return found


def _label(line: ObjectPlan) -> str:
    if line.kind is Kind.CREATED:
        return ""
    if line.kind is Kind.TAKEN_OVER:
        names = ", ".join(dict.fromkeys(change.attribute for change in line.changes))
        return f"by {line.match.split(' = ')[0]}" + (f", writing {names}" if names else "")
    if line.kind in (Kind.UPDATED, Kind.RE_ENABLED):
        return ", ".join(dict.fromkeys(change.attribute for change in line.changes))
    return line.cause


def _trap(line: ObjectPlan) -> tuple[str, str] | None:
    """Return the trap of a schema into which the object falls, and what it is about."""
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
