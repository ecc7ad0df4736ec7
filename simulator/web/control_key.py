"""The control key: what changes a running instance carries it as a bearer token."""

from __future__ import annotations

import hmac

from flask import Response
from flask import jsonify
from flask import request


def is_authorized() -> bool:
    """Return whether the request carries the control key."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), str(request.environ["entra_sim.key"]).encode())


def unauthorized() -> tuple[Response, int]:
    """Return the answer to a request without the key."""
    text = "Send the control key as 'Authorization: Bearer KEY'; it is in instance.json of the data folder."
    return jsonify({"error": text}), 401
