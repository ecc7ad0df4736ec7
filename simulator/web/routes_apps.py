"""Enterprise applications: list, gallery, create, overview, properties. Source: ui.md section 3."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import field
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import is_fragment
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.standing import standing

blueprint = Blueprint("apps", __name__)


@blueprint.get("/enterprise-apps")
def page() -> Answer:
    """List the applications."""
    sim, search = simulator(), argument("search")
    shown = [item for item in sim.applications.list() if search.lower() in item.name.lower()]
    rows = [(item, standing(sim, item).word) for item in shown[:200]]
    template = "apps_rows.html" if is_fragment() else "apps.html"
    return render_template(template, rows=rows, search=search, total=len(shown))


@blueprint.get("/enterprise-apps/new")
def gallery() -> Answer:
    """Show the empty gallery."""
    return render_template("gallery.html", search=argument("search"))


@blueprint.get("/enterprise-apps/new/own")
def own() -> Answer:
    """Ask for the name of a new application."""
    return render_template("create_app.html", name="", problem="")


@blueprint.post("/enterprise-apps/new/own")
def create() -> Answer:
    """Create the application and open it."""
    try:
        name = field("name")
        if not name:
            raise UserInputError("Enter a name of 1 to 120 characters.")
        application = simulator().applications.create(name)
    except (UserInputError, StateConflict) as error:
        name = request.form.get("name", "")[:400]
        return render_template("create_app.html", name=name, problem=str(error)), 422
    notify("ok", "Application added", f"{application.name} was added to your applications.")
    return go("apps.overview", app_id=application.application_id)


@blueprint.get("/enterprise-apps/<app_id>")
def overview(app_id: str) -> Answer:
    """Show one application."""
    application = the_application(app_id)
    return render_template("app_overview.html", app=application, standing=standing(simulator(), application))


@blueprint.get("/enterprise-apps/<app_id>/properties")
def properties(app_id: str) -> Answer:
    """Show name and ids."""
    application = the_application(app_id)
    return render_template(
        "app_properties.html", app=application, name=application.name, problem="", asks=argument("ask") == "delete"
    )


@blueprint.post("/enterprise-apps/<app_id>/properties")
def save_properties(app_id: str) -> Answer:
    """Rename, or delete after having asked."""
    application = the_application(app_id)
    action = field("action")
    if action == "delete":
        if field("sure") != "yes":
            return go("apps.properties", app_id=app_id, ask="delete")
        simulator().applications.delete(application)
        notify("ok", "Application deleted", f"{application.name} and its provisioning job are gone; Tapt keeps all.")
        return go("apps.page")
    try:
        name = field("name")
        _rename(app_id, name)
    except (UserInputError, StateConflict) as error:
        shown = request.form.get("name", "")[:400]
        return render_template("app_properties.html", app=application, name=shown, problem=str(error), asks=False), 422
    notify("ok", "Properties saved", f"The application is called {name} now.")
    return go("apps.properties", app_id=app_id)


def _rename(app_id: str, name: str) -> None:
    """Store another name, under the rules of creating one."""
    from dataclasses import replace

    sim = simulator()
    if not name or len(name) > 120:
        raise UserInputError("Enter a name of 1 to 120 characters.")
    application = the_application(app_id)
    taken = any(
        item.name.lower() == name.lower() and item.application_id != application.application_id
        for item in sim.applications.list()
    )
    if taken:
        raise StateConflict(f"There is an application '{name}' already; choose another name.")
    with sim.core.database.atomic():
        sim.core.directory.save_application(replace(application, name=name))
        sim.core.audit("Update service principal", name, category="ApplicationManagement")
