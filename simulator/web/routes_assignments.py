"""Users and groups of an application: list, add, pick, edit, remove. Source: ui.md section 4, ENG-489."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import StateConflict
from entra_sim.simulator.model.directory import DEFAULT_ACCESS_ROLE
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.web.pages import PAGE
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import number_argument
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application

blueprint = Blueprint("assignments", __name__)

MOST_PICKED = 200
"""Principals in one assignment form."""


@blueprint.get("/enterprise-apps/<app_id>/users")
def page(app_id: str) -> Answer:
    """List the assignments. Source: ENG-489."""
    application = the_application(app_id)
    after = str(number_argument("after") or "")
    found = screens().assignments(application.application_id, after=after, limit=PAGE)
    return render_template(
        "assignments.html",
        app=application,
        page=found,
        after=after,
        total=screens().count_assignments(application.application_id),
    )


@blueprint.get("/enterprise-apps/<app_id>/users/add")
def add(app_id: str) -> Answer:
    """Show the assignment to be made."""
    application = the_application(app_id)
    return _add_page(application.application_id, _picked(request.args.getlist("principal")), "")


def _add_page(app_id: str, picked: list[User | Group], problem: str) -> str:
    """Return the Add Assignment page. Source: ENG-489."""
    application = the_application(app_id)
    users = sum(isinstance(item, User) for item in picked)
    return render_template(
        "add_assignment.html",
        app=application,
        picked=picked,
        user_count=users,
        group_count=len(picked) - users,
        roles=[role for role in simulator().applications.roles(application) if role.value or role.display_name],
        problem=problem,
    )


@blueprint.get("/enterprise-apps/<app_id>/users/add/pick")
def pick(app_id: str) -> Answer:
    """Search users and groups to assign."""
    application = the_application(app_id)
    search, tab = argument("search"), argument("tab")
    kind = tab if tab in ("users", "groups") else "all"
    found: list[User | Group] = []
    if kind != "users":
        found.extend(screens().groups(search=search, limit=PAGE).rows)
    if kind != "groups":
        found.extend(screens().people(search=search, limit=PAGE).rows)
    picked = _picked(request.args.getlist("principal"))
    ids = [item.object_id for item in (*found, *picked)]
    return render_template(
        "pick_principals.html",
        app=application,
        found=found,
        picked=picked,
        picked_ids={item.object_id for item in picked},
        assigned=screens().assigned_among(application.application_id, ids),
        search=search,
        tab=kind,
        limit=PAGE,
    )


@blueprint.post("/enterprise-apps/<app_id>/users/add")
def assign(app_id: str) -> Answer:
    """Assign everybody who was picked."""
    application = the_application(app_id)
    picked = _picked(request.form.getlist("principal"))
    if not picked:
        return _add_page(app_id, [], "Select at least one user or group."), 422
    role_id = request.form.get("role", "")
    role = None if role_id in ("", DEFAULT_ACCESS_ROLE) else role_id
    made, known = 0, 0
    for principal in picked:
        try:
            simulator().applications.assign(application, principal.object_id, role)
            made += 1
        except StateConflict:
            known += 1
        except NotFound as error:
            return _add_page(app_id, picked, str(error)), 422
    told = f"{made} assigned." + (f" {known} had this assignment already." if known else "")
    notify("ok", "Application assignment succeeded", f"{told} It takes effect at the next cycle.")
    return go("assignments.page", app_id=app_id)


@blueprint.post("/enterprise-apps/<app_id>/users")
def change(app_id: str) -> Answer:
    """Ask before removing, or ask for another role, for the ticked rows."""
    application = the_application(app_id)
    principals = _picked(request.form.getlist("principal"))
    action = request.form.get("action", "")
    if not principals:
        notify("warn", "Nothing is selected", "Tick one or more rows first.")
        return go("assignments.page", app_id=app_id)
    if action == "edit" and len(principals) > 1:
        notify("warn", "Select one row", "Edit assignment changes one assignment at a time.")
        return go("assignments.page", app_id=app_id)
    if request.form.get("sure") != "yes":
        roles = simulator().applications.roles(application)
        return render_template(
            "change_assignment.html", app=application, principals=principals, action=action, roles=roles
        )
    try:
        for principal in principals:
            simulator().applications.unassign(application, principal.object_id)
            if action == "edit":
                role_id = request.form.get("role", "")
                role = None if role_id in ("", DEFAULT_ACCESS_ROLE) else role_id
                simulator().applications.assign(application, principal.object_id, role)
    except SimulatorError as error:
        notify("bad", "Not changed", str(error))
        return go("assignments.page", app_id=app_id)
    if action == "edit":
        notify("ok", "Assignment updated", "It takes effect at the next cycle.")
    else:
        notify(
            "ok",
            "Assignment removed",
            "Takes effect at the next cycle; with the default mappings the account is disabled, not deleted.",
        )
    return go("assignments.page", app_id=app_id)


def _picked(ids: list[str]) -> list[User | Group]:
    """Return the living users and the groups of these ids, each once; unknown ids are left out."""
    wanted = list(dict.fromkeys(item for item in ids if len(item) < 64))[:MOST_PICKED]
    users = simulator().core.directory.get_users(wanted)
    found: list[User | Group] = []
    for object_id in wanted:
        principal = users.get(object_id) or screens().group(object_id)
        if principal is not None:
            found.append(principal)
    return found
