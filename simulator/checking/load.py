"""25 requests a second for some seconds, over several connections, as one tenant's cycles may bring."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from collections.abc import Sequence

from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.transport.base import Transport

RATE = 25
"""Source: WIRE-042."""

WORKERS = 8
SLOW_RATIO = 0.9
"""Of the rate; below it the endpoint does not keep up."""

Exchange = tuple[Call, Reply]


def pour(
    connect: Callable[[], Transport],
    calls: Sequence[Call],
    *,
    seconds: float,
    should_stop: Callable[[], bool],
    kept: list[Exchange],
    monotonic: Callable[[], float] = time.monotonic,
) -> Failed | None:
    """Send RATE requests a second and return what is wrong, or None.

    Args:
        connect: gives each worker its own transport.
        calls: sent in turn.
        seconds: how long.
        kept: gets the exchanges, the first that failed last.
    """
    total = max(int(RATE * seconds), 1)
    lock = threading.Lock()
    pause = threading.Event()
    began = monotonic()
    done: list[Exchange] = []
    numbers = iter(range(total))

    def work() -> None:
        transport = connect()
        try:
            while not should_stop():
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                pause.wait(max(began + number / RATE - monotonic(), 0))
                call = calls[number % len(calls)]
                reply = transport.send(call)
                with lock:
                    done.append((call, reply))
        finally:
            transport.close()

    threads = [threading.Thread(target=work, name=f"check-load-{number}") for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = monotonic() - began
    bad = [(call, reply) for call, reply in done if not 200 <= reply.status < 300]
    kept.extend([item for item in done if item not in bad] + bad[::-1])
    return _verdict(len(done), bad, took, seconds)


def _verdict(count: int, bad: list[Exchange], took: float, seconds: float) -> Failed | None:
    throttled = [reply for _call, reply in bad if reply.status == 429]
    if len(bad) > len(throttled):
        return Failed(f"{len(bad)} of {count} requests failed at {RATE} requests a second.", severity=Severity.BREAKS)
    if throttled:
        return Failed(
            f"{len(throttled)} of {count} requests were answered with 429 at {RATE} requests a second: those objects "
            "wait for a later cycle.",
            severity=Severity.LOSES if throttled[0].header("Retry-After") is None else Severity.COSMETIC,
        )
    if count and took > seconds / SLOW_RATIO + 1:
        return Failed(
            f"{count} requests took {took:.1f} s ({count / took:.0f} a second): cycles take longer than they should.",
            severity=Severity.COSMETIC,
        )
    return None
