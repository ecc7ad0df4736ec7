"""`/lab/compare` and Why?: what should be, the link, what is. Source: ui.md section 13."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.service.explaining import explain
from entra_sim.simulator.web.comparing import compare
from entra_sim.simulator.web.comparing import only_in_target
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import address
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.routes_about import the_ledger
from entra_sim.simulator.web.shown import pretty_json

blueprint = Blueprint("compare", __name__)
why = Blueprint("why", __name__)

SHOWN = 25


@blueprint.get("/lab/compare")
def page() -> Answer:
    """Show a page of people (or groups) of one application."""
    applications = simulator().applications.list()
    app_id = argument("app") or (applications[0].application_id if applications else "")
    if not app_id:
        return render_template("compare.html", app=None, applications=[], problem="")
    application = the_application(app_id)
    kind = "groups" if argument("kind") == "groups" else "users"
    search, after, looks = argument("search"), argument("after", limit=600), argument("look") == "yes"
    found = (
        screens().groups(search=search, after=after, limit=SHOWN)
        if kind == "groups"
        else screens().people(search=search, after=after, limit=SHOWN)
    )
    ids = [item.object_id for item in found.rows]
    object_type = "Group" if kind == "groups" else "User"
    problem, rows = "", []
    try:
        rows = compare(simulator(), application, object_type, ids, looks=looks)
    except StateConflict as error:
        problem = str(error)
    strangers, strange = only_in_target(simulator(), application) if looks and not problem else ([], "")
    kept = {"app": app_id, "kind": kind, "search": search}
    return render_template(
        "compare.html",
        app=application,
        applications=applications[:100],
        kind=kind,
        search=search,
        rows=sorted(rows, key=lambda row: ids.index(row.object_id)),
        looks=looks,
        strangers=strangers,
        strange=strange,
        problem=problem,
        is_first=not after,
        next_href=address("compare.page", after=found.next, **kept) if found.next else "",
        first_href=address("compare.page", **kept),
        look_href=address("compare.page", look="yes", after=after, **kept),
    )


@why.get("/enterprise-apps/<app_id>/why/<principal_id>")
def page_of(app_id: str, principal_id: str) -> Answer:
    """Say what the next cycle will do with one user or group, and why."""
    application: Application = the_application(app_id)
    if not simulator().queries.job(application).configuration.tenant_url:
        raise StateConflict("Save admin credentials first: without them the target cannot be asked.")
    told = explain(simulator(), application, principal_id)
    ledger = the_ledger()
    return render_template(
        "why.html",
        app=application,
        told=told,
        principal_id=principal_id,
        rules=[rule for rule in (ledger.rule(rule_id) for rule_id in told.rules) if rule is not None],
        bodies=[pretty_json(call.body) if call.body is not None else "" for call in told.calls],
    )
