"""`/sign-in`: pick an account of the tenant with a directory role."""

from __future__ import annotations

import hmac

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
from entra_sim.simulator.web.sessions import domain
from entra_sim.simulator.web.sessions import end_session
from entra_sim.simulator.web.sessions import web_state

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
def page() -> Answer:
    """Show who can sign in."""
    return _page(request.args.get("next", "")[:500], "")


def _page(wanted: str, problem: str) -> str:
    return render_template(
        "sign_in.html",
        accounts=accounts(domain()),
        next=wanted,
        problem=problem,
        asks_key=bool(web_state().access_key),
    )


@blueprint.post("/sign-in")
def enter() -> Answer:
    """Sign in with the picked account."""
    wanted = request.form.get("next", "")[:500]
    account = find_account(request.form.get("account", ""), domain())
    key = web_state().access_key
    if key and not hmac.compare_digest(request.form.get("key", "").strip().encode(), key.encode()):
        return _page(wanted, "The access key is not right; 'entra-sim up' prints it when it starts."), 403
    if account is None:
        return _page(wanted, "Pick one of the accounts."), 422
    begin_session(account)
    return redirect(safe_next(wanted), 303)


@blueprint.post("/sign-out")
def leave() -> Answer:
    """Sign out."""
    end_session()
    return go("sign_in.page")
