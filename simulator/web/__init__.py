"""The simulator's port: the admin center, the lab, and the lab's API.

The Simulator is passed in through the WSGI environment, so that one app serves every World of the process.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

from flask import Flask
from flask import Response

from entra_sim.simulator.web.errors import register_errors
from entra_sim.simulator.web.frame import register_frame
from entra_sim.simulator.web.hooks import LabHooks
from entra_sim.simulator.web.host_check import LOOPBACK
from entra_sim.simulator.web.host_check import refuse_foreign_host
from entra_sim.simulator.web.sessions import COOKIE
from entra_sim.simulator.web.sessions import LIFE
from entra_sim.simulator.web.sessions import WorldSessions
from entra_sim.simulator.web.sessions import check_request
from entra_sim.simulator.web.shown import FILTERS
from entra_sim.simulator.web.state import WebState

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

MAX_BODY = 2 << 20
"""Bytes of one form; a schema document is the largest."""

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app() -> Flask:
    """Return the app; it finds its Simulator in the environment (see `bound`)."""
    from entra_sim.simulator.web.blueprints import BLUEPRINTS

    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=2_000,
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFE,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.session_interface = WorldSessions()
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.filters.update(FILTERS)
    app.url_map.strict_slashes = False
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.before_request(refuse_foreign_host)
    app.before_request(check_request)
    register_frame(app)
    register_errors(app)

    @app.after_request
    def secure(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app


def bound(
    app: WsgiApp,
    simulator: Any,
    *,
    key: str,
    links: dict[str, str],
    hosts: frozenset[str] = LOOPBACK,
    sign_in: bool = True,
    access_key: str = "",
    lab: LabHooks | None = None,
) -> WsgiApp:
    """Return the app with a Simulator.

    Args:
        app: what `create_app` gave.
        simulator: the Simulator.
        key: the control key, for `/api`.
        links: name → address, "Tapt" among them.
        hosts: the host names that pages answer to.
        sign_in: False lets everybody in as an administrator (demos, automation).
        access_key: what sign-in asks for beside the account; "" on loopback, where nobody else can come.
        lab: scenarios, saved labs, `why`; parts that are missing are not offered.
    """
    state = WebState.of(simulator, asks_sign_in=sign_in, access_key=access_key, hooks=lab)

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["entra_sim.simulator"] = simulator
        environ["entra_sim.web"] = state
        environ["entra_sim.key"] = key
        environ["entra_sim.links"] = links
        environ["entra_sim.hosts"] = hosts
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return app(environ, start_response)
        with simulator.core.database.reading():  # a page never waits for a cycle's commits, nor a cycle for a page
            return app(environ, start_response)

    return call
