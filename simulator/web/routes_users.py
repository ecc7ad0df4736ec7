"""Users and deleted users. Source: ui.md section 11, ENG-003, ENG-011."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.attributes import USER_ATTRIBUTES
from entra_sim.simulator.model.attributes import AttributeType
from entra_sim.simulator.model.attributes import is_directory_extension
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.web.pages import PAGE
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import checked
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import is_fragment
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator

blueprint = Blueprint("users", __name__)

SEEDS = (10, 100, 1_000)
FIRST_FIELDS = (
    "userPrincipalName",
    "displayName",
    "givenName",
    "surname",
    "mail",
    "mailNickname",
    "jobTitle",
    "department",
    "manager",
)
FIELDS = tuple(
    attribute
    for attribute in USER_ATTRIBUTES
    if not attribute.is_read_only and not attribute.is_computed and attribute.name != "accountEnabled"
)


@blueprint.get("/users")
def page() -> Answer:
    """List the living users."""
    search, after = argument("search"), argument("after", limit=600)
    found = screens().people(search=search, after=after, limit=PAGE)
    return render_template(
        "users_rows.html" if is_fragment() else "users.html",
        page=found,
        search=search,
        is_first=not after,
        next_href=url_for("users.page", search=search, after=found.next) if found.next else "",
        total=simulator().core.directory.count_users(),
        deleted=simulator().core.directory.count_users(deleted=True),
        seeds=SEEDS,
    )


@blueprint.get("/users/deleted")
def deleted() -> Answer:
    """List who is in the recycle bin."""
    days = simulator().settings.recycle_bin_days
    return render_template("deleted_users.html", people=screens().deleted_people(), days=days)


@blueprint.post("/users/deleted")
def change_deleted() -> Answer:
    """Restore somebody, or delete for good."""
    user_id, action = request.form.get("user", "")[:64], request.form.get("action", "")
    user = _user(user_id)
    try:
        if action == "restore":
            simulator().directory.restore_user(user_id)
            notify("ok", "User restored", f"{user.display_name} is back; the next cycle sees it.")
        elif action == "purge":
            simulator().directory.purge_user(user_id)
            notify("ok", "User deleted permanently", f"{user.display_name} is gone for good.")
    except SimulatorError as error:
        notify("bad", "Not possible", str(error))
    return go("users.deleted")


@blueprint.get("/users/new")
def new() -> Answer:
    """Show the empty form of a new user."""
    return _form_page(None, {}, "")


@blueprint.post("/users/new")
def create() -> Answer:
    """Create a user."""
    values: dict[str, Any] = {}
    try:
        values = _typed()
        user = simulator().directory.create_user({key: value for key, value in values.items() if value not in ("", [])})
    except SimulatorError as error:
        return _form_page(None, values or dict(request.form), str(error)), error.http_status
    notify("ok", "User created", f"{user.display_name} stands in the directory.")
    return go("users.detail", user_id=user.object_id)


@blueprint.post("/users/seed")
def seed() -> Answer:
    """Add made-up people."""
    from entra_sim.simulator.tenants import seeded_ids
    from entra_sim.simulator.tenants import synthesize

    text = request.form.get("count", "")
    if text not in [str(number) for number in SEEDS]:
        raise UserInputError("Choose one of the buttons.")
    sim = simulator()
    number = sim.core.directory.count_users() + sim.core.directory.count_users(deleted=True)
    image = synthesize(people=int(text), seed=number, new_id=seeded_ids(f"web {number}"))
    made = 0
    with sim.core.database.atomic():
        for record in image.users:
            attributes = {key: value for key, value in record.attributes.items() if key != "objectId"}
            try:
                sim.directory.create_user(attributes)
            except SimulatorError:
                continue
            made += 1
    notify("ok", "People added", f"{made} made-up people stand in the directory.")
    return go("users.page")


@blueprint.get("/users/<user_id>")
def detail(user_id: str) -> Answer:
    """Show one user: properties, groups, assignments, and what Tapt has."""
    sim = simulator()
    user = _user(user_id)
    store = sim.core.directory
    manager = store.get_user(user.manager_id) if user.manager_id else None
    applications = sim.applications.list()[:20]
    links = []
    for application in applications:
        entry = sim.core.jobs.get_entry(application.job_id, "User", user.object_id)
        last = screens().last_entry_of(user.object_id, application.application_id)
        entitled = user.object_id in store.entitling_roles(application.application_id, [user.object_id])
        links.append((application, entry, last, entitled))
    return render_template(
        "user.html",
        user=user,
        manager=manager,
        rows=_shown(user),
        groups=screens().groups_of(user.object_id),
        links_to=links,
        days=sim.settings.recycle_bin_days,
        asks=argument("ask"),
    )


def _shown(user: User) -> list[tuple[str, str]]:
    rows = []
    for name, value in user.attributes.items():
        if isinstance(value, (list, tuple)):
            rows.append((name, ", ".join(str(item) for item in value)))
        else:
            rows.append((name, str(value)))
    return rows


@blueprint.get("/users/<user_id>/edit")
def edit(user_id: str) -> Answer:
    """Show the form of one user."""
    user = _user(user_id)
    values = dict(user.attributes)
    manager = simulator().core.directory.get_user(user.manager_id) if user.manager_id else None
    values["manager"] = manager.user_principal_name if manager else ""
    return _form_page(user, values, "")


def _form_page(user: User | None, values: dict[str, Any], problem: str) -> str:
    extensions = [name for name in values if is_directory_extension(name)]
    return render_template(
        "user_form.html",
        user=user,
        values={key: "\n".join(value) if isinstance(value, (list, tuple)) else value for key, value in values.items()},
        first=[attribute for name in FIRST_FIELDS for attribute in FIELDS if attribute.name == name],
        more=[attribute for attribute in FIELDS if attribute.name not in FIRST_FIELDS],
        extensions=extensions,
        problem=problem,
    )


@blueprint.post("/users/<user_id>/edit")
def save(user_id: str) -> Answer:
    """Change a user."""
    user = _user(user_id)
    values: dict[str, Any] = {}
    try:
        values = _typed()
        held = {**user.attributes, "manager": _upn(user.manager_id)}
        changes = {key: value for key, value in values.items() if (held.get(key) or "") != (value or "")}
        if "accountEnabled" in values:
            changes["accountEnabled"] = values["accountEnabled"]
        simulator().directory.update_user(user.object_id, changes)
    except SimulatorError as error:
        return _form_page(user, values or dict(request.form), str(error)), error.http_status
    notify("ok", "User saved", "The next cycle sends what differs.")
    return go("users.detail", user_id=user_id)


def _upn(object_id: str | None) -> str:
    user = simulator().core.directory.get_user(object_id) if object_id else None
    return user.user_principal_name if user else ""


@blueprint.post("/users/<user_id>/delete")
def delete(user_id: str) -> Answer:
    """Move a user into the recycle bin, after having asked."""
    user = _user(user_id)
    if request.form.get("sure") != "yes":
        return go("users.detail", user_id=user_id, ask="delete")
    try:
        simulator().directory.delete_user(user.object_id)
    except SimulatorError as error:
        notify("bad", "Not deleted", str(error))
        return go("users.detail", user_id=user_id)
    notify("ok", "User deleted", f"{user.display_name} is under Deleted users and can be restored for 30 days.")
    return go("users.page")


def _user(user_id: str) -> User:
    found = simulator().core.directory.get_user(user_id)
    if found is None:
        raise NotFound("There is no such user.")
    return found


def _typed() -> dict[str, Any]:
    """Return what was typed, by attribute; lists are one value a line.

    Raises:
        UserInputError: a value is too long or of the wrong kind.
    """
    values: dict[str, Any] = {"accountEnabled": request.form.get("accountEnabled", "Yes") == "Yes"}
    for attribute in FIELDS:
        if attribute.name not in request.form:
            continue
        text = checked(request.form[attribute.name].strip(), attribute.name, attribute.max_length or 2_000)
        if attribute.is_multi_valued:
            values[attribute.name] = [line.strip() for line in text.splitlines() if line.strip()]
        elif attribute.type is AttributeType.BOOLEAN:
            if text not in ("", "True", "False"):
                raise UserInputError(f"'{attribute.name}' is True, False or empty.")
            values[attribute.name] = "" if not text else text == "True"
        else:
            values[attribute.name] = text
    for name in request.form:
        if is_directory_extension(name):
            values[name] = checked(request.form[name].strip(), name)
    return values
