"""What a synchronization did, or would do, as values for text and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from entra_sim.simulator.ledger.codes import load_codes
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.model.operation import SkipReason

VERBS = {"Create": "create", "Update": "update", "Disable": "disable", "Delete": "delete", "StagedDelete": "hold"}
DONE = {"create": "created", "update": "updated", "disable": "disabled", "delete": "deleted", "hold": "held"}
UNCHANGED, SKIPPED, FAILED = "unchanged", "skip", "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeLine:
    """One attribute, old and new, as texts or None."""

    attribute: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One object: what is done with it and why.

    Args:
        verb: create, update, disable, delete, hold, skip, fail or unchanged.
        code: error code or skip reason, "" for neither.
        reason: why, for what is skipped or failed.
        remedy: what to do about a failure.
    """

    verb: str
    object_type: str
    identity: str
    changes: tuple[AttributeLine, ...] = ()
    code: str = ""
    reason: str = ""
    remedy: str = ""
    rules: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the line for JSON."""
        return {
            "action": self.verb,
            "type": self.object_type,
            "identity": self.identity,
            "changes": [{"attribute": item.attribute, "old": item.old, "new": item.new} for item in self.changes],
            "code": self.code,
            "reason": self.reason,
            "remedy": self.remedy,
            "rules": list(self.rules),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What one run, or one cycle of a watch, came to.

    Args:
        lines: one per provisioning log record, in order.
        request_count, write_count: requests sent to the target; of a dry run, `write_count` is 0.
        waiting_count: objects that wait for a retry.
        quarantine: why nothing could be done, "" when it could; the sentence for the user.
        is_finished: false when it was stopped on the way.
    """

    is_dry_run: bool
    lines: tuple[PlanLine, ...]
    request_count: int
    write_count: int
    seconds: float
    waiting_count: int
    is_finished: bool
    quarantine: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of lines by verb, in a fixed order."""
        verbs = [*DONE, UNCHANGED, SKIPPED, FAILED]
        return {verb: sum(line.verb == verb for line in self.lines) for verb in verbs}

    @property
    def failures(self) -> tuple[PlanLine, ...]:
        """Return the objects that failed."""
        return tuple(line for line in self.lines if line.verb == FAILED)

    @property
    def exit_code(self) -> int:
        """Return 130 when stopped, 1 when an object failed or nothing could be done, else 0."""
        if not self.is_finished:
            return 130
        return 1 if self.failures or self.quarantine else 0

    def as_dict(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {
            "dry_run": self.is_dry_run,
            "finished": self.is_finished,
            "counts": self.counts,
            "requests": self.request_count,
            "writes": self.write_count,
            "seconds": round(self.seconds, 3),
            "waiting_for_retry": self.waiting_count,
            "problem": self.quarantine,
            "notes": list(self.notes),
            "objects": [line.as_dict() for line in self.lines],
        }


def plan_lines(entries: Iterable[ProvisioningLogEntry]) -> tuple[PlanLine, ...]:
    """Return one line for each record of the provisioning log."""
    remedies = {code.name: code.remedy for code in load_codes()}
    return tuple(_line(entry, remedies) for entry in entries)


def _line(entry: ProvisioningLogEntry, remedies: dict[str, str]) -> PlanLine:
    verb = VERBS.get(entry.action, "update")
    reason = entry.explanation
    if entry.status == "Failure":
        verb = FAILED
        reason = entry.error.details or entry.error.reason if entry.error else ""
        if entry.error is not None and "Web Response: " in entry.error.reason:
            answer = entry.error.reason.split("Web Response: ", 1)[1].split(" This operation was retried", 1)[0]
            reason = f"{reason} {answer}".strip()
    elif entry.status == "Skipped" and entry.action != "StagedDelete":
        verb = UNCHANGED if entry.skip_reason == SkipReason.REDUNDANT else SKIPPED
    return PlanLine(
        verb=verb,
        object_type=entry.object_type,
        identity=entry.identity,
        changes=tuple(
            AttributeLine(attribute=item.display_name, old=item.old_value, new=item.new_value)
            for item in entry.modified_properties
        ),
        code=entry.code,
        reason=reason,
        remedy=remedies.get(entry.code, "") if verb == FAILED else "",
        rules=entry.rules,
    )
