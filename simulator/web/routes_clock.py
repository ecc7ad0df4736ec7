"""`/api/clock`: read the clock, move it, change its rate. Changes need the control key as a bearer token."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import request

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.spans import parse_span
from entra_sim.simulator.web.control_key import is_authorized
from entra_sim.simulator.web.control_key import unauthorized

blueprint = Blueprint("clock", __name__)


@blueprint.get("/api/clock")
def show() -> dict[str, Any]:
    """Return the clock and what is due next."""
    return _clock_state(request.environ["entra_sim.simulator"])


@blueprint.post("/api/clock")
def change() -> Response | tuple[Response, int]:
    """Move or change the clock: {"advance": "40m"}, {"next": true} or {"rate": 60}; returns what ran."""
    if not is_authorized():
        return unauthorized()
    simulator = request.environ["entra_sim.simulator"]
    body = request.get_json(silent=True)
    try:
        if not isinstance(body, dict) or len(body) != 1:
            raise UserInputError('Send one of {"advance": "40m"}, {"next": true}, {"rate": 60}.')
        happenings = _changed(simulator, body)
    except SimulatorError as error:
        return jsonify({"error": str(error)}), error.http_status
    ran = [{"at": item.at.isoformat(), "kind": item.kind, "text": item.text} for item in happenings]
    return jsonify({**_clock_state(simulator), "ran": ran})


def _changed(simulator: Any, body: dict[str, Any]) -> list[Any]:
    if "advance" in body:
        moved: list[Any] = simulator.jump(parse_span(str(body["advance"]), simulator.clock.now()))
        return moved
    if "next" in body:
        return list(simulator.jump_to_next())
    if "rate" in body:
        try:
            rate = float(body["rate"])
        except (TypeError, ValueError):
            raise UserInputError("The rate is a number: 0 frozen, 1 live, 60 an hour a minute.") from None
        if not 0 <= rate <= 100_000:
            raise UserInputError("The rate is a number from 0 to 100000.")
        simulator.set_rate(rate)
        return []
    raise UserInputError(f"The clock does not know '{next(iter(body))}'; it knows advance, next and rate.")


def _clock_state(simulator: Any) -> dict[str, Any]:
    return {
        "now": simulator.clock.now().isoformat(),
        "rate": simulator.clock.rate,
        "agenda": [
            {"at": due.at.isoformat(), "kind": due.kind, "subject": due.subject, "why": due.why}
            for due in simulator.queries.agenda()[:20]
        ],
    }
