"""What every transport is, and the few sentences in which it says that no answer came.

The sentences are fixed: free of ports, addresses and the machine's own words, so that a log entry, an expected
transcript and both transports agree to the letter.
"""

from __future__ import annotations

from typing import Protocol

from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The largest answer that is read; a group with 100,000 members fits."""

TIMED_OUT = "No complete answer came within the time allowed."
CUT = "The connection was cut before the answer was complete."
UNREACHABLE = "No connection to the endpoint could be made."
TLS_REFUSED = "The endpoint's TLS certificate or protocol was not accepted."
TOO_LARGE = "The answer is larger than the limit."
BROKEN_HTTP = "The answer is not valid HTTP."


class Transport(Protocol):
    """Sends calls, one at a time. Each worker has a transport of its own."""

    def send(self, call: Call) -> Reply:
        """Return what came back; never raises for anything that a server does."""
        ...

    def close(self) -> None:
        """Give up the connection. A later `send` opens a new one: this is called between cycles."""
        ...


def timed_out() -> Reply:
    """Return the reply for a request that got no complete answer in time."""
    return Reply(status=0, failure="Timeout", detail=TIMED_OUT)


def failed(detail: str) -> Reply:
    """Return the reply for a request without answer, with one of the fixed sentences."""
    return Reply(status=0, failure="WebExceptionProtocolError", detail=detail)
