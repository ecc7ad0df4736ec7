"""`/`: where things stand and where to go. `/healthz`."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template
from flask import request

from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.sessions import web_state
from entra_sim.simulator.web.standing import standing
from entra_sim.simulator.web.tutorial import tutorial_lines

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def page() -> Answer:
    """Show tutorial progress, applications, addresses, what is due next."""
    sim = simulator()
    lines = tutorial_lines(sim, web_state().facts)
    return render_template(
        "home.html",
        lines=lines,
        done_count=sum(line.done for line in lines),
        applications=[(item, standing(sim, item)) for item in sim.applications.list()[:20]],
        agenda=sim.queries.agenda()[:5],
        user_count=sim.core.directory.count_users(),
        admin_url=request.host_url.rstrip("/"),
    )


@blueprint.get("/healthz")
def health() -> dict[str, str]:
    """Answer that the server is up."""
    return {"status": "ok"}
