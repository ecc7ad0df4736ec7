"""The clock under several threads."""

from __future__ import annotations

import threading
from datetime import UTC
from datetime import datetime
from datetime import timedelta

from entra_sim.simulator.clock import VirtualClock

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_threads_that_let_time_pass_together_lose_nothing() -> None:
    clock = VirtualClock(START)

    def wait() -> None:
        for _ in range(2000):
            clock.wait(1.0)

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert clock.now() == START + timedelta(seconds=8000)
