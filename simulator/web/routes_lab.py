"""`/api/lab`: named copies of the World. Reading them and changing needs the control key."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import request

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.web.control_key import is_authorized
from entra_sim.simulator.web.control_key import unauthorized

blueprint = Blueprint("lab", __name__)


@blueprint.get("/api/lab")
def saves() -> Response | tuple[Response, int]:
    """List the saves."""
    if not is_authorized():
        return unauthorized()
    lab = request.environ["entra_sim.simulator"].lab
    return jsonify({"saves": [] if lab is None else [_facts(item) for item in lab.list_saves()]})


@blueprint.post("/api/lab")
def change() -> Response | tuple[Response, int]:
    """Save or restore: {"save": "name"} or {"restore": "name"}."""
    if not is_authorized():
        return unauthorized()
    body = request.get_json(silent=True)
    lab = request.environ["entra_sim.simulator"].lab
    try:
        if lab is None:
            raise StateConflict("This instance keeps no saves.")
        if not isinstance(body, dict) or len(body) != 1 or next(iter(body)) not in ("save", "restore"):
            raise UserInputError('Send {"save": "name"} or {"restore": "name"}.')
        verb, name = next(iter(body.items()))
        return jsonify(_facts(lab.save(str(name)) if verb == "save" else lab.restore(str(name))))
    except SimulatorError as error:
        return jsonify({"error": str(error)}), error.http_status


def _facts(save: Any) -> dict[str, str]:
    return {"name": save.name, "saved_at": save.saved_at.isoformat(), "reason": save.reason}
