"""Faults on purpose: which requests they strike and what they do to the answer.

A fault counts the requests that it matches and strikes by count or by seeded chance, never by accident, so that a run
repeats. This module decides; tapt.py and effects.py carry it out.
Source: design.md sections 6 and 11; ui.md section 14.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from entra_sim.mock_tapt.clock import format_instant
from entra_sim.mock_tapt.clock import parse_instant
from entra_sim.mock_tapt.errors import TaptError

MAX_FAULTS = 200
FaultStates = list[dict[str, Any]]
CUTS = ("", "before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """When to strike, and what to do then. What is not given does not matter.

    Args:
        name: for people.
        method: "*" or one method.
        path: glob over the path behind `/scim/v2`; `*` also spans slashes: "/Users*", "/Groups/*".
        nth: strike the n-th matching request only, counted from 1.
        every: strike each n-th matching request.
        share, seed: strike this part (0 to 1) of the matching requests, chosen by the seed.
        from_at, until_at: strike only between these instants.
        times: strike so often at most.
        enabled: off without being forgotten.
        status, scim_type, detail: answer with this error; the work is not done.
        retry_after_s: with 429 or 503: refuse until so many seconds have passed since the strike; Retry-After counts
            down. A window counts as one strike.
        delay_s: let this much of Tapt's time pass first.
        cut: cut the connection "before" or "after" the work is done.
        broken_json: cut the body in the middle.
        content_type: announce the body as this.
        empty_list: a list comes back empty.
        duplicate_match: a list with hits has its first hit a second time, under another id.
        stale_read: reads show resources as they were before their last change.
        id_missing: resources come without `id`.
        ignore_work: answer as if the write had been done, without doing it.
        success_status: the status of an answer that would have been a success.
    """

    name: str = ""
    method: str = "*"
    path: str = "*"
    nth: int | None = None
    every: int | None = None
    share: float | None = None
    seed: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None
    times: int | None = None
    enabled: bool = True
    status: int | None = None
    scim_type: str | None = None
    detail: str | None = None
    retry_after_s: float | None = None
    delay_s: float = 0.0
    cut: str = ""
    broken_json: bool = False
    content_type: str | None = None
    empty_list: bool = False
    duplicate_match: bool = False
    stale_read: bool = False
    id_missing: bool = False
    ignore_work: bool = False
    success_status: int | None = None

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise TaptError(f"This fault is not possible: {problem}.")

    def _problem(self) -> str:
        if sum(chosen is not None for chosen in (self.nth, self.every, self.share)) > 1:
            return "it can have one of nth, every and share"
        for name in ("nth", "every", "times"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                return f"{name} is a whole number from 1"
        for name, low, high in (("share", 0.0, 1.0), ("delay_s", 0.0, 86_400.0), ("retry_after_s", 0.0, 86_400.0)):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and low <= value <= high):
                return f"{name} is a number from {low:g} to {high:g}"
        for name, low_status, high_status in (("status", 300, 599), ("success_status", 200, 299)):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or not low_status <= value <= high_status):
                return f"{name} is a whole number from {low_status} to {high_status}"
        for name in ("name", "method", "path", "seed", "cut"):
            if not isinstance(getattr(self, name), str):
                return f"{name} is a text"
        for name in ("scim_type", "detail", "content_type"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value.isprintable()):
                return f"{name} is a printable text"
        if self.cut not in CUTS:
            return "cut is before or after"
        return "" if self._does_something else "it has no effect; give status, delay_s, cut or another effect"

    @property
    def _does_something(self) -> bool:
        return bool(
            self.status or self.retry_after_s or self.delay_s or self.cut or self.broken_json or self.content_type
            or self.empty_list or self.duplicate_match or self.stale_read or self.id_missing or self.ignore_work
            or self.success_status
        )  # fmt: skip

    @property
    def when(self) -> str:
        """Return in words which requests are struck."""
        parts = ["any method" if self.method == "*" else self.method.upper(), self.path]
        if self.nth:
            parts.append(f"match {self.nth} only")
        if self.every:
            parts.append(f"one match in {self.every}")
        if self.share is not None:
            parts.append(f"{self.share:.0%} of matches, seed '{self.seed}'")
        if self.from_at:
            parts.append(f"from {format_instant(self.from_at)}")
        if self.until_at:
            parts.append(f"until {format_instant(self.until_at)}")
        if self.times:
            parts.append(f"{self.times} times at most")
        return ", ".join(parts)

    @property
    def what(self) -> str:
        """Return in words what happens."""
        parts = []
        if self.delay_s:
            parts.append(f"answers {self.delay_s:g} s later")
        if self.refusal_status:
            kind = f" {self.scim_type}" if self.scim_type else ""
            parts.append(f"status {self.refusal_status}{kind}")
        if self.retry_after_s:
            parts.append(f"Retry-After {self.retry_after_s:g} s, counting down")
        if self.cut:
            parts.append(f"closes the connection {self.cut} the work")
        for text, on in (
            ("broken JSON", self.broken_json), (f"content type {self.content_type}", self.content_type),
            ("empty list", self.empty_list), ("duplicate match", self.duplicate_match),
            ("stale read", self.stale_read), ("id missing", self.id_missing),
            ("does not do the work", self.ignore_work), (f"success is {self.success_status}", self.success_status),
        ):  # fmt: skip
            if on:
                parts.append(text)
        return ", ".join(parts)

    @property
    def refusal_status(self) -> int | None:
        """Return the error status, 429 when only a Retry-After is given."""
        return self.status or (429 if self.retry_after_s else None)

    def to_json(self) -> dict[str, Any]:
        """Return the fault as JSON, without what is not set."""
        default = {f.name: f.default for f in fields(self)}
        shown = {k: v for k, v in asdict(self).items() if v != default[k]}
        return {k: format_instant(v) if isinstance(v, datetime) else v for k, v in shown.items()}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Fault:
        """Return a fault from JSON: the field names above, or `preset` and fields that differ from it.

        Raises:
            TaptError: an unknown field, or one that is not possible.
        """
        values = dict(given)
        preset = values.pop("preset", None)
        known = {f.name for f in fields(cls)}
        for name in values:
            if name not in known:
                raise TaptError(f"A fault has no '{name}'; it has {', '.join(sorted(known))}.")
        for name in ("from_at", "until_at"):
            if isinstance(values.get(name), str):
                values[name] = parse_instant(values[name])
        if preset is None:
            return cls(**values)
        if preset not in PRESETS:
            raise TaptError(f"There is no preset '{preset}'; there are {', '.join(PRESETS)}.")
        return replace(PRESETS[preset], **values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


PRESETS: dict[str, Fault] = {
    "Token rejected": Fault(name="Token rejected", status=401, detail="The token is not valid."),
    "Tapt down": Fault(name="Tapt down", status=503, detail="Tapt is down for maintenance."),
    "Slow": Fault(name="Slow", delay_s=5.0),
    "Throttled": Fault(name="Throttled", every=5, status=429, retry_after_s=30.0, detail="Too many requests."),
    "Duplicate accounts": Fault(name="Duplicate accounts", method="GET", path="/Users", duplicate_match=True),
    "Ignores PATCH": Fault(name="Ignores PATCH", method="PATCH", ignore_work=True),
    "Returns 200 for DELETE": Fault(name="Returns 200 for DELETE", method="DELETE", success_status=200),
}


@dataclass(slots=True)
class _Armed:
    fault: Fault
    chance: random.Random
    match_count: int = 0
    strike_count: int = 0
    refuse_until_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault that strikes a request.

    Args:
        retry_after_s: seconds left of a Retry-After window, rounded up.
    """

    id: int
    fault: Fault
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmedFault:
    """A fault as it is listed."""

    id: int
    fault: Fault
    match_count: int
    strike_count: int


@dataclass(slots=True)
class Faults:
    """The faults of one organisation, in the order they were added; the first that strikes wins."""

    chance_seed: str = ""
    _armed: dict[int, _Armed] = field(default_factory=dict)
    _last_id: int = 0

    def add(self, fault: Fault) -> int:
        """Arm a fault and return its id.

        Raises:
            TaptError: there are MAX_FAULTS already.
        """
        if len(self._armed) >= MAX_FAULTS:
            raise TaptError(f"There are {MAX_FAULTS} faults already; remove some.")
        self._last_id += 1
        self._armed[self._last_id] = _Armed(fault, random.Random(f"{self.chance_seed}\0{fault.seed}"))
        return self._last_id

    def remove(self, fault_id: int) -> None:
        """Disarm a fault.

        Raises:
            TaptError: there is none of this id.
        """
        if self._armed.pop(fault_id, None) is None:
            raise TaptError(f"There is no fault {fault_id}.")

    def switch(self, fault_id: int, *, enabled: bool) -> None:
        """Turn a fault on or off without forgetting it."""
        armed = self._armed.get(fault_id)
        if armed is None:
            raise TaptError(f"There is no fault {fault_id}.")
        armed.fault = replace(armed.fault, enabled=enabled)
        armed.refuse_until_at = None

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    def list(self) -> list[ArmedFault]:
        """Return the faults with what they have done so far."""
        return [
            ArmedFault(id=i, fault=a.fault, match_count=a.match_count, strike_count=a.strike_count)
            for i, a in self._armed.items()
        ]

    @property
    def is_any_on(self) -> bool:
        """Return whether some fault can strike; may be asked without the lock."""
        return bool(self._armed) and any(armed.fault.enabled for armed in tuple(self._armed.values()))

    @property
    def keeps_old_images(self) -> bool:
        """Return whether writes must remember what was before them, for stale reads."""
        return bool(self._armed) and any(a.fault.enabled and a.fault.stale_read for a in self._armed.values())

    def strike(self, method: str, path: str, now: datetime) -> Strike | None:
        """Count a request and return the first fault that strikes it."""
        if not self._armed:
            return None
        chosen: Strike | None = None
        for fault_id, armed in self._armed.items():
            if not _matches(armed.fault, method, path, now):
                continue
            left = armed.refuse_until_at - now if armed.refuse_until_at else None
            if left is not None and left > timedelta(0):
                chosen = chosen or Strike(id=fault_id, fault=armed.fault, retry_after_s=_seconds(left))
                continue
            armed.refuse_until_at = None
            armed.match_count += 1
            if chosen is not None or not _strikes(armed):
                continue
            armed.strike_count += 1
            after = armed.fault.retry_after_s
            if after:
                armed.refuse_until_at = now + timedelta(seconds=after)
            chosen = Strike(
                id=fault_id, fault=armed.fault, retry_after_s=_seconds(timedelta(seconds=after)) if after else None
            )
        return chosen

    def state(self) -> FaultStates:
        """Return everything needed to go on from here, as JSON."""
        return [
            {
                "id": i, "fault": a.fault.to_json(), "matches": a.match_count, "strikes": a.strike_count,
                "until": format_instant(a.refuse_until_at) if a.refuse_until_at else None,
            }
            for i, a in self._armed.items()
        ]  # fmt: skip

    def restore(self, state: FaultStates) -> None:
        """Go on from a state; the stream of chance is where it was."""
        self._armed.clear()
        for item in state:
            fault = Fault.from_json(item["fault"])
            armed = _Armed(fault, random.Random(f"{self.chance_seed}\0{fault.seed}"), item["matches"], item["strikes"])
            armed.refuse_until_at = parse_instant(item["until"]) if item["until"] else None
            if fault.share is not None:
                for _ in range(armed.match_count):
                    armed.chance.random()
            self._armed[item["id"]] = armed
            self._last_id = max(self._last_id, item["id"])


def _matches(fault: Fault, method: str, path: str, now: datetime) -> bool:
    if not fault.enabled or (fault.method != "*" and fault.method.upper() != method):
        return False
    if (fault.from_at and now < fault.from_at) or (fault.until_at and now >= fault.until_at):
        return False
    return fault.path == "*" or fnmatchcase(path, fault.path)


def _strikes(armed: _Armed) -> bool:
    fault = armed.fault
    by_chance = fault.share is None or armed.chance.random() < fault.share
    if fault.times is not None and armed.strike_count >= fault.times:
        return False
    if fault.nth is not None:
        return armed.match_count == fault.nth
    if fault.every is not None:
        return armed.match_count % fault.every == 0
    return by_chance


def _seconds(span: timedelta) -> int:
    return max(1, math.ceil(span.total_seconds()))
