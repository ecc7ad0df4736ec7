"""`/lab/requests`: every SCIM exchange, one of them in full, all of them as HAR. Source: ui.md section 13."""

from __future__ import annotations

import io

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import request

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.scim.profile import TenantUrl
from entra_sim.simulator.service.core import ExchangeRecord
from entra_sim.simulator.service.screens import LogQuery
from entra_sim.simulator.transport.har import HarWriter
from entra_sim.simulator.transport.journal import Exchange
from entra_sim.simulator.web.inspection import differences
from entra_sim.simulator.web.inspection import inspected
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import address
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import is_fragment
from entra_sim.simulator.web.pages import number_argument
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.sessions import web_state

blueprint = Blueprint("requests", __name__)

METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT")
STATUSES = (("ok", "2xx"), ("refused", "4xx"), ("broken", "5xx"), ("none", "no answer"))
SHOWN = 100


@blueprint.get("/lab/requests")
def page() -> Answer:
    """List the exchanges, newest first."""
    found = filtered_exchanges()
    before = number_argument("before")
    rows = [record for record in found if not before or record.sequence < before][: SHOWN + 1]
    given = {key: argument(key) for key in ("method", "path", "status", "app", "cycle", "object")}
    more = str(rows[SHOWN - 1].sequence) if len(rows) > SHOWN else ""
    kept = {key: value for key, value in given.items() if value}
    running = bool(web_state().work.current) or any(job.cycle for job in simulator().core.jobs.list_jobs())
    return render_template(
        "requests_rows.html" if is_fragment() else "requests.html",
        rows=rows[:SHOWN],
        given=given,
        methods=METHODS,
        statuses=STATUSES,
        applications=simulator().applications.list()[:100],
        next_href=address("requests.page", before=more, **kept) if more else "",
        first_href=address("requests.page", **kept),
        is_first=not before,
        polls=running and not before,
        newest=found[0].sequence if found else 0,
    )


def filtered_exchanges() -> list[ExchangeRecord]:
    """Return the exchanges that the query asks for, newest first."""
    method, path, status = argument("method"), argument("path").lower(), argument("status")
    app_id, wanted = argument("app"), _sequences()
    found = []
    for record in reversed(simulator().exchanges()):
        if wanted is not None and record.sequence not in wanted:
            continue
        if method and record.call.method != method:
            continue
        query = "&".join(f"{key}={value}" for key, value in record.call.query)
        if path and path not in f"{record.call.path}?{query}".lower():
            continue
        if status and status != _class_of(record.reply.status):
            continue
        if app_id and record.application_id != app_id:
            continue
        found.append(record)
    return found


def _class_of(status: int) -> str:
    return "none" if status == 0 else "ok" if status < 400 else "refused" if status < 500 else "broken"


def _sequences() -> set[int] | None:
    """Return the exchanges of a cycle or an object by way of its log records; None when neither is asked for."""
    cycle, object_id = argument("cycle"), argument("object")
    if not cycle and not object_id:
        return None
    entries = screens().log_page(LogQuery(cycle_id=cycle, source_id=object_id), limit=2_000).rows
    return {number for entry in entries for number in entry.request_sequences}


@blueprint.get("/lab/requests/<int:number>")
def detail(number: int) -> Answer:
    """Show one exchange, both sides."""
    records = simulator().exchanges()
    place = next((index for index, record in enumerate(records) if record.sequence == number), None)
    if place is None:
        raise NotFound("This request is no longer kept; the newest thousands are.")
    shown = inspected(records[place])
    same = [item for item in records[:place] if item.call.path == shown.record.call.path and item.call.method != "GET"]
    before = same[-1] if same and shown.record.call.method != "GET" else None
    return render_template(
        "request.html",
        shown=shown,
        before=before,
        changes=differences(inspected(before).request_pretty, shown.request_pretty) if before is not None else [],
        previous=records[place - 1].sequence if place else 0,
        next=records[place + 1].sequence if place + 1 < len(records) else 0,
        tapt=str(request.environ["entra_sim.links"].get("Tapt", "")),
    )


@blueprint.get("/lab/requests.har")
def har() -> Response:
    """Return the filtered exchanges as an HTTP Archive."""
    from importlib.metadata import version

    stream = io.StringIO()
    records = filtered_exchanges()[::-1]
    base = records[0].base if records else "http://127.0.0.1/scim/v2"
    with HarWriter(stream, TenantUrl.parse(base, allow_http=True), version=version("entra-sim")) as writer:
        for record in records:
            writer.add(
                Exchange(
                    sequence=record.sequence,
                    at=record.at,
                    answered_at=record.answered_at,
                    call=record.call,
                    reply=record.reply,
                )
            )
    headers = {"Content-Disposition": "attachment; filename=requests.har"}
    return Response(stream.getvalue(), mimetype="application/json", headers=headers)
