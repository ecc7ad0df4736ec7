"""The dashboard's inspector: what arrived, why it was refused, and faults on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint
from flask import Response
from flask import abort
from flask import flash
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for

from entra_sim.mock_tapt import access
from entra_sim.mock_tapt import har
from entra_sim.mock_tapt.access import current_tapt
from entra_sim.mock_tapt.access import needs_administrator
from entra_sim.mock_tapt.clock import parse_instant
from entra_sim.mock_tapt.errors import TaptError
from entra_sim.mock_tapt.faults import PRESETS
from entra_sim.mock_tapt.faults import Fault
from entra_sim.mock_tapt.form_limits import MAX_SEARCH_LENGTH
from entra_sim.mock_tapt.form_limits import refuse_long
from entra_sim.mock_tapt.journal import Exchange
from entra_sim.mock_tapt.tapt import SCIM_ROOT

blueprint = Blueprint("inspector", __name__)
blueprint.before_request(access.guard)

SHOWN = 200
# fields of the fault form: name, label, kind
FAULT_FIELDS = (
    ("nth", "nth match only", "number"), ("every", "every nth match", "number"), ("share", "share (0 to 1)", "share"),
    ("seed", "seed of the share", "text"), ("from_at", "from", "instant"), ("until_at", "until", "instant"),
    ("times", "times at most", "number"), ("status", "status", "number"), ("scim_type", "scimType", "text"),
    ("detail", "detail", "text"), ("retry_after_s", "Retry-After in s", "share"), ("delay_s", "delay in s", "share"),
    ("content_type", "content type", "text"), ("success_status", "status of success", "number"),
)  # fmt: skip
FAULT_FLAGS = (
    ("broken_json", "broken JSON"), ("empty_list", "empty list"), ("duplicate_match", "duplicate match"),
    ("stale_read", "stale read after write"), ("id_missing", "id missing"), ("ignore_work", "does not do the work"),
)  # fmt: skip
READERS: dict[str, Callable[[str], Any]] = {"number": int, "share": float, "text": str, "instant": parse_instant}


def _base() -> str:
    return current_tapt().tenant_url or f"{request.host_url.rstrip('/')}{request.script_root}{SCIM_ROOT}"


@blueprint.get("/requests")
def requests() -> Any:
    """List the exchanges, newest first."""
    wanted = {name: request.args.get(name, "").strip()[:MAX_SEARCH_LENGTH] for name in ("method", "path", "status")}
    found = [exchange for exchange in reversed(current_tapt().journal.exchanges()) if _fits(exchange, wanted)]
    return render_template(
        "requests.html",
        rows=found[:SHOWN],
        total=len(found),
        wanted=wanted,
        has_any=current_tapt().journal.last_sequence,
    )


def _fits(exchange: Exchange, wanted: dict[str, str]) -> bool:
    status = wanted["status"]
    return (
        (not wanted["method"] or exchange.method == wanted["method"].upper())
        and wanted["path"].lower() in f"{exchange.path}?{exchange.query}".lower()
        and (not status or str(exchange.status).startswith(status.rstrip("x")))
    )


@blueprint.get("/requests/<int:sequence>")
def exchange(sequence: int) -> Any:
    """Show both sides of one exchange."""
    found = current_tapt().journal.find(sequence)
    if found is None:
        abort(404, "This request has left the inspector: it keeps the last ones only.")
    return render_template(
        "exchange.html",
        exchange=found,
        request_body=_pretty(found.request_body),
        response_body=_pretty(found.response_body),
        curl=har.to_curl(found, _base()),
    )


def _pretty(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


@blueprint.post("/requests/clear")
def clear() -> Any:
    """Forget the exchanges."""
    needs_administrator()
    current_tapt().journal.clear()
    return redirect(url_for("inspector.requests"), 303)


@blueprint.get("/requests.har")
def archive() -> Any:
    """Download the exchanges as an HTTP archive."""
    content = orjson.dumps(har.to_har(current_tapt().journal.exchanges(), _base()))
    headers = {"Content-Disposition": 'attachment; filename="tapt.har"'}
    return Response(content, content_type="application/json", headers=headers)


@blueprint.route("/faults", methods=["GET", "POST"])
def faults() -> Any:
    """List the faults, or arm one."""
    tapt = current_tapt()
    values = {name: request.values.get(name, "") for name in ("name", "method", "path", "cut")}
    values |= {name: request.values.get(name, "") for name, _, _ in FAULT_FIELDS}
    values |= {name: request.values.get(name, "") for name, _ in FAULT_FLAGS}
    labels, error = {name: label for name, label, _ in FAULT_FIELDS}, ""
    if request.method == "POST":
        needs_administrator()
        try:
            refuse_long({labels.get(name, name): text for name, text in values.items()})
            with tapt.lock:
                tapt.faults.add(_fault_of(values))
            return redirect(url_for("inspector.faults"), 303)
        except (TaptError, ValueError) as problem:
            error = str(problem)
    page = render_template(
        "faults.html",
        rows=tapt.faults.list(),
        presets=PRESETS,
        values=values,
        fields=FAULT_FIELDS,
        flags=FAULT_FLAGS,
        error=error,
        is_open=bool(error or request.args),
    )
    return page, 422 if error else 200


def _fault_of(values: dict[str, str]) -> Fault:
    given: dict[str, Any] = {"method": values["method"] or "*", "path": values["path"] or "*", "cut": values["cut"]}
    given["name"] = values["name"]
    for name, label, kind in FAULT_FIELDS:
        text = values[name].strip()
        if not text:
            continue
        try:
            given[name] = READERS[kind](text)
        except ValueError as error:
            raise TaptError(f"'{label}' is a number.") from error
    for name, _ in FAULT_FLAGS:
        given[name] = values[name] == "on"
    return Fault(**given)


@blueprint.post("/faults/preset")
def preset() -> Any:
    """Arm a preset."""
    needs_administrator()
    fault = PRESETS.get(request.form.get("preset", ""))
    if fault is None:
        abort(404, "There is no such preset.")
    with current_tapt().lock:
        current_tapt().faults.add(fault)
    return redirect(url_for("inspector.faults"), 303)


@blueprint.post("/faults/<int:fault_id>/<action>")
def change_fault(fault_id: int, action: str) -> Any:
    """Turn a fault on or off, or remove it."""
    needs_administrator()
    armed = current_tapt().faults
    try:
        with current_tapt().lock:
            if action == "remove":
                armed.remove(fault_id)
            elif action in ("on", "off"):
                armed.switch(fault_id, enabled=action == "on")
            else:
                abort(404)
    except TaptError as error:
        abort(404, str(error))
    return redirect(url_for("inspector.faults"), 303)


@blueprint.post("/faults/clear")
def clear_faults() -> Any:
    """Remove all faults."""
    needs_administrator()
    with current_tapt().lock:
        current_tapt().faults.clear()
    flash("All faults are off.")
    return redirect(url_for("inspector.faults"), 303)
