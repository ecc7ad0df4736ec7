"""Who may see the dashboard: host names, sign-in, roles, CSRF, headers. Every page's request comes through here.

The SCIM API and the control API have keys of their own and are not concerned.
Source: design.md section 8.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint
from flask import Flask
from flask import Request
from flask import Response
from flask import abort
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask.sessions import SecureCookieSession
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer
from werkzeug.wrappers import Response as BaseResponse

from entra_sim.mock_tapt.form_limits import MAX_MAIL_LENGTH
from entra_sim.mock_tapt.ids import new_key
from entra_sim.mock_tapt.site import ADMINISTRATORS
from entra_sim.mock_tapt.site import LOOPBACK_NAMES
from entra_sim.mock_tapt.site import SLOW_DOWN_S
from entra_sim.mock_tapt.site import Site
from entra_sim.mock_tapt.tapt import Tapt

SESSION_LIFETIME = timedelta(hours=8)
MAX_FORM_BYTES = 256 * 1024
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

blueprint = Blueprint("access", __name__)


class SiteSessions(SecureCookieSessionInterface):
    """Signed cookies with the key of the site that a request is for: an application serves several."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the signer of this request's site, or None where there is no site."""
        found = request.environ.get("entra_sim.site") if request else None
        return self._signer(found) if found is not None else None

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request; a broken or old cookie is an empty session."""
        path = request.environ.get("PATH_INFO", "")
        site = request.environ.get("entra_sim.site")
        if site is None or path.startswith(("/scim/", "/_control")):
            return None
        value = request.cookies.get(app.config["SESSION_COOKIE_NAME"])
        if not value:
            return SecureCookieSession()
        try:
            data = self._signer(site).loads(value, max_age=int(SESSION_LIFETIME.total_seconds()))
        except BadSignature:
            return SecureCookieSession()
        return SecureCookieSession(data)

    def _signer(self, site: Site) -> URLSafeTimedSerializer:
        key = site.settings.secret_key
        return URLSafeTimedSerializer(key, salt="tapt session", serializer=self.serializer)


def current_tapt() -> Tapt:
    """Return the organisation of this request."""
    tapt = request.environ["entra_sim.tapt"]
    assert isinstance(tapt, Tapt)
    return tapt


def current_site() -> Site:
    """Return the site of this request."""
    site = request.environ["entra_sim.site"]
    assert isinstance(site, Site)
    return site


def person() -> str | None:
    """Return the e-mail of who is signed in, or None."""
    if not current_site().settings.needs_sign_in:
        return "admin@tapt.example"
    mail = session.get("person")
    return mail if isinstance(mail, str) and mail in current_site().settings.passwords else None


def is_administrator() -> bool:
    """Return whether the signed-in person may change things."""
    return person() in ADMINISTRATORS


def guard() -> BaseResponse | str | None:
    """Refuse a page's request that may not be answered; None lets it through."""
    if request.environ.get("entra_sim.site") is None:
        abort(404)
    if _host_name() not in _known_hosts():
        text = "Tapt's pages answer under loopback names only; add others with --allow-host.\n"
        return Response(text, status=403, content_type="text/plain; charset=utf-8")
    if (request.content_length or 0) > MAX_FORM_BYTES:
        abort(413)
    if request.endpoint in ("access.sign_in", "pages.static"):
        return None if request.method == "GET" else _refuse_forged()
    if person() is None:
        return redirect(url_for("access.sign_in", next=request.full_path.rstrip("?")), 303)
    return None if request.method in ("GET", "HEAD") else _refuse_forged()


def _host_name() -> str:
    return (urlsplit(f"//{request.host}").hostname or "").lower()


def _known_hosts() -> frozenset[str]:
    site = current_site()
    public = urlsplit(current_tapt().public_url or "").hostname
    return LOOPBACK_NAMES | site.settings.allowed_hosts | ({public.lower()} if public else set())


def csrf_token() -> str:
    """Return the secret that every form of this session carries."""
    if "csrf" not in session:
        session["csrf"] = new_key()
    return str(session["csrf"])


def _refuse_forged() -> BaseResponse | None:
    given, wanted = request.form.get("csrf", ""), str(session.get("csrf", ""))
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        abort(400, "This form is too old, or came from somewhere else. Go back, reload the page and try again.")
    return None


def needs_administrator() -> None:
    """Refuse members what only the administrator may do."""
    if not is_administrator():
        abort(403, "Members see profiles; only the administrator can do this. Sign in as the administrator.")


def add_headers(response: Response) -> Response:
    """Add what keeps pages from being framed, sniffed or fed from elsewhere."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Any:
    """Show the sign-in page, or sign in."""
    site = current_site()
    mail = request.form.get("email", "").strip().lower()[:MAX_MAIL_LENGTH]
    after = _local_path(request.values.get("next", ""))
    if request.method == "GET":
        if person() is not None:
            return redirect(after, 303)
        return render_template("sign_in.html", mail="", after=after, error="")
    if site.must_wait(mail):
        error = f"Too many wrong passwords. Wait {SLOW_DOWN_S} seconds, then try again."
        return render_template("sign_in.html", mail=mail, after=after, error=error), 429
    if not site.knows(mail, request.form.get("password", "")):
        site.note_failure(mail)
        error = "E-mail or password is wrong."
        return render_template("sign_in.html", mail=mail, after=after, error=error), 422
    site.failed_sign_ins.pop(mail, None)
    session.clear()
    session["person"] = mail
    session.permanent = True
    return redirect(after, 303)


@blueprint.post("/sign-out")
def sign_out() -> Any:
    """End the session."""
    session.clear()
    return redirect(url_for("access.sign_in"), 303)


def _local_path(path: str) -> str:
    """Return a path on this site, never a foreign place."""
    home = url_for("pages.profiles")
    if not path.startswith("/") or path.startswith("//") or "\\" in path or any(ord(c) < 33 for c in path):
        return home
    root = request.environ.get("SCRIPT_NAME", "")
    return f"{root}{path}"
