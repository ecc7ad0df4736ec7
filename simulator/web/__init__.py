"""The simulator's port: one plain page (state, agenda, links) and the clock's API.

The Simulator is passed in through the WSGI environment, so that one app serves every World of the process.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

from flask import Flask
from flask import Response

from entra_sim.simulator.web.host_check import LOOPBACK
from entra_sim.simulator.web.host_check import refuse_foreign_host
from entra_sim.simulator.web.routes_clock import blueprint as clock_blueprint
from entra_sim.simulator.web.routes_lab import blueprint as lab_blueprint
from entra_sim.simulator.web.routes_status import blueprint as status_blueprint

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app() -> Flask:
    """Return the app; it finds its Simulator in the environment (see `bound`)."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    app.register_blueprint(status_blueprint)
    app.register_blueprint(clock_blueprint)
    app.register_blueprint(lab_blueprint)
    app.before_request(refuse_foreign_host)

    @app.after_request
    def secure(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def bound(
    app: WsgiApp, simulator: Any, *, key: str, links: dict[str, str], hosts: frozenset[str] = LOOPBACK
) -> WsgiApp:
    """Return the app with a Simulator, the control key, links for the page, and the host names it answers to."""

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["entra_sim.simulator"] = simulator
        environ["entra_sim.key"] = key
        environ["entra_sim.links"] = links
        environ["entra_sim.hosts"] = hosts
        return app(environ, start_response)

    return call
