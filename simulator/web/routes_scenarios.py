"""`/lab/scenarios`: the library, run in a World of its own, or loaded into this lab, as far as it was handed in."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.web.hooks import ScenarioResult
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import field
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.state import new_token

MOST_SHOWN = 200_000
"""Characters of a transcript on the page."""

blueprint = Blueprint("lab_scenarios", __name__)


@blueprint.get("/lab/scenarios")
def page() -> Answer:
    """List the scenarios."""
    hooks = web_state().hooks
    return render_template(
        "lab_scenarios.html",
        cards=list(hooks.scenarios.cards()) if hooks.scenarios is not None else None,
        can_load=hooks.load is not None,
        asks=argument("ask"),
    )


@blueprint.post("/lab/scenarios")
def change() -> Answer:
    """Run one, or load it after having asked."""
    hooks = web_state().hooks
    name, action = field("name", limit=200), field("action", limit=10)
    if hooks.scenarios is None or name not in {card.name for card in hooks.scenarios.cards()}:
        raise NotFound(f"There is no scenario '{name}'.")
    if action == "load" and hooks.load is not None:
        if request.form.get("sure") != "yes":
            return go("lab_scenarios.page", ask=name)
        try:
            simulator().before_jump("before loading a scenario")
            hooks.load(name)
        except SimulatorError as error:
            notify("bad", "Not loaded", str(error))
            return go("lab_scenarios.page")
        notify("ok", "Scenario loaded", f"The lab holds what '{name}' begins with.")
        return go("home.page")
    scenarios = hooks.scenarios
    task = web_state().work.start(f"Running scenario {name}", lambda: scenarios.run(name), patience_s=20)
    if not task.done.is_set():
        notify("ok", "The scenario is still running", "Run it from a terminal to see all of it: entra-sim run.")
        return go("lab_scenarios.page")
    if task.error is not None:
        notify("bad", "The scenario cannot be run", str(task.error))
        return go("lab_scenarios.page")
    run_id = new_token()
    web_state().runs.put(run_id, task.result)
    return go("lab_scenarios.result", run_id=run_id)


@blueprint.get("/lab/scenarios/<run_id>")
def result(run_id: str) -> Answer:
    """Show how a run went."""
    found = web_state().runs.get(run_id)
    if not isinstance(found, ScenarioResult):
        raise NotFound("This result is no longer kept. Run the scenario again.")
    return render_template("lab_scenario_run.html", run=found, most_shown=MOST_SHOWN)
