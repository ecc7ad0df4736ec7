"""Only loopback names, or names that were allowed, may be in the Host header: no DNS rebinding."""

from __future__ import annotations

from flask import Response
from flask import request

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def refuse_foreign_host() -> Response | None:
    """Answer 421 to a foreign name; None lets the request pass. Requests with the control key pass under any name."""
    if request.path.startswith("/api/") or request.path == "/healthz":
        return None
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    allowed = request.environ.get("entra_sim.hosts", LOOPBACK)
    if host.lower() in allowed:
        return None
    text = "This address is not allowed. Use http://127.0.0.1, or start with --allow-host NAME.\n"
    return Response(text, status=421, mimetype="text/plain")
