"""A dry run: the real cycle against a transport that reads the target and only pretends to write.

The engine does not know the difference, so the plan is what a run would do, reference writes included.
"""

from __future__ import annotations

import orjson

from entra_sim.simulator.scim.call import Call
from entra_sim.simulator.scim.call import Reply
from entra_sim.simulator.transport.base import Transport

NEW = "(new) "
"""Before the name that stands for an id which the target would give."""

_JSON = (("Content-Type", "application/scim+json"),)


class PlanningTransport:
    """Passes reads on and answers writes itself, as a target that accepts everything would."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def send(self, call: Call) -> Reply:
        """Return the target's answer to a read; for a write, the answer of a target that agrees, nothing sent."""
        if call.is_write:
            return _agreed(call)
        return self._inner.send(call)

    def close(self) -> None:
        """Give up the inner transport's connection."""
        self._inner.close()


def _agreed(call: Call) -> Reply:
    if call.method != "POST":
        return Reply(status=204)
    body = dict(call.body or {})
    name = body.get("userName") or body.get("displayName") or body.get("externalId") or "object"
    return Reply(status=201, headers=_JSON, body=orjson.dumps({"id": f"{NEW}{name}", **body}))
