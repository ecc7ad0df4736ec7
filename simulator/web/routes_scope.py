"""Source Object Scope and Add Scoping Filter. Source: ui.md section 6, ENG-040 to ENG-059, ENG-484."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.engine.scoping import UNARY
from entra_sim.simulator.engine.scoping import check_filters
from entra_sim.simulator.engine.scoping import evaluate_filters
from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import UserInputError
from entra_sim.simulator.model.attributes import source_attribute
from entra_sim.simulator.model.directory import Application
from entra_sim.simulator.model.directory import User
from entra_sim.simulator.model.directory import user_attributes
from entra_sim.simulator.model.mapping import read_schema
from entra_sim.simulator.service.schemas import object_mapping_of
from entra_sim.simulator.service.schemas import set_filters
from entra_sim.simulator.web.drafting import attributes_of
from entra_sim.simulator.web.drafting import draft_document
from entra_sim.simulator.web.drafting import is_changed
from entra_sim.simulator.web.drafting import keep_draft
from entra_sim.simulator.web.drafting import object_type_of
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application

blueprint = Blueprint("scope", __name__)

_BASE = "/enterprise-apps/<app_id>/provisioning/mappings/<kind>/scope"

OPERATORS = (
    "&",
    "!&",
    "ENDS_WITH",
    "EQUALS",
    "Greater_Than",
    "Greater_Than_OR_EQUALS",
    "Includes",
    "IS FALSE",
    "IS NOT NULL",
    "IS NULL",
    "IS TRUE",
    "NOT EQUALS",
    "NOT REGEX MATCH",
    "REGEX MATCH",
)
MOST_CLAUSES = 50
MOST_EVALUATED = 1_000
"""Objects that the line "Admits n of m" looks at; a bigger directory is judged by its first ones."""


@blueprint.get(_BASE)
def page(app_id: str, kind: str) -> Answer:
    """List the filters, and whom they admit. Source: ENG-484."""
    application, object_type = the_application(app_id), object_type_of(kind)
    document = draft_document(application)
    admitted, refused = _judged(document, object_type)
    return render_template(
        "source_object_scope.html",
        app=application,
        kind=kind,
        filters=_groups(document, object_type),
        admitted=admitted,
        refused=refused,
        most=MOST_EVALUATED,
        is_changed=is_changed(application),
    )


def _groups(document: dict[str, Any], object_type: str) -> list[dict[str, Any]]:
    scope = object_mapping_of(document, object_type).get("scope") or {}
    return list(scope.get("groups") or [])


def _judged(document: dict[str, Any], object_type: str) -> tuple[list[str], list[str]]:
    """Return the names that the filters admit, and those that they do not."""
    filters = read_schema(document).mapping(object_type).scoping_filters
    anchored = simulator().settings.regex_match_anchored
    admitted: list[str] = []
    refused: list[str] = []
    if object_type == "User":
        rows: tuple[Any, ...] = screens().people(limit=MOST_EVALUATED).rows
    else:
        rows = screens().groups(limit=MOST_EVALUATED).rows
    for item in rows:
        attributes = user_attributes(item) if isinstance(item, User) else dict(item.attributes)
        verdict = evaluate_filters(filters, attributes, is_anchored=anchored)
        (admitted if verdict.passes else refused).append(item.display_name)
    return admitted, refused


@blueprint.post(_BASE)
def change(app_id: str, kind: str) -> Answer:
    """Remove one filter from the draft."""
    application, object_type = the_application(app_id), object_type_of(kind)
    document = draft_document(application)
    groups = _groups(document, object_type)
    groups.pop(_index(request.form.get("remove", ""), groups))
    set_filters(object_mapping_of(document, object_type), list(groups))
    keep_draft(application, document)
    return go("scope.page", app_id=app_id, kind=kind)


@blueprint.get(f"{_BASE}/<number>")
def edit(app_id: str, kind: str, number: str) -> Answer:
    """Show one filter, or an empty one for `new`."""
    application, object_type = the_application(app_id), object_type_of(kind)
    groups = _groups(draft_document(application), object_type)
    if number == "new":
        title, clauses = "", [("", "EQUALS", "")]
    else:
        group = groups[_index(number, groups)]
        title, clauses = str(group.get("name", "")), [_clause(item) for item in group["clauses"]]
    return _edit_page(application, kind, number, title, clauses, "")


def _clause(item: dict[str, Any]) -> tuple[str, str, str]:
    values = (item.get("targetOperand") or {}).get("values") or []
    return str(item["sourceOperandName"]), str(item["operatorName"]), str(values[0]) if values else ""


def _edit_page(
    application: Application, kind: str, number: str, title: str, clauses: list[tuple[str, str, str]], problem: str
) -> str:
    """Return the Add Scoping Filter page. Source: ENG-484."""
    document = draft_document(application)
    sources = [
        item["name"]
        for item in attributes_of(document, object_type_of(kind), side="source")
        if (known := source_attribute(item["name"])) is None or known.is_filterable
    ]
    return render_template(
        "add_scoping_filter.html",
        app=application,
        kind=kind,
        number=number,
        filter_title=title,
        clauses=clauses,
        sources=sources,
        operators=OPERATORS,
        problem=problem,
    )


@blueprint.post(f"{_BASE}/<number>")
def save(app_id: str, kind: str, number: str) -> Answer:
    """Add or remove a line of the form, or take the filter into the draft."""
    application, object_type = the_application(app_id), object_type_of(kind)
    document = draft_document(application)
    groups = _groups(document, object_type)
    index = -1 if number == "new" else _index(number, groups)
    title = request.form.get("title", "").strip()[:256]
    clauses = _typed_clauses()
    action = request.form.get("action", "")
    if action == "add" and len(clauses) < MOST_CLAUSES:
        return _edit_page(application, kind, number, title, [*clauses, ("", "EQUALS", "")], "")
    if action.startswith("remove-"):
        kept = [item for place, item in enumerate(clauses) if f"remove-{place}" != action]
        return _edit_page(application, kind, number, title, kept or [("", "EQUALS", "")], "")
    made = {
        "title": title,
        "clauses": [
            {"attribute": name, "operator": operator, "value": None if operator in UNARY else value}
            for name, operator, value in clauses
            if name
        ],
    }
    groups[index if index >= 0 else len(groups) :] = [made, *(groups[index + 1 :] if index >= 0 else [])]
    try:
        if not title:
            raise UserInputError("Enter a Scoping Filter Title.")
        set_filters(object_mapping_of(document, object_type), list(groups))
        check_filters(read_schema(document).mapping(object_type).scoping_filters, "Scoping filter")
    except UserInputError as error:
        return _edit_page(application, kind, number, title, clauses, str(error)), 422
    keep_draft(application, document)
    return go("scope.page", app_id=app_id, kind=kind)


def _typed_clauses() -> list[tuple[str, str, str]]:
    form = request.form
    rows = zip(form.getlist("attribute"), form.getlist("operator"), form.getlist("value"), strict=False)
    return [(name[:256], operator[:40], value[:2_000]) for name, operator, value in list(rows)[:MOST_CLAUSES]]


def _index(text: str, groups: list[Any]) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < len(groups)):
        raise NotFound("This scoping filter is gone.")
    return int(text)
