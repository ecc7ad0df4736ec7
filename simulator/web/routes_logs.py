"""Provisioning logs: list, filters, one entry with its tabs, downloads. Source: ui.md section 10, ENG-348, ENG-349."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import request
from flask import url_for

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.log import ProvisioningLogEntry
from entra_sim.simulator.service.log_export import csv_files
from entra_sim.simulator.service.screens import LogQuery
from entra_sim.simulator.service.screens import Screens
from entra_sim.simulator.spans import parse_span
from entra_sim.simulator.web.pages import PAGE
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import is_fragment
from entra_sim.simulator.web.pages import number_argument
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.routes_about import the_ledger

blueprint = Blueprint("logs", __name__)

RANGES = (
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last month"),
    ("all", "All"),
)
ACTIONS = ("Create", "Update", "Delete", "Disable", "StagedDelete", "Other")
STATUSES = ("Success", "Failure", "Skipped", "Warning")
COLUMNS = ("Date", "Identity", "Action", "Source System", "Target System", "Status")
TABS = (
    ("steps", "Steps"),
    ("troubleshooting", "Troubleshooting & Recommendations"),
    ("modified", "Modified Properties"),
    ("summary", "Summary"),
)
MOST_DOWNLOADED = 100_000


@blueprint.get("/provisioning-logs")
def everywhere() -> Answer:
    """List the records of all applications."""
    return _page(None)


@blueprint.get("/enterprise-apps/<app_id>/provisioning/logs")
def page(app_id: str) -> Answer:
    """List the records of one application."""
    return _page(the_application(app_id))


def _page(application: Application | None) -> str:
    query, given = _query(application)
    found = screens().log_page(query, limit=PAGE)
    job = simulator().queries.job(application) if application else None
    hidden = request.args.getlist("hide")
    return render_template(
        "logs_rows.html" if is_fragment() else "logs.html",
        app=application,
        page=found,
        given=given,
        ranges=RANGES,
        actions=ACTIONS,
        statuses=STATUSES,
        columns=COLUMNS,
        shown=[name for name in COLUMNS if name not in hidden],
        hidden=hidden,
        more=argument("more") == "yes" or any(given[key] for key in ("cycle", "object_type", "code")),
        next_href=_link(application, given, before=found.next) if found.next else "",
        first_href=_link(application, given),
        is_first=not query.before_sequence,
        last=job.last_execution if job else None,
        limit=PAGE,
        retention_days=simulator().settings.log_retention_days,
    )


def _link(application: Application | None, given: dict[str, str], **more: str) -> str:
    values: dict[str, Any] = {key: value for key, value in given.items() if value} | more
    if application is None:
        return url_for("logs.everywhere", **values)
    return url_for("logs.page", app_id=application.application_id, **values)


def _query(application: Application | None) -> tuple[LogQuery, dict[str, str]]:
    """Return what is asked for, and the form's fields as given."""
    given = {key: argument(key) for key in ("range", "identity", "action", "status", "cycle", "object_type", "code")}
    if given["range"] not in dict(RANGES):
        given["range"] = "24h"
    now = simulator().clock.now()
    since = None if given["range"] == "all" else now - parse_span(given["range"], now) - timedelta(seconds=1)
    query = LogQuery(
        application_id=application.application_id if application else "",
        identity=given["identity"],
        action=given["action"] if given["action"] in ACTIONS else "",
        status=given["status"] if given["status"] in STATUSES else "",
        cycle_id=given["cycle"],
        object_type=given["object_type"] if given["object_type"] in ("User", "Group") else "",
        code=given["code"],
        since=since,
        before_sequence=number_argument("before"),
    )
    return query, given


@blueprint.get("/enterprise-apps/<app_id>/provisioning/logs/<entry_id>")
def entry(app_id: str, entry_id: str) -> Answer:
    """Show one record with its four tabs."""
    application = the_application(app_id)
    found = simulator().queries.log_entry(entry_id)
    if found is None or found.application_id != application.application_id:
        raise NotFound("This log entry does not exist; entries are dropped after 30 days.")
    tab = argument("tab")
    kept = {record.sequence: record for record in list(simulator().core.exchanges)}
    ledger = the_ledger()
    return render_template(
        "log_entry.html",
        app=application,
        entry=found,
        tabs=TABS,
        tab=tab if tab in dict(TABS) else "steps",
        exchanges=[kept[number] for number in found.request_sequences if number in kept],
        code=ledger.code(found.code) if found.code else None,
        rules=[rule for rule in (ledger.rule(rule_id) for rule_id in found.rules) if rule is not None],
    )


@blueprint.get("/provisioning-logs/download")
def download_everywhere() -> Response:
    """Return the filtered records of all applications as a file."""
    return _download(None)


@blueprint.get("/enterprise-apps/<app_id>/provisioning/logs/download")
def download(app_id: str) -> Response:
    """Return the filtered records of one application as a file."""
    return _download(the_application(app_id))


def _download(application: Application | None) -> Response:
    query, _given = _query(application)
    if argument("format") == "csv":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, text in csv_files(list(_entries(screens(), query))).items():
                zipped.writestr(zipfile.ZipInfo(f"{name}.csv"), "\ufeff" + text)
        headers = {"Content-Disposition": "attachment; filename=ProvisioningLogs.zip"}
        return Response(archive.getvalue(), mimetype="application/zip", headers=headers)
    headers = {"Content-Disposition": "attachment; filename=ProvisioningLogs.json"}
    return Response(_json_pieces(_entries(screens(), query)), mimetype="application/json", headers=headers)


def _entries(asked: Screens, query: LogQuery) -> Iterator[ProvisioningLogEntry]:
    before, count = query.before_sequence, 0
    while count < MOST_DOWNLOADED:
        part = asked.log_page(replace(query, before_sequence=before), limit=500)
        yield from part.rows
        count += len(part.rows)
        if not part.next:
            return
        before = int(part.next)


def _json_pieces(entries: Iterator[ProvisioningLogEntry]) -> Iterator[str]:
    """Yield one JSON array of records in Graph's spelling, piece by piece."""
    separator = "[\n"
    for entry in entries:
        yield separator + json.dumps(entry.as_dict(), ensure_ascii=False)
        separator = ",\n"
    yield "\n]\n" if separator == ",\n" else "[]\n"
