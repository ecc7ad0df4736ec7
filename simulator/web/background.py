"""Work that may outlast a request: jumps in time and first cycles run in one thread, pages look in on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import Any

PATIENCE_S = 1.2
"""How long a form waits for its work before it answers with a page that follows it."""


@dataclass(slots=True, kw_only=True)
class Task:
    """One piece of work. `result` and `error` are set when `done` is."""

    title: str
    run: Callable[[], Any]
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: Exception | None = None


class Background:
    """Runs one task at a time, in the order they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: list[Task] = []
        self._is_running = False

    def start(self, title: str, run: Callable[[], Any], *, patience_s: float = PATIENCE_S) -> Task:
        """Start a task and wait a moment for it; look at `done` to see whether it ended."""
        task = Task(title=title, run=run)
        with self._lock:
            self._tasks.append(task)
            must_start = not self._is_running
            self._is_running = True
        if must_start:
            threading.Thread(target=self._work, name="web-work", daemon=True).start()
        task.done.wait(patience_s)
        return task

    @property
    def current(self) -> str:
        """Return what is being done, "" for nothing."""
        with self._lock:
            return self._tasks[0].title if self._tasks else ""

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is left to do; returns whether that came true in time."""
        with self._lock:
            last = self._tasks[-1] if self._tasks else None
        return last is None or last.done.wait(seconds)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._tasks:
                    self._is_running = False
                    return
                task = self._tasks[0]
            try:
                task.result = task.run()
            except Exception as error:
                task.error = error
            with self._lock:
                self._tasks.pop(0)
            task.done.set()
