"""`POST /api/steps`: one scenario step or expectation, in the same words, on this lab. Needs the control key."""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import request

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.web.control_key import is_authorized
from entra_sim.simulator.web.control_key import unauthorized

blueprint = Blueprint("steps", __name__)

MAX_STEP = 64 * 1024


@blueprint.post("/api/steps")
def perform() -> Response | tuple[Response, int]:
    """Do one step: {"step": "unassign: Tapt people"}; answers what it brought about, and what differs if it fails."""
    if not is_authorized():
        return unauthorized()
    body = request.get_json(silent=True)
    do = request.environ["entra_sim.simulator"].perform
    try:
        if do is None:
            raise StateConflict("This instance performs no steps.")
        if not isinstance(body, dict) or not isinstance(body.get("step"), str) or len(body["step"]) > MAX_STEP:
            raise UserInputError('Send {"step": "..."} with one step or expectation, as in a scenario file.')
        return jsonify(do(body["step"]))
    except SimulatorError as error:
        return jsonify({"error": str(error)}), error.http_status
