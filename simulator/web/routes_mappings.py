"""Attribute Mapping and Edit Attribute. Nothing is stored until Save on the mapping. Source: ui.md section 6."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask import render_template
from flask import request
from flask import session

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import ScheduleState
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.service.schemas import object_mapping_of
from entra_sim.simulator.service.schemas import set_actions
from entra_sim.simulator.web.drafting import attributes_of
from entra_sim.simulator.web.drafting import checked_schema
from entra_sim.simulator.web.drafting import draft_document
from entra_sim.simulator.web.drafting import drop_draft
from entra_sim.simulator.web.drafting import is_changed
from entra_sim.simulator.web.drafting import keep_draft
from entra_sim.simulator.web.drafting import object_type_of
from entra_sim.simulator.web.drafting import stored_document
from entra_sim.simulator.web.linting import warn_of_traps
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import run_due
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.row_form import APPLIES
from entra_sim.simulator.web.row_form import TYPES
from entra_sim.simulator.web.row_form import Outcome
from entra_sim.simulator.web.row_form import RowForm
from entra_sim.simulator.web.row_form import form_of
from entra_sim.simulator.web.row_form import row_of
from entra_sim.simulator.web.row_form import tried
from entra_sim.simulator.web.row_form import typed_form

blueprint = Blueprint("mappings", __name__)

_BASE = "/enterprise-apps/<app_id>/provisioning/mappings/<kind>"


@blueprint.get(_BASE)
def page(app_id: str, kind: str) -> Answer:
    """Show one object mapping, with what is edited and not saved."""
    application = the_application(app_id)
    return _page(application, kind, draft_document(application), "")


def _page(application: Application, kind: str, document: dict[str, Any], problem: str) -> str:
    """Return the Attribute Mapping page. Source: ENG-483."""
    object_type = object_type_of(kind)
    mapping = object_mapping_of(document, object_type)
    readings = read_schema(document).mapping(object_type)
    required = {row.target_attribute_name for row in readings.attribute_mappings if row.definition.is_required}
    matching = [row.target_attribute_name for row in readings.matching]
    rows = [
        {
            "form": form_of(row),
            "can_delete": row["targetAttributeName"] not in required and matching != [row["targetAttributeName"]],
        }
        for row in mapping["attributeMappings"]
    ]
    return render_template(
        "attribute_mapping.html",
        app=application,
        kind=kind,
        object_type=object_type,
        mapping=mapping,
        rows=rows,
        actions={word.strip() for word in str(mapping["flowTypes"]).split(",")},
        filter_count=len((mapping.get("scope") or {}).get("groups") or []),
        is_changed=is_changed(application),
        asks=argument("ask"),
        advanced=argument("advanced") == "yes",
        problem=problem,
    )


@blueprint.post(_BASE)
def save(app_id: str, kind: str) -> Answer:
    """Take over what was typed; store it after having asked, discard it, or delete one row of the draft."""
    application, object_type = the_application(app_id), object_type_of(kind)
    action = request.form.get("action", "")
    if action == "discard":
        drop_draft(application)
        return _back(app_id)
    document = draft_document(application)
    mapping = object_mapping_of(document, object_type)
    if request.form.get("sure") != "yes":
        _take_over(mapping, object_type)
    if action.startswith("delete-"):
        return _delete_row(application, kind, document, mapping, action.removeprefix("delete-"))
    if document == stored_document(application):
        drop_draft(application)
        notify("ok", "Nothing to save", "The mapping is as it was.")
        return go("mappings.page", app_id=app_id, kind=kind)
    keep_draft(application, document)
    if request.form.get("sure") != "yes":
        return go("mappings.page", app_id=app_id, kind=kind, ask="save")
    try:
        simulator().before_jump("before a mapping save")
        simulator().provisioning.save_mappings(application, document)
    except SimulatorError as error:
        return _page(application, kind, document, str(error)), 422
    drop_draft(application)
    notify("ok", "Attribute mappings saved", "Everybody in scope is evaluated again in the next cycle.")
    warn_of_traps(document)
    if simulator().queries.job(application).schedule is ScheduleState.ACTIVE:
        run_due(f"Running an initial cycle of {application.name}")
    return _back(app_id)


def _back(app_id: str) -> Answer:
    """Go to the list of mappings of the layout in use."""
    if session.get("layout") == "new":
        return go("newer.mappings", app_id=app_id)
    return go("provisioning.edit", app_id=app_id, open="mappings")


def _take_over(mapping: dict[str, Any], object_type: str) -> None:
    form = request.form
    if object_type == "Group" and form.get("enabled") in ("Yes", "No"):
        mapping["enabled"] = form["enabled"] == "Yes"
    if "has_actions" in form:
        set_actions(
            mapping,
            create=form.get("create") == "yes",
            update=form.get("update") == "yes",
            delete=form.get("delete") == "yes",
        )


def _delete_row(
    application: Application, kind: str, document: dict[str, Any], mapping: dict[str, Any], text: str
) -> Answer:
    rows = mapping["attributeMappings"]
    number, _, was = text.partition("-")
    rows.pop(_index(number, rows, was))
    try:
        checked_schema(document)
    except UserInputError as error:
        notify("bad", "Not deleted", str(error))
        return go("mappings.page", app_id=application.application_id, kind=kind)
    keep_draft(application, document)
    return go("mappings.page", app_id=application.application_id, kind=kind)


@blueprint.get(f"{_BASE}/attributes/<row_id>")
def attribute(app_id: str, kind: str, row_id: str) -> Answer:
    """Show one row, or an empty one for `new`."""
    application = the_application(app_id)
    document = draft_document(application)
    rows = object_mapping_of(document, object_type_of(kind))["attributeMappings"]
    typed = RowForm() if row_id == "new" else form_of(rows[_index(row_id, rows, argument("was"))])
    return _attribute_page(application, kind, row_id, document, typed)


def _attribute_page(
    application: Application,
    kind: str,
    row_id: str,
    document: dict[str, Any],
    typed: RowForm,
    result: Outcome | None = None,
) -> str:
    """Return the Edit Attribute page. Source: ENG-483."""
    object_type = object_type_of(kind)
    mapped = {row["targetAttributeName"] for row in object_mapping_of(document, object_type)["attributeMappings"]}
    targets = [item["name"] for item in attributes_of(document, object_type, side="target") if item["name"] != "id"]
    return render_template(
        "edit_attribute.html",
        app=application,
        kind=kind,
        row_id=row_id,
        typed=typed,
        types=TYPES,
        applies=APPLIES,
        sources=[item["name"] for item in attributes_of(document, object_type, side="source")],
        targets=[name for name in targets if name not in mapped or name == typed.target],
        result=result,
        people=[user.user_principal_name for user in screens().people(limit=20).rows],
    )


@blueprint.post(f"{_BASE}/attributes/<row_id>")
def save_attribute(app_id: str, kind: str, row_id: str) -> Answer:
    """Take one row into the draft, or try it on a user."""
    application = the_application(app_id)
    document = draft_document(application)
    rows = object_mapping_of(document, object_type_of(kind))["attributeMappings"]
    typed = typed_form(request.form)
    if request.form.get("action") == "try":
        return _attribute_page(application, kind, row_id, document, typed, tried(simulator(), typed))
    index = -1 if row_id == "new" else _index(row_id, rows, argument("was"))
    row = row_of(typed, {} if index < 0 else rows[index])
    if typed.problems:
        return _attribute_page(application, kind, row_id, document, typed), 422
    if index < 0:
        rows.append(row)
    else:
        rows[index] = row
    try:
        checked_schema(document)
    except UserInputError as error:
        typed.problems["form"] = str(error)
        return _attribute_page(application, kind, row_id, draft_document(application), typed), 422
    keep_draft(application, document)
    return go("mappings.page", app_id=app_id, kind=kind)


def _index(row_id: str, rows: list[Any], was: str) -> int:
    """Return where a row stands now. Another tab may have moved it: then its target attribute tells.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    number = int(row_id) if row_id.isascii() and row_id.isdigit() and len(row_id) < 6 else -1
    names = [row["targetAttributeName"] for row in rows]
    if 0 <= number < len(rows) and was in ("", names[number]):
        return number
    if was in names:
        return names.index(was)
    raise NotFound("This attribute mapping is gone: it was deleted or renamed meanwhile, perhaps in another tab.")
