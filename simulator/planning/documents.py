"""A plan as JSON and as a table, and two plans compared."""

from __future__ import annotations

import csv
import json
import pickle
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson

from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.planning.model import ObjectPlan
from entra_sim.simulator.planning.model import Plan

FORMAT = 1
COLUMNS = (
    *("objectType", "identity", "objectId", "what", "target", "match", "attribute", "old", "new", "source"),
    *("reason", "clause", "value", "column", "rules"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def json_pieces(
    plan: Plan, moved: Sequence[Moved] | None = None, *, indents: bool = False, wanted: Collection[str] | None = None
) -> Iterator[str]:
    """Yield the plan as JSON text, an object at a time; `Former` reads it back.

    Args:
        moved: what differs from the plan compared with, None when none was.
        indents: for people to read; else one line.
        wanted: the ids of the objects that are shown, None for all.
    """
    before, after = _around_objects(json.dumps(_head(plan, moved), indent=2 if indents else None, ensure_ascii=False))
    gap, first, last = (",\n    ", "\n    ", "\n  ") if indents else (", ", "", "")
    yield before
    is_first = True
    for line in plan.objects:
        if wanted is None or line.object_id in wanted:
            yield first if is_first else gap
            yield _indented(_object(line)) if indents else json.dumps(_object(line), ensure_ascii=False)
            is_first = False
    yield after if is_first else last + after


def compact_pieces(plan: Plan, moved: Sequence[Moved] | None = None) -> Iterator[str]:
    """Yield the plan as JSON without a blank, for the page."""
    before, after = _around_objects(orjson.dumps(_head(plan, moved)).decode())
    yield before
    for number, line in enumerate(plan.objects):
        yield ("," if number else "") + orjson.dumps(_object(line)).decode()
    yield after


def _around_objects(text: str) -> tuple[str, str]:
    """Return the text of a plan up to its first object and from behind its last.

    What is looked for stands in no text of it: a quotation mark there has a backslash.
    """
    before, empty, after = text.partition('"objects": []' if '"objects": []' in text else '"objects":[]')
    return before + empty[:-1], empty[-1:] + after


def _indented(value: Any) -> str:
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONEncodeError:  # half of a surrogate pair
        text = json.dumps(value, indent=2, ensure_ascii=False)
    return text.replace("\n", "\n    ")


def _head(plan: Plan, moved: Sequence[Moved] | None) -> dict[str, Any]:
    head = {
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
        "objects": [],
        "strays": [
            {"objectType": one.object_type, "id": one.target_id, "name": one.name, "isActive": one.is_active}
            for one in plan.strays
        ],
    }
    return head if moved is None else {**head, "against": [one.as_dict() for one in moved]}


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
    written: list[str] = []
    writer = csv.writer(SimpleNamespace(write=written.append), lineterminator="\n")
    for cells in _table_rows(plan):
        writer.writerow([_safe(str(cell)) for cell in cells])
        yield written.pop()


def _table_rows(plan: Plan) -> Iterator[Sequence[str]]:
    yield COLUMNS
    for line in plan.objects:
        head = [line.object_type, line.identity, line.object_id, str(line.kind), line.target, line.match]
        tail = [line.reason, line.clause, line.value or "", str(line.column or ""), " ".join(line.rules)]
        for item in line.changes:
            yield [*head, item.attribute, item.old or "", item.new or "", item.source, *tail]
        if not line.changes:
            yield [*head, "", "", "", "", *tail]
        for wrong in line.stays_wrong:
            stays = [*head[:3], "stays wrong", *head[4:], wrong.attribute, "", "", ""]
            yield [*stays, wrong.text, "", "", "", wrong.rule]
    for one in plan.strays:
        yield [one.object_type, one.name, one.target_id, "matched by nobody", *[""] * (len(COLUMNS) - 4)]


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


class Former:
    """A plan that was saved, as far as it is compared with: packed, since it is kept while the new one is made.

    Args:
        content: JSON of the file.
        where: the file, for messages.
    Raises:
        UserInputError: the file holds no plan.
    """

    def __init__(self, content: Any, where: str) -> None:
        if not isinstance(content, Mapping) or not isinstance(content.get("objects"), list):
            raise UserInputError(f"{where}: this is no plan; save one with 'entra-sim plan ... --save FILE'")
        if content.get("format") != FORMAT:
            raise UserInputError(f"{where}: a plan in another format; save it again with this version")
        self._lines: dict[_Key, bytes] = {}
        try:
            for item in content["objects"]:
                told = _told(item)
                self._lines[item["objectType"], item["objectId"]] = pickle.dumps(told, pickle.HIGHEST_PROTOCOL)
        except (KeyError, TypeError, AttributeError) as error:
            raise UserInputError(f"{where}: an object of the plan lacks {error}; save it again") from error

    def compared(self, plan: Plan) -> list[Moved]:
        """Return what differs, users first, by object id. It is asked once."""
        found: list[tuple[bool, str, Moved]] = []
        for line in plan.objects:
            former = self._lines.pop((line.object_type, line.object_id), None)
            _note_move(found, (line.object_type, line.object_id), former, _told(_object(line)))
        for key, former in self._lines.items():
            _note_move(found, key, former, _NOTHING)
        return [moved for _is_group, _object_id, moved in sorted(found, key=lambda item: item[:2])]


_Key = tuple[str, str]
_Told = tuple[str, str, dict[str, list[tuple[Any, Any]]]]
_NOTHING: _Told = ("", "", {})


def _told(item: Mapping[str, Any]) -> _Told:
    """Return what becomes of an object, who it is, and attribute → old and new values."""
    changes: dict[str, list[tuple[Any, Any]]] = {}
    for change in item.get("changes", ()):
        changes.setdefault(str(change.get("attribute")), []).append((change.get("old"), change.get("new")))
    return str(item.get("what", "")), str(item.get("identity", "")), changes


def _note_move(found: list[tuple[bool, str, Moved]], key: _Key, former: bytes | None, new: _Told) -> None:
    old: _Told = _NOTHING if former is None else pickle.loads(former)
    names = tuple(name for name in {**old[2], **new[2]} if old[2].get(name) != new[2].get(name))
    if old[0] == new[0] and not names:
        return
    moved = Moved(object_type=key[0], identity=new[1] or old[1], before=old[0], after=new[0], attributes=names)
    found.append((key[0] != "User", key[1], moved))
