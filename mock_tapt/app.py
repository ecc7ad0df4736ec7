"""The Flask application: one per process, whichever organisation a request is for stands in its environ."""

from __future__ import annotations

from functools import cache

from flask import Flask

from entra_sim.mock_tapt import routes_scim


def create_app() -> Flask:
    """Return a new application; `environ["entra_sim.tapt"]` names the organisation of each request."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.register_blueprint(routes_scim.blueprint)
    return app


@cache
def application() -> Flask:
    """Return the application of this process, built at its first use: that takes 10 to 20 ms."""
    return create_app()
