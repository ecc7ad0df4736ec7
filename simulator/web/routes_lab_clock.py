"""`/lab/clock`: what is due next, and jumping there; saved labs and Undo. Source: ui.md section 12."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template

from entra_sim.simulator.errors import SimulatorError
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import field
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import is_fragment
from entra_sim.simulator.web.pages import notify
from entra_sim.simulator.web.pages import simulator
from entra_sim.simulator.web.sessions import web_state

blueprint = Blueprint("lab_clock", __name__)

UNDO = "undo"
"""Name of the save that is made by itself before a jump or a mapping save."""


@blueprint.get("/lab/clock")
def page() -> Answer:
    """Show the agenda and the saved labs."""
    return _page()


def _page(name: str = "", problem: str = "") -> str:
    sim = simulator()
    saves = list(sim.lab.list_saves()) if sim.lab is not None else []
    return render_template(
        "lab_clock_rows.html" if is_fragment() else "lab_clock.html",
        agenda=sim.queries.agenda()[:50],
        saves=[item for item in saves if item.name != UNDO],
        undo=next((item for item in saves if item.name == UNDO), None),
        keeps_saves=sim.lab is not None,
        polls=bool(web_state().work.current),
        name=name,
        problem=problem,
    )


@blueprint.post("/lab/saves")
def change() -> Answer:
    """Save, restore or undo."""
    sim = simulator()
    action, name = field("action", limit=20), field("name", limit=64)
    try:
        if sim.lab is None:
            notify("warn", "Nothing is kept", "This lab keeps no saves; start it with 'entra-sim up'.")
        elif action == "save":
            sim.lab.save(name, "saved by hand")
            notify("ok", "Lab saved", f"'{name}' can be restored from here.")
        elif action in ("restore", "undo"):
            made = sim.lab.restore(UNDO if action == "undo" else name)
            web_state().drafts.clear()
            web_state().tests.clear()
            web_state().facts.clear()
            notify("ok", "Lab restored", f"It is {made.saved_at:%Y-%m-%d %H:%M} UTC again.")
    except SimulatorError as error:
        if action == "save":
            return _page(name, str(error)), 422
        notify("bad", "Not possible", str(error))
    return go("lab_clock.page")
