"""`/lab/about`: what is simulated and what is not. `/lab/patterns`: every part in every state."""

from __future__ import annotations

from functools import cache

from flask import Blueprint
from flask import render_template

from entra_sim.simulator.ledger.rules import Ledger
from entra_sim.simulator.ledger.rules import count_by_status
from entra_sim.simulator.ledger.rules import load_ledger
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import argument
from entra_sim.simulator.web.pages import simulator

blueprint = Blueprint("lab_about", __name__)

SHOWN = 100
STATES = (("all", "All"), ("simulated", "Simulated"), ("not", "Not simulated"), ("assumed", "Assumed"))


@cache
def the_ledger() -> Ledger:
    """Return the ledger, read once."""
    return load_ledger()


@blueprint.get("/lab/about")
def page() -> Answer:
    """Show the fidelity ledger, searched and filtered."""
    ledger, search, state = the_ledger(), argument("search"), argument("state")
    words = search.lower()
    found = [
        rule
        for rule in ledger.rules
        if (not words or words in f"{rule.id} {rule.title} {rule.text}".lower())
        and (state != "simulated" or rule.status == "simulated")
        and (state != "not" or rule.status != "simulated")
        and (state != "assumed" or rule.assumed)
    ]
    if ledger.rule(search) is not None:
        found = [rule for rule in found if rule.id.lower() == search.lower()] or found
    from importlib.metadata import version

    return render_template(
        "lab_about.html",
        counts=count_by_status(ledger.rules),
        assumed_count=sum(bool(rule.assumed) for rule in ledger.rules),
        rules=found[:SHOWN],
        total=len(found),
        search=search,
        state=state if state in dict(STATES) else "all",
        states=STATES,
        version=version("entra-sim"),
        settings=simulator().settings.differing(),
        limit=SHOWN,
    )


@blueprint.get("/lab/patterns")
def patterns() -> Answer:
    """Show every part in every state."""
    return render_template("lab_patterns.html")
