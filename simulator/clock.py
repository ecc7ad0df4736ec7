"""Simulated time: one clock for both sides, forward only, at any rate.

The only place of the simulator that reads the machine's clock, through the `wall` and `monotonic` that are passed in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Protocol


class Clock(Protocol):
    """What everybody else may know of time."""

    def now(self) -> datetime:
        """Return the simulated instant, aware UTC."""
        ...


class VirtualClock:
    """A clock that runs at `rate` seconds per real second and can be moved forward.

    Args:
        start: first instant, aware UTC.
        rate: 0 frozen (tests, scenarios), 1 live, 60 an hour a minute.
        monotonic: seconds that never go back; passed in by tests.
    """

    def __init__(self, start: datetime, rate: float = 0.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._anchor = start.astimezone(UTC)
        self._rate = rate
        self._monotonic = monotonic
        self._anchor_monotonic = monotonic()
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Return simulated seconds per real second; 0 is frozen."""
        return self._rate

    def now(self) -> datetime:
        """Return the simulated instant, aware UTC."""
        if self._rate == 0:
            return self._anchor
        elapsed = (self._monotonic() - self._anchor_monotonic) * self._rate
        return self._anchor + timedelta(seconds=elapsed)

    def set_rate(self, rate: float) -> None:
        """Run at another rate from the present instant on."""
        self._anchor = self.now()
        self._anchor_monotonic = self._monotonic()
        self._rate = rate

    def move_to(self, instant: datetime) -> None:
        """Jump forward to `instant`.

        Raises:
            ValueError: the instant lies in the past (time goes back only by restoring a World).
        """
        if instant < self.now():
            raise ValueError(f"time moves forward only: {instant.isoformat()} is before {self.now().isoformat()}")
        self._anchor = instant.astimezone(UTC)
        self._anchor_monotonic = self._monotonic()

    def restore(self, instant: datetime, rate: float) -> None:
        """Stand at an instant again, also an earlier one: only for restoring a saved World."""
        self._anchor = instant.astimezone(UTC)
        self._anchor_monotonic = self._monotonic()
        self._rate = rate

    def wait(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Let seconds of this clock pass: a frozen one moves, a running one is waited for."""
        if self._rate == 0:
            self.advance(timedelta(seconds=seconds))
        else:
            sleep(seconds / self._rate)

    def advance(self, span: timedelta) -> None:
        """Jump forward by `span`; several threads may, as workers do whose target answers late."""
        with self._lock:
            self.move_to(self.now() + span)


def wall_now() -> datetime:
    """Return the machine's time, aware UTC: only for the first start of a live clock."""
    return datetime.now(UTC)
