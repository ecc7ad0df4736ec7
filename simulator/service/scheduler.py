"""The ticker: APScheduler calls `tick` about once a second; what is due is the domain's own business."""

from __future__ import annotations

import logging
from collections.abc import Callable

TICK_S = 1.0


class Ticker:
    """Calls a function in the background, never twice at once, skipping beats it is late for."""

    def __init__(self, tick: Callable[[], object], seconds: float = TICK_S) -> None:
        from apscheduler.schedulers.background import BackgroundScheduler

        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.add_job(tick, "interval", seconds=seconds, coalesce=True, max_instances=1)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; a running call is waited for."""
        self._scheduler.shutdown(wait=True)
