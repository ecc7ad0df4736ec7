"""The newer portal's layout over the same data and the same handlers. Source: ui.md section 8, ENG-486."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.web.connection import try_credentials
from entra_sim.simulator.web.connection import typed_before
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.routes_provisioning import Typed
from entra_sim.simulator.web.routes_provisioning import check_credentials
from entra_sim.simulator.web.routes_provisioning import check_settings
from entra_sim.simulator.web.routes_provisioning import flag_text
from entra_sim.simulator.web.routes_provisioning import store_credentials
from entra_sim.simulator.web.routes_provisioning import store_settings
from entra_sim.simulator.web.routes_provisioning import stored
from entra_sim.simulator.web.routes_provisioning import typed_fields

blueprint = Blueprint("newer", __name__)

_BASE = "/enterprise-apps/<app_id>/provisioning"


@blueprint.get(f"{_BASE}/new")
def configuration(app_id: str) -> Answer:
    """Show New configuration."""
    return _connectivity(the_application(app_id), "Create")


@blueprint.get(f"{_BASE}/connectivity")
def connectivity(app_id: str) -> Answer:
    """Show the same fields of a job that exists."""
    return _connectivity(the_application(app_id), "Save")


def _connectivity(application: Application, button: str, typed: Typed | None = None) -> str:
    """Return the Connectivity page. Source: ENG-486."""
    job = simulator().queries.job(application)
    test = typed_before(application)
    shown = typed or stored(job)
    if typed is None and test is not None:
        shown.tenant_url = test.tenant_url
    return render_template(
        "connectivity.html",
        app=application,
        job=job,
        typed=shown,
        test=test,
        button=button,
        flag=flag_text(shown.tenant_url),
    )


@blueprint.post(f"{_BASE}/connectivity")
def save(app_id: str) -> Answer:
    """Test the connection, or store it; the first time the job becomes Automatic."""
    application = the_application(app_id)
    job = simulator().queries.job(application)
    button = "Save" if job.configuration.tenant_url else "Create"
    typed = typed_fields(job)
    if request.form.get("action") == "test":
        typed.problems.update(try_credentials(application, job, "Automatic"))
        if typed.problems:
            return _connectivity(application, button, typed), 422
        return go("newer.connectivity" if button == "Save" else "newer.configuration", app_id=app_id)
    check_credentials(application, job, typed)
    if typed.problems:
        return _connectivity(application, button, typed), 422
    try:
        store_credentials(application, job, "Automatic")
    except SimulatorError as error:
        typed.problems["test"] = str(error)
        return _connectivity(application, button, typed), 422
    notify("ok", "Connectivity saved", f"{application.name} is connected.")
    return go("overview.page", app_id=app_id)


@blueprint.get(f"{_BASE}/properties")
def properties(app_id: str) -> Answer:
    """Show Basics, and its pane behind the pencil. Source: ENG-486."""
    application = the_application(app_id)
    job = simulator().queries.job(application)
    return render_template(
        "newer_properties.html", app=application, job=job, typed=stored(job), edits=argument("edit") == "yes"
    )


@blueprint.post(f"{_BASE}/properties")
def apply(app_id: str) -> Answer:
    """Store what the pane holds."""
    application = the_application(app_id)
    job = simulator().queries.job(application)
    typed = typed_fields(job)
    typed.is_notification_enabled = bool(typed.notification_email)
    check_settings(typed)
    if typed.problems:
        return render_template("newer_properties.html", app=application, job=job, typed=typed, edits=True), 422
    store_settings(application, job, typed)
    notify("ok", "Properties saved", "They hold from the next cycle on.")
    return go("newer.properties", app_id=app_id)


@blueprint.get(f"{_BASE}/attribute-mapping")
def mappings(app_id: str) -> Answer:
    """List the two mappings, a pencil on each row."""
    application = the_application(app_id)
    schema = simulator().builder.schema(application.job_id).schema
    return render_template("newer_mappings.html", app=application, schema=schema)
