"""The two checks that need transports of their own (a wrong token, 25 requests a second), and a hint about headers."""

from __future__ import annotations

from collections.abc import Iterator

from entra_sim.simulator.checking.bench import Bench
from entra_sim.simulator.checking.bench import Steps
from entra_sim.simulator.checking.catalogue import LOAD
from entra_sim.simulator.checking.catalogue import SIGN_IN
from entra_sim.simulator.checking.check import Check
from entra_sim.simulator.checking.failing import Failed
from entra_sim.simulator.checking.results import EVERYTHING
from entra_sim.simulator.checking.results import Severity
from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.transport.endpoint import Endpoint

BROWSER = {"User-Agent": "Mozilla/5.0", "Accept": "application/scim+json, application/json"}


def _by_the_runner(bench: Bench) -> Steps:
    """Hold the place of a body: the runner makes these checks itself."""
    none: Iterator[Call] = iter(())
    yield from none


SIGN_IN_CHECK = Check(
    check_id=SIGN_IN,
    title="A wrong token is refused",
    area="sign-in",
    tracks=EVERYTHING,
    rules=("WIRE-134", "SRV-001"),
    needs="401, by which Test connection tells wrong credentials from a broken endpoint",
    fix="Check the bearer token of every request and answer 401 with WWW-Authenticate: Bearer.",
    severity=Severity.LOSES,
    body=_by_the_runner,
    after=("connect",),
)

LOAD_CHECK = Check(
    check_id=LOAD,
    title="25 requests a second",
    area="throughput",
    tracks=EVERYTHING,
    rules=("WIRE-042", "SRV-006"),
    needs="every request of 25 a second answered",
    fix="Answer 25 requests a second for one tenant; if there is a limit, put it above that.",
    body=_by_the_runner,
    after=("connect",),
)


def sign_in_failure(reply: Reply) -> Failed | None:
    """Return what is wrong with the answer to a wrong token, or None."""
    if reply.status in (401, 403):
        return None
    if 200 <= reply.status < 300:
        return Failed("A wrong token is accepted: anybody can read and change accounts.", severity=Severity.LOSES)
    return Failed(
        f"A wrong token is answered with {reply.status or reply.failure}, not with 401.", severity=Severity.COSMETIC
    )


def header_hint(failure: Failed, endpoint: Endpoint, call: Call, exchanges: list[tuple[Call, Reply]]) -> None:
    """Ask once more with User-Agent and Accept when the first request is refused, and say whether that helps."""
    status = exchanges[-1][1].status if exchanges else 0
    if endpoint.opener is not None or status not in (400, 401, 403, 404, 406, 415):
        return
    transport = endpoint.transport(headers=BROWSER)
    try:
        reply = transport.send(call)
    finally:
        transport.close()
    if 200 <= reply.status < 300:
        failure.what = f"Without User-Agent and Accept the lookup is refused with {status}, with both it succeeds."
        failure.fix = "Demand no User-Agent and choose no format by Accept; look at a firewall or proxy in front, too."
