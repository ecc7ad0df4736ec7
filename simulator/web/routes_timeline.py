"""`/lab/timeline`: pick a person, see the story."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template

from entra_sim.simulator.errors import NotFound
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import screens
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.timeline import LANES
from entra_sim.simulator.web.timeline import moments

blueprint = Blueprint("timeline", __name__)


@blueprint.get("/lab/timeline")
def pick() -> Answer:
    """Search a person."""
    search = argument("search")
    found = screens().people(search=search, limit=30).rows
    deleted = screens().deleted_people(limit=20)
    return render_template("timeline_pick.html", search=search, people=found, deleted=deleted)


@blueprint.get("/lab/timeline/<user_id>")
def page(user_id: str) -> Answer:
    """Show one person's story."""
    store = simulator().core.directory
    user, tombstone = store.get_user(user_id), store.get_tombstone(user_id)
    story = moments(simulator(), user_id)
    if user is None and tombstone is None and not story:
        raise NotFound("There is no such user.")
    name = user.display_name if user else tombstone.display_name if tombstone else user_id
    return render_template("timeline.html", user=user, user_id=user_id, name=name, lanes=LANES, story=story)
