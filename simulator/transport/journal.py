"""A record of every exchange, taken between the client and whatever transport it uses."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.transport.base import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One call and what came back.

    Args:
        sequence: counts up in the order of sending; with `at` it orders exchanges of several workers.
        at: instant of sending, by the clock passed in.
        answered_at: instant of the reply.
        call: what was asked, with its provenance.
        reply: what came back.
    """

    sequence: int
    at: datetime
    answered_at: datetime
    call: Call
    reply: Reply


class JournalingTransport:
    """Hands every exchange of another transport to a sink, also when there was no answer.

    Args:
        inner: does the sending.
        now: the clock.
        sink: called once for each exchange, after the reply, on the thread that sent.
        numbers: where sequence numbers come from; share one iterator between the transports of several workers.
    """

    def __init__(
        self,
        inner: Transport,
        now: Callable[[], datetime],
        sink: Callable[[Exchange], None],
        *,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self._inner = inner
        self._now = now
        self._sink = sink
        self._numbers = numbers or count(1)

    def send(self, call: Call) -> Reply:
        """Return what came back; see Transport."""
        sequence = next(self._numbers)
        at = self._now()
        reply = self._inner.send(call)
        self._sink(Exchange(sequence=sequence, at=at, answered_at=self._now(), call=call, reply=reply))
        return reply

    def close(self) -> None:
        """Give up the inner transport's connection."""
        self._inner.close()
