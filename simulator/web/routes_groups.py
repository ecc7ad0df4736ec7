"""Groups: list, create, edit, members. Source: ui.md section 11, ENG-004."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.model.directory import Group
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.web.pages import PAGE
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import checked
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import is_fragment
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import number_argument
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator

blueprint = Blueprint("groups", __name__)

MOST_COUNTED = 1_000
"""Members that the list counts of each group: the list of a tenant with large groups comes as fast as any."""

FIELDS = ("displayName", "description", "mail", "mailNickname")


@blueprint.get("/groups")
def page() -> Answer:
    """List the groups."""
    search, after = argument("search"), argument("after", limit=600)
    found = screens().groups(search=search, after=after, limit=PAGE)
    return render_template(
        "groups_rows.html" if is_fragment() else "groups.html",
        rows=[(group, screens().count_members(group.object_id, most=MOST_COUNTED)) for group in found.rows],
        most=MOST_COUNTED,
        search=search,
        is_first=not after,
        next_href=url_for("groups.page", search=search, after=found.next) if found.next else "",
        total=screens().count_groups(),
    )


@blueprint.get("/groups/new")
def new() -> Answer:
    """Show the empty form of a new group."""
    return render_template("group_form.html", group=None, values={}, problem="")


@blueprint.post("/groups/new")
def create() -> Answer:
    """Create a group."""
    values = {name: request.form.get(name, "").strip() for name in FIELDS}
    try:
        for name, value in values.items():
            checked(value, name, 256 if name == "displayName" else 1_024)
        group = simulator().directory.create_group({key: value for key, value in values.items() if value})
    except SimulatorError as error:
        return render_template("group_form.html", group=None, values=values, problem=str(error)), error.http_status
    notify("ok", "Group created", f"{group.display_name} stands in the directory.")
    return go("groups.detail", group_id=group.object_id)


@blueprint.get("/groups/<group_id>")
def detail(group_id: str) -> Answer:
    """Show one group with its direct members."""
    group = _group(group_id)
    offset, search = number_argument("offset"), argument("search")
    found: list[User | Group] = []
    if search:
        found.extend(screens().people(search=search, limit=20).rows)
        found.extend(item for item in screens().groups(search=search, limit=20).rows if item.object_id != group_id)
    members = screens().members_among(group_id, [item.object_id for item in found])
    return render_template(
        "group.html",
        group=group,
        members=screens().members(group_id, limit=PAGE, offset=offset),
        member_count=screens().count_members(group_id),
        offset=offset,
        limit=PAGE,
        parents=screens().groups_of(group_id),
        search=search,
        found=[item for item in found if item.object_id not in members],
        asks=argument("ask"),
    )


@blueprint.post("/groups/<group_id>/members")
def change_members(group_id: str) -> Answer:
    """Add or remove the ticked members."""
    _group(group_id)
    ids = request.form.getlist("member")[:500]
    try:
        if request.form.get("action") == "remove":
            simulator().directory.remove_members(group_id, ids)
            notify("ok", "Members removed", "The next cycle sees it.")
        else:
            simulator().directory.add_members(group_id, ids)
            notify("ok", "Members added", "The next cycle sees it.")
    except SimulatorError as error:
        notify("bad", "Not changed", str(error))
    return go("groups.detail", group_id=group_id)


@blueprint.get("/groups/<group_id>/edit")
def edit(group_id: str) -> Answer:
    """Show the form of one group."""
    group = _group(group_id)
    return render_template("group_form.html", group=group, values=dict(group.attributes), problem="")


@blueprint.post("/groups/<group_id>/edit")
def save(group_id: str) -> Answer:
    """Change a group."""
    group = _group(group_id)
    values = {name: request.form.get(name, "").strip() for name in FIELDS}
    try:
        for name, value in values.items():
            checked(value, name, 256 if name == "displayName" else 1_024)
        simulator().directory.update_group(group_id, values)
    except SimulatorError as error:
        return render_template("group_form.html", group=group, values=values, problem=str(error)), error.http_status
    notify("ok", "Group saved", "The next cycle sends what differs.")
    return go("groups.detail", group_id=group_id)


@blueprint.post("/groups/<group_id>/delete")
def delete(group_id: str) -> Answer:
    """Delete a group for good, after having asked."""
    group = _group(group_id)
    if request.form.get("sure") != "yes":
        return go("groups.detail", group_id=group_id, ask="delete")
    simulator().directory.delete_group(group_id)
    notify("ok", "Group deleted", f"{group.display_name} is gone; its members stay.")
    return go("groups.page")


def _group(group_id: str) -> Group:
    found = screens().group(group_id)
    if found is None:
        raise NotFound("There is no such group.")
    return found
