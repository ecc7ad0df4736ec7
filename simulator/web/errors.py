"""Error pages: what is wrong, and the way on. Never a traceback; our own faults carry an id that is in the log."""

from __future__ import annotations

import secrets

from flask import Flask
from flask import current_app
from flask import jsonify
from flask import render_template
from flask import request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import machine_fault

Answer = tuple[str, int] | tuple[AnyResponse, int]

TITLES = {
    400: "The request cannot be read",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Not possible in this state",
    413: "Too large",
    415: "Not possible here",
    422: "Something has to be corrected",
}


def register_errors(app: Flask) -> None:
    """Let every failure end in a page of ours, or in JSON below /api."""
    app.register_error_handler(SimulatorError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def _refused(error: SimulatorError) -> Answer:
    status = error.http_status
    text = str(error)
    if status == 404:
        text += " It was deleted, or the lab was reset."
    return answer(status, text)


def _http(error: HTTPException) -> Answer | HTTPException:
    status = error.code or 500
    if status in (301, 302, 303, 307, 308):
        return error
    texts = {
        404: f"There is no page {request.path[:200]}.",
        405: "This page is not changed this way. Go back and use its buttons.",
        413: "What was sent is too large. Send less at once.",
    }
    return answer(status, texts.get(status, error.description or "The request cannot be answered."))


def _fault(error: Exception) -> Answer:
    if (told := machine_fault(error)) is not None:
        return answer(507, told)
    fault_id = secrets.token_hex(4)
    current_app.logger.error("fault %s at %s %s", fault_id, request.method, request.path, exc_info=error)
    return answer(500, f"This is our fault. It is in the log under {fault_id}. Go back and try again.")


def answer(status: int, text: str) -> Answer:
    """Return an error page, or JSON below /api."""
    if request.path.startswith("/api/"):
        return jsonify({"error": text}), status
    title = TITLES.get(status, "Something went wrong")
    return render_template("error.html", status=status, title=title, text=text, up=_up()), status


def _up() -> str:
    """Return the nearest path above that is likely to exist."""
    parts = request.path.rstrip("/").split("/")
    if len(parts) > 2 and parts[1] == "enterprise-apps":
        app_id = parts[2]
        exists = request.environ["entra_sim.simulator"].core.directory.get_application(app_id) is not None
        return request.script_root + (f"/enterprise-apps/{app_id}" if exists and len(parts) > 3 else "/enterprise-apps")
    return request.script_root + ("/".join(parts[:-1]) or "/")
