"""`/lab/scenarios` and `/lab/exercise`: the library, run in a World of its own, or loaded into this lab to work on."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.web.hooks import ExerciseView
from entra_sim.simulator.web.hooks import ScenarioCard
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
    """List the scenarios in which all words of the search stand."""
    hooks = web_state().hooks
    search = argument("search")
    cards = None if hooks.scenarios is None else [card for card in hooks.scenarios.cards() if _has(card, search)]
    return render_template(
        "lab_scenarios.html",
        cards=cards,
        search=search,
        can_load=hooks.load is not None,
        asks=argument("ask"),
        exercise=the_exercise(),
    )


def _has(card: ScenarioCard, search: str) -> bool:
    text = f"{card.name} {card.title} {card.why} {card.kind} {card.problem}".casefold()
    return all(word in text for word in search.casefold().split())


def the_exercise() -> ExerciseView | None:
    """Return the exercise that was loaded into this lab, or None."""
    tells = web_state().hooks.exercise
    return None if tells is None else tells()


@blueprint.get("/lab/exercise")
def exercise() -> Answer:
    """Show the task, its hints and how much of it is repaired."""
    return render_template("lab_exercise.html", exercise=the_exercise())


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
        if the_exercise() is not None:
            notify("ok", "Exercise loaded", "The lab is in the state that is to be repaired.")
            return go("lab_scenarios.exercise")
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
