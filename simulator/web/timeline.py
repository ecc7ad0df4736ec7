"""One person's story on one axis: directory, scope, requests, Tapt, log. Source: ui.md section 13."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.service.screens import LogQuery
from entra_sim.simulator.service.screens import Screens
from entra_sim.simulator.service.simulator import Simulator

LANES = ("Directory changes", "Scope", "Requests", "Tapt state", "Log entries")
MOST_ENTRIES = 200

_WORDS = {
    "added": "created",
    "updated": "changed",
    "softDeleted": "deleted (recycle bin)",
    "restored": "restored",
    "hardDeleted": "deleted for good",
    "assignment": "assignment changed",
    "membership": "membership changed",
    "members": "members changed",
}
_SCOPE = frozenset({"assignment", "membership"})
_STATES = {
    "Create": "account created",
    "Update": "account updated",
    "Disable": "account disabled",
    "Delete": "account deleted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something at an instant, in one of five lanes. `entry_id` and `request` lead to more."""

    at: datetime
    lane: int
    text: str
    entry_id: str = ""
    application_id: str = ""
    request: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """All marks of one instant, or a quiet span before it in words."""

    at: datetime
    marks: tuple[tuple[Mark, ...], ...]
    quiet: str = ""


def moments(sim: Simulator, user_id: str) -> list[Moment]:
    """Return the story of a user, oldest first, quiet spans folded."""
    marks = [*_directory_marks(sim, user_id)]
    kept = {record.sequence: record for record in list(sim.core.exchanges)}
    for entry in reversed(Screens(sim.core).log_page(LogQuery(source_id=user_id), limit=MOST_ENTRIES).rows):
        marks.extend(_entry_marks(entry))
        for number in entry.request_sequences:
            record = kept.get(number)
            if record is not None:
                answer = record.reply.status or record.reply.failure
                text = f"{record.call.method} {record.call.path.rpartition('/')[0] or record.call.path}: {answer}"
                marks.append(Mark(at=record.at, lane=2, text=text, request=number))
    marks.sort(key=lambda mark: (mark.at, mark.lane))
    interval = timedelta(minutes=sim.settings.cycle_interval_minutes)
    found: list[Moment] = []
    last: datetime | None = None
    for at in dict.fromkeys(mark.at for mark in marks):
        here = [mark for mark in marks if mark.at == at]
        quiet = ""
        if last is not None and at - last > interval * 1.5:
            count = int((at - last) / interval) - 1
            quiet = f"{count} {'cycle' if count == 1 else 'cycles'}, nothing to do" if count > 0 else ""
        lanes = tuple(tuple(mark for mark in here if mark.lane == lane) for lane in range(len(LANES)))
        found.append(Moment(at=at, marks=lanes, quiet=quiet))
        last = at
    return found


def _directory_marks(sim: Simulator, user_id: str) -> list[Mark]:
    marks = []
    for change in reversed(Screens(sim.core).changes_of("User", user_id, limit=MOST_ENTRIES)):
        names = f": {', '.join(change.attributes[:6])}" if change.kind == "updated" and change.attributes else ""
        lane = 1 if change.kind in _SCOPE else 0
        marks.append(Mark(at=change.at, lane=lane, text=_WORDS.get(change.kind, change.kind) + names))
    return marks


def _entry_marks(entry: ProvisioningLogEntry) -> list[Mark]:
    marks = [
        Mark(
            at=entry.at,
            lane=4,
            text=f"{entry.action} {entry.status}" + (f" ({entry.code})" if entry.code else ""),
            entry_id=entry.entry_id,
            application_id=entry.application_id,
        )
    ]
    if entry.status == "Success" and entry.action in _STATES:
        names = ", ".join(item.display_name.rpartition(":")[2] for item in entry.modified_properties[:4])
        text = _STATES[entry.action] + (f": {names}" if names and entry.action == "Update" else "")
        marks.append(Mark(at=entry.at, lane=3, text=text, entry_id=entry.entry_id, application_id=entry.application_id))
    return marks
