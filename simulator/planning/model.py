"""What a plan is asked, and what it says, object by object."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from entra_sim.simulator.scim.profile import Dialect

if TYPE_CHECKING:
    from entra_sim.simulator.planning.digest import Digest

DEFAULT_THRESHOLD = 500
EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
"""The instant at which lint evaluates expressions, so that it says the same every day."""


class Kind(StrEnum):
    """What becomes of one user or group."""

    CREATED = "created"
    TAKEN_OVER = "taken over"
    UPDATED = "updated"
    RE_ENABLED = "re-enabled"
    DISABLED = "disabled"
    DELETED = "deleted"
    HELD = "held"
    AMBIGUOUS = "ambiguous"
    EXPRESSION_ERROR = "expression error"
    FAILED = "failed"
    OUT_OF_SCOPE = "out of scope"
    LEFT_ALONE = "left alone"
    UNCHANGED = "unchanged"


REMOVALS = frozenset({Kind.DISABLED, Kind.DELETED, Kind.HELD})
WRITES = frozenset({Kind.CREATED, Kind.TAKEN_OVER, Kind.UPDATED, Kind.RE_ENABLED, Kind.DISABLED, Kind.DELETED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """One state of the job: what is compared is two of these, or one is planned alone.

    Args:
        document: the synchronizationSchema.
        sync_all: *Sync all users and groups*.
        dialect: as the flag of the tenant URL asks for.
        threshold: of accidental-deletion prevention, None when it is off.
        assigned, unassigned: object ids that are assigned on top of the directory's assignments, or are not.
    """

    document: Mapping[str, Any]
    sync_all: bool = False
    dialect: Dialect = Dialect.DEFAULT
    skips_out_of_scope_deletions: bool = False
    threshold: int | None = None
    assigned: tuple[str, ...] = ()
    unassigned: tuple[str, ...] = ()


class AttributeChange(NamedTuple):
    """One attribute of one object, old → new, with the mapping row behind it. Members have one entry each."""

    attribute: str
    old: str | None
    new: str | None
    source: str = ""


class StaysWrong(NamedTuple):
    """What the real service will not repair by itself, with the rule and what to do."""

    rule: str
    attribute: str
    text: str


class ObjectPlan(NamedTuple):
    """What becomes of one user or group. A tuple, since a plan holds many.

    Args:
        identity: UPN of a user, display name of a group.
        target: name of the account at the target, "" when there is none yet.
        match: the matching attribute and value that found the account, for one that is taken over.
        reason: one sentence; "" where the changes say it all.
        cause: a few words that objects in the same situation share, to group them by.
        clause, value: the scoping clause that failed, and what it looked at.
        column: of an expression error; 0 for none.
        reads, writes: requests.
    """

    object_type: str
    object_id: str
    identity: str
    kind: Kind
    target: str = ""
    match: str = ""
    changes: tuple[AttributeChange, ...] = ()
    reason: str = ""
    cause: str = ""
    clause: str = ""
    value: str | None = None
    column: int = 0
    stays_wrong: tuple[StaysWrong, ...] = ()
    rules: tuple[str, ...] = ()
    reads: int = 0
    writes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayAccount:
    """An account or group of the target that nobody of the directory is linked to."""

    object_type: str
    target_id: str
    name: str
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Accidental-deletion prevention: how many removals there are, and whether they would be held.

    Args:
        threshold: that was asked about; `is_on` whether prevention is on in the plan (then removals are held).
    """

    removal_count: int
    threshold: int
    is_on: bool
    trips: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A known trap in a schema.

    Args:
        id: name of the trap, for gates and searches.
        rule: of docs/reference.
        place: object mapping and target attribute or filter.
        text, remedy: a sentence each.
        severity: "warning", or "error" where somebody of the directory is not provisioned for it.
        people: some of those whom it hits; `people_count` all of them, 0 when no directory was looked at.
    """

    id: str
    rule: str
    place: str
    text: str
    remedy: str
    severity: str = "warning"
    people: tuple[str, ...] = ()
    people_count: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "id": self.id,
            "rule": self.rule,
            "severity": self.severity,
            "place": self.place,
            "text": self.text,
            "remedy": self.remedy,
            "people": list(self.people),
            "peopleCount": self.people_count,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole plan.

    Args:
        objects: users by object id, then groups by object id.
        digest: the same in numbers and groups.
        is_initial: an initial cycle looks at everybody; else an incremental one at those whose assignment changed.
        cycle_reason: what starts it, or what an administrator has to do so that it starts.
        in_scope_count: assigned users, groups and memberships, the N of ENG-470.
        minutes: estimated length of an initial cycle, from and to.
        requests: method → number.
        notes: sentences about what was assumed.
    """

    title: str
    objects: Sequence[ObjectPlan]
    digest: Digest
    strays: tuple[StrayAccount, ...]
    verdict: Verdict
    is_initial: bool
    cycle_reason: str
    in_scope_count: int
    minutes: tuple[float, float]
    requests: Mapping[str, int]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def totals(self) -> dict[str, dict[str, int]]:
        """Return kind → object type → number, in the order of `Kind`; kinds that do not occur are left out."""
        found: dict[str, dict[str, int]] = {}
        for kind in Kind:
            by_type = {name: number for (one, name), number in self.digest.counts.items() if one is kind}
            if by_type:
                found[str(kind)] = by_type
        return found

    def count(self, kind: Kind) -> int:
        """Return how many objects end up so, users and groups together."""
        return sum(number for (one, _name), number in self.digest.counts.items() if one is kind)
