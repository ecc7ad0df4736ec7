"""Expression builder. Source: ui.md section 7."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.errors import ExpressionError
from entra_sim.simulator.expressions import functions
from entra_sim.simulator.expressions import parse
from entra_sim.simulator.web.drafting import attributes_of
from entra_sim.simulator.web.drafting import draft_document
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.pages import the_application
from entra_sim.simulator.web.row_form import MAX_EXPRESSION
from entra_sim.simulator.web.row_form import Outcome
from entra_sim.simulator.web.row_form import outcome

blueprint = Blueprint("expressions", __name__)


@blueprint.route("/enterprise-apps/<app_id>/provisioning/expression-builder", methods=["GET", "POST"])
def page(app_id: str) -> Answer:
    """Show the builder; a post adds a part or tests the expression. Nothing is stored here."""
    application = the_application(app_id)
    expression = request.form.get("expression", "")[: MAX_EXPRESSION + 1]
    action = request.form.get("action", "")
    by_name = {item.name: item for item in functions()}
    if action == "add-function" and request.form.get("function") in by_name:
        expression = _joined(expression, by_name[request.form["function"]].signature)
    if action == "add-attribute" and request.form.get("attribute"):
        expression = _joined(expression, f"[{request.form['attribute'][:200]}]")
    names: list[str] = []
    result: Outcome | None = None
    if expression:
        names, result = _read(expression)
    values = {name: request.form.get(f"value-{name}", "")[:2000] for name in names}
    if action == "test" and result is None:
        given = {name: value for name, value in values.items() if value}
        result = outcome(simulator(), expression, given) if expression else None
    elif action != "test":
        result = None
    sources = attributes_of(draft_document(application), "User", side="source")
    status = 422 if result is not None and result.is_error else 200
    return render_template(
        "expression_builder.html",
        app=application,
        expression=expression,
        functions=functions(),
        chosen=by_name.get(request.form.get("function", "")),
        attributes=[item["name"] for item in sources],
        values=values,
        result=result,
    ), status


def _joined(expression: str, part: str) -> str:
    return f"{expression.rstrip()} {part}".strip()[:MAX_EXPRESSION]


def _read(expression: str) -> tuple[list[str], Outcome | None]:
    """Return the attributes that an expression uses, or why it cannot be read."""
    if len(expression) > MAX_EXPRESSION:
        return [], Outcome(text=f"An expression has at most {MAX_EXPRESSION:,} characters.", is_error=True)
    try:
        return sorted(parse(expression).source_attributes), None
    except ExpressionError as error:
        return [], Outcome(text=str(error), is_error=True, column=error.column)
