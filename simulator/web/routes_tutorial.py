"""`/lab/tutorial`: the tutorial as a checklist ticked by facts. Source: ui.md section 12."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.tutorial import tutorial_application
from entra_sim.simulator.web.tutorial import tutorial_lines

blueprint = Blueprint("lab_tutorial", __name__)


@blueprint.get("/lab/tutorial")
def page() -> Answer:
    """Show the checklist."""
    lines = tutorial_lines(simulator(), web_state().facts)
    return render_template(
        "lab_tutorial.html",
        lines=lines,
        done_count=sum(line.done for line in lines),
        app=tutorial_application(simulator()),
        asks=argument("ask"),
    )


@blueprint.post("/lab/tutorial")
def start_over() -> Answer:
    """Reset both sides, after having asked."""
    reset = web_state().hooks.reset
    if reset is None:
        notify("warn", "Not possible here", "Start again with 'entra-sim up --ephemeral', or with another --data DIR.")
        return go("lab_tutorial.page")
    if request.form.get("sure") != "yes":
        return go("lab_tutorial.page", ask="reset")
    simulator().before_jump("before a reset")
    reset()
    for shelf in (web_state().drafts, web_state().tests, web_state().runs, web_state().facts):
        shelf.clear()
    notify("ok", "Started over", "Both sides hold what they begin with. The clock stays where it was.")
    return go("lab_tutorial.page")
