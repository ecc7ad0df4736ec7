"""Only loopback names, or names that were allowed, may be in the Host header: no DNS rebinding."""

from __future__ import annotations

import hmac

from flask import Response
from flask import request

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def refuse_foreign_host() -> Response | None:
    """Answer 421 to a foreign name; None lets the request pass. Requests with the control key pass under any name."""
    if request.path == "/healthz" or (request.path.startswith("/api/") and has_key()):
        return None
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    allowed = request.environ.get("entra_sim.hosts", LOOPBACK)
    if host.lower() in allowed:
        return None
    text = "This address is not allowed. Use http://127.0.0.1, or start with --allow-host NAME.\n"
    return Response(text, status=421, mimetype="text/plain")


def has_key() -> bool:
    """Return whether the request carries the control key as a bearer token."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), str(request.environ.get("entra_sim.key", "")).encode()) and bool(given)
