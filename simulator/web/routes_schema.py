"""Attribute lists and the schema editor. Source: ui.md section 6, ENG-079, ENG-083, ENG-501."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import request

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.job import ScheduleState
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
from entra_sim.simulator.web.pages import checked
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import run_due
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.shown import pretty_json

blueprint = Blueprint("schema", __name__)

TYPES = ("String", "Boolean", "Integer", "DateTime", "Reference", "Binary")
SIDES = {"source": "Microsoft Entra ID", "target": "customappsso"}


@blueprint.get("/enterprise-apps/<app_id>/provisioning/mappings/<kind>/attribute-list/<side>")
def attribute_list(app_id: str, kind: str, side: str) -> Answer:
    """List the attributes of one side."""
    return _list_page(the_application(app_id), kind, side, "", "")


def _list_page(application: Application, kind: str, side: str, name: str, problem: str) -> str:
    if side not in SIDES:
        raise NotFound(f"There is no attribute list '{side[:60]}'.")
    rows = attributes_of(draft_document(application), object_type_of(kind), side=side)
    return render_template(
        "attribute_list.html",
        app=application,
        kind=kind,
        side=side,
        system=SIDES[side],
        rows=rows,
        types=TYPES,
        name=name,
        problem=problem,
        is_changed=is_changed(application),
    )


@blueprint.post("/enterprise-apps/<app_id>/provisioning/mappings/<kind>/attribute-list/<side>")
def change_list(app_id: str, kind: str, side: str) -> Answer:
    """Add an attribute to the draft."""
    application = the_application(app_id)
    if side not in SIDES:
        raise NotFound(f"There is no attribute list '{side[:60]}'.")
    document = draft_document(application)
    rows = attributes_of(document, object_type_of(kind), side=side)
    name = request.form.get("name", "").strip()
    try:
        rows.append(_definition(checked(name, "Name", 400), rows))
        checked_schema(document)
    except UserInputError as error:
        return _list_page(application, kind, side, name[:500], str(error)), 422
    keep_draft(application, document)
    return go("schema.attribute_list", app_id=app_id, kind=kind, side=side)


def _definition(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    kind = request.form.get("type", "String")
    if not name or any(character.isspace() for character in name):
        raise UserInputError(
            "Enter a name without blanks, for example emails[type eq"
            ' "home"].value or urn:ietf:params:scim:schemas:extension:Tapt:2.0:User:badge.'
        )
    if any(item["name"].lower() == name.lower() for item in rows):
        raise UserInputError(f"'{name}' stands in the list already.")
    if kind not in TYPES:
        raise UserInputError(f"Choose one of the types {', '.join(TYPES)}.")
    return {
        "anchor": False,
        "apiExpressions": [],
        "caseExact": request.form.get("exact") == "yes",
        "defaultValue": None,
        "flowNullValues": False,
        "metadata": [],
        "multivalued": request.form.get("multi") == "yes",
        "mutability": "ReadWrite",
        "name": name,
        "referencedObjects": [],
        "required": request.form.get("required") == "yes",
        "type": kind,
    }


@blueprint.get("/enterprise-apps/<app_id>/provisioning/schema")
def editor(app_id: str) -> Answer:
    """Show the whole schema as JSON."""
    application = the_application(app_id)
    text = pretty_json(stored_document(application))
    return render_template("schema_editor.html", app=application, text=text, problem="")


@blueprint.get("/enterprise-apps/<app_id>/provisioning/schema.json")
def download(app_id: str) -> Response:
    """Return the schema as a file."""
    application = the_application(app_id)
    headers = {"Content-Disposition": "attachment; filename=schema.json"}
    return Response(pretty_json(stored_document(application)) + "\n", mimetype="application/json", headers=headers)


@blueprint.post("/enterprise-apps/<app_id>/provisioning/schema")
def save(app_id: str) -> Answer:
    """Replace the schema by what was typed or uploaded."""
    application = the_application(app_id)
    upload = request.files.get("file")
    text = request.form.get("schema", "")
    try:
        if upload is not None and upload.filename:
            text = upload.stream.read().decode("utf-8")
        document = json.loads(text)
        if not isinstance(document, dict):
            raise UserInputError("The schema is a JSON object with synchronizationRules and directories.")
        simulator().provisioning.put_schema(application, document)
    except UnicodeDecodeError:
        problem = "The file is no UTF-8 text."
    except RecursionError:
        problem = "The text is nested too deeply for a schema."
    except json.JSONDecodeError as error:
        problem = f"Line {error.lineno}, column {error.colno}: this is no JSON ({error.msg})."
    except (SimulatorError, KeyError, TypeError, AttributeError, ValueError) as error:
        told = str(error) if isinstance(error, SimulatorError) else f"{type(error).__name__}: {error}"
        problem = f"This is no usable schema: {told}"
    else:
        drop_draft(application)
        notify("ok", "Schema saved", "An initial cycle follows the running one.")
        warn_of_traps(document)
        if simulator().queries.job(application).schedule is ScheduleState.ACTIVE:
            run_due(f"Running an initial cycle of {application.name}")
        return go("schema.editor", app_id=app_id)
    return render_template("schema_editor.html", app=application, text=text, problem=problem), 422
