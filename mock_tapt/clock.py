"""Tapt's clock when it stands alone: live, at another rate, or frozen, and moved forward from outside.

Everything else of the package is handed `now`; only this module reads the machine's clock.
"""

from __future__ import annotations

import re
import time
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Protocol

from entra_sim.mock_tapt.errors import TaptError


class Clock(Protocol):
    """What the package may know of time."""

    def now(self) -> datetime:
        """Return the instant, aware UTC."""
        ...


class StandaloneClock:
    """A clock that runs at `rate` seconds per real second and is moved forward only.

    Args:
        start: first instant, aware UTC; None is the machine's.
        rate: 0 frozen, 1 live.
    """

    def __init__(self, start: datetime | None = None, rate: float = 1.0) -> None:
        self._anchor = start if start is not None else datetime.now(UTC)
        self._anchor_monotonic = time.monotonic()
        self._rate = rate

    @property
    def rate(self) -> float:
        """Return simulated seconds per real second."""
        return self._rate

    def now(self) -> datetime:
        """Return the instant, aware UTC."""
        if self._rate == 0:
            return self._anchor
        return self._anchor + timedelta(seconds=(time.monotonic() - self._anchor_monotonic) * self._rate)

    def set_rate(self, rate: float) -> None:
        """Run at another rate from this instant on."""
        self._anchor = self.now()
        self._anchor_monotonic = time.monotonic()
        self._rate = rate

    def move_to(self, instant: datetime) -> None:
        """Jump forward.

        Raises:
            TaptError: the instant lies in the past.
        """
        if instant < self.now():
            raise TaptError(f"Time moves forward only; it is {format_instant(self.now())} already.")
        self._anchor = instant
        self._anchor_monotonic = time.monotonic()

    def ahead(self) -> timedelta:
        """Return how far this clock is ahead of the machine's; nothing when it is behind."""
        return max(self.now() - datetime.now(UTC), timedelta(0))

    def restore_to(self, instant: datetime) -> None:
        """Set the clock to an instant that was saved with the state it belongs to, back or forth."""
        self._anchor = instant
        self._anchor_monotonic = time.monotonic()

    def wait(self, seconds: float) -> None:
        """Let `seconds` of this clock pass: frozen it moves by itself, running it sleeps."""
        if self._rate == 0:
            self._anchor += timedelta(seconds=seconds)
        else:
            time.sleep(seconds / self._rate)


def monotonic_s() -> float:
    """Return real seconds that never go back."""
    return time.monotonic()


def parse_clock(text: str) -> StandaloneClock:
    """Return the clock that `--clock` names: live, 60x, frozen, frozen@INSTANT, 60x@INSTANT.

    Raises:
        TaptError: the text is none of these.
    """
    match = re.fullmatch(r"(live|frozen|(\d+(?:\.\d+)?)x)(?:@(.+))?", text.strip())
    if match is None:
        raise TaptError(f"'{text}' is no clock; write live, 60x, frozen or frozen@2026-01-05T09:00:00Z.")
    rate = {"live": 1.0, "frozen": 0.0}.get(match[1])
    return StandaloneClock(
        start=parse_instant(match[3]) if match[3] else None, rate=float(match[2]) if rate is None else rate
    )


def parse_instant(text: str) -> datetime:
    """Return an aware UTC instant from ISO 8601 text; without a zone it is UTC.

    Raises:
        TaptError: the text is no instant.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise TaptError(f"'{text}' is no instant; write it as 2026-01-05T09:00:00Z.") from error
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def format_instant(instant: datetime) -> str:
    """Return an instant as SCIM's dateTime, with milliseconds: `2026-01-05T09:00:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def add_months(instant: datetime, months: int) -> datetime:
    """Return the instant so many calendar months later; the day is cut to the length of the month."""
    index = instant.month - 1 + months
    year, month = instant.year + index // 12, index % 12 + 1
    for day in range(instant.day, 27, -1):
        try:
            return instant.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return instant.replace(year=year, month=month)
