"""Signed cookies, sign-in, roles, and the token on every form.

The cookie is signed with a key of the World's own database, so that one app serves many Worlds and none accepts
another's sessions. Nothing secret stands in it.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from flask import Flask
from flask import Response
from flask import abort
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as AnyResponse

from entra_sim.simulator.clock import wall_now
from entra_sim.simulator.web.accounts import GLOBAL_ADMINISTRATOR
from entra_sim.simulator.web.accounts import Account
from entra_sim.simulator.web.accounts import find_account
from entra_sim.simulator.web.state import WebState
from entra_sim.simulator.web.state import new_token

COOKIE = "entra_sim_session"
LIFE = timedelta(hours=8)

CONFIGURATION = frozenset({"provisioning", "mappings", "scope", "schema", "expressions", "on_demand", "newer"})
"""Blueprints that a reader may not even look at. Source: ENG-503."""

OPEN_ENDPOINTS = frozenset({"sign_in.page", "sign_in.enter", "sign_in.leave", "home.health", "static"})
READER_POSTS = frozenset({"sign_in.enter", "sign_in.leave", "clock_bar.move"})


class WorldSessions(SecureCookieSessionInterface):
    """Signs with the key of the World that the request belongs to."""

    def get_signing_serializer(self, app: Flask) -> Any:
        """Return the serializer, or None when the request belongs to no World."""
        state: WebState | None = request.environ.get("entra_sim.web")
        if state is None:
            return None
        keyed: Any = SimpleNamespace(secret_key=state.session_key, config={"SECRET_KEY_FALLBACKS": None})
        return super().get_signing_serializer(keyed)


def web_state() -> WebState:
    """Return what the pages of this World remember."""
    state: WebState = request.environ["entra_sim.web"]
    return state


def domain() -> str:
    """Return the tenant's default domain."""
    return request.environ["entra_sim.simulator"].core.default_domain or "contoso.example"


def current_account() -> Account | None:
    """Return who is signed in, or None."""
    if not web_state().asks_sign_in:
        return Account(key="lab", display_name="Lab", user_principal_name=f"lab@{domain()}", role=GLOBAL_ADMINISTRATOR)
    if not session.get("sid") or session["sid"] in web_state().ended_sessions:
        return None
    try:
        until = datetime.fromisoformat(session.get("until", ""))
    except ValueError:
        return None
    return find_account(session.get("account", ""), domain()) if wall_now() < until else None


def session_id() -> str:
    """Return what drafts and tests of this session are kept under."""
    return str(session.get("sid") or session.get("csrf") or "")


def begin_session(account: Account) -> None:
    """Sign in: everything of the session before is dropped, so that nobody can have prepared it."""
    session.clear()
    session.permanent = True
    session["sid"] = new_token()
    session["csrf"] = new_token()
    session["account"] = account.key
    session["until"] = (wall_now() + LIFE).isoformat()


def end_session() -> None:
    """Sign out: the cookie is emptied, and a copy of it is worth nothing."""
    if session.get("sid"):
        web_state().ended_sessions.put(session["sid"], True)
    session.clear()


def csrf_token() -> str:
    """Return the token of this session's forms, making it on first use."""
    if "csrf" not in session:
        session.permanent = True
        session["csrf"] = new_token()
    return str(session["csrf"])


def check_request() -> Response | AnyResponse | tuple[str, int] | None:
    """Refuse what is not signed in, not allowed, or comes from another site. None lets the request pass."""
    if request.path.startswith("/api/"):
        return None
    if request.method == "POST":
        _refuse_foreign_form()
    if request.endpoint in OPEN_ENDPOINTS or request.endpoint is None:
        return None
    account = current_account()
    if account is None:
        if request.method == "GET":
            wanted = request.full_path.rstrip("?") if request.path != "/" else None
            return redirect(url_for("sign_in.page", next=wanted), 303)
        return redirect(url_for("sign_in.page"), 303)
    is_configuration = request.blueprint in CONFIGURATION
    changes = request.method == "POST" and request.endpoint not in READER_POSTS
    if not account.reads or ((is_configuration or changes) and not account.configures):
        return render_template("refused.html", account=account, changes=changes), 403
    return None


def _refuse_foreign_form() -> None:
    """A form must carry this session's token, and a browser must not say that another site sent it."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "This form was sent by another site.")
    origin = request.headers.get("Origin")
    if origin not in (None, "null", request.host_url.rstrip("/")):
        abort(403, "This form was sent by another site.")
    given, expected = request.form.get("csrf", ""), str(session.get("csrf", ""))
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        abort(403, "This page is too old, or the form was not sent from it. Load the page again and repeat.")
