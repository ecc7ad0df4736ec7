"""`/api/...`: JSON twins of the lab's screens. Read with a session of these pages, or with the control key."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask import Response
from flask import jsonify
from flask import request

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.service.explaining import explain
from entra_sim.simulator.spans import parse_span
from entra_sim.simulator.web.comparing import compare
from entra_sim.simulator.web.control_key import is_authorized
from entra_sim.simulator.web.control_key import unauthorized
from entra_sim.simulator.web.frame import summary
from entra_sim.simulator.web.inspection import inspected
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.routes_about import the_ledger
from entra_sim.simulator.web.routes_requests import SHOWN
from entra_sim.simulator.web.routes_requests import filtered_exchanges
from entra_sim.simulator.web.routes_scenarios import the_exercise
from entra_sim.simulator.web.sessions import current_account
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.timeline import LANES
from entra_sim.simulator.web.timeline import moments
from entra_sim.simulator.web.tutorial import tutorial_lines

blueprint = Blueprint("twins", __name__)


@blueprint.before_request
def authorize() -> tuple[Response, int] | None:
    """Let in whoever has the key or is signed in."""
    if is_authorized():
        return None
    account = current_account()
    if account is None or not account.reads or request.method != "GET":
        return unauthorized()
    return None


@blueprint.get("/api/agenda")
def agenda() -> Response:
    """Return what is due next."""
    due = simulator().queries.agenda()[:50]
    return jsonify(
        [{"at": item.at.isoformat(), "kind": item.kind, "subject": item.subject, "why": item.why} for item in due]
    )


@blueprint.get("/api/tutorial")
def tutorial() -> Response:
    """Return the checklist."""
    lines = tutorial_lines(simulator(), web_state().facts)
    return jsonify([{"number": item.number, "step": item.step, "text": item.text, "done": item.done} for item in lines])


@blueprint.get("/api/exercise")
def exercise() -> Response:
    """Return the exercise in this lab and how far it is, without its solution; null when there is none."""
    found = the_exercise()
    if found is None:
        return jsonify(None)
    facts = [
        {"text": item.text, "holds": item.holds, "expected": item.expected, "actual": item.actual}
        for item in found.facts
    ]
    return jsonify({"title": found.title, "task": found.task, "solved": found.is_solved, "facts": facts})


@blueprint.post("/api/clock/advance")
def advance() -> Response:
    """Move the clock by {"span": "40m"}; returns what ran."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("span"), str):
        raise UserInputError('Send {"span": "40m"}.')
    happenings = simulator().jump(parse_span(body["span"], simulator().clock.now()))
    return jsonify({"now": simulator().clock.now().isoformat(), "summary": summary(happenings)})


@blueprint.get("/api/requests")
def requests() -> Response:
    """Return the newest exchanges, filtered as the page is."""
    return jsonify([_short(record) for record in filtered_exchanges()[:SHOWN]])


def _short(record: ExchangeRecord) -> dict[str, Any]:
    return {
        "sequence": record.sequence,
        "at": record.at.isoformat(),
        "method": record.call.method,
        "path": record.call.path,
        "query": dict(record.call.query),
        "status": record.reply.status,
        "failure": record.reply.failure,
        "purpose": record.call.provenance.purpose,
        "rules": list(record.call.provenance.rules),
        "application": record.application_name,
    }


@blueprint.get("/api/requests/<int:number>")
def one_request(number: int) -> Response:
    """Return one exchange in full, secrets masked."""
    record = next((item for item in list(simulator().core.exchanges) if item.sequence == number), None)
    if record is None:
        raise NotFound("This request is no longer kept.")
    shown = inspected(record)
    return jsonify(
        {
            **_short(record),
            "requestHeaders": dict(shown.request_headers),
            "requestBody": shown.request_raw,
            "responseHeaders": dict(shown.response_headers),
            "responseBody": shown.response_raw,
        }
    )


@blueprint.get("/api/timeline/<user_id>")
def timeline(user_id: str) -> Response:
    """Return one person's story."""
    story = moments(simulator(), user_id)
    return jsonify(
        [
            {"at": moment.at.isoformat(), "lane": LANES[mark.lane], "text": mark.text}
            for moment in story
            for lane in moment.marks
            for mark in lane
        ]
    )


@blueprint.get("/api/compare")
def compared() -> Response:
    """Return a page of rows of ?app=ID, after ?after=CURSOR."""
    application = the_application(argument("app"))
    found = screens().people(search=argument("search"), after=argument("after", limit=600), limit=50)
    ids = [user.object_id for user in found.rows]
    rows = compare(simulator(), application, "User", ids, looks=argument("look") == "yes")
    return jsonify(
        {
            "next": found.next,
            "rows": [
                {
                    "id": row.object_id,
                    "name": row.name,
                    "identifier": row.identifier,
                    "shouldBe": row.should_be,
                    "link": row.link.target_anchor if row.link else None,
                    "state": row.state,
                    "tells": row.tells,
                }
                for row in rows
            ],
        }
    )


@blueprint.get("/api/why/<app_id>/<principal_id>")
def told(app_id: str, principal_id: str) -> Response:
    """Return what `entra-sim why` says."""
    return jsonify(explain(simulator(), the_application(app_id), principal_id).as_dict())


@blueprint.get("/api/scenarios")
def scenarios() -> Response:
    """Return the scenario list."""
    hooks = web_state().hooks.scenarios
    if hooks is None:
        raise StateConflict("This instance offers no scenarios; run them with 'entra-sim run --library'.")
    return jsonify(
        [{"name": card.name, "title": card.title, "why": card.why, "problem": card.problem} for card in hooks.cards()]
    )


@blueprint.get("/api/about")
def about() -> Response:
    """Return the fidelity ledger."""
    return jsonify([rule.as_json() for rule in the_ledger().rules])
