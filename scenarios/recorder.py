"""Collects what happens while steps run: steps, cycles, requests, log entries and what the target then holds."""

from __future__ import annotations

import json
from bisect import bisect_left
from bisect import bisect_right
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from entra_sim.scenarios.expectations.records import body_of
from entra_sim.scenarios.matching import words
from entra_sim.scenarios.outcome import Event
from entra_sim.scenarios.session import Session

SHOWN_HEADERS = ("Content-Type", "Location", "ETag", "Retry-After", "WWW-Authenticate")
"""Headers of an answer that a transcript shows; the others depend on the server or the connection."""
TARGET = "{target}"


class Recorder:
    """Reads what is new after every step.

    Args:
        session: of the running world.
    """

    def __init__(self, session: Session) -> None:
        self.events: list[Event] = []
        self._session = session
        self._request_sequence = 0
        self._log_sequence = 0
        self._target: dict[str, dict[str, Any]] = {}

    def step(self, title: str, detail: Iterable[str] = ()) -> None:
        """Note that a step begins."""
        self.events.append(Event(at=self._session.world.clock.now(), kind="step", title=title, detail=tuple(detail)))

    def collect(self) -> tuple[Event, ...]:
        """Return and keep what happened since the last call, in the order in which it happened."""
        fresh = merged([happening_event(item) for item in self._session.happenings], self._records())
        self._session.happenings.clear()
        fresh = [*fold_idle(fresh), *self._target_changes()]
        self.events += fresh
        return tuple(fresh)

    def _records(self) -> list[Event]:
        """Return the new requests and log entries; an entry stands behind the last request that belongs to it."""
        exchanges = self._session.world.exchanges(self._request_sequence)
        entries = self._session.logs(self._log_sequence)
        placed = [(record.sequence, 0, 0, request_event(record)) for record in exchanges]
        for place, entry in zip(log_places(entries, exchanges), entries, strict=True):
            placed.append((place, 1, entry.sequence, log_event(entry)))
        self._request_sequence = max((record.sequence for record in exchanges), default=self._request_sequence)
        self._log_sequence = max((entry.sequence for entry in entries), default=self._log_sequence)
        return [event for _, _, _, event in sorted(placed, key=lambda item: item[:3])]

    def _target_changes(self) -> list[Event]:
        if self._session.world.tapt is None:
            return []
        now = self._session.world.clock.now()
        users = {str(user.get("id")): dict(user) for user in self._session.tapt.users()}
        events = [
            target_event(now, self._target.get(key), users.get(key)) for key in dict.fromkeys([*self._target, *users])
        ]
        self._target = users
        return [event for event in events if event is not None]


def log_places(entries: Sequence[Any], exchanges: Sequence[Any]) -> list[int]:
    """Return for each log entry the sequence number of the exchange that it stands behind, 0 for none.

    An entry without requests of its own (a skip) stands behind what was sent until its instant, but before the requests
    of the next entry.
    """
    instants = [record.at for record in exchanges]
    numbers = [record.sequence for record in exchanges]
    places: list[int] = []
    next_first: int | None = None
    for entry in reversed(entries):
        if entry.request_sequences:
            places.append(max(entry.request_sequences))
            next_first = min(entry.request_sequences)
            continue
        count = bisect_right(instants, entry.at)
        if next_first is not None:
            count = min(count, bisect_left(numbers, next_first))
        places.append(numbers[count - 1] if count else 0)
    return places[::-1]


def merged(happenings: list[Event], records: list[Event]) -> list[Event]:
    """Return both in order; what fell due at an instant stands before the records of that instant."""
    events: list[Event] = []
    index = 0
    for happening in happenings:
        while index < len(records) and records[index].at < happening.at:
            events.append(records[index])
            index += 1
        events.append(happening)
    return events + records[index:]


def happening_event(happening: Any) -> Event:
    """Return the event of something that fell due."""
    kind = "happening"
    if happening.kind == "cycle":
        kind = "idle" if happening.cycle is not None and happening.cycle.was_idle else "cycle"
    return Event(at=happening.at, kind=kind, title=happening.text, tone="quiet")


def fold_idle(events: list[Event]) -> list[Event]:
    """Return the events with each run of idle cycles as one event that counts them."""
    folded: list[Event] = []
    run: list[Event] = []
    for event in [*events, None]:
        if event is not None and event.kind == "idle":
            run.append(event)
            continue
        if run:
            folded.append(_folded(run))
            run = []
        if event is not None:
            folded.append(event)
    return folded


def _folded(run: list[Event]) -> Event:
    first, last = run[0], run[-1]
    if len(run) == 1:
        return Event(at=first.at, kind="idle", title="1 cycle with nothing to do", tone="quiet")
    title = f"{len(run)} cycles with nothing to do, the last at {_clock(last.at)}"
    return Event(at=first.at, kind="idle", title=title, tone="quiet")


def request_event(record: Any) -> Event:
    """Return the event of one exchange: request line, then bodies and the answer."""
    call, reply = record.call, record.reply
    query = "&".join(f"{key}={value}" for key, value in call.query)
    line = f"{call.method} {TARGET}{call.path}" + (f"?{query}" if query else "")
    detail = [f"because: {call.provenance.purpose}"] if call.provenance.purpose else []
    if call.body is not None:
        detail += _json_lines(call.body)
    answer = f"-> {reply.status}" if reply.status else f"-> no answer: {reply.failure}"
    headers = [(name, reply.header(name)) for name in SHOWN_HEADERS]
    shown = ", ".join(f"{name}: {value}" for name, value in headers if value is not None)
    detail.append(f"{answer} {shown}".rstrip())
    if reply.detail and not reply.status:
        detail.append(f"   {reply.detail}")
    body = body_of(reply)
    if body is not None:
        detail += _json_lines(body)
    tone = "good" if 200 <= reply.status < 300 else "bad"
    return Event(
        at=record.at,
        kind="request",
        title=line,
        detail=tuple(detail),
        tone=tone,
        what=_what(call.body),
        brief=_brief(reply, body),
    )


def _what(body: Any) -> str:
    """Return what a request writes: the operations of a PATCH, the name of what is created."""
    if not isinstance(body, Mapping):
        return ""
    operations = body.get("Operations")
    if operations is None:
        return str(body.get("userName") or body.get("displayName") or "")
    return ", ".join(
        " ".join(part for part in (str(item.get("op")), str(item.get("path", "")), _shown_value(item)) if part)
        for item in operations
    )


def _shown_value(operation: Mapping[str, Any]) -> str:
    return words(operation["value"], 60) if "value" in operation else ""


def _brief(reply: Any, body: Any) -> str:
    if not reply.status:
        return f"no answer: {reply.failure}"
    if isinstance(body, dict) and "totalResults" in body:
        return f"{reply.status}, {body['totalResults']} found"
    if isinstance(body, dict) and "detail" in body and reply.status >= 400:
        return f"{reply.status}, {body['detail']}"
    return str(reply.status)


def log_event(entry: Any) -> Event:
    """Return the event of one provisioning log entry."""
    title = f"{entry.action} / {entry.status}  {entry.identity}" + (f"  {entry.code}" if entry.code else "")
    detail = ["steps: " + ", ".join(f"{step.name} {step.status}" for step in entry.steps)] if entry.steps else []
    detail += [
        f"{item.display_name}: {words(item.old_value)} -> {words(item.new_value)}" for item in entry.modified_properties
    ]
    if entry.error is not None:
        detail += [f"reason: {line}" for line in entry.error.reason.splitlines()]
    if entry.explanation:
        detail.append(f"because: {entry.explanation}")
    if entry.rules:
        detail.append("rules: " + ", ".join(entry.rules))
    tone = {"Success": "good", "Failure": "bad"}.get(entry.status, "quiet")
    return Event(at=entry.at, kind="log", title=title, detail=tuple(detail), tone=tone)


def target_event(at: datetime, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Event | None:
    """Return the event of one account that appeared, changed or went; None when it is the same."""
    if before is None and after is not None:
        active = "active" if after.get("active", True) else "not active"
        return Event(at=at, kind="target", title=f"+ {after.get('userName')} ({active})", tone="good")
    if after is None and before is not None:
        return Event(at=at, kind="target", title=f"- {before.get('userName')}", tone="bad")
    assert before is not None
    assert after is not None
    old, new = _flat(before), _flat(after)
    changes = [
        f"{key}: {words(old.get(key), 120)} -> {words(new.get(key), 120)}"
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]
    if not changes:
        return None
    return Event(at=at, kind="target", title=f"~ {before.get('userName')}: {'; '.join(changes)}")


def _flat(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource's attributes with those of extensions beside them, without what Tapt keeps for itself."""
    flat: dict[str, Any] = {}
    for key, value in resource.items():
        if key.startswith("urn:") and isinstance(value, dict):
            flat.update(value)
        elif key not in ("meta", "schemas"):
            flat[key] = value
    return flat


def _json_lines(value: Any) -> list[str]:
    lines = value.splitlines() if isinstance(value, str) else pretty(value)
    return [f"   {line}" for line in lines]


def pretty(value: Any, room: int = 110) -> list[str]:
    """Return JSON as lines in the order of its keys; what fits into one line stands in one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) <= room or not isinstance(value, dict | list) or not value:
        return [line]
    entries: list[list[str]] = []
    if isinstance(value, dict):
        opening, closing = "{", "}"
        for key, item in value.items():
            first, *rest = pretty(item, room - 2)
            entries.append([f"{json.dumps(key, ensure_ascii=False)}: {first}", *rest])
    else:
        opening, closing = "[", "]"
        entries = [pretty(item, room - 2) for item in value]
    lines = [opening]
    for index, entry in enumerate(entries):
        comma = "," if index + 1 < len(entries) else ""
        lines += [f"  {line}" for line in entry[:-1]] + [f"  {entry[-1]}{comma}"]
    return [*lines, closing]


def _clock(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
