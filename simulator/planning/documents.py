"""A plan as JSON and as a table, and two plans compared."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.planning.model import ObjectPlan
from entra_sim.simulator.planning.model import Plan

FORMAT = 1
COLUMNS = (
    *("objectType", "identity", "objectId", "what", "target", "match", "attribute", "old", "new", "source"),
    *("reason", "clause", "value", "column", "rules"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain JSON values; `compared` reads them back."""
    return {
        "format": FORMAT,
        "plan": plan.title,
        "cycle": {"kind": "initial" if plan.is_initial else "incremental", "why": plan.cycle_reason},
        "totals": plan.totals(),
        "accidentalDeletionPrevention": {
            "removals": plan.verdict.removal_count,
            "threshold": plan.verdict.threshold,
            "isOn": plan.verdict.is_on,
            "trips": plan.verdict.trips,
        },
        "inScope": plan.in_scope_count,
        "estimatedMinutes": list(plan.minutes) if plan.is_initial else [],
        "requests": dict(plan.requests),
        "notes": list(plan.notes),
        "findings": [finding.as_dict() for finding in plan.findings],
        "objects": [_object(line) for line in plan.objects],
        "strays": [
            {"objectType": one.object_type, "id": one.target_id, "name": one.name, "isActive": one.is_active}
            for one in plan.strays
        ],
    }


def _object(line: ObjectPlan) -> dict[str, Any]:
    given: dict[str, Any] = {
        "objectType": line.object_type,
        "objectId": line.object_id,
        "identity": line.identity,
        "what": str(line.kind),
        "target": line.target,
        "match": line.match,
        "changes": [
            {"attribute": item.attribute, "old": item.old, "new": item.new, "source": item.source}
            for item in line.changes
        ],
        "reason": line.reason,
        "cause": line.cause,
        "clause": line.clause,
        "value": line.value,
        "column": line.column,
        "staysWrong": [
            {"rule": item.rule, "attribute": item.attribute, "text": item.text} for item in line.stays_wrong
        ],
        "rules": list(line.rules),
    }
    return {key: value for key, value in given.items() if value not in ("", None, 0, [])}


def as_table(plan: Plan) -> Iterator[str]:
    """Yield the lines of a CSV: one row per attribute that changes, one per object else, and what stays wrong.

    Cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    yield _row(COLUMNS)
    for line in plan.objects:
        head = [line.object_type, line.identity, line.object_id, str(line.kind), line.target, line.match]
        tail = [line.reason, line.clause, line.value or "", str(line.column or ""), " ".join(line.rules)]
        for item in line.changes:
            yield _row([*head, item.attribute, item.old or "", item.new or "", item.source, *tail])
        if not line.changes:
            yield _row([*head, "", "", "", "", *tail])
        for wrong in line.stays_wrong:
            stays = [*head[:3], "stays wrong", *head[4:], wrong.attribute, "", "", ""]
            yield _row([*stays, wrong.text, "", "", "", wrong.rule])
    for one in plan.strays:
        yield _row([one.object_type, one.name, one.target_id, "matched by nobody", *[""] * (len(COLUMNS) - 4)])


def _row(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_safe(str(cell)) for cell in cells])
    return text.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An object that fares otherwise than in the plan compared with.

    Args:
        before, after: what becomes of it in each, "" where it does not occur.
        attributes: target attributes whose writing differs.
    """

    object_type: str
    identity: str
    before: str
    after: str
    attributes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "objectType": self.object_type,
            "identity": self.identity,
            "before": self.before,
            "after": self.after,
            "attributes": list(self.attributes),
        }


def compared(former: Any, plan: Plan, where: str) -> list[Moved]:
    """Return what differs from a plan that was saved.

    Raises:
        UserInputError: the file holds no plan.
    """
    if not isinstance(former, Mapping) or not isinstance(former.get("objects"), list):
        raise UserInputError(f"{where}: this is no plan; save one with 'entra-sim plan ... --save FILE'")
    if former.get("format") != FORMAT:
        raise UserInputError(f"{where}: a plan in another format; save it again with this version")
    try:
        before = {(item["objectType"], item["objectId"]): item for item in former["objects"]}
    except (KeyError, TypeError) as error:
        raise UserInputError(f"{where}: an object of the plan lacks {error}; save it again") from error
    after = {(line.object_type, line.object_id): _object(line) for line in plan.objects}
    found = []
    for key in sorted({*before, *after}, key=lambda key: (key[0] != "User", key[1])):
        old, new = before.get(key, {}), after.get(key, {})
        attributes = _differing(old, new)
        if old.get("what") != new.get("what") or attributes:
            found.append(
                Moved(
                    object_type=key[0],
                    identity=str(new.get("identity") or old.get("identity")),
                    before=str(old.get("what", "")),
                    after=str(new.get("what", "")),
                    attributes=attributes,
                )
            )
    return found


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    parts = []
    for item in (old, new):
        changes: dict[str, list[tuple[Any, Any]]] = {}
        for change in item.get("changes", ()):
            changes.setdefault(str(change.get("attribute")), []).append((change.get("old"), change.get("new")))
        parts.append(changes)
    return tuple(name for name in {**parts[0], **parts[1]} if parts[0].get(name) != parts[1].get(name))
