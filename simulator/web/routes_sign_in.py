"""`/sign-in`: pick an account of the tenant with a directory role."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request

from entra_sim.simulator.web.accounts import accounts
from entra_sim.simulator.web.accounts import find_account
from entra_sim.simulator.web.pages import Answer
from entra_sim.simulator.web.pages import go
from entra_sim.simulator.web.pages import safe_next
from entra_sim.simulator.web.sessions import begin_session
from entra_sim.simulator.web.sessions import current_account
from entra_sim.simulator.web.sessions import domain
from entra_sim.simulator.web.sessions import end_session

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
def page() -> Answer:
    """Show who can sign in."""
    wanted = request.args.get("next", "")[:500]
    return render_template("sign_in.html", accounts=accounts(domain()), next=wanted, signed_in=current_account())


@blueprint.post("/sign-in")
def enter() -> Answer:
    """Sign in with the picked account."""
    account = find_account(request.form.get("account", ""), domain())
    if account is None:
        return render_template(
            "sign_in.html", accounts=accounts(domain()), next="", signed_in=None, problem="Pick one of the accounts."
        ), 422
    begin_session(account)
    return redirect(safe_next(request.form.get("next", "")), 303)


@blueprint.post("/sign-out")
def leave() -> Answer:
    """Sign out."""
    end_session()
    return go("sign_in.page")
