"""Ctrl-C in work that must end cleanly: the first asks, a second one or two seconds without an end insist."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE_S = 1.5


@contextmanager
def asks_then_insists(
    ask: Callable[[], None], insists_while: Callable[[], bool] = lambda: True
) -> Iterator[Callable[[], bool]]:
    """Call `ask` at the first Ctrl-C or SIGTERM, raise KeyboardInterrupt at the next, or after PATIENCE_S by itself.

    By itself only while `insists_while` says so: tidying up may take its time.
    Yields a function that says whether it was asked.
    """
    asked = threading.Event()
    main = threading.get_ident()
    ended = threading.Event()

    def insist() -> None:
        if not ended.is_set() and insists_while() and hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main, signal.SIGINT)

    def heard(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        ask()
        timer = threading.Timer(PATIENCE_S, insist)
        timer.daemon = True
        timer.start()

    numbers = [signal.SIGINT, signal.SIGTERM] if threading.current_thread() is threading.main_thread() else []
    previous = {number: signal.signal(number, heard) for number in numbers}
    try:
        yield asked.is_set
    finally:
        ended.set()
        for number, handler in previous.items():
            signal.signal(number, handler)
